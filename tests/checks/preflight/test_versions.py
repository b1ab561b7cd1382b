"""The version and the changelog: each check finds its problem, and nothing in a sound project."""

from __future__ import annotations

import subprocess
import sys

import pytest
from support.contexts import context
from support.tiny_project import LOG, TinyProject, problems, run_checks

from release_tasks.checks.check import CheckContext
from release_tasks.checks.preflight import versions

pytestmark = pytest.mark.tools("gh")


def found(tiny: TinyProject, version: str = "0.2.0") -> list[str]:
    return problems(tiny, versions, version)


def finish(tiny: TinyProject, tag: str) -> None:
    tiny.tag(tag)
    subprocess.run(
        [
            "gh",
            "release",
            "create",
            tag,
            "--notes",
            "",
            "--repo",
            "example/tiny",
        ],
        check=True,
        capture_output=True,
    )
    tiny.commit(f"after-{tag}.txt")


def test_a_higher_version_with_something_to_say_is_well(
    tiny: TinyProject,
) -> None:
    finish(tiny, "v0.1.0")
    assert found(tiny) == []


@pytest.mark.parametrize("version", ["0.2.9", "0.3.0-rc.1"])
def test_a_version_that_is_not_higher_than_the_last_finished_one_is_found(
    tiny: TinyProject, version: str
) -> None:
    finish(tiny, "v0.3.0")
    assert found(tiny, version) == [
        f"{version} is not higher than 0.3.0, which is tagged on origin"
    ]


def test_a_version_below_that_of_the_manifests_is_a_warning(
    tiny: TinyProject,
) -> None:
    look = versions.version_below_manifests
    [finding] = look(CheckContext(context(), tiny.release("0.0.9")))
    assert (
        finding.fact
        == "0.0.9 is lower than 0.1.0, which the manifests of tiny have"
    )
    assert look(CheckContext(context(), tiny.release("0.1.0"))) == []


def test_a_public_tag_counts_before_its_release_is_finished(
    tiny: TinyProject,
) -> None:
    tiny.tag("v0.3.0")
    tiny.commit("more.txt")
    assert found(tiny) == [
        "0.2.0 is not higher than 0.3.0, which is tagged on origin"
    ]


def maintenance(tiny: TinyProject, *others: str) -> None:
    """Release 1.2.8 and then 2.0.0 from main, and go to a branch that begins at 1.2.8."""
    finish(tiny, "v1.2.8")
    tiny.git("branch", "1.2", "v1.2.8")
    for other in (*others, "v2.0.0"):
        finish(tiny, other)
    tiny.git("switch", "--quiet", "1.2")


@pytest.mark.parametrize("version", ["1.2.9", "1.3.0", "1.2.9-rc.1"])
def test_a_back_port_on_a_branch_without_the_higher_release_is_well(
    tiny: TinyProject, version: str
) -> None:
    maintenance(tiny)
    assert found(tiny, version) == []


@pytest.mark.parametrize("version", ["1.2.7", "0.9.0"])
def test_a_back_port_is_the_highest_of_a_line_that_exists(
    tiny: TinyProject, version: str
) -> None:
    maintenance(tiny)
    assert found(tiny, version) == [
        f"{version} is not higher than 2.0.0, which is tagged on origin"
    ]


def test_a_back_port_below_a_higher_one_of_its_line_is_found(
    tiny: TinyProject,
) -> None:
    maintenance(tiny, "v1.2.10")
    assert found(tiny, "1.2.9") == [
        "1.2.9 is not higher than 2.0.0, which is tagged on origin"
    ]


def test_a_lower_version_from_the_branch_of_the_higher_one_is_no_back_port(
    tiny: TinyProject,
) -> None:
    maintenance(tiny)
    tiny.git("switch", "--quiet", "main")
    assert found(tiny, "1.2.9") == [
        "1.2.9 is not higher than 2.0.0, which is tagged on origin"
    ]


def test_outside_of_github_a_public_tag_is_a_finished_release(
    tiny: TinyProject,
) -> None:
    tiny.git("init", "--quiet", "--bare", str(tiny.folder / "bare.git"))
    tiny.git("remote", "set-url", "origin", str(tiny.folder / "bare.git"))
    tiny.tag("v0.3.0")
    tiny.commit("more.txt")
    assert found(tiny) == [
        "0.2.0 is not higher than 0.3.0, which is tagged on origin"
    ]


def test_a_changelog_that_says_nothing_is_found_unless_github_writes_the_notes(
    tiny: TinyProject,
) -> None:
    tiny.commit("CHANGELOG.md", LOG.replace("- More.\n", ""))
    assert found(tiny) == ["CHANGELOG.md has no entry for 0.2.0"]
    tiny.commit("release-tasks.toml", '[github]\nnotes = "generated"\n')
    assert found(tiny) == []


KEPT = LOG.replace(
    "# Changelog\n",
    "# Changelog\n\nIn the form of [Keep a Changelog](https://keepachangelog.com/en/1.1.0/).\n",
)


def reported_of_log(tiny: TinyProject, log: str) -> dict[str, tuple[str, str]]:
    tiny.commit("CHANGELOG.md", log)
    return {
        one.name: (one.fact, one.fix)
        for one in run_checks(
            CheckContext(context(), tiny.release("0.2.0")), versions
        )
    }


@pytest.mark.statement("B5.8")
def test_a_group_that_keep_a_changelog_does_not_know_is_found_where_the_log_follows_it(
    tiny: TinyProject,
) -> None:
    groups = (
        "### Added\n\n- One.\n\n### ✨ Fixed\n\n#### Deep\n\n- Two.\n\n### Reverted\n\n"
        "- Three.\n"
    )
    fact, fix = reported_of_log(tiny, KEPT.replace("- More.\n", groups))[
        "unknown-changelog-group"
    ]
    assert (
        fact
        == "CHANGELOG.md follows Keep a Changelog, which has no group Reverted"
    )
    assert reported_of_log(tiny, LOG.replace("- More.\n", groups)) == {}
    for group in fix.removeprefix("use ").split(", "):
        assert (
            reported_of_log(
                tiny,
                KEPT.replace("- More.\n", groups.replace("Reverted", group)),
            )
            == {}
        )


@pytest.mark.statement("B5.9")
def test_an_entry_without_a_number_is_found_where_all_of_the_version_before_have_one(
    tiny: TinyProject,
) -> None:
    habit = LOG.replace(
        "- All.\n", "- One (fixes #31)\n* Two, over\n  two lines (#32)\n"
    )
    assert reported_of_log(tiny, f"{LOG}\nNo habit.\n") == {}
    fact, fix = reported_of_log(tiny, habit)["entry-without-reference"]
    assert fact == (
        "each entry of 0.1.0 in CHANGELOG.md has the number of an issue or pull request, "
        "but this one does not: - More."
    )
    assert (
        reported_of_log(
            tiny, habit.replace("- More.", f"- More {fix.rpartition(' ')[2]}.")
        )
        == {}
    )


def test_copies_that_disagree_are_reported_at_their_lines_until_a_bump_is_committed(
    tiny: TinyProject,
) -> None:
    tiny.commit(
        "tiny_plain/__init__.py", '"""Tiny."""\n\n__version__ = "0.0.9"\n'
    )
    [one] = run_checks(CheckContext(context(), tiny.release("0.2.0")), versions)
    assert (one.name, one.severity, one.file, one.line) == (
        "version-mismatch",
        "warning",
        "tiny_plain/__init__.py",
        3,
    )
    assert one.fact == "tiny_plain/__init__.py has 0.0.9, expected 0.1.0"
    assert one.fix == "inv bump --version 0.2.0 sets it; commit that"
    subprocess.run(
        [sys.executable, "-m", "invoke", "bump", "--version", "0.2.0"],
        cwd=tiny.root,
        check=True,
        capture_output=True,
    )
    tiny.git("commit", "--quiet", "--all", "--message=0.2.0")
    assert [
        one.name
        for one in run_checks(
            CheckContext(context(), tiny.release("0.2.0")), versions
        )
    ] == []


@pytest.mark.parametrize(
    ("stale", "severity"),
    [("warn", "warning"), ("error", "problem")],
)
def test_a_stale_version_is_a_warning_or_a_problem_as_the_settings_say(
    tiny: TinyProject, stale: str, severity: str
) -> None:
    tiny.commit("install.sh", "pip install tiny-plain==0.1.0\n")
    tiny.commit("release-tasks.toml", f'[versions]\nstale = "{stale}"\n')
    [one] = run_checks(CheckContext(context(), tiny.release("0.2.0")), versions)
    assert (one.name, one.severity) == ("stale-version", severity)
    assert one.fact == (
        "1 line that no manifest covers still shows an old version:\n"
        "  install.sh:1: pip install tiny-plain==0.1.0"
    )
    assert (
        one.fix
        == "add them to [files], or to [versions.ignore] with the reason"
    )
    tiny.commit(
        "release-tasks.toml",
        (
            f'[versions]\nstale = "{stale}"\n[versions.ignore]\n'
            f'"install.sh" = "it installs the first one"\n'
        ),
    )
    assert (
        run_checks(CheckContext(context(), tiny.release("0.2.0")), versions)
        == []
    )


@pytest.mark.tools("gh")
@pytest.mark.statement("B4.5")
def test_a_file_has_to_mention_the_version_or_to_have_changed(
    tiny: TinyProject,
) -> None:
    path = "docs/known-issues.md"
    tiny.commit("release-tasks.toml", f'[gates]\nmentions = ["{path}"]\n')

    def found() -> list[str]:
        return [fact for fact in problems(tiny, versions) if path in fact]

    assert found() == [f"{path}, which [gates] mentions names, does not exist"]
    tiny.commit(path, "# Known issues\n\n## v0.1.0\n")
    tiny.tag("v0.1.0")
    assert found() == [
        f"{path} does not mention 0.2.0, and has not changed since v0.1.0"
    ]
    tiny.commit(path, "# Known issues\n\n## v0.1.0\n\n- Slow.\n")
    assert found() == []
    tiny.commit(path, "# Known issues\n\n## v0.1.0\n")
    assert len(found()) == 1
    tiny.commit(path, "# Known issues\n\n## v0.1.0\n\n## v0.2.0\n")
    assert found() == []

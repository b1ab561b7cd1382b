"""The version, the changelog and the project's own workflows: each finding fires, and is silent where all is well."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from support.contexts import context
from support.tiny_project import LOG, TinyProject, problems, run_checks

from release_tasks.checks.check import CheckContext
from release_tasks.checks.preflight import versions, workflows
from release_tasks.errors import ReleaseError, collect

pytestmark = pytest.mark.tools("gh")


def found(tiny: TinyProject, version: str = "0.2.0") -> list[str]:
    return problems(tiny, versions, version)


def finish(tiny: TinyProject, tag: str) -> None:
    tiny.tag(tag)
    subprocess.run(
        ["gh", "release", "create", tag, "--notes", "", "--repo", "example/tiny"],
        check=True,
        capture_output=True,
    )
    tiny.commit(f"after-{tag}.txt")


def test_a_higher_version_with_something_to_say_is_well(tiny: TinyProject) -> None:
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


def test_a_public_tag_counts_before_its_release_is_finished(tiny: TinyProject) -> None:
    tiny.tag("v0.3.0")
    tiny.commit("more.txt")
    assert found(tiny) == ["0.2.0 is not higher than 0.3.0, which is tagged on origin"]


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
def test_a_back_port_is_the_highest_of_a_line_that_exists(tiny: TinyProject, version: str) -> None:
    maintenance(tiny)
    assert found(tiny, version) == [
        f"{version} is not higher than 2.0.0, which is tagged on origin"
    ]


def test_a_back_port_below_a_higher_one_of_its_line_is_found(tiny: TinyProject) -> None:
    maintenance(tiny, "v1.2.10")
    assert found(tiny, "1.2.9") == ["1.2.9 is not higher than 2.0.0, which is tagged on origin"]


def test_a_lower_version_from_the_branch_of_the_higher_one_is_no_back_port(
    tiny: TinyProject,
) -> None:
    maintenance(tiny)
    tiny.git("switch", "--quiet", "main")
    assert found(tiny, "1.2.9") == ["1.2.9 is not higher than 2.0.0, which is tagged on origin"]


def test_outside_of_github_a_public_tag_is_a_finished_release(tiny: TinyProject) -> None:
    tiny.git("init", "--quiet", "--bare", str(tiny.folder / "bare.git"))
    tiny.git("remote", "set-url", "origin", str(tiny.folder / "bare.git"))
    tiny.tag("v0.3.0")
    tiny.commit("more.txt")
    assert found(tiny) == ["0.2.0 is not higher than 0.3.0, which is tagged on origin"]


def test_a_changelog_that_says_nothing_is_found_unless_github_writes_the_notes(
    tiny: TinyProject,
) -> None:
    tiny.commit("CHANGELOG.md", LOG.replace("- More.\n", ""))
    assert found(tiny) == ["CHANGELOG.md says nothing about 0.2.0"]
    tiny.commit("release-tasks.toml", '[github]\nnotes = "generated"\n')
    assert found(tiny) == []


KEPT = LOG.replace(
    "# Changelog\n",
    "# Changelog\n\nIn the form of [Keep a Changelog](https://keepachangelog.com/en/1.1.0/).\n",
)


def told_of_log(tiny: TinyProject, log: str) -> dict[str, tuple[str, str]]:
    tiny.commit("CHANGELOG.md", log)
    return {
        one.name: (one.problem, one.fix)
        for one in run_checks(CheckContext(context(), tiny.release("0.2.0")), versions)
    }


@pytest.mark.statement("B5.8")
def test_a_group_that_keep_a_changelog_does_not_know_is_found_where_the_log_follows_it(
    tiny: TinyProject,
) -> None:
    groups = (
        "### Added\n\n- One.\n\n### ✨ Fixed\n\n#### Deep\n\n- Two.\n\n### Reverted\n\n- Three.\n"
    )
    fact, fix = told_of_log(tiny, KEPT.replace("- More.\n", groups))["unknown-changelog-group"]
    assert fact == "CHANGELOG.md follows Keep a Changelog, which has no group Reverted"
    assert told_of_log(tiny, LOG.replace("- More.\n", groups)) == {}
    for group in fix.removeprefix("use ").split(", "):
        assert told_of_log(tiny, KEPT.replace("- More.\n", groups.replace("Reverted", group))) == {}


@pytest.mark.statement("B5.9")
def test_an_entry_without_a_number_is_found_where_all_of_the_version_before_have_one(
    tiny: TinyProject,
) -> None:
    habit = LOG.replace("- All.\n", "- One (fixes #31)\n* Two, over\n  two lines (#32)\n")
    assert told_of_log(tiny, f"{LOG}\nNo habit.\n") == {}
    fact, fix = told_of_log(tiny, habit)["entry-without-reference"]
    assert (
        fact
        == "each entry of 0.1.0 in CHANGELOG.md names an issue or pull request, and not - More."
    )
    assert told_of_log(tiny, habit.replace("- More.", f"- More {fix.rpartition(' ')[2]}.")) == {}


def test_copies_that_disagree_are_told_at_their_lines_until_a_bump_is_committed(
    tiny: TinyProject,
) -> None:
    tiny.commit("tiny_plain/__init__.py", '"""Tiny."""\n\n__version__ = "0.0.9"\n')
    [one] = run_checks(CheckContext(context(), tiny.release("0.2.0")), versions)
    assert (one.name, one.severity, one.file, one.line) == (
        "version-mismatch",
        "warning",
        "tiny_plain/__init__.py",
        3,
    )
    assert one.problem == "tiny_plain/__init__.py says 0.0.9, not 0.1.0"
    assert one.fix == "inv bump --version 0.2.0 sets it; commit that"
    subprocess.run(
        [sys.executable, "-m", "invoke", "bump", "--version", "0.2.0"],
        cwd=tiny.root,
        check=True,
        capture_output=True,
    )
    tiny.git("commit", "--quiet", "--all", "--message=0.2.0")
    assert [
        one.name for one in run_checks(CheckContext(context(), tiny.release("0.2.0")), versions)
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
    assert (
        one.problem
        == "1 line that no manifest covers still shows an old version:\n  install.sh:1: pip install tiny-plain==0.1.0"
    )
    assert one.fix == "add them to [files], or to [versions.ignore] with the reason"
    tiny.commit(
        "release-tasks.toml",
        f'[versions]\nstale = "{stale}"\n[versions.ignore]\n"install.sh" = "it installs the first one"\n',
    )
    assert run_checks(CheckContext(context(), tiny.release("0.2.0")), versions) == []


RUNS = "name: CD\n{on}\njobs:\n  a:\n    steps:\n      - run: {run}\n"


def told(tiny: TinyProject, on: str, run: str = "cargo publish") -> list[str]:
    path = tiny.root / ".github" / "workflows" / "cd.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(RUNS.format(on=on, run=run))
    return problems(tiny, workflows)


@pytest.mark.parametrize(
    "on",
    [
        "on: push",
        "on: [push]",
        "on:\n  push:",
        "on:\n  push:\n    tags: v*",
        "on:\n  push:\n    tags: ['v[0-9]+.[0-9]+.[0-9]+']",
        "on:\n  push:\n    tags:\n      - '**'",
        "on: release",
        "on:\n  release:\n    types: [published]",
        "'on': push",
    ],
)
def test_a_workflow_that_publishes_on_this_tag_is_found(tiny: TinyProject, on: str) -> None:
    [problem] = told(tiny, on)
    assert (
        problem == ".github/workflows/cd.yml runs on tag v0.2.0 and publishes too (cargo publish)"
    )


@pytest.mark.parametrize(
    "on",
    [
        "on: pull_request",
        "on:\n  push:\n    branches: [main]",
        "on:\n  push:\n    tags: ['py-v*']",
        "on: workflow_dispatch",
        "{}",
        "[]",
    ],
)
def test_a_workflow_that_does_not_run_on_this_tag_is_left_alone(tiny: TinyProject, on: str) -> None:
    assert told(tiny, "on:" if on in ("{}", "[]") else on) == []


def test_a_workflow_that_calls_our_tasks_is_left_alone(tiny: TinyProject) -> None:
    assert told(tiny, "on: push", "inv publish-crates") == []


def test_a_workflow_that_publishes_after_another_one_on_this_tag_is_found(
    tiny: TinyProject,
) -> None:
    after = "name: Packages\non:\n  workflow_run:\n    workflows: [CD]\njobs:\n  a:\n    steps:\n      - run: docker push it; gh release create it\n"
    tiny.commit(".github/workflows/after.yml", after)
    tiny.commit(
        ".github/workflows/at-last.yml",
        after.replace("CD", "Packages").replace("name: Packages", "name: Last"),
    )
    assert told(tiny, "on: push", "make") == [
        f".github/workflows/{name}.yml runs after .github/workflows/{by}.yml and publishes too (docker push, gh release create)"
        for name, by in (("after", "cd"), ("at-last", "after"))
    ]
    assert told(tiny, "on: pull_request", "make") == []
    tiny.commit(".github/workflows/after.yml", after.replace("[CD]", "[CD]\n    branches: [main]"))
    assert told(tiny, "on: push", "make") == []
    fixed = {
        one.fix for one in run_checks(CheckContext(context(), tiny.release("0.2.0")), workflows)
    }
    tiny.commit(".github/workflows/after.yml", after)
    fixed |= {
        one.fix for one in run_checks(CheckContext(context(), tiny.release("0.2.0")), workflows)
    }
    assert fixed == {"let the workflow call the tasks, or take its workflow_run trigger away"}
    tiny.commit(
        ".github/workflows/after.yml",
        after.replace("workflow_run:\n    workflows: [CD]", "workflow_dispatch:"),
    )
    assert told(tiny, "on: push", "make") == []


def test_a_workflow_that_is_no_yaml_is_an_error(tiny: TinyProject) -> None:
    [problem] = told(tiny, "on: [push")
    assert "cd.yml is no YAML" in problem
    (tiny.root / ".github" / "workflows" / "cd.yml").write_text("just words\n")
    assert problems(tiny, workflows) == []


def test_collect_hides_no_error_behind_another() -> None:
    def look() -> Iterator[ReleaseError]:
        yield ReleaseError("one")
        raise ReleaseError("two")

    assert [error.problem for error in collect(look)] == ["one", "two"]


def warned(tiny: TinyProject, filters: str) -> dict[str, tuple[str, str]]:
    tiny.commit(".github/workflows/ci.yml", f"on:\n  push:\n    tags: {filters}\njobs: {{}}\n")
    return {
        one.name: (one.problem, one.fix)
        for one in run_checks(CheckContext(context(), tiny.release("0.2.0")), workflows)
    }


@pytest.mark.statement("B1.11")
@pytest.mark.parametrize(
    "filters",
    [
        "['v*']",
        "['v[0-9]+.[0-9]+.[0-9]+']",
        "['**']",
        "'v?[0-9]*'",
        "['v*', '!v*-rc*']",
        "['v\\d.*', 'v*']",
    ],
)
def test_filters_that_let_the_tags_of_the_project_through_are_well(
    tiny: TinyProject, filters: str
) -> None:
    assert warned(tiny, filters) == {}


def test_a_workflow_that_waits_for_a_tag_nobody_makes_is_found(tiny: TinyProject) -> None:
    fact, fix = warned(tiny, "['[0-9]+.[0-9]+.[0-9]+']")["tag-filter-too-narrow"]
    assert (fact, fix) == (
        ".github/workflows/ci.yml waits for tags, but not for v1.2.3",
        "add 'v[0-9]*' to its tags",
    )
    assert warned(tiny, "['[0-9]+.[0-9]+.[0-9]+', 'v[0-9]*']") == {}


def test_a_prerelease_that_starts_no_workflow_is_found(tiny: TinyProject) -> None:
    def narrow(filters: str) -> list[str]:
        warned(tiny, filters)
        found = run_checks(CheckContext(context(), tiny.release("0.2.0-rc.1")), workflows)
        return [f"{one.problem}; {one.fix}" for one in found if one.name == "tag-filter-too-narrow"]

    strict = "v[0-9]+.[0-9]+.[0-9]+"
    assert narrow(f"['{strict}']") == [
        f".github/workflows/ci.yml waits for tags, but not for v0.2.0-rc.1; add '{strict}-rc.[0-9]+' to its tags"
    ]
    assert narrow(f"['{strict}', '{strict}-rc.[0-9]+']") == []


@pytest.mark.statement("B5.20")
def test_a_filter_for_the_tags_of_several_components_is_found(two: TinyProject) -> None:
    def wide(filters: str) -> list[str]:
        two.commit(".github/workflows/ci.yml", f"on:\n  push:\n    tags: {filters}\njobs: {{}}\n")
        found = run_checks(
            CheckContext(context(), two.release("core=0.2.0,other=0.5.0")), workflows
        )
        assert all(one.name == "tag-filter-too-wide" for one in found)
        return [f"{one.problem}; {one.fix}" for one in found]

    assert wide("['*v*']") == [
        ".github/workflows/ci.yml runs on the tags of core and other alike (*v*); "
        "write 'v[0-9]*' and 'other-v[0-9]*' in its place, or those that are meant"
    ]
    assert wide("['v[0-9]*', 'other-v[0-9]*']") == []


def test_a_workflow_on_the_tags_of_promotions_is_well_unless_it_makes_the_release_too(
    tiny: TinyProject,
) -> None:
    tiny.commit("release-tasks.toml", '[github]\nrelease = "promote"\n')
    assert warned(tiny, "['v*-stable']") == {}
    assert told(tiny, "on:\n  push:\n    tags: ['v*-stable']", "gh release create") == [
        ".github/workflows/cd.yml runs on tag v0.2.0-stable and publishes too (gh release create)"
    ]
    tiny.commit("release-tasks.toml", "")
    found = {
        one.file[-6:]: (one.name, one.fix)
        for one in run_checks(CheckContext(context(), tiny.release("0.2.0")), workflows)
    }
    assert found == {  # with other tags the one that publishes would do that twice
        "ci.yml": ("tag-filter-too-narrow", "add 'v[0-9]*' to its tags"),
        "cd.yml": (
            "tag-filter-too-narrow",
            "take its tag trigger away: the release does what it is for (gh release create)",
        ),
    }
    assert told(tiny, "on: workflow_dispatch", "gh release create") == []
    assert (
        warned(tiny, "'v*-stable'")["tag-filter-too-narrow"][0]
        == ".github/workflows/ci.yml waits for tags, but not for v1.2.3"
    )


def permitted(tiny: TinyProject, **lines: str) -> list[tuple[str, str]]:
    """Write a workflow of one job with these keys, and return what is said of its token."""
    job = {"runs-on": "ubuntu-latest", "steps": "[]"} | lines
    text = "on: workflow_dispatch\njobs:\n  out:\n" + "".join(
        f"    {key}: {value}\n" for key, value in job.items()
    )
    tiny.commit(".github/workflows/out.yml", text)
    found = run_checks(CheckContext(context(), tiny.release("0.2.0")), workflows)
    assert {(one.name, one.severity) for one in found} <= {("token-without-permission", "warning")}
    return [(one.problem, one.fix) for one in found]


MAKES = '[{run: gh release create v1, env: {GH_TOKEN: "${{ secrets.GITHUB_TOKEN }}"}}]'
SIGNS = "[{uses: pypa/gh-action-pypi-publish@release/v1}]"
PUSHES = """[{uses: docker/login-action@v3, with: {registry: ghcr.io, password: "${{ github.token }}"}}, {uses: docker/build-push-action@v6, with: {push: true}}]"""


@pytest.mark.parametrize(
    ("steps", "scope", "words"),
    [
        (MAKES, "contents", "gh release create"),
        ("[{uses: softprops/action-gh-release@v2}]", "contents", "action-gh-release"),
        (PUSHES, "packages", "push: true"),
        (SIGNS, "id-token", "gh-action-pypi-publish"),
    ],
)
def test_a_job_whose_token_may_not_do_what_the_job_does_is_found(
    tiny: TinyProject, steps: str, scope: str, words: str
) -> None:
    [(fact, fix)] = permitted(tiny, steps=steps, permissions="{actions: read}")
    assert (
        fact
        == f"job out of .github/workflows/out.yml does `{words}` with the workflow's token, which takes {scope}: write, and its permissions do not give that"
    )
    assert permitted(tiny, steps=steps, permissions=f"{{actions: read, {fix.split('`')[1]}}}") == []
    [(fact, fix)] = permitted(tiny, steps=steps)
    assert fact.endswith("and it says no permissions, so a new repository gives none")
    assert permitted(tiny, steps=steps, permissions=f"{{{', '.join(fix.split('`')[1::2])}}}") == []
    assert permitted(tiny, steps=steps, permissions="read-all") != []
    assert permitted(tiny, steps=steps, permissions="write-all") == []


@pytest.mark.parametrize(
    "steps",
    [
        MAKES.replace("GITHUB_TOKEN", "RELEASE_TOKEN"),
        PUSHES.replace("github.token", "secrets.DEPLOY"),
        PUSHES.replace("ghcr.io", "quay.io"),
        '[{uses: pypa/gh-action-pypi-publish@release/v1, with: {password: "${{ secrets.PYPI_API_TOKEN }}"}}]',
        '[{run: cargo test, env: {GH_TOKEN: "${{ github.token }}"}}]',
        "[]",
        "just words",
    ],
)
def test_other_tokens_and_jobs_that_only_read_are_left_alone(tiny: TinyProject, steps: str) -> None:
    assert permitted(tiny, steps=steps, permissions="{contents: read}") == []

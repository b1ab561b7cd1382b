"""Release notes from each kind of source."""

from __future__ import annotations

import os
import subprocess

import pytest
from support.contexts import context
from support.tiny_project import LOG, TINY, TinyProject
from support.tiny_project import problems as found

from release_tasks.bumping import bump
from release_tasks.channels import github
from release_tasks.checks.check import CheckContext
from release_tasks.checks.preflight import versions
from release_tasks.errors import ReleaseError

pytestmark = pytest.mark.tools("git", "gh")
DATED = (
    "# Changelog\n\n## March 27, 2026\n\n### Added\n\n- **New** (#3)\n- **Old** (#2)\n\n"
    "## January 02, 2026\n\n- First\n"
)


def shown(tiny: TinyProject, settings: str = "", version: str = "0.2.0") -> str:
    """Return what `inv notes` prints, which is what the draft then says."""
    if settings:
        tiny.commit("release-tasks.toml", settings)
    done = tiny.inv("notes", "--version", version)
    assert done.returncode == 0, done.stderr
    if f"v{version}" not in tiny.git("tag"):
        if version not in (tiny.root / "pyproject.toml").read_text():
            tiny.commit(
                "pyproject.toml",
                TINY["pyproject.toml"].replace("0.1.0", version),
            )
        tiny.tag(f"v{version}")
    github.fill_draft(context(), tiny.release(version))
    body = next(
        row["body"]
        for row in tiny.registries.github.releases("example", "tiny")
        if row["tag"] == f"v{version}"
    )
    assert str(body).strip() == done.stdout.strip()
    return done.stdout


def problems(tiny: TinyProject, version: str = "0.2.0") -> list[str]:
    return found(tiny, versions, version)


@pytest.mark.statement("B1.38", "B2.34")
def test_the_notes_are_the_section_of_the_changelog(tiny: TinyProject) -> None:
    tiny.commit(
        "CHANGELOG.md",
        LOG.replace(
            "- More.", "### ✨ Added\n\n#### Deep\n\n- More, see [#31]."
        )
        + "\n[#31]: https://github.com/o/r/31\n",
    )
    assert shown(tiny) == "### ✨ Added\n\n#### Deep\n\n- More, see [#31].\n"
    bump.write(context(), tiny.release("0.3.0"))
    tiny.git("commit", "--quiet", "-am", "release")
    assert shown(tiny, version="0.3.0").endswith(
        "- More, see [#31].\n\n[#31]: https://github.com/o/r/31\n"
    )


@pytest.mark.statement("B3.36")
@pytest.mark.parametrize("settings", ['[github]\nnotes = "generated"\n', ""])
def test_without_a_changelog_github_writes_the_notes_from_the_previous_tag(
    tiny: TinyProject, settings: str
) -> None:
    tiny.tag("v0.1.0")
    tiny.git(
        "push",
        "--quiet",
        "origin",
        "HEAD:refs/tags/v0.1.1-rc.1",
        "HEAD:refs/tags/py-v0.1.9",
    )
    tiny.git("rm", "--quiet", "CHANGELOG.md")
    tiny.git("commit", "--quiet", "-m", "no log")
    assert (
        shown(tiny, settings)
        == "**Full Changelog**: https://github.com/example/tiny/compare/v0.1.0...v0.2.0\n"
    )


def test_without_github_and_a_changelog_there_are_no_notes(
    tiny: TinyProject,
) -> None:
    tiny.git("remote", "set-url", "origin", str(tiny.folder / "elsewhere.git"))
    tiny.git("init", "--quiet", "--bare", str(tiny.folder / "elsewhere.git"))
    tiny.git("rm", "--quiet", "CHANGELOG.md")
    tiny.git("commit", "--quiet", "-m", "no log")
    done = tiny.inv("notes", "--version", "0.2.0")
    assert (done.returncode, done.stderr.split(",")[0]) == (
        1,
        "error: origin is not on GitHub",
    )


def test_several_sources_are_joined_in_their_order(tiny: TinyProject) -> None:
    tiny.commit(
        ".github/RELEASE_TEMPLATE.md",
        "Get caro-VERSION-linux from {tag}, not OLD_VERSION; {version}.\n",
    )
    text = shown(
        tiny, '[github]\nnotes = ["generated", ".github/RELEASE_TEMPLATE.md"]\n'
    )
    assert text == (
        "**Full Changelog**: https://github.com/example/tiny/commits/v0.2.0\n\n"
        "Get caro-0.2.0-linux from v0.2.0, not OLD_VERSION; 0.2.0.\n"
    )


@pytest.mark.statement("B1.15", "B3.30")
def test_bump_writes_the_section_that_a_command_prints(
    tiny: TinyProject,
) -> None:
    tiny.tag("v0.1.0")
    tiny.commit("feature.txt")
    run = "git log --format=###%x20Changed%n%n-%x20{version}:%x20%s {range} -- feature.txt"
    tiny.commit(
        "release-tasks.toml", f'[github]\nnotes = {{ run = "{run}" }}\n'
    )
    tiny.commit("CHANGELOG.md", LOG.replace("\n- More.\n", ""))
    assert problems(tiny) == []
    bump.write(context(), tiny.release("0.2.0"))
    log = (tiny.root / "CHANGELOG.md").read_text()
    assert "## [Unreleased]\n\n## [0.2.0] - " in log
    assert (
        "\n\n### Changed\n\n- 0.2.0: Change feature.txt\n\n## [0.1.0] - 2026-01-01\n"
        in log
    )
    bump.write(context(), tiny.release("0.2.0"))
    assert (tiny.root / "CHANGELOG.md").read_text() == log


def test_the_heading_that_a_command_prints_is_left_out(
    tiny: TinyProject,
) -> None:
    tiny.git("rm", "--quiet", "CHANGELOG.md")
    tiny.commit(
        "printed.md",
        "# Changelog\n\n## [0.2.0] - 2026-03-01\n\n- New\n\n## [0.1.0]\n\n- Old\n",
    )
    assert (
        shown(tiny, '[github]\nnotes = { run = "cat printed.md" }\n')
        == "- New\n"
    )


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        ('"NEWS.md"', "github.notes: NEWS.md is not a file in the repository"),
        ('{ run = "x {date}" }', "is not a valid template"),
        ("{ }", "run"),
    ],
)
def test_invalid_notes_settings_are_refused(
    tiny: TinyProject, notes: str, expected: str
) -> None:
    tiny.commit("release-tasks.toml", f"[github]\nnotes = {notes}\n")
    with pytest.raises(ReleaseError, match=expected):
        tiny.release("0.2.0")


def test_a_changelog_of_dates_is_read_since_the_previous_tag_and_never_written(
    tiny: TinyProject,
) -> None:
    before = DATED.replace("- **New** (#3)\n", "")
    tiny.commit("CHANGELOG.md", before)
    who = {
        "GIT_COMMITTER_DATE": "2026-03-27T10:00:00Z",
        "GIT_COMMITTER_NAME": "Test",
        "GIT_COMMITTER_EMAIL": "test@localhost",
    }
    amend = ["git", "commit", "--quiet", "--amend", "--no-edit"]
    subprocess.run(amend, cwd=tiny.root, env=os.environ | who, check=True)
    tiny.tag("v0.1.1")
    assert problems(tiny) == ["CHANGELOG.md has no entry for 0.2.0"]
    tiny.commit(
        "CHANGELOG.md", DATED.replace("- First", "- First, in other words")
    )
    assert shown(tiny) == "### Added\n\n- **New** (#3)\n"
    late = DATED.replace(
        "- **Old** (#2)", "- **Old** (#2)\n- **Late** (#4)"
    ).replace("- First", "- First, in other words")
    tiny.commit(
        "CHANGELOG.md",
        late.replace(
            "# Changelog\n",
            "# Changelog\n\n## April 02, 2026\n\n### Fixed\n\n- **Newer**\n",
        ),
    )
    newest, older = (
        "## April 02, 2026\n\n### Fixed\n\n- **Newer**",
        "## March 27, 2026\n\n### Added\n\n- **Late** (#4)",
    )
    assert shown(tiny, version="0.3.0") == f"{newest}\n\n{older}\n"
    assert "CHANGELOG.md" not in bump.paths(tiny.release("0.4.0"))


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        (
            LOG.replace(
                "- More.", "### ✨ Added\n\n<!-- nothing yet\n-->\n### Fixed"
            ),
            "CHANGELOG.md has no entry for 0.2.0",
        ),
        (
            LOG + "\n## 0.2.0\n\n- New.\n\n## 0.2.0\n\n- Again.\n",
            "CHANGELOG.md has 2 sections for 0.2.0, at lines 11 and 15",
        ),
        (
            LOG.replace(
                "## [0.1.0]", "## Unreleased\n\n- Again.\n\n## [0.1.0]"
            ),
            "CHANGELOG.md has 2 sections for Unreleased, at lines 3 and 7",
        ),
    ],
)
@pytest.mark.statement("B4.2")
def test_an_empty_section_and_a_duplicate_heading_are_problems(
    tiny: TinyProject, log: str, expected: str
) -> None:
    tiny.commit("CHANGELOG.md", log)
    assert problems(tiny) == [expected]


def test_an_older_version_with_two_sections_is_no_problem(
    tiny: TinyProject,
) -> None:
    tiny.commit("CHANGELOG.md", LOG + "\n## 0.1.0\n\n- Again.\n")
    assert problems(tiny) == []


@pytest.mark.parametrize(
    ("log", "where"),
    [
        (LOG.replace("- More.\n", ""), "under Unreleased"),
        (
            "# Changelog\n\nNothing yet.\n",
            "under a new heading, ## [0.2.0],",
        ),
        (
            "# Changelog\n\n## [0.1.0] - 2026-01-01\n\n- First.\n",
            "under a new heading for 0.2.0, like `## [0.1.0] - 2026-01-01`,",
        ),
        (
            "# Changelog\n\n## [0.2.0] - 2026-02-01\n\n## [0.1.0] - 2026-01-01\n\n- First.\n",
            "in the section of 0.2.0",
        ),
    ],
)
def test_the_fix_for_an_empty_section_is_where_to_write(
    tiny: TinyProject, log: str, where: str
) -> None:
    tiny.commit("CHANGELOG.md", log)
    [finding] = versions.missing_changelog_entry(
        CheckContext(context(), tiny.release("0.2.0"))
    )
    assert finding.fix == f"write what changed {where} in CHANGELOG.md"

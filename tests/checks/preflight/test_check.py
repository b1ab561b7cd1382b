"""What `inv check` prints: each finding by name, problems last, as text, JSON or annotations."""

from __future__ import annotations

import json
import subprocess

import pytest
from support.contexts import context
from support.tiny_project import LOG, TINY, TinyProject

from release_tasks.checks.check import CheckContext, Finding
from release_tasks.checks.preflight.all import check_release
from release_tasks.checks.report import message, show
from release_tasks.display.github import annotation
from release_tasks.errors import ReleaseError
from release_tasks.tools.programs import PROGRAMS, Program

pytestmark = pytest.mark.tools("gh")
CD = "on:\n  push:\n    tags: ['release-*']\njobs: {}\n"


def found(tiny: TinyProject) -> dict[str, Finding]:
    return {
        one.name: one
        for one in check_release(
            CheckContext(context(), tiny.release("0.2.0"), "all")
        )
    }


def check(tiny: TinyProject, *words: str) -> subprocess.CompletedProcess[str]:
    return tiny.inv("check", "--version", "0.2.0", "--new", "all", *words)


def test_warnings_do_not_stop_a_release_and_problems_come_last(
    tiny: TinyProject,
) -> None:
    tiny.commit(".github/workflows/cd.yml", CD)
    done = check(tiny)
    assert done.returncode == 0
    assert (
        "warning[tag-filter-too-narrow]: .github/workflows/cd.yml waits for tags, but "
        "not for v0.2.0\n  --> .github/workflows/cd.yml:3\n"
        "  help: add 'v[0-9]*' to its tags\n"
    ) in done.stderr
    (tiny.root / "scribble.txt").write_text("")
    done = check(tiny)
    assert done.returncode == 1
    assert done.stderr.index("warning[") < done.stderr.index(
        "error[uncommitted-changes]: uncommitted changes: scribble.txt"
    )


def test_json_holds_every_finding_and_nothing_else_is_on_stdout(
    tiny: TinyProject,
) -> None:
    tiny.commit(".github/workflows/cd.yml", CD)
    (tiny.root / "scribble.txt").write_text("")
    done = check(tiny, "--json")
    rows = json.loads(done.stdout)["findings"]
    assert [(row["area"], row["name"], row["severity"]) for row in rows] == [
        ("repository", "ahead-of-origin", "note"),
        ("workflows", "tag-filter-too-narrow", "warning"),
        ("repository", "uncommitted-changes", "problem"),
    ]
    assert (rows[1]["file"], rows[1]["line"]) == (".github/workflows/cd.yml", 3)
    assert done.returncode == 1


def test_on_github_each_finding_is_an_annotation_at_its_line(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    tiny.commit(".github/workflows/cd.yml", CD)
    tiny.commit("CHANGELOG.md", LOG.replace("- More.\n", ""))
    lines = check(tiny).stderr.splitlines()
    assert (
        "::error file=CHANGELOG.md,title=missing-changelog-entry::CHANGELOG.md has no "
        "entry for 0.2.0%0Ahelp: write what changed under Unreleased in CHANGELOG.md"
    ) in lines
    assert any(
        line.startswith(
            "::warning file=.github/workflows/cd.yml,line=3,title=tag-filter-too-narrow::"
        )
        for line in lines
    )


def test_what_would_break_an_annotation_is_escaped() -> None:
    one = Finding(
        "a", "b", "note", "50 %\nmore", "no: none, at all", "x,y:z", 7
    )
    assert (
        annotation(message(one))
        == "::notice file=x%2Cy%3Az,line=7,title=a::50 %25%0Amore%0Ahelp: no: none, at all"
    )


def test_a_finding_is_silenced_with_a_reason_and_shown_with_it(
    tiny: TinyProject, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny.commit("CHANGELOG.md", LOG.replace("- More.\n", ""))
    assert found(tiny)["missing-changelog-entry"].severity == "problem"
    tiny.commit(
        "release-tasks.toml",
        '[checks.ignore]\nmissing-changelog-entry = "this one says nothing on purpose"\n',
    )
    assert found(tiny)["missing-changelog-entry"].severity == "note"
    show(list(found(tiny).values()), "tiny 0.2.0", as_json=False)
    said = capsys.readouterr().err
    assert (
        "note[missing-changelog-entry]: CHANGELOG.md has no entry for 0.2.0\n"
        "  --> CHANGELOG.md\n  ignored: this one says nothing on purpose\n"
    ) in said
    assert "tiny 0.2.0 is ready to release (" in said.splitlines()[-1]


def test_an_ignored_check_needs_a_reason_and_a_known_name(
    tiny: TinyProject,
) -> None:
    tiny.commit(
        "release-tasks.toml",
        '[checks.ignore]\nmissing-changelog-entrys = "a typo"\n',
    )
    one = found(tiny)["unknown-check"]
    assert (one.fact, one.fix) == (
        "[checks.ignore] missing-changelog-entrys: there is no such check",
        "did you mean missing-changelog-entry?",
    )
    tiny.commit(
        "release-tasks.toml", '[checks.ignore]\nmissing-changelog-entry = ""\n'
    )
    with pytest.raises(ReleaseError, match=r"checks\.ignore"):
        found(tiny)


def test_the_gates_run_only_when_asked_and_when_nothing_else_is_wrong(
    tiny: TinyProject,
) -> None:
    tiny.commit("release-tasks.toml", '[gates]\nrun = ["false"]\n')
    assert "error[failing-gate]: the gate false fails\n" in check(tiny).stderr
    assert check(tiny, "--fast").returncode == 0
    (tiny.root / "scribble.txt").write_text("")
    assert "failing-gate" not in check(tiny).stderr


def test_a_release_whose_tag_is_public_is_not_refused_for_what_cannot_change_any_more(
    tiny: TinyProject,
) -> None:
    tiny.commit(
        "release-tasks.toml",
        '[checks.ignore]\nno-such-finding = "from another version of release-tasks"\n',
    )
    tiny.commit(
        "pyproject.toml", TINY["pyproject.toml"].replace("0.1.0", "0.2.0")
    )
    assert check(tiny).returncode == 1
    tiny.tag("v0.2.0")
    assert check(tiny).returncode == 0


def test_every_problem_is_shown_at_once(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(
        PROGRAMS, "gh", Program("gh", ("no-such-gh", "--version"), apt="gh")
    )
    (tiny.root / "scribble.txt").write_text("")
    tiny.commit("CHANGELOG.md", "# Changelog\n\n## [Unreleased]\n")
    said = [
        one.fact
        for one in check_release(CheckContext(context(), tiny.release("0.2.0")))
        if one.severity == "problem"
    ]
    assert said == [
        "gh is not installed, and gh-draft, gh-release, move-pointers need it",
        "uncommitted changes: scribble.txt",
        "CHANGELOG.md has no entry for 0.2.0",
        "`tiny-plain` has never been published to PyPI; confirm the name",
    ]

"""`inv sign-off` keeps what a person decides about the bytes of a draft, with the real gh."""

from __future__ import annotations

import hashlib
import json
import shlex
import subprocess
from pathlib import Path

import pytest
from support.contexts import context
from support.github_release import (
    ASSETS,
    KEPT,
    SDIST,
    WHEEL,
    assets,
    built,
    gh,
    releases,
    tiny,
)
from support.tiny_project import TinyProject

from release_tasks.channels import github
from release_tasks.commands import sign_off
from release_tasks.rehearsal.faults import Fault

__all__ = ["tiny"]
pytestmark = pytest.mark.tools("git", "gh")
GATES = '[gates]\nblockers = ["P0", "P1"]\nsign-off = ["release"]\n'
DRAFT = {WHEEL, SDIST, KEPT, "release.json"}
SIGNED = {*DRAFT, "sign-off.json", "sign-off.md"}
VERSION = ("--version", "0.2.0")
SHIP = ("--decision", "ship", "--by", "Jane Roe")


def drafted(tiny: TinyProject) -> None:
    """Let the draft have every file, in a project that wants a sign-off."""
    tiny.commit("release-tasks.toml", ASSETS + GATES)
    github.fill_draft(context(), built(tiny))


def gh_release(
    tiny: TinyProject, folder: Path | None = None
) -> tuple[int, str]:
    done = tiny.inv("gh-release", *VERSION, folder=folder)
    return done.returncode, done.stderr


def as_told(tiny: TinyProject, said: str, folder: Path | None = None) -> None:
    """Type the `inv sign-off` line of a help, with a name."""
    line = said.split("inv sign-off", 1)[1].splitlines()[0]
    words = shlex.split(line.replace("NAME", "Jane"))
    done = tiny.inv("sign-off", *words, folder=folder)
    assert done.returncode == 0, done.stderr


def make_issue(title: str, label: str) -> None:
    path = "repos/example/tiny/issues"
    argv = ["gh", "api", "-X", "POST", path, "-f", f"title={title}"]
    argv += ["-f", f"labels[]={label}"]
    subprocess.run(argv, check=True, capture_output=True)


@pytest.mark.statement("B4.27", "B4.29", "B4.30", "B4.28")
def test_a_draft_becomes_public_only_as_it_was_signed_off(
    tiny: TinyProject,
) -> None:
    drafted(tiny)

    # nobody has decided: no publication, and the report alone decides nothing
    code, said = gh_release(tiny)
    assert (code, assets(tiny)) == (1, DRAFT)
    assert "v0.2.0 is not signed off" in said
    line = "inv sign-off --version 0.2.0 --decision ship --by NAME"
    assert line in said
    dry = tiny.inv("--dry", "gh-release", *VERSION)
    assert dry.returncode == 0, dry.stderr
    assert "would stop: v0.2.0 is not signed off" in dry.stderr
    shown = tiny.inv("sign-off", *VERSION)
    assert shown.returncode == 0, shown.stderr
    assert "suggested: ship (no issue with a label of" in shown.stderr
    assert "# Sign-off of v0.2.0" in shown.stdout
    assert assets(tiny) == DRAFT

    # abort keeps it where it is
    make_issue("It flickers", "P1")
    abort = ("--decision", "abort", "--by", "Jane Roe")
    done = tiny.inv("sign-off", *VERSION, *abort)
    assert done.returncode == 0, done.stderr
    assert "Jane Roe signed v0.2.0 off: abort" in done.stderr
    assert "suggested was conditional" in done.stderr
    assert assets(tiny) == SIGNED
    code, said = gh_release(tiny)
    assert (code, assets(tiny)) == (1, SIGNED)
    assert "Jane Roe has signed v0.2.0 off as abort" in said

    # another decision replaces it, and says what it is about
    before = len(tiny.registries.log.writes())
    words = ("sign-off", *VERSION, "--decision", "conditional", "--by", "Jane")
    words += ("--testers", "Kim, Lee")
    commit = tiny.git("rev-parse", "v0.2.0^{}").strip()
    run = {"workflow": "ci.yml", "head_sha": commit, "conclusion": "failure"}
    tiny.registries.github.set_runs("example", "tiny", [run])
    dry = tiny.inv("--dry", *words)
    assert "Jane would sign v0.2.0 off: conditional" in dry.stderr
    assert len(tiny.registries.log.writes()) == before
    done = tiny.inv(*words, "--json")
    [row] = json.loads(done.stdout)["sign_offs"]
    assert (row["state"], row["suggested"]) == ("signed off", "conditional")
    assert row["commit"] == tiny.git("rev-parse", "v0.2.0^{}").strip()
    assert row["files"] == [
        {
            "file": name,
            "sha256": hashlib.sha256(f"bytes of {name}".encode()).hexdigest(),
        }
        for name in sorted((WHEEL, SDIST, KEPT))
    ]
    [issue] = row["issues"]
    assert (issue["number"], issue["labels"]) == (1, ["P1"])
    folder = tiny.root / "dist" / "v0.2.0"
    kept = json.loads((folder / "sign-off.json").read_text())
    assert kept == {key: row[key] for key in row if key != "state"}
    markdown = (folder / "sign-off.md").read_text()
    assert "| decision | conditional, by Jane, " in markdown
    assert "| #1 | P1 | It flickers |" in markdown
    assert "| tried by | Kim, Lee |" in markdown
    assert "| ci.yml | failure | https://github.com/example/tiny/" in markdown

    # the same once more writes nothing
    before = len(tiny.registries.log.writes())
    again = tiny.inv(*words)
    assert "nothing to do, Jane has signed v0.2.0 off: cond" in again.stderr
    assert len(tiny.registries.log.writes()) == before
    assert "nothing to do" in tiny.inv("gh-draft", *VERSION).stderr

    # other bytes are not what was signed off, wherever it is published
    other = tiny.folder / WHEEL
    other.write_text("other bytes")
    gh("release", "upload", "v0.2.0", str(other), "--clobber")
    there = tiny.clone()
    for machine in (tiny.root, there):
        code, said = gh_release(tiny, machine)
        assert (code, assets(tiny)) == (1, SIGNED)
        assert f"not as v0.2.0 was signed off: {WHEEL}" in said
    assert tiny.inv("sign-off", *VERSION, *SHIP).returncode == 1
    assert tiny.inv("gh-draft", *VERSION).returncode == 0

    # the bytes that were signed off become public, from another machine
    code, said = gh_release(tiny, there)
    assert code == 0, said
    assert assets(tiny) == {WHEEL, SDIST}
    assert not releases(tiny)[0]["draft"]
    code, said = gh_release(tiny)
    assert code == 0, said
    done = tiny.inv("sign-off", *VERSION, *SHIP)
    assert "nothing to do, v0.2.0 is public already" in done.stderr
    late = tiny.inv("sign-off", *VERSION, *abort)
    assert late.returncode == 1
    assert "v0.2.0 is public already, abort comes too late" in late.stderr


@pytest.mark.long
def test_a_publication_that_broke_off_goes_on_as_signed_off(
    tiny: TinyProject,
) -> None:
    drafted(tiny)
    wrong = tiny.inv("sign-off", *VERSION, "--decision", "yes", "--by", "Jane")
    assert "ship, conditional, hotfix, abort" in wrong.stderr
    wrong = tiny.inv("sign-off", *VERSION, "--decision", "ship")
    assert "who did that" in wrong.stderr
    as_told(tiny, gh_release(tiny)[1])
    fault = Fault("PATCH", r".*/releases/\d+$", status=403, times=9)
    tiny.registries.faults.add(fault)
    assert gh_release(tiny)[0] == 1
    assert assets(tiny) == {WHEEL, SDIST}
    fault.times = 0

    # another machine cannot know what was decided, and asks for it again
    there = tiny.clone()
    code, said = gh_release(tiny, there)
    assert (code, releases(tiny)[0]["draft"]) == (1, True)
    as_told(tiny, said, there)
    assert assets(tiny) == {WHEEL, SDIST, "sign-off.json", "sign-off.md"}
    gh("release", "delete-asset", "v0.2.0", "sign-off.json", "--yes")

    # this one knows
    code, said = gh_release(tiny)
    assert code == 0, said
    assert assets(tiny) == {WHEEL, SDIST}
    assert not releases(tiny)[0]["draft"]


def test_a_sign_off_is_for_one_commit(tiny: TinyProject) -> None:
    drafted(tiny)
    assert tiny.inv("sign-off", *VERSION, *SHIP).returncode == 0
    for name in (KEPT, "release.json"):
        gh("release", "delete-asset", "v0.2.0", name, "--yes")
    tiny.commit("fix.txt")
    tiny.git("push", "--quiet", "origin", ":v0.2.0")
    tiny.git("tag", "--delete", "v0.2.0")
    tiny.tag("v0.2.0")
    code, said = gh_release(tiny)
    assert code == 1
    assert "v0.2.0 was signed off at " in said
    as_told(tiny, said)
    code, said = gh_release(tiny)
    assert code == 0, said


@pytest.mark.long
def test_without_github_it_stays_in_dist(tiny: TinyProject) -> None:
    built(tiny)
    bare = tiny.folder / "bare.git"
    tiny.git("clone", "--quiet", "--bare", str(tiny.root), str(bare))
    tiny.git("remote", "set-url", "origin", str(bare))
    for expected in ("signed v0.2.0 off: ship", "nothing to do, Jane Roe has"):
        done = tiny.inv("sign-off", *VERSION, *SHIP)
        assert done.returncode == 0, done.stderr
        assert expected in done.stderr
    folder = tiny.root / "dist" / "v0.2.0"
    kept = json.loads((folder / "sign-off.json").read_text())
    assert len(kept["files"]) == 3
    assert kept["suggested"] == ""
    assert releases(tiny) == []
    absent = tiny.inv("sign-off", "--version", "0.3.0", *SHIP)
    assert absent.returncode == 1


@pytest.mark.long
@pytest.mark.slow
def test_a_rehearsal_signs_off_what_it_has_built(tiny: TinyProject) -> None:
    minor = GATES.replace("[gates]\n", "[gates]\nminor = []\n")
    tiny.commit("release-tasks.toml", minor)
    only_a_tag = '[project]\nname = "tiny"\nversion = "0.2.0"\n'
    tiny.commit("pyproject.toml", only_a_tag)
    done = tiny.inv("rehearse", *VERSION)
    assert done.returncode == 0, done.stderr
    assert "Rehearsal signed v0.2.0 off: ship" in done.stderr


@pytest.mark.parametrize(
    ("labels", "state", "suggested"),
    [
        ([], "partial", "ship"),
        ([["P1"]], "partial", "conditional"),
        ([["priority: p1"], ["P1"]], "partial", "conditional"),
        ([["P1", "P0"]], "partial", "hotfix or abort"),
        ([["P10"]], "partial", "hotfix or abort"),
        ([["release-blocker"]], "missing", "hotfix or abort"),
        ([], "different", "hotfix or abort"),
        ([["P1"]], "yanked", "hotfix or abort"),
    ],
)
@pytest.mark.statement("B4.29")
def test_open_issues_and_states_suggest_a_decision(
    labels: list[list[str]], state: str, suggested: str
) -> None:
    issues = [{"labels": names} for names in labels]
    assert sign_off.suggestion(issues, [{"state": state}])[0] == suggested

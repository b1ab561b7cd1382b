"""Five projects from their first release on: interrupted, signed off, announced, taken back.

`nox -s projects` runs all of them.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
from support.complete_releases import (
    CARO,
    EDGEQUAKE_LLM,
    LLM_PROXY,
    LLMCC,
    LLMTRACE,
    CompleteRelease,
)
from support.hosted_project import CommandResult
from support.project_pages import FOLDER, publishing_lines
from support.sample_projects import git
from support.sample_release import SampleRelease, sample_release
from support.terminal_input import run_answering

from release_tasks.rehearsal.faults import Fault
from release_tasks.versions.numbers import pep440
from release_tasks.versions.requests import next_version

pytestmark = [
    pytest.mark.slow,
    pytest.mark.tools("cargo", "gh", "docker", "buildkitd", "runc", "helm"),
    # the gates and the image test of a project
    pytest.mark.tools("skopeo", "make"),
]
CRATES = ("PUT", "/api/v1/crates/new")
IMAGE = ("PUT", "/v2/sofatutor/llm-proxy/manifests/")
WHY = "It forgets what it was told."
CREATE_MILESTONE = (
    "gh api --method POST 'repos/{{owner}}/{{repo}}/milestones' -f title=v{}"
)


@dataclass(frozen=True)
class Stage:
    """What is asked for, and the version that files of other machines have; "" without such."""

    request: str
    files: str = ""


@dataclass(frozen=True)
class Life:
    """The releases of a project; the first is interrupted where a request is refused."""

    complete: CompleteRelease
    refused: tuple[str, str]
    old: str  # the version in the file names of `complete`
    first: Stage
    patch: Stage
    prerelease: Stage
    bad: Stage
    next: Stage
    changelogs: tuple[str, ...] = ()


def life(
    complete: CompleteRelease, refused: tuple[str, str], *numbers: str
) -> Life:
    """Return the releases of a project with one version."""
    stages = [Stage(number, number) for number in numbers]
    logs = () if complete in (LLMCC, LLM_PROXY) else ("CHANGELOG.md",)
    return Life(complete, refused, numbers[0], *stages, changelogs=logs)


CORE, PYTHON = "edgequake-llm", "edgequake-litellm"
LIVES = {
    "llm-proxy": life(
        LLM_PROXY, IMAGE, "0.2.0", "0.2.1", "0.3.0-rc.1", "0.3.0", "0.3.1"
    ),
    "llmtrace": life(
        LLMTRACE, CRATES, "0.2.0", "0.2.1", "0.3.0-rc.1", "0.3.0", "0.3.1"
    ),
    "llmcc": life(
        LLMCC, CRATES, "0.2.66", "0.2.67", "0.3.0-rc.1", "0.3.0", "0.3.1"
    ),
    "caro": life(
        CARO, CRATES, "1.2.0", "1.2.1", "1.3.0-beta.1", "1.3.0", "1.3.1"
    ),
    "edgequake-llm": Life(
        EDGEQUAKE_LLM,
        CRATES,
        "0.6.13",
        Stage(f"{CORE}=0.6.27,{PYTHON}=0.6.13", "0.6.13"),
        Stage(f"{PYTHON}=0.6.14", "0.6.14"),
        Stage(f"{PYTHON}=0.6.15-rc.1", "0.6.15-rc.1"),
        Stage(f"{CORE}=0.6.28"),
        Stage(f"{CORE}=0.6.29,{PYTHON}=0.6.15", "0.6.15"),
        ("CHANGELOG.md", "edgequake-litellm/CHANGELOG.md"),
    ),
}


def test_a_first_release_goes_on_and_is_announced(tmp_path: Path) -> None:
    """The beginning of what `nox -s projects` does with each of the five."""
    with sample_release(LLM_PROXY, tmp_path) as project:
        announced(interrupted_and_resumed(project, LIVES["llm-proxy"]))


@pytest.mark.long
@pytest.mark.parametrize("name", LIVES)
def test_a_project_lives_from_release_to_release(
    name: str, tmp_path: Path
) -> None:
    project_life = LIVES[name]
    with sample_release(project_life.complete, tmp_path) as project:
        first = interrupted_and_resumed(project, project_life)
        announced(first)
        finished(project, project_life, project_life.patch)
        if name == "llm-proxy":  # its settings refuse them
            refused = at(project, project_life, project_life.prerelease)
            assert refused.inv("bump").code == 1
        else:
            finished(project, project_life, project_life.prerelease)
        bad = finished(project, project_life, project_life.bad)
        taken_back(bad)
        last = finished(project, project_life, project_life.next)
        announced(last)
        if name == "llm-proxy":
            back_ported(project, last, project_life.patch.request)


@pytest.mark.long
@pytest.mark.parametrize("name", LIVES)
def test_what_publishes_on_a_page_is_typed_and_does_so(
    name: str, tmp_path: Path
) -> None:
    """The commands of docs/projects that tests/docs/test_project_pages.py only reads."""
    lived = LIVES[name]
    lines = publishing_lines(FOLDER / f"{name}.md")
    assert len(lines) > 3
    stages = [lived.first, lived.patch]
    with sample_release(lived.complete, tmp_path) as project:
        typed(project, CREATE_MILESTONE.format(lived.first.request))
        for line in lines:
            if line.startswith("inv release "):
                built(project, lived, stages.pop(0))
            typed(project, line)


def typed(project: SampleRelease, line: str) -> None:
    """Type a line in a terminal, and which version it is where it asks for that."""
    options = dict(re.findall(r"--(version|component) (\S+)", line))
    answer = options.get("version", "")
    if "component" in options:
        answer = f"{options['component']}={answer}"
    done = run_answering(
        ("sh", "-c", line), answer, project.root, project.hosted.environment()
    )
    assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"[-4000:]


@pytest.mark.long
def test_a_fix_of_an_older_version_leaves_the_newer_one_to_users(
    tmp_path: Path,
) -> None:
    """The back-port that a project's life ends with, by itself."""
    lived = LIVES["llm-proxy"]
    with sample_release(lived.complete, tmp_path) as project:
        for stage in (lived.patch, lived.next):
            last = finished(project, lived, stage)
        back_ported(project, last, lived.patch.request)


def back_ported(project: SampleRelease, last: SampleRelease, old: str) -> None:
    """Fix an older version while `last` is out, and assert what every pointer names."""
    inv = partial(project.hosted.inv, project.root)
    fixed = next_version(old, "patch")
    before = last.public()
    begun = inv("hotfix", "--from", f"v{old}")
    assert begun.code == 0, begun.err[-2000:]
    (project.root / "fix.txt").write_text("fixed\n")
    git(project.root, "add", "--all")
    git(project.root, "commit", "--quiet", "--message=Fix it")
    done = inv("hotfix", "--new", "all", "--sign-off", "Tester")
    assert done.code == 0, done.err[-3000:]

    assert pointers(inv("status", "--version", fixed, "--json")) == {
        "ghcr.io/sofatutor/llm-proxy:0.2": fixed
    }
    newer = inv("status", "--version", last.version, "--json")
    assert newer.code == 0, newer.out[-2000:]
    assert pointers(newer) == {"ghcr.io/sofatutor/llm-proxy:0.3": last.version}
    assert last.public().keys() >= before.keys()
    merged = git(project.root, "log", "--format=%s", "origin/main")
    assert "Fix it" in merged.splitlines()
    assert "hotfix" not in git(project.root, "branch", "--all")


def pointers(done: CommandResult) -> dict[str, str]:
    """Return what each pointer names, as `inv status --json` prints it."""
    rows = json.loads(done.out)["pointers"]
    return {row["name"]: row["now"] for row in rows}


def at(project: SampleRelease, lived: Life, stage: Stage) -> SampleRelease:
    """Return the project with another version, and with the files that this one has."""
    complete = lived.complete
    foreign, public = {}, {}
    if stage.files:
        for file, target in complete.foreign.items():
            foreign[renamed(file, lived.old, stage.files)] = target
        for registry, names in complete.public.items():
            place = registry.replace(lived.old, stage.files)
            public[place] = {
                renamed(one, lived.old, stage.files) for one in names
            }
    other = replace(
        complete, version=stage.request, foreign=foreign, public=public
    )
    return replace(project, complete=other)


def renamed(file: str, old: str, new: str) -> str:
    """Return the name of a file with another version; wheels and sdists have that of PEP 440."""
    if file.endswith((".whl", ".tar.gz")) and "-with-" not in file:
        new = pep440(new)
    return file.replace(old, new)


def built(project: SampleRelease, lived: Life, stage: Stage) -> SampleRelease:
    """Write what has changed, tag the version, and collect what other machines build of it."""
    release = at(project, lived, stage)
    changed(project.root, lived.changelogs, stage)
    for command in ("bump", "tag"):
        done = release.inv(command)
        assert done.code == 0, done.err[-2000:]
    if release.complete.foreign:
        shutil.rmtree(release.other_machines, ignore_errors=True)
        folder = release.build_elsewhere()
        collected = release.inv("collect", "--folders", str(folder))
        assert collected.code == 0, collected.err[-2000:]
    return release


def changed(root: Path, changelogs: tuple[str, ...], stage: Stage) -> None:
    """Commit a change, and what users read about it."""
    (root / "change.txt").write_text(f"{stage.request}\n")
    for name in changelogs:
        text = (root / name).read_text()
        if "## [Unreleased]" in text:
            heading = "## [Unreleased]\n"
            more = (
                f"\n### Changed\n\n- Does more in {stage.request} (fixes #9)\n"
            )
            text = text.replace(heading, heading + more, 1)
        elif stage.files and f"## [{stage.files}]" not in text:
            section = f"## [{stage.files}]\n\n### Added\n\n- More models\n\n"
            text = text.replace("## [", section + "## [", 1)
        (root / name).write_text(text)
    git(root, "add", "--all")
    git(root, "commit", "--quiet", f"--message=Towards {stage.request}")


def finished(
    project: SampleRelease, lived: Life, stage: Stage
) -> SampleRelease:
    """Release a version, and assert that the registries have all of it."""
    release = built(project, lived, stage)
    done = release.release()
    assert done.code == 0, done.err[-3000:]
    assert release.inv("status").code == 0
    return release


def interrupted_and_resumed(
    project: SampleRelease, lived: Life
) -> SampleRelease:
    """Release the first version: a registry refuses once, a person decides, and it goes on."""
    release = built(project, lived, lived.first)
    fault = Fault(*lived.refused, status=403, body=b"not now", times=999)
    project.hosted.registries.faults.add(fault)
    stopped = release.release()
    assert stopped.code == 1
    assert release.inv("status").code == 3
    fault.times = 0

    decided = release.inv("sign-off", "--decision", "ship", "--by", "Jane Roe")
    assert decided.code == 0, decided.err[-2000:]
    assert "Jane Roe signed" in decided.err

    resumed = release.release()
    assert resumed.code == 0, resumed.err[-3000:]
    assert release.inv("status").code == 0
    assert release.public().items() >= release.complete.public.items()
    return release


def announced(release: SampleRelease) -> None:
    """Assert that the announcement has a command for each channel."""
    done = release.inv("announce", "--json")
    assert done.code == 0, done.err[-2000:]
    channels = commands(done)
    public: Mapping[str, object] = release.complete.public
    for registry, word in (("PyPI", "pip install"), ("crates.io", "cargo ")):
        if registry in public:
            assert any(line.startswith(word) for line in channels), channels


def commands(done: CommandResult) -> list[str]:
    """Return the install commands of an announcement."""
    rows = json.loads(done.out)["announcements"]
    return [line["command"] for row in rows for line in row["install"]]


def taken_back(release: SampleRelease) -> None:
    """Take a version back, and assert that it stays so."""
    words = ("rollback", "--why", WHY, "--yes")
    done = release.inv(*words)
    assert done.code == 0, done.err[-2000:]
    again = release.inv(*words)
    assert (again.code, "nothing to do" in again.err) == (0, True)
    if "crates.io" in release.complete.public:
        refused = release.release()
        assert (refused.code, "yanked" in refused.err) == (1, True)

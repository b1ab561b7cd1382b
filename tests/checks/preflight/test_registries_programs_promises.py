"""Registries, programs and promises: each finding fires, and is silent where all is well."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from support.contexts import context
from support.python_projects import sdist, wheel
from support.tiny_project import TINY, TinyProject, problems, run_checks

from release_tasks.checks.check import CheckContext
from release_tasks.checks.preflight import programs, promises, registries
from release_tasks.checks.preflight.all import findings, lacks
from release_tasks.checks.preflight.machine import Machine
from release_tasks.order import RELEASE
from release_tasks.rehearsal.clients import GITHUB_TOKEN
from release_tasks.rehearsal.faults import Fault
from release_tasks.tools.programs import PROGRAMS, Program

pytestmark = pytest.mark.tools("gh")


def found(tiny: TinyProject, new: str | None = "all") -> list[str]:
    return problems(tiny, registries, new=new)


def test_free_versions_and_known_credentials_are_well(tiny: TinyProject) -> None:
    assert found(tiny) == []
    assert found(tiny, "other, tiny-plain") == []


def test_a_new_name_is_a_question(tiny: TinyProject) -> None:
    assert found(tiny, None) == ["`tiny-plain` has never been published to PyPI; confirm the name"]


def test_a_credential_that_is_missing_is_named(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PYPI_API_TOKEN", "TWINE_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    [problem] = found(tiny)
    assert "PyPI" in problem or "tiny-plain" in problem


def upload(folder: Path) -> None:
    files = {
        "tiny_plain-0.2.0-py3-none-any.whl": wheel("tiny-plain"),
        "tiny_plain-0.2.0.tar.gz": sdist("tiny-plain"),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    subprocess.run(
        [sys.executable, "-m", "twine", "upload", *files],
        cwd=folder,
        check=True,
        capture_output=True,
    )


@pytest.mark.statement("B2.28")
def test_what_is_public_without_a_tag_is_not_ours_and_with_the_tag_it_is(tiny: TinyProject) -> None:
    upload(tiny.folder)
    said = found(tiny)
    assert len(said) == 2
    assert all(
        "is on PyPI already, and no tag says from which commit" in problem for problem in said
    )
    tiny.tag("v0.2.0")
    assert found(tiny) == []


def test_a_registry_that_cannot_be_read_is_found_beside_the_others(tiny: TinyProject) -> None:
    tiny.registries.faults.add(Fault("GET", "/simple/tiny-plain", status=500, times=50))
    tiny.git("push", "--quiet", "origin", f"{tiny.commit('x.txt')}:refs/tags/v0.2.0")
    tiny.git("tag", "v0.2.0", "HEAD~1")
    tiny.git("checkout", "--quiet", "HEAD~1")
    said = found(tiny)
    assert any("answered 500" in problem for problem in said)
    assert any("v0.2.0 on git differs" in problem for problem in said)


def test_every_problem_is_shown_at_once(tiny: TinyProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PROGRAMS, "gh", Program("gh", ("no-such-gh", "--version"), apt="gh"))
    (tiny.root / "scribble.txt").write_text("")
    tiny.commit("CHANGELOG.md", "# Changelog\n\n## [Unreleased]\n")
    said = [
        one.problem
        for one in findings(CheckContext(context(), tiny.release("0.2.0")))
        if one.severity == "problem"
    ]
    assert said == [
        "gh is not installed, and gh-draft, gh-release, move-pointers need it",
        "uncommitted changes: scribble.txt",
        "CHANGELOG.md says nothing about 0.2.0",
        "`tiny-plain` has never been published to PyPI; confirm the name",
    ]


def test_nothing_is_said_to_be_missing_that_the_project_does_not_need(tiny: TinyProject) -> None:
    needed = programs.needed(RELEASE, tiny.release().project)
    assert set(needed) == {"git", "gh"}
    assert problems(tiny, programs) == []
    assert {"cargo", "docker", "buildx", "helm"} <= set(programs.needed(RELEASE, None))


def test_a_program_that_the_build_needs_is_looked_for(tiny: TinyProject) -> None:
    tiny.commit("release-tasks.toml", '[build]\nneeds = ["no-such-compiler", "git"]\n')
    [error] = programs.missing_program(CheckContext(context(), tiny.release("0.2.0")))
    assert (error.problem, error.fix) == (
        "no-such-compiler is not installed, and [build] needs it",
        "install no-such-compiler",
    )


def test_a_program_that_a_gate_needs_is_looked_for_until_the_tag_exists(tiny: TinyProject) -> None:
    tiny.commit(
        "release-tasks.toml",
        '[gates]\nrun = ["no-such-linter --strict", "git version"]\naudit = "no-such-audit"\n',
    )
    tiny.commit("pyproject.toml", TINY["pyproject.toml"].replace("0.1.0", "0.2.0"))
    assert problems(tiny, programs) == [
        "no-such-linter is not installed, and [gates] needs it",
        "no-such-audit is not installed, and [gates] needs it",
    ]
    tiny.tag("v0.2.0")
    assert problems(tiny, programs) == []  # the gates do not run any more


def test_a_test_that_needs_a_docker_daemon_is_named_where_none_answers(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tiny.folder}/no-daemon.sock")
    tiny.commit("Dockerfile", "FROM scratch\n")
    settings = '[images."ghcr.io/o/r"]\ntest = "./smoke.sh {image}"\n'
    tiny.commit("release-tasks.toml", settings)
    here = Machine(RELEASE, tiny.release().project)
    [found] = run_checks(CheckContext(context(), tiny.release()), programs)
    assert found.name == "image-test-without-daemon"
    assert (
        found.problem == "the test of ghcr.io/o/r uses {image}, which needs a running docker daemon"
    )
    assert found.problem in [one.problem for one in lacks(here)]  # as doctor says it
    tiny.commit("release-tasks.toml", settings.replace("{image}", "{layout}"))
    assert problems(tiny, programs) == []
    assert lacks(replace(here, project=tiny.release().project)) == []


@pytest.mark.statement("B4.6")
def test_an_open_issue_with_a_blocking_label_is_found(tiny: TinyProject) -> None:
    tiny.commit("release-tasks.toml", '[gates]\nblockers = ["P0", "P1"]\n')
    assert problems(tiny, promises) == []
    issue(tiny, "Colours", "P2")
    issue(tiny, "It loses data", "P0")
    assert problems(tiny, promises) == ["issues with the label P0 are open: #2 It loses data"]
    subprocess.run(
        ["gh", "api", "--method", "PATCH", "repos/example/tiny/issues/2", "-f", "state=closed"],
        check=True,
        capture_output=True,
    )
    assert problems(tiny, promises) == []


def issue(tiny: TinyProject, title: str, label: str) -> None:
    words = (
        "--method",
        "POST",
        "repos/example/tiny/issues",
        "-f",
        f"title={title}",
        "-f",
        f"labels[]={label}",
    )
    subprocess.run(["gh", "api", *words], cwd=tiny.root, check=True, capture_output=True)


def test_a_bundle_that_cannot_be_fetched_or_is_never_shipped_is_found(tiny: TinyProject) -> None:
    table = '[bundles."{asset}.zip"]\nsmall = {url = "https://models.example/small.gguf", sha256 = "%s", license = "MIT"}\n[github]\nassets = ["bundles"]\n'
    tiny.commit("release-tasks.toml", table % ("0" * 64))
    assert problems(tiny, promises) == []
    tiny.commit("release-tasks.toml", table % "...")
    assert problems(tiny, promises) == [
        "[bundles.{asset}.zip] small has url 'https://models.example/small.gguf' and sha256 '...', which stand for no file"
    ]
    tiny.commit("release-tasks.toml", (table % ("0" * 64)).replace('"bundles"]', '"wheels"]'))
    assert problems(tiny, promises) == ["[bundles] are packed, and no release has them"]


@pytest.mark.statement("B4.1")
def test_a_milestone_in_which_something_is_open_is_found(tiny: TinyProject) -> None:
    tiny.commit("release-tasks.toml", '[gates]\nmilestone = "v{version}"\n')
    assert problems(tiny, promises) == ["GitHub has no milestone v0.2.0"]
    api("POST", "milestones", "title=v0.2.0")
    assert problems(tiny, promises) == []
    api("POST", "issues", "title=Colours", "milestone=1")
    assert problems(tiny, promises) == ["1 of the milestone v0.2.0 is open"]
    api("PATCH", "issues/1", "state=closed")
    assert problems(tiny, promises) == []


def api(method: str, path: str, *fields: str) -> None:
    words = [word for field in fields for word in ("-F", field)]
    subprocess.run(
        ["gh", "api", "--method", method, f"repos/example/tiny/{path}", *words],
        check=True,
        capture_output=True,
    )


def weak(tiny: TinyProject) -> list[tuple[str, str]]:
    return [
        (one.problem, one.fix)
        for one in registries.token_too_weak(CheckContext(context(), tiny.release("0.2.0"), "all"))
    ]


def test_a_token_that_may_not_make_releases_is_found(tiny: TinyProject) -> None:
    assert weak(tiny) == []
    tiny.registries.github.scopes = "gist, read:org"
    [(fact, fix)] = weak(tiny)
    assert fact == "gh's token may not make releases: it has no scope repo"
    tiny.registries.github.scopes += f", {fix.split(',')[0].split()[-1]}"
    assert weak(tiny) == []
    tiny.registries.github.scopes = ""
    assert weak(tiny) != []


def test_a_login_whose_token_may_not_push_images_is_found(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.commit("Dockerfile", "FROM scratch\n")
    assert weak(tiny) == []  # GitHub does not know the password of this login
    config = tiny.folder / "docker"
    config.mkdir()
    (config / "config.json").write_text(
        json.dumps({"auths": {"ghcr.io": {"username": "me", "password": GITHUB_TOKEN}}})
    )
    monkeypatch.setenv("DOCKER_CONFIG", str(config))
    [(fact, fix)] = weak(tiny)
    assert (fact, fix) == (
        "docker's login for ghcr.io may not push: its token has no scope write:packages",
        "docker login ghcr.io with a token that has write:packages",
    )
    tiny.registries.github.scopes += ", write:packages"
    assert weak(tiny) == []


def test_a_token_that_github_does_not_take_is_found(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GH_TOKEN", "of-another-year")
    [(fact, fix)] = weak(tiny)
    assert "Bad credentials" in fact
    assert "set GH_TOKEN" in fix

"""The registries: versions are free or ours, names confirmed, credentials there."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support import crate_projects as projects
from support.contexts import context
from support.local_registries import local_registries
from support.python_projects import sdist, wheel
from support.repositories import git
from support.tiny_project import (
    TINY,
    TinyProject,
    problems,
    run_checks,
    tiny_project,
)

from release_tasks.channels import github
from release_tasks.checks.check import CheckContext
from release_tasks.checks.preflight import python, registries
from release_tasks.project.artifacts import PointerState
from release_tasks.rehearsal.faults import Fault

pytestmark = pytest.mark.tools("gh", "cargo")


CRATE = """\
[package]
name = "tiny-core"
version = "0.1.0"
edition = "2021"
license = "MIT"
description = "Says little"
"""
BOTH = """\
[components.rust]
crates = ["tiny-core"]
latest = true
[components.python]
python = ["tiny-plain"]
tag = "py-v{version}"
changelog = "CHANGELOG-python.md"
"""
WHEEL, SDIST = "tiny_plain-0.2.0-py3-none-any.whl", "tiny_plain-0.2.0.tar.gz"


def found(tiny: TinyProject, new: str | None = "all") -> list[str]:
    return problems(tiny, registries, new=new)


def upload(tiny: TinyProject, name: str, data: bytes = b"") -> None:
    made = {WHEEL: wheel("tiny-plain"), SDIST: sdist("tiny-plain")}
    (tiny.folder / name).write_bytes(data or made[name])
    subprocess.run(
        [sys.executable, "-m", "twine", "upload", name],
        cwd=tiny.folder,
        check=True,
        capture_output=True,
    )


def test_free_versions_and_known_credentials_are_well(
    tiny: TinyProject,
) -> None:
    assert found(tiny) == []
    assert found(tiny, "other, tiny-plain") == []


def test_a_latest_that_is_no_version_is_found_and_its_fix_moves_it(
    tiny: TinyProject,
) -> None:
    tiny.tag("nightly")
    subprocess.run(
        ["gh", "release", "create", "nightly", "--notes=", "--latest"],
        check=True,
    )
    context_ = CheckContext(context(), tiny.release("0.2.0"), "all")
    [(name, fact, fix)] = [
        (one.name, one.fact, one.fix)
        for one in run_checks(context_, registries)
    ]
    assert (name, fact) == (
        "foreign-pointer",
        "Latest stays at nightly, which is not a version of this project",
    )
    tiny.tag("v0.2.0")
    subprocess.run(
        ["gh", "release", "create", "v0.2.0", "--notes="], check=True
    )
    subprocess.run(shlex.split(fix.rpartition(": ")[2]), check=True)
    [pointer] = github.pointers(tiny.release("0.2.0"))
    assert pointer.place is PointerState.SAME


def test_a_new_name_is_a_question(tiny: TinyProject) -> None:
    assert found(tiny, None) == [
        "`tiny-plain` has never been published to PyPI; confirm the name"
    ]


def test_a_credential_that_is_missing_is_named(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PYPI_API_TOKEN", "TWINE_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    [problem] = found(tiny)
    assert "PyPI" in problem or "tiny-plain" in problem


@pytest.mark.statement("B1.1", "B2.1", "B2.2")
def test_each_component_needs_the_token_of_its_own_registry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = TINY | {
        "core/Cargo.toml": CRATE,
        "core/src/lib.rs": "",
        "CHANGELOG-python.md": TINY["CHANGELOG.md"],
        "Cargo.toml": '[workspace]\nmembers = ["core"]\nresolver = "2"\n',
        "release-tasks.toml": BOTH,
    }
    with tiny_project(tmp_path, monkeypatch, files) as tiny:
        monkeypatch.setenv("CARGO_HOME", str(tmp_path / "cargo"))
        secret = {
            "CARGO_REGISTRY_TOKEN": "of-crates",
            "PYPI_API_TOKEN": "of-pypi",
        }
        for name in (*secret, "TWINE_PASSWORD"):
            monkeypatch.delenv(name, raising=False)

        def missing(version: str, *names: str) -> list[str]:
            with monkeypatch.context() as patch:
                for name in names:
                    patch.setenv(name, secret[name])
                said = problems(tiny, registries, version, new="all")
            assert not any(value in " ".join(said) for value in secret.values())
            return said

        both = missing("python=0.2.0,rust=0.2.0")
        assert [one for one in both if "PyPI" in one and "crates" in one] == []
        assert len([one for one in both if "PyPI" in one]) == 1
        assert len([one for one in both if "crates.io" in one]) == 1
        assert missing("rust=0.2.0", "CARGO_REGISTRY_TOKEN") == []
        assert missing("python=0.2.0", "PYPI_API_TOKEN") == []


@pytest.mark.statement("B2.28", "B2.27")
def test_what_is_public_without_a_tag_is_not_ours_and_with_the_tag_it_is(
    tiny: TinyProject,
) -> None:
    upload(tiny, WHEEL)
    upload(tiny, SDIST)
    said = found(tiny)
    assert len(said) == 2
    assert all(
        "is already on PyPI, but has no tag" in problem for problem in said
    )
    tiny.tag("v0.2.0")
    assert found(tiny) == []


def test_a_registry_that_cannot_be_read_is_found_beside_the_others(
    tiny: TinyProject,
) -> None:
    tiny.registries.faults.add(
        Fault("GET", "/simple/tiny-plain", status=500, times=50)
    )
    tiny.git(
        "push", "--quiet", "origin", f"{tiny.commit('x.txt')}:refs/tags/v0.2.0"
    )
    tiny.git("tag", "v0.2.0", "HEAD~1")
    tiny.git("checkout", "--quiet", "HEAD~1")
    said = found(tiny)
    assert any("answered 500" in problem for problem in said)
    assert any("v0.2.0 on git differs" in problem for problem in said)


def weak(tiny: TinyProject) -> list[tuple[str, str]]:
    return [
        (one.fact, one.fix)
        for one in registries.token_too_weak(
            CheckContext(context(), tiny.release("0.2.0"), "all")
        )
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


@pytest.mark.statement("B3.10", "B3.25")
def test_a_login_whose_token_may_not_push_images_is_found(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.commit("Dockerfile", "FROM scratch\n")
    assert weak(tiny) == []  # GitHub does not know the password of this login
    config = tiny.folder / "docker"
    config.mkdir()
    login = {"username": "me", "password": tiny.registries.tokens.github}
    (config / "config.json").write_text(
        json.dumps({"auths": {"ghcr.io": login}})
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


def reported(tiny: TinyProject, version: str) -> list[tuple[str, str, str]]:
    return [
        (one.name, one.fact, one.fix)
        for one in run_checks(
            CheckContext(context(), tiny.release(version), "all"), registries
        )
    ]


def test_a_project_on_pypi_without_a_version_of_ours_may_be_somebody_elses(
    tiny: TinyProject,
) -> None:
    upload(tiny, WHEEL)
    [(name, fact, fix)] = reported(tiny, "0.3.0")
    assert (name, fact) == (
        "foreign-name",
        "tiny-plain is on PyPI and may belong to someone else: origin has no tag of 0.2.0",
    )
    assert fix == (
        "choose another name; if it is yours, push a tag of one of these versions, or "
        "give the reason in [checks.ignore]"
    )
    tiny.tag("v0.2.0")
    tiny.commit("more.txt")
    assert reported(tiny, "0.3.0") == []


def test_a_prerelease_on_pypi_is_known_by_its_tag(tiny: TinyProject) -> None:
    upload(
        tiny,
        WHEEL.replace("0.2.0", "0.2.0rc1"),
        wheel("tiny-plain", version="0.2.0rc1"),
    )
    assert [name for name, _, _ in reported(tiny, "0.3.0")] == ["foreign-name"]
    tiny.tag("v0.2.0-rc.1")
    tiny.commit("more.txt")
    assert reported(tiny, "0.3.0") == []


def test_a_version_that_is_begun_on_pypi_is_reported_until_when_it_is_open(
    tiny: TinyProject,
) -> None:
    days = {f"{datetime.now(UTC) + timedelta(days=14):%Y-%m-%d}"}
    upload(tiny, WHEEL)
    days.add(f"{datetime.now(UTC) + timedelta(days=14):%Y-%m-%d}")
    tiny.tag("v0.2.0")
    [(name, fact, fix)] = reported(tiny, "0.2.0")
    got = re.fullmatch(
        (
            r"tiny-plain 0\.2\.0 is incomplete, and PyPI takes its other files until (\S+) "
            r"\d\d:\d\d UTC"
        ),
        fact,
    )
    assert got is not None
    assert got[1] in days
    assert (name, fix) == (
        "pypi-upload-deadline",
        "inv release --version 0.2.0, before that",
    )
    upload(tiny, SDIST)
    assert reported(tiny, "0.2.0") == []


def test_crates_that_crates_io_takes_only_one_after_another_are_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"shop-{number}" for number in range(7)]
    with local_registries(tmp_path, monkeypatch):
        root = projects.workspace(tmp_path / "shop", dict.fromkeys(names, ""))
        case = CheckContext(context(), projects.release(root), "all")
        found = {
            one.name: (one.severity, one.fact)
            for one in run_checks(case, registries)
        }
        assert found["upload-waits"] == (
            "note",
            "the rate limits of crates.io make the upload of 7 crates take 20 minutes",
        )
        for name in names[:2]:
            projects.cargo(root, "publish", "--no-verify", "--package", name)
        case = CheckContext(context(), projects.release(root), "all")
        assert "upload-waits" not in {
            one.name for one in run_checks(case, registries)
        }


def test_a_crate_of_somebody_else_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with local_registries(tmp_path, monkeypatch) as running:
        root = projects.chain(tmp_path / "shop")
        for name, version in (
            ("shop-app", "3.0.0"),
            ("shop-app", "3.1.0"),
            ("shop-zero", "3.0.0"),
            ("shop-zero", "3.1.0"),
        ):
            running.crates.store.add(
                {
                    "name": name,
                    "vers": version,
                    "cksum": "0" * 64,
                    "yanked": False,
                },
                b"",
                {},
            )
        [fact] = [
            one.fact
            for one in run_checks(
                CheckContext(context(), projects.release(root), "all"),
                registries,
            )
            if one.name == "foreign-name"
        ]
        assert fact == (
            "shop-app, shop-zero are on crates.io and may belong to someone else: origin "
            "has no tag of 3.1.0, 3.0.0"
        )
        git(root, "tag", "v3.0.0")
        assert "foreign-name" not in {
            one.name
            for one in run_checks(
                CheckContext(context(), projects.release(root), "all"),
                registries,
            )
        }


def test_a_new_name_that_pypi_gives_to_nobody_is_found(
    tiny: TinyProject,
) -> None:
    assert problems(tiny, python, new="all") == []
    text = (tiny.root / "pyproject.toml").read_text()
    tiny.commit(
        "pyproject.toml", text.replace('"tiny-plain"', '"unittest-mock"')
    )
    case = CheckContext(context(), tiny.release("0.2.0"), "all")
    found = [
        one.name
        for one in run_checks(case, python)
        if one.severity == "problem"
    ]
    assert found == ["refused-name"]


def test_a_name_that_is_too_like_another_one_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with local_registries(tmp_path, monkeypatch):
        old = projects.workspace(tmp_path / "old", {"shop_zero": ""})
        projects.cargo(old, "publish", "--no-verify", "--workspace")
        names = ("shop-zero", "shop-two", "shop_two", "shopzero")
        root = projects.workspace(tmp_path / "shop", dict.fromkeys(names, ""))
        case = CheckContext(context(), projects.release(root), "all")
        facts = [
            one.fact
            for one in run_checks(case, registries)
            if one.name == "similar-name"
        ]
        said = "crates.io refuses the name {}: crate was previously named `{}`"
        assert sorted(facts) == [
            said.format("shop-two", "shop_two"),
            said.format("shop-zero", "shop_zero"),
            said.format("shop_two", "shop-two"),
        ]

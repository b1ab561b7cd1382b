"""Registries: names that others seem to have, and waits, are told before."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support import crate_projects as projects
from support.contexts import context
from support.local_registries import local_registries
from support.python_projects import sdist, wheel
from support.repositories import git
from support.tiny_project import TINY, TinyProject, run_checks, tiny_project

from release_tasks.checks.check import CheckContext
from release_tasks.checks.preflight import registries

pytestmark = pytest.mark.tools("gh", "cargo")
WHEEL, SDIST = "tiny_plain-0.2.0-py3-none-any.whl", "tiny_plain-0.2.0.tar.gz"


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TinyProject]:
    with tiny_project(tmp_path, monkeypatch, TINY) as made:
        yield made


def upload(tiny: TinyProject, name: str, data: bytes = b"") -> None:
    (tiny.folder / name).write_bytes(
        data or (wheel("tiny-plain") if name == WHEEL else sdist("tiny-plain"))
    )
    subprocess.run(
        [sys.executable, "-m", "twine", "upload", name],
        cwd=tiny.folder,
        check=True,
        capture_output=True,
    )


def told(tiny: TinyProject, version: str) -> list[tuple[str, str, str]]:
    return [
        (one.name, one.problem, one.fix)
        for one in run_checks(CheckContext(context(), tiny.release(version), "all"), registries)
    ]


def test_a_project_on_pypi_without_a_version_of_ours_may_be_somebody_elses(
    tiny: TinyProject,
) -> None:
    upload(tiny, WHEEL)
    [(name, fact, fix)] = told(tiny, "0.3.0")
    assert (name, fact) == (
        "foreign-name",
        "tiny-plain is on PyPI as 0.2.0, and origin has no tag of any: is it somebody else's?",
    )
    assert (
        fix
        == "rename it; where it is yours, push a tag for one of those versions, or say so in [checks.ignore]"
    )
    tiny.tag("v0.2.0")
    tiny.commit("more.txt")
    assert told(tiny, "0.3.0") == []


def test_a_prerelease_on_pypi_is_known_by_its_tag(tiny: TinyProject) -> None:
    upload(tiny, WHEEL.replace("0.2.0", "0.2.0rc1"), wheel("tiny-plain", version="0.2.0rc1"))
    assert [name for name, _, _ in told(tiny, "0.3.0")] == ["foreign-name"]
    tiny.tag("v0.2.0-rc.1")
    tiny.commit("more.txt")
    assert told(tiny, "0.3.0") == []


def test_a_version_that_is_begun_on_pypi_is_told_until_when_it_is_open(tiny: TinyProject) -> None:
    days = {f"{datetime.now(UTC) + timedelta(days=14):%Y-%m-%d}"}
    upload(tiny, WHEEL)
    days.add(f"{datetime.now(UTC) + timedelta(days=14):%Y-%m-%d}")
    tiny.tag("v0.2.0")
    [(name, fact, fix)] = told(tiny, "0.2.0")
    got = re.fullmatch(
        r"tiny-plain 0\.2\.0 is begun, and PyPI takes its other files until (\S+) \d\d:\d\d UTC",
        fact,
    )
    assert got is not None
    assert got[1] in days
    assert (name, fix) == ("pypi-upload-deadline", "inv release --version 0.2.0, before that")
    upload(tiny, SDIST)
    assert told(tiny, "0.2.0") == []


def test_crates_that_crates_io_takes_only_one_after_another_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"shop-{number}" for number in range(7)]
    with local_registries(tmp_path, monkeypatch):
        root = projects.workspace(tmp_path / "shop", dict.fromkeys(names, ""))
        case = CheckContext(context(), projects.release(root), "all")
        found = {one.name: (one.severity, one.problem) for one in run_checks(case, registries)}
        assert found["upload-waits"] == (
            "note",
            "crates.io takes 7 crates only in 20 minutes, by its rate limits",
        )
        for name in names[:2]:
            projects.cargo(root, "publish", "--no-verify", "--package", name)
        case = CheckContext(context(), projects.release(root), "all")
        assert "upload-waits" not in {one.name for one in run_checks(case, registries)}


def test_a_crate_of_somebody_else_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with local_registries(tmp_path, monkeypatch) as running:
        root = projects.chain(tmp_path / "shop")
        for name, version in (
            ("shop-app", "3.0.0"),
            ("shop-app", "3.1.0"),
            ("shop-zero", "3.0.0"),
            ("shop-zero", "3.1.0"),
        ):
            running.crates.store.add(
                {"name": name, "vers": version, "cksum": "0" * 64, "yanked": False}, b"", {}
            )
        [fact] = [
            one.problem
            for one in run_checks(
                CheckContext(context(), projects.release(root), "all"), registries
            )
            if one.name == "foreign-name"
        ]
        assert (
            fact
            == "shop-app, shop-zero are on crates.io as 3.1.0, 3.0.0, and origin has no tag of any: are they somebody else's?"
        )
        git(root, "tag", "v3.0.0")
        assert "foreign-name" not in {
            one.name
            for one in run_checks(
                CheckContext(context(), projects.release(root), "all"), registries
            )
        }

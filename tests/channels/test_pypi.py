"""The state of files on PyPI: by hashes, with one read for each package."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import python_projects as projects
from support.python_projects import PLAIN, WHEEL_OF_A_PROGRAM
from support.repositories import commit_files

from release_tasks import dist, files
from release_tasks.channels import pypi, pypi_files
from release_tasks.converge import refusals, to_build
from release_tasks.errors import ReleaseError
from release_tasks.project.artifacts import State
from release_tasks.rehearsal.faults import Fault
from release_tasks.rehearsal.registries import LocalRegistries
from release_tasks.tools import twine

DAY = 86400.0
WHEEL, SDIST = "tiny_plain-0.2.0-py3-none-any.whl", "tiny_plain-0.2.0.tar.gz"


@pytest.fixture
def plain(registries: LocalRegistries, tmp_path: Path) -> Path:
    """A package without anything in dist/."""
    return commit_files(tmp_path / "plain", PLAIN)


@pytest.fixture
def built(plain: Path) -> Path:
    """A package with a wheel and an sdist in dist/."""
    keep(plain, WHEEL, projects.wheel("Tiny.Plain"))
    keep(plain, SDIST, projects.sdist("Tiny.Plain"))
    return plain


def keep(root: Path, name: str, data: bytes) -> None:
    release = projects.release(root)
    part = release.parts[0]
    files.write_bytes(dist.folder(part) / name, data)
    kind = "wheel" if name.endswith(".whl") else "sdist"
    dist.record(
        part,
        "build_wheels",
        [
            dist.describe(
                release, part, kind, part.dist / name, package="Tiny.Plain"
            )
        ],
        target=name,
    )


def upload(root: Path, *names: str) -> None:
    """Upload files of dist/ as a person would."""
    from invoke.context import Context

    twine.upload(
        Context(),
        [projects.dist_folder(root) / name for name in names],
        "NO_SUCH_TOKEN",
    )


def states(root: Path) -> dict[str, State]:
    release = projects.release(root)
    return {
        seen.artifact.name: seen.state
        for seen in pypi.state(release, pypi.expected(release))
    }


def test_a_file_that_was_never_built_is_expected_by_its_pattern(
    plain: Path,
) -> None:
    assert states(plain) == {
        "tiny_plain-0.2.0-*.whl": State.MISSING,
        SDIST: State.MISSING,
    }
    assert [a.package for a in pypi.expected(projects.release(plain))] == [
        "Tiny.Plain"
    ] * 2


def test_a_prerelease_is_expected_under_its_pep_440_name(plain: Path) -> None:
    expected = pypi.expected(projects.release(plain, "1.0.0-rc.1"))
    assert {(a.name, a.version) for a in expected} == {
        ("tiny_plain-1.0.0rc1-*.whl", "1.0.0rc1"),
        ("tiny_plain-1.0.0rc1.tar.gz", "1.0.0rc1"),
    }


def test_the_same_bytes_are_same_and_the_rest_is_missing(built: Path) -> None:
    upload(built, WHEEL)
    assert states(built) == {WHEEL: State.SAME, SDIST: State.MISSING}


def test_a_published_file_without_a_record_is_present_and_not_built_again(
    built: Path,
) -> None:
    upload(built, WHEEL)
    files.remove(built / "dist")
    assert states(built) == {WHEEL: State.PRESENT, SDIST: State.MISSING}
    assert [
        a.name
        for a in to_build(projects.release(built), pypi, "wheel", "sdist")
    ] == [SDIST]


def test_other_bytes_are_different(built: Path) -> None:
    upload(built, WHEEL, SDIST)
    keep(built, WHEEL, projects.wheel("Tiny.Plain", text="x = 2"))
    release = projects.release(built)
    seen = pypi.state(release, pypi.expected(release))
    assert [one.state for one in seen] == [State.DIFFERENT, State.SAME]
    error = refusals(seen)[0]
    assert error.problem.startswith(f"{WHEEL} on PyPI differs: its sha256 is ")
    assert error.fix == "choose a version after 0.2.0"


def test_a_yanked_version_is_yanked_whichever_files_it_has(
    built: Path, registries: LocalRegistries
) -> None:
    upload(built, WHEEL)
    registries.pypi.yank("tiny-plain", "0.2.0")
    assert set(states(built).values()) == {State.YANKED}


def test_a_version_older_than_14_days_is_closed_for_missing_files(
    built: Path, registries: LocalRegistries
) -> None:
    registries.clock.skip(-15 * DAY)
    upload(built, WHEEL)
    assert states(built) == {WHEEL: State.SAME, SDIST: State.CLOSED}


def test_a_version_of_13_days_still_takes_files(
    built: Path, registries: LocalRegistries
) -> None:
    registries.clock.skip(-13 * DAY)
    upload(built, WHEEL)
    assert states(built)[SDIST] is State.MISSING


def test_each_declared_tag_is_a_separate_file(
    registries: LocalRegistries, tmp_path: Path
) -> None:
    settings = (
        '[python."Tiny.Plain"]\nwheels = ["manylinux_2_17_x86_64", "win_amd64"]\n'
        "sdist = false\n"
    )
    root = commit_files(
        tmp_path / "tags", PLAIN | {"release-tasks.toml": settings}
    )
    name = "tiny_plain-0.2.0-cp39-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"
    keep(root, name, projects.wheel("Tiny.Plain"))
    assert list(states(root)) == [name, "tiny_plain-0.2.0-*win_amd64.whl"]


def test_each_declared_python_has_a_file_for_each_tag(
    registries: LocalRegistries, tmp_path: Path
) -> None:
    settings = (
        '[python.tiny-tool]\nwheels = ["manylinux_2_17_x86_64", "win_amd64"]\n'
        'pythons = ["3.12", "3.13t"]\nsdist = false\n'
    )
    root = commit_files(
        tmp_path / "pythons",
        WHEEL_OF_A_PROGRAM | {"release-tasks.toml": settings},
    )
    release = projects.release(root)
    assert [artifact.name for artifact in pypi.expected(release)] == [
        "tiny_tool-0.2.0-cp312-cp312-*manylinux_2_17_x86_64.whl",
        "tiny_tool-0.2.0-cp312-cp312-*win_amd64.whl",
        "tiny_tool-0.2.0-cp313-cp313t-*manylinux_2_17_x86_64.whl",
        "tiny_tool-0.2.0-cp313-cp313t-*win_amd64.whl",
    ]
    first = next(slot for _, slot in pypi_files.shipped(release))
    assert first.matches(
        "tiny_tool-0.2.0-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"
    )
    assert not first.matches(
        "tiny_tool-0.2.0-cp313-cp313-manylinux_2_17_x86_64.whl"
    )
    assert not first.matches(
        "tiny_tool-0.2.0-py3-none-manylinux_2_17_x86_64.whl"
    )


def test_a_package_is_read_once(
    built: Path, registries: LocalRegistries
) -> None:
    before = len(reads(registries))
    states(built)
    assert len(reads(registries)) == before + 1


def test_a_project_that_pypi_does_not_know_is_new(built: Path) -> None:
    artifact = pypi.expected(projects.release(built))[0]
    assert pypi.is_new(artifact)
    upload(built, WHEEL)
    assert not pypi.is_new(artifact)


def test_an_index_that_cannot_be_read_is_an_error(
    built: Path, registries: LocalRegistries
) -> None:
    registries.faults.add(
        Fault("GET", "/simple/tiny-plain/", status=418, body=b"no")
    )
    with pytest.raises(ReleaseError, match="answered 418"):
        states(built)
    registries.faults.add(
        Fault("GET", "/simple/tiny-plain/", status=200, body=b"<html>")
    )
    with pytest.raises(ReleaseError, match="did not return valid JSON"):
        states(built)
    registries.faults.add(
        Fault("GET", "/simple/tiny-plain/", status=200, body=b"[]")
    )
    with pytest.raises(ReleaseError, match="is not a page of the simple index"):
        states(built)


@pytest.mark.parametrize(
    "name", ["PYPI_API_TOKEN", "TWINE_PASSWORD", "ACTIONS_ID_TOKEN_REQUEST_URL"]
)
def test_a_missing_credential_is_named_and_each_kind_is_enough(
    name: str, plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("TWINE_PASSWORD", raising=False)
    errors = pypi.credentials(projects.release(plain))
    assert [error.problem for error in errors] == [
        "there is no token to upload Tiny.Plain to PyPI"
    ]
    assert (
        errors[0].fix
        == "set PYPI_API_TOKEN, TWINE_PASSWORD, or use Trusted Publishing"
    )
    monkeypatch.setenv(name, "something")
    assert pypi.credentials(projects.release(plain)) == []


def reads(registries: LocalRegistries) -> list[str]:
    return [
        entry.target
        for entry in registries.log.entries()
        if entry.target == "/simple/tiny-plain/"
    ]

"""A release goes on only with exactly the declared files, each of them whole."""

from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path

import pytest
from invoke.context import Context
from support import python_projects as projects
from support.built_project import (
    FILES,
    HERE,
    PACKED,
    SDIST,
    SETTINGS,
    WHEEL,
    add_all_files,
    add_file,
    artifact_errors,
    artifact_facts,
    tar_gz,
)
from support.contexts import context
from support.python_projects import HOST
from support.tiny_project import TinyProject, problems, run_checks

from release_tasks import dist
from release_tasks.channels import github_assets
from release_tasks.checks.check import CheckContext
from release_tasks.checks.preflight import bundles, github_gates
from release_tasks.steps.check_artifacts import check_artifacts
from release_tasks.tools import twine

pytestmark = pytest.mark.tools("git", "cargo", "gh", "cc")


def built(tiny: TinyProject, name: str) -> Path:
    return tiny.root / "dist" / "v0.2.0" / name


def remove_built(tiny: TinyProject, name: str) -> None:
    """Remove a file from dist/, as if it had not been built."""
    built(tiny, name).unlink()
    for part in built(tiny, "parts").glob(f"*-{name}.json"):
        part.unlink()


def follow(fix: str) -> None:
    """Run the command that a way out ends with."""
    command = fix[fix.index("rm ") :].partition(",")[0]
    subprocess.run(shlex.split(command), check=True)


def test_the_whole_declared_set_is_proved(
    tiny: TinyProject, capfd: pytest.CaptureFixture[str]
) -> None:
    assert artifact_facts() == []
    assert "verified 6 files in dist/v0.2.0" in capfd.readouterr().err


@pytest.mark.statement("B1.35", "B2.17")
@pytest.mark.parametrize(
    ("name", "fact", "way_out"),
    [
        (
            WHEEL,
            "tiny_plain-0.2.0-*.whl of 0.2.0 is declared, but neither in dist/ nor on PyPI",
            "inv build-wheels",
        ),
        (
            SDIST,
            f"{SDIST} of 0.2.0 is declared, but neither in dist/ nor on PyPI",
            "inv build-wheels",
        ),
        (
            HERE,
            f"{HERE} of 0.2.0 is declared, but neither in dist/ nor on GitHub",
            "inv build-binaries",
        ),
        (
            f"{HERE}.sha256",
            f"{HERE}.sha256 of 0.2.0 is declared, but neither in dist/ nor on GitHub",
            "inv build-binaries",
        ),
    ],
)
def test_a_file_that_lacks_is_named_with_what_builds_it(
    tiny: TinyProject, name: str, fact: str, way_out: str
) -> None:
    remove_built(tiny, name)
    [problem] = artifact_errors()
    assert problem.problem == f"{fact}"
    assert problem.fix.startswith(way_out)
    add_all_files(tiny)
    assert artifact_facts() == []


@pytest.mark.statement("B5.28")
def test_a_file_that_nothing_declares_is_named_with_its_line(
    tiny: TinyProject,
) -> None:
    extra = projects.wheel("Other")
    add_file(
        tiny, "wheel", "other-0.2.0-py3-none-any.whl", extra, package="Other"
    )
    [problem] = artifact_errors()
    assert problem.problem == (
        "nothing declares the wheel other-0.2.0-py3-none-any.whl in dist/v0.2.0"
    )
    follow(problem.fix)
    assert artifact_facts() == []


def test_a_file_that_no_step_built_is_named(tiny: TinyProject) -> None:
    """maturin leaves an empty zip of 22 bytes behind where a build fails."""
    built(tiny, "tiny_plain-0.2.0-cp312-cp312-linux_x86_64.whl").write_bytes(
        b"PK\5\6" + bytes(18)
    )
    built(tiny, "scan.json").write_text("{}")
    [problem] = artifact_errors()
    assert problem.problem.endswith(
        "no step of this release built tiny_plain-0.2.0-cp312-cp312-linux_x86_64.whl in dist/v0.2.0"
    )
    follow(problem.fix)
    assert artifact_facts() == []


def test_two_files_for_one_declared_wheel_are_named(tiny: TinyProject) -> None:
    more = "tiny_plain-0.2.0-cp312-cp312-manylinux_2_17_x86_64.whl"
    add_file(
        tiny,
        "wheel",
        more,
        projects.wheel("Tiny.Plain", tag="cp312-cp312-manylinux_2_17_x86_64"),
        package="Tiny.Plain",
    )
    [problem] = artifact_errors()
    assert problem.check == "file-twice"
    assert problem.problem.endswith(
        "are both tiny_plain-0.2.0-*.whl, of which there can be one"
    )
    tiny.commit(
        "release-tasks.toml",
        SETTINGS
        + '[python."Tiny.Plain"]\nwheels = ["any", "manylinux_2_17_x86_64"]\n',
    )
    add_all_files(tiny)
    add_file(
        tiny,
        "wheel",
        more,
        projects.wheel("Tiny.Plain", tag="cp312-cp312-manylinux_2_17_x86_64"),
        package="Tiny.Plain",
    )
    assert artifact_facts() == []


def test_an_archive_and_an_sdist_of_one_name_are_named(
    tiny: TinyProject,
) -> None:
    settings = FILES["release-tasks.toml"].replace(
        "tiny-{version}-arm.tar.gz", "tiny_plain-{version}.tar.gz"
    )
    tiny.commit("release-tasks.toml", settings)
    add_all_files(tiny)
    for part in built(tiny, "parts").glob("*arm.tar.gz*"):
        part.unlink()
    for path in built(tiny, ".").glob("*arm.tar.gz*"):
        path.unlink()
    add_file(
        tiny,
        "binary",
        SDIST,
        tar_gz({"tiny": b"another", "LICENSE": b"", "README.md": b""}),
        target=HOST,
    )
    assert f"dist/v0.2.0/{SDIST} is a binary and a sdist" in artifact_facts()


@pytest.mark.parametrize(
    ("name", "kind", "data"),
    [
        (WHEEL, "wheel", b"PK\5\6" + bytes(18)),
        (SDIST, "sdist", b"\x1f\x8b\x08\x00"),
        (PACKED, "binary", tar_gz({})),
        (HERE, "binary", b""),
    ],
    ids=["wheel", "sdist", "archive", "program"],
)
def test_a_file_that_is_empty_or_cut_is_named(
    tiny: TinyProject, name: str, kind: str, data: bytes
) -> None:
    add_file(tiny, kind, name, data, package="Tiny.Plain")
    start = f"{name} in dist/v0.2.0 is broken"
    found = [one for one in artifact_errors() if one.problem.startswith(start)]
    assert [one.problem for one in found] == [
        f"{name} in dist/v0.2.0 is broken: {len(data)} bytes"
    ]
    follow(found[0].fix)
    add_all_files(tiny)
    assert artifact_facts() == []


def test_a_file_that_was_changed_after_its_build_is_refused(
    tiny: TinyProject,
) -> None:
    built(tiny, WHEEL).write_bytes(projects.wheel("Tiny.Plain", "x = 2"))
    [problem] = artifact_errors()
    assert problem.problem == f"{WHEEL} was changed in dist/ after it was built"


@pytest.mark.statement("B4.21")
def test_a_checksum_of_other_bytes_is_refused(tiny: TinyProject) -> None:
    add_file(tiny, "sha256", f"{HERE}.sha256", f"{'0' * 64}  {HERE}\n".encode())
    [problem] = artifact_errors()
    assert (
        problem.problem
        == f"{HERE}.sha256 in dist/v0.2.0 does not match the built files"
    )


def test_one_file_of_all_checksums_is_made_last_of_all_and_read_like_the_others(
    tiny: TinyProject,
) -> None:
    tiny.commit(
        "release-tasks.toml",
        SETTINGS + '[github]\nassets = ["binaries", "SHA256SUMS"]\n',
    )
    add_all_files(tiny)
    release = tiny.release("0.2.0")
    built(tiny, HERE).rename(built(tiny, "aside"))
    part = next(built(tiny, "parts").glob(f"*-{HERE}.json")).rename(
        built(tiny, "aside.part")
    )
    github_assets.write_sha256sums(Context(), release, release.parts[0], None)
    assert not built(tiny, "SHA256SUMS").exists()
    assert artifact_facts() == [
        f"{HERE} of 0.2.0 is declared, but neither in dist/ nor on GitHub"
    ]

    built(tiny, "aside").rename(built(tiny, HERE))
    part.rename(built(tiny, "parts") / f"built-binary-{HERE}.json")
    github_assets.write_sha256sums(Context(), release, release.parts[0], None)
    assert artifact_facts() == []
    subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"],
        cwd=built(tiny, "."),
        check=True,
        capture_output=True,
    )
    add_file(tiny, "sha256", "SHA256SUMS", f"{'0' * 64}  {HERE}\n".encode())
    [problem] = artifact_errors()
    assert (
        problem.problem
        == "SHA256SUMS in dist/v0.2.0 does not match the built files"
    )
    follow(problem.fix)
    assert artifact_facts() == []


def test_what_is_public_need_not_be_here(tiny: TinyProject) -> None:
    """A release that goes on elsewhere finds nothing in dist/ of what has left."""
    twine.upload(Context(), [built(tiny, WHEEL)], "NO_SUCH_TOKEN")
    for part in (
        *built(tiny, "parts").glob(f"*-{WHEEL}.json"),
        built(tiny, WHEEL),
    ):
        part.unlink()
    assert artifact_facts() == []


def test_a_silenced_proof_is_a_note(
    tiny: TinyProject, capfd: pytest.CaptureFixture[str]
) -> None:
    tiny.commit(
        "release-tasks.toml",
        SETTINGS + '[checks.ignore]\nmissing-file = "the sdist comes later"\n',
    )
    add_all_files(tiny)
    built(tiny, SDIST).unlink()
    for part in built(tiny, "parts").glob(f"*-{SDIST}.json"):
        part.unlink()
    assert artifact_facts() == []
    assert "ignored: the sdist comes later" in capfd.readouterr().err


def test_a_dry_run_looks_at_nothing(tiny: TinyProject) -> None:
    built(tiny, WHEEL).unlink()
    before = projects.all_files(tiny.root)
    check_artifacts(context(dry=True), "0.2.0")
    assert projects.all_files(tiny.root) == before
    assert (
        json.loads(
            dist.summed(tiny.release("0.2.0"), tiny.release("0.2.0").parts[0])
        )["tag"]
        == "v0.2.0"
    )


def test_check_names_a_binary_and_an_sdist_of_one_name_before_they_are_built(
    tiny: TinyProject,
) -> None:
    assert problems(tiny, bundles) == []
    name = "tiny_plain-{version}.tar.gz"
    tiny.commit(
        "release-tasks.toml",
        SETTINGS.replace("tiny-{version}-arm.tar.gz", name),
    )
    [found] = run_checks(
        CheckContext(context(), tiny.release("0.2.0")), bundles
    )
    assert (found.name, found.fact) == (
        "name-for-two-files",
        f"{SDIST} is the file name of a binary and of an sdist",
    )
    assert found.fix.startswith("give the binary another name in [binaries]")
    tiny.commit(
        "release-tasks.toml",
        SETTINGS.replace("tiny-{version}-arm.tar.gz", f"arm-{name}"),
    )
    assert problems(tiny, bundles) == []


def test_a_file_that_github_does_not_take_stops_before_the_push(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("release_tasks.rules.github.ASSET_SIZE", 10)
    [error, *_] = [one for one in artifact_errors() if HERE in one.problem]
    assert error.problem.startswith(f"GitHub does not take {HERE}")
    assert error.problem.endswith("size must be less than 10")
    monkeypatch.undo()
    monkeypatch.chdir(tiny.root)
    edit, command = error.fix.split(", then ")
    assert edit == f"change or remove {HERE} in release-tasks.toml"
    line = f'{HOST} = "tiny-{{version}}-here"\n'
    assert line in SETTINGS
    tiny.commit("release-tasks.toml", SETTINGS.replace(line, ""))
    remove_built(tiny, HERE)
    remove_built(tiny, f"{HERE}.sha256")
    assert command == "inv check-artifacts --version 0.2.0"
    assert [one for one in artifact_errors() if HERE in one.problem] == []


def test_more_files_than_a_release_takes_are_summed_in_one(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("release_tasks.rules.github.ASSETS", 6)
    [error] = [one for one in artifact_errors() if "has 7 files" in one.problem]
    assert error.fix.startswith(
        'remove "sha256" from assets of [github] and add "SHA256SUMS"'
    )
    assert error.fix.endswith(", or ship fewer files")
    summed = '[github]\nassets = ["binaries", "SHA256SUMS"]\n'
    tiny.commit("release-tasks.toml", SETTINGS + summed)
    remove_built(tiny, f"{HERE}.sha256")
    remove_built(tiny, f"{PACKED}.sha256")
    assert [one for one in artifact_errors() if "files: " in one.problem] == []


FOUND = [
    (
        "archive-without-license",
        ("git", "rm", "--quiet", "LICENSE"),
        "",
        "git add LICENSE",
    ),
    (
        "bundle-of-archive",
        (),
        '[bundles."{asset}-{variant}.zip"]\nsmall = {url = "https://models.example/a", '
        f'sha256 = "{"0" * 64}", license = "MIT"}}\n[github]\nassets = ["bundles"]\n',
        '[binaries.tiny] "aarch64-unknown-linux-gnu" = "tiny-{version}-arm"',
    ),
    (
        "assets-without-github",
        (
            "sh",
            "-c",
            "git clone -q --bare . ../b.git && git remote set-url origin ../b.git",
        ),
        "",
        "git remote set-url origin https://github.com/OWNER/NAME, or remove [binaries]",
    ),
]


@pytest.mark.parametrize(("name", "command", "more", "fix"), FOUND)
def test_check_names_what_cannot_be_packed_or_has_no_place(
    tiny: TinyProject, name: str, command: tuple[str, ...], more: str, fix: str
) -> None:
    url = tiny.git("remote", "get-url", "origin").strip()
    try:
        if command:
            subprocess.run(command, cwd=tiny.root, check=True)
        tiny.commit("release-tasks.toml", f"{SETTINGS}# {name}\n{more}")
        release = CheckContext(context(), tiny.release("0.2.0"))
        found = run_checks(release, bundles) + run_checks(release, github_gates)
    finally:
        tiny.git("remote", "set-url", "origin", url)
    [wanted] = [one for one in found if one.name == name]
    assert wanted.fix.startswith(fix)

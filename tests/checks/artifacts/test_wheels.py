"""A wheel brings the declared module under the tags of its name, and nothing beside it."""

from __future__ import annotations

import io
import re
import subprocess
import zipfile

import pytest
from support import python_projects as projects
from support.built_project import (
    FILES,
    SDIST,
    WHEEL,
    add_all_files,
    add_file,
    artifact_errors,
    artifact_facts,
    replace_wheel,
)
from support.tiny_project import TinyProject

pytestmark = pytest.mark.tools("git", "cargo", "gh", "cc")


def named(tiny: TinyProject, line: str) -> None:
    """Let pyproject.toml name the package's module."""
    tiny.commit("pyproject.toml", FILES["pyproject.toml"] + line)
    add_all_files(tiny)


def fixed(tiny: TinyProject, fix: str) -> None:
    command, _, rest = fix[fix.index("rm ") :].partition(", then ")
    assert rest == "inv build-wheels"
    subprocess.run(command.split(), check=True)
    add_file(
        tiny, "wheel", WHEEL, projects.wheel("Tiny.Plain"), package="Tiny.Plain"
    )
    assert artifact_facts() == []


@pytest.mark.parametrize(
    "line",
    [
        '[tool.maturin]\nmodule-name = "tiny_plain._native"\n',
        "[tool.hatch.metadata]\nallow-direct-references = true\n",
    ],
)
def test_the_declared_module_is_there(tiny: TinyProject, line: str) -> None:
    named(tiny, line)
    assert artifact_facts() == []


@pytest.mark.statement("B1.26")
def test_a_wheel_without_the_declared_module_is_named(
    tiny: TinyProject,
) -> None:
    named(tiny, '[tool.maturin]\nmodule-name = "tiny_other"\n')
    [problem] = artifact_errors()
    assert (
        problem.problem
        == f"{WHEEL} has no module tiny_other (its modules: tiny_plain)"
    )
    more = {"tiny_other/__init__.py": b""}
    replace_wheel(tiny, WHEEL, projects.wheel("Tiny.Plain", more=more))
    assert artifact_facts() == []


@pytest.mark.parametrize(
    "member",
    [
        "tiny_other.cpython-312-x86_64-linux-gnu.so",
        "tiny_other/sub/deep.py",
        "tiny_plain-0.2.0.data/purelib/tiny_other.py",
    ],
)
def test_a_module_is_found_in_each_form(tiny: TinyProject, member: str) -> None:
    named(tiny, '[tool.maturin]\nmodule-name = "tiny_other"\n')
    replace_wheel(tiny, WHEEL, projects.wheel("Tiny.Plain", more={member: b""}))
    assert artifact_facts() == []


def test_a_wheel_of_metadata_alone_is_named(tiny: TinyProject) -> None:
    replace_wheel(tiny, WHEEL, projects.wheel("Tiny.Plain", text=None))
    [problem] = artifact_errors()
    assert problem.problem == f"{WHEEL} contains neither a module nor a program"
    fixed(tiny, problem.fix)


def test_a_wheel_of_a_program_needs_no_module(tiny: TinyProject) -> None:
    replace_wheel(
        tiny,
        WHEEL,
        projects.wheel(
            "Tiny.Plain",
            text=None,
            more={"tiny_plain-0.2.0.data/scripts/tiny": b"#!python\n"},
        ),
    )
    assert artifact_facts() == []


def test_files_beside_all_packages_are_named(tiny: TinyProject) -> None:
    more = {
        "LICENSE": b"",
        "depth_3.dot": b"",
        "tiny_plain-0.2.0.data/purelib/README.md": b"",
        "tiny.pth": b"",
        "tiny_x.pyi": b"",
    }
    replace_wheel(tiny, WHEEL, projects.wheel("Tiny.Plain", more=more))
    [problem] = artifact_errors()
    assert problem.problem == (
        f"{WHEEL} would put LICENSE, depth_3.dot, "
        f"tiny_plain-0.2.0.data/purelib/README.md directly into site-packages"
    )
    fixed(tiny, problem.fix)


def test_other_tags_inside_than_in_the_name_are_named(
    tiny: TinyProject,
) -> None:
    replace_wheel(
        tiny, WHEEL, projects.wheel("Tiny.Plain", tag="cp312-abi3-win_amd64")
    )
    [problem] = artifact_errors()
    assert (
        problem.problem == f"{WHEEL} has cp312-abi3-win_amd64 in its WHEEL file"
    )
    fixed(tiny, problem.fix)


def test_an_sdist_is_no_wheel(tiny: TinyProject) -> None:
    add_file(
        tiny, "sdist", SDIST, projects.sdist("Tiny.Plain"), package="Tiny.Plain"
    )
    assert artifact_facts() == []


def test_a_wheel_that_pypi_refuses_is_named(tiny: TinyProject) -> None:
    data = projects.wheel(
        "Tiny.Plain", more={"tiny_plain-0.2.0.dist-info/x1": b""}
    )
    replace_wheel(
        tiny, WHEEL, data.replace(b"dist-info/x1", b"dist-info/\x01x")
    )
    [problem] = artifact_errors()
    assert problem.problem == (
        f"PyPI refuses {WHEEL}: Invalid distribution file. ZIP archive "
        "not accepted: Invalid character in filename. See https://docs.pypi.org/archives for "
        "more information"
    )
    fixed(tiny, problem.fix.replace("correct pyproject.toml; ", ""))


def test_a_requirement_that_the_released_sibling_does_not_satisfy_is_named(
    tiny: TinyProject,
) -> None:
    add_all_files(tiny)
    about = "Requires-Dist: Tiny.plain==0.1.0\nRequires-Dist: left==0.1.0\n"
    replace_wheel(tiny, WHEEL, projects.wheel("Tiny.Plain", about=about))
    (tiny.root / "dist" / "v0.2.0" / SDIST).unlink()
    add_file(
        tiny,
        "sdist",
        SDIST,
        projects.sdist("Tiny.Plain", about),
        package="Tiny.Plain",
    )
    fact = "requires tiny-plain==0.1.0, but tiny-plain is released as 0.2.0"
    problems = artifact_errors()
    assert [one.problem for one in problems] == [
        f"{name} {fact}" for name in (SDIST, WHEEL)
    ]
    # the help works as typed
    for problem in problems:
        change, _, rest = problem.fix.partition("; rm ")
        assert change == "let the requirement of Tiny.Plain admit it"
        path, _, line = rest.partition(", then ")
        assert line == "inv build-wheels"
        subprocess.run(["rm", path], check=True)
    made = {"sdist": (SDIST, projects.sdist), "wheel": (WHEEL, projects.wheel)}
    for kind, (name, build) in made.items():
        add_file(tiny, kind, name, build("Tiny.Plain"), package="Tiny.Plain")
    assert artifact_facts() == []


def test_a_record_that_lists_other_files_is_noted(
    tiny: TinyProject, capsys: pytest.CaptureFixture[str]
) -> None:
    """PyPI takes such a wheel, and writes an e-mail."""
    whole = with_record(projects.wheel("Tiny.Plain"))
    other = with_record(projects.wheel("Tiny.Plain"), "removed_later.py")
    replace_wheel(tiny, WHEEL, other)
    assert artifact_facts() == []
    said = capsys.readouterr().err
    files = "RECORD and the files of the wheel differ in removed_later.py"
    assert f"{WHEEL}: {files}" in said
    # the help works as typed
    start = "build it without a program that changes wheels; "
    command = re.search(rf"{start}(rm \S+), then inv build-wheels", said)
    assert command, said
    subprocess.run(command[1].split(), check=True)
    add_file(tiny, "wheel", WHEEL, whole, package="Tiny.Plain")
    assert artifact_facts() == []
    assert "RECORD" not in capsys.readouterr().err


def with_record(wheel: bytes, *more: str) -> bytes:
    """Return a wheel whose RECORD lists its files, and more names."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(wheel)) as before,
        zipfile.ZipFile(out, "w") as after,
    ):
        listed = (*before.namelist(), *more)
        record = "".join(f"{name},,\n" for name in listed)
        for name in before.namelist():
            is_record = name.endswith("/RECORD")
            after.writestr(name, record if is_record else before.read(name))
    return out.getvalue()

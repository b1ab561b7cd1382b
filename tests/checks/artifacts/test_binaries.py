"""Programs are what their names say: for that machine, that libc, of that version."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from support import python_projects as projects
from support.built_project import (
    ARM,
    HERE,
    PACKED,
    SETTINGS,
    WHEEL,
    add_all_files,
    add_file,
    artifact_errors,
    artifact_facts,
    replace_wheel,
    tar_gz,
)
from support.executables import (
    AARCH64,
    ARM64,
    MAC_X86_64,
    X86_64,
    compiled_program,
    elf,
    macho,
    pe,
)
from support.python_projects import HOST
from support.tiny_project import TinyProject

from release_tasks.checks.smoke.program import runner

pytestmark = pytest.mark.tools("git", "cargo", "gh", "cc")
STATIC = SETTINGS + '[build]\nstatic = ["tiny"]\n'


def fixed(tiny: TinyProject, fix: str) -> None:
    """Do what a way out says: remove the file, build again."""
    command, _, rest = fix.partition(", then ")
    assert rest.startswith("inv build-")
    subprocess.run(["rm", command.removeprefix("rm ")], check=True)
    add_all_files(tiny)
    assert artifact_facts() == []


def test_a_program_for_another_machine_is_named(tiny: TinyProject) -> None:
    add_file(tiny, "binary", HERE, elf(AARCH64), target=HOST)
    [problem] = artifact_errors()
    assert (
        problem.problem
        == f"{HERE} is ELF for aarch64, but its name says {HOST}"
    )
    fixed(tiny, problem.fix)


def test_a_script_is_no_program(tiny: TinyProject) -> None:
    add_file(tiny, "binary", HERE, b"#!/bin/sh\nexit 1\n", target=HOST)
    assert artifact_facts() == [f"{HERE} is not a program"]


def test_an_archive_without_its_program_or_licence_is_named(
    tiny: TinyProject,
) -> None:
    add_file(
        tiny,
        "binary",
        PACKED,
        tar_gz({"bin/other": elf(AARCH64), "README.md": b"read"}),
        target=ARM,
    )
    assert artifact_facts() == [
        f"tiny in {PACKED} is not a program",
        f"{PACKED} of v0.2.0 does not contain LICENSE",
    ]
    fixed(tiny, artifact_errors()[1].fix)


@pytest.mark.statement("B1.36")
def test_a_program_that_only_claims_to_be_static_is_named(
    tiny: TinyProject,
) -> None:
    tiny.commit("release-tasks.toml", STATIC)
    add_all_files(tiny)
    assert artifact_facts() == []
    add_file(tiny, "binary", HERE, compiled_program("tiny 0.2.0"), target=HOST)
    [problem] = artifact_errors()
    assert problem.problem.startswith(
        f"{HERE} is declared static, but needs libc.so.6, ld-linux"
    )
    fixed(tiny, problem.fix.partition("; or ")[0])


def test_a_glibc_newer_than_promised_is_named(tiny: TinyProject) -> None:
    tiny.commit("release-tasks.toml", SETTINGS + '[build]\nglibc = "2.3"\n')
    add_all_files(tiny)
    add_file(tiny, "binary", HERE, compiled_program("tiny 0.2.0"), target=HOST)
    [problem] = artifact_errors()
    assert problem.problem.startswith(f"{HERE} needs glibc 2.")
    assert problem.problem.endswith(" but 2.3 is promised")
    fixed(tiny, problem.fix.partition(" where ")[0])


def test_a_glibc_in_a_program_for_musl_is_named(tiny: TinyProject) -> None:
    musl = HOST.replace("gnu", "musl")
    tiny.commit("release-tasks.toml", SETTINGS.replace(HOST, musl))
    add_all_files(tiny, compiled_program("tiny 0.2.0"))
    [problem] = artifact_errors()
    assert problem.problem.endswith(f"but {musl} has none")


def test_a_program_of_another_version_is_named(tiny: TinyProject) -> None:
    add_file(
        tiny,
        "binary",
        HERE,
        compiled_program("tiny 0.1.9", "-static"),
        target=HOST,
    )
    [problem] = artifact_errors()
    assert problem.problem == f"{HERE} prints 'tiny 0.1.9', expected 0.2.0"
    fixed(tiny, problem.fix)


@pytest.mark.tools("aarch64-linux-gnu-gcc", "qemu-aarch64-static")
@pytest.mark.parametrize("flags", [(), ("-static",)])
def test_a_program_for_arm_is_started_in_an_emulator(
    tiny: TinyProject, capfd: pytest.CaptureFixture[str], flags: tuple[str, ...]
) -> None:
    add_all_files(
        tiny,
        arm=compiled_program(
            "tiny 0.2.0", *flags, compiler="aarch64-linux-gnu-gcc"
        ),
    )
    assert artifact_facts() == []
    assert f"tiny in {PACKED} runs and prints 0.2.0" in capfd.readouterr().err
    add_all_files(
        tiny,
        arm=compiled_program(
            "tiny 0.1.9", *flags, compiler="aarch64-linux-gnu-gcc"
        ),
    )
    assert artifact_facts() == [
        f"tiny in {PACKED} prints 'tiny 0.1.9', expected 0.2.0"
    ]


def test_only_what_can_run_here_is_started() -> None:
    assert runner(HOST) == []
    assert runner(HOST.replace("gnu", "musl")) == []
    assert runner("x86_64-pc-windows-msvc") is None
    assert runner("aarch64-apple-darwin") is None
    assert runner("pdp11-unknown-linux-gnu") is None
    if shutil.which("qemu-aarch64-static"):
        assert runner(ARM, ["libunheard-of.so.1"]) is None


@pytest.mark.parametrize(
    ("tag", "member", "data", "fact"),
    [
        (
            "manylinux_2_17_aarch64",
            "tiny/a.so",
            elf(X86_64),
            "ELF for x86_64, but its name says aarch64-unknown-linux-gnu",
        ),
        (
            "macosx_11_0_arm64",
            "tiny/a.so",
            macho(MAC_X86_64),
            "MACHO for x86_64, but its name says aarch64-apple-darwin",
        ),
        (
            "win_amd64",
            "tiny/a.pyd",
            pe(ARM64),
            "PE for aarch64, but its name says x86_64-pc-windows-msvc",
        ),
        (
            "any",
            "tiny/a.so",
            elf(X86_64),
            "ELF for x86_64, but its name says any",
        ),
    ],
)
def test_machine_code_in_a_wheel_is_for_what_its_tag_says(
    tiny: TinyProject, tag: str, member: str, data: bytes, fact: str
) -> None:
    name = WHEEL.replace("any", tag)
    replace_wheel(
        tiny,
        name,
        projects.wheel(
            "Tiny.Plain", tag=f"py3-none-{tag}", more={member: data}
        ),
    )
    assert artifact_facts() == [f"{member} in {name} is {fact}"]
    replace_wheel(
        tiny,
        name,
        projects.wheel(
            "Tiny.Plain",
            tag=f"py3-none-{tag}",
            more={"tiny/launcher.exe": data},
        ),
    )
    assert artifact_facts() == []


def test_a_wheel_that_needs_a_newer_glibc_than_its_tag_says_is_named(
    tiny: TinyProject,
) -> None:
    code = compiled_program("tiny", "-shared", "-fPIC")
    name = WHEEL.replace("any", "manylinux1_x86_64")
    replace_wheel(
        tiny,
        name,
        projects.wheel(
            "Tiny.Plain",
            tag="py3-none-manylinux1_x86_64",
            more={"tiny/a.so": code},
        ),
    )
    assert artifact_facts() == []
    # since 2.28
    newer = compiled_program("tiny", "-shared", "-fPIC", "-Dputs=thrd_yield")
    replace_wheel(
        tiny,
        name,
        projects.wheel(
            "Tiny.Plain",
            tag="py3-none-manylinux1_x86_64",
            more={"tiny/a.so": newer},
        ),
    )
    [problem] = artifact_errors()
    assert problem.problem.startswith(f"tiny/a.so in {name} needs glibc 2.")
    assert problem.problem.endswith("but 2.5 is promised")

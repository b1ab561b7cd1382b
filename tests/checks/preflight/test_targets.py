"""What is built for a target that does not exist, or taken into an image and not built."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.contexts import context
from support.repositories import commit_files
from support.tiny_project import run_checks

from release_tasks.checks.check import CheckContext, Finding
from release_tasks.checks.preflight import image_binaries, settings, targets
from release_tasks.release import Release

pytestmark = pytest.mark.tools("cargo")
PROJECT = {
    "Cargo.toml": '[package]\nname = "hull"\nversion = "0.1.0"\nedition = "2021"\n',
    "Cargo.lock": 'version = 4\n\n[[package]]\nname = "hull"\nversion = "0.1.0"\n',
    "src/main.rs": "fn main() {}\n",
}
IMAGE = '[images."ghcr.io/example/hull"]\n'
MAC, WINDOWS = "aarch64-apple-darwin", "x86_64-pc-windows-msvc"
ACTIONS = '[ci]\npublishes = "actions"\n'
LINUX, ARM = "x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"
FIRST = (
    "add to release-tasks.toml:\n[binaries.hull]\n"
    '"x86_64-unknown-linux-gnu" = "hull-linux-amd64"'
)
COPY_ANOTHER = "copy one of these, or add it to [binaries]"
TAR = "hull-{version}-linux-amd64.tar.gz"


def found(
    root: Path, table: str, dockerfile: str = "FROM scratch\n"
) -> list[Finding]:
    files = {
        **PROJECT,
        "release-tasks.toml": table,
        "Dockerfile": dockerfile,
    }
    commit_files(root, files)
    checked = CheckContext(context(), Release.at(context(), "0.2.0"))
    return [
        finding
        for area in (targets, image_binaries)
        for finding in run_checks(checked, area)
    ]


@pytest.mark.parametrize(
    ("target", "fix"),
    [
        (LINUX, ""),
        (ARM, ""),
        ("wasm32-wasip1", ""),
        ("x86_64-linux-gnu", f"did you mean {LINUX}?"),
        ("aarch64-linux-gnu", f"did you mean {ARM}?"),
        ("x86_64-windows-msvc", "did you mean x86_64-pc-windows-msvc?"),
        ("aarch64-darwin", "did you mean aarch64-apple-darwin?"),
        (
            "riscv-nothing-such-as-this",
            "choose one of `rustc --print target-list`",
        ),
    ],
)
def test_a_target_that_rustc_does_not_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, fix: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CI", "true")  # no matter what this machine can build
    said = found(tmp_path, f'[binaries.hull]\n"{target}" = "hull"\n')
    assert [(one.name, one.fix) for one in said] == [
        ("unknown-target", fix)
    ] * bool(fix)


@pytest.mark.parametrize(
    ("target", "variables", "ci", "is_found"),
    [
        (MAC, {}, "", True),
        (WINDOWS, {}, "", True),
        (MAC, {}, '[ci]\npublishes = "here"\n', True),
        # each job builds on a machine of its own
        (MAC, {"CI": "true"}, "", False),
        (MAC, {}, ACTIONS, False),
        # which a rehearsal does not have
        (MAC, {"RELEASE_TASKS_REHEARSAL": "1"}, ACTIONS, True),
        ("x86_64-apple-darvin", {}, "", False),  # which is no target at all
    ],
)
def test_a_target_that_this_machine_cannot_build(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    target: str,
    variables: dict[str, str],
    ci: str,
    is_found: bool,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CI", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    said = found(tmp_path, f'{ci}[binaries.hull]\n"{target}" = "hull"\n')
    unbuildable = [one for one in said if one.name == "unbuildable-target"]
    assert [one.severity for one in unbuildable] == ["warning"] * is_found
    for one in unbuildable:
        assert one.fact.startswith(f"{target} cannot be built on this machine")
        assert f"`inv build-binaries --target {target}`" in one.fix


def test_a_program_that_the_project_does_not_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is found without GitHub, which alone would be asked for its file."""
    monkeypatch.chdir(tmp_path)
    table = f'[binaries.hall]\n"{LINUX}" = "hall"\n'
    commit_files(tmp_path, {**PROJECT, "release-tasks.toml": table})
    checked = CheckContext(context(), Release.at(context(), "0.2.0"))
    [one] = run_checks(checked, settings)
    assert (one.name, one.severity) == ("unresolved-artifact", "problem")
    assert (one.file, one.line) == ("release-tasks.toml", 1)
    assert "hull" in one.fix


@pytest.mark.parametrize(
    ("binary", "dockerfile", "line", "fix"),
    [
        ("", "FROM scratch\nCOPY hull /\n", 0, ""),
        (
            "",
            "FROM scratch AS binaries\nFROM scratch\nCOPY --from=binaries a /\n",
            0,
            "",
        ),
        ("", "FROM scratch\nCOPY --from=binaries hull /\n", 0, FIRST),
        ("hull", "FROM scratch\nCOPY --from=binaries hull /\n", 0, ""),
        (
            "hull",
            "FROM scratch\nCOPY --from=binaries /hull-$TARGETARCH /\n",
            0,
            "",
        ),
        ("hull", "FROM scratch\nCOPY --from=binaries hul* /\n", 0, ""),
        ("hull", "FROM scratch\nCOPY --from=binaries . /bin/\n", 0, ""),
        (
            "hull",
            "FROM x\nRUN --mount=from=binaries,target=/b cp /b/hull /\n",
            0,
            "",
        ),
        (
            "hull",
            "FROM x\nRUN --mount=from=binaries,source=hul,target=/b cp /b /\n",
            2,
            COPY_ANOTHER,
        ),
        ("hull", "FROM scratch\nCOPY --from=binaries hul /\n", 2, COPY_ANOTHER),
        (
            TAR,
            "FROM scratch\nCOPY --from=binaries hull-0.2.0-linux-amd64/hull /\n",
            0,
            "",
        ),
        (
            TAR,
            "FROM scratch\nCOPY --from=binaries hull-0.1.0-linux-amd64/hull /\n",
            2,
            COPY_ANOTHER,
        ),
    ],
)
def test_an_image_that_copies_what_is_not_built(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    binary: str,
    dockerfile: str,
    line: int,
    fix: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    table = IMAGE
    if binary:
        table += f'[binaries.hull]\n"{LINUX}" = "{binary}"\n'
    said = found(tmp_path, table, dockerfile)
    assert [(one.name, one.line, one.fix) for one in said] == [
        ("absent-binaries", line, fix)
    ] * bool(fix)

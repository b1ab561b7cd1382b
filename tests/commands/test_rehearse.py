"""A rehearsal of examples/polyglot: complete, local, and with the same bytes in another folder."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.processes import running
from support.repositories import commit_all

from release_tasks.errors import ReleaseError
from release_tasks.rehearsal.registries import LocalRegistries, run_registries
from release_tasks.tools import rustc

EXAMPLE = Path(__file__).parents[2] / "examples" / "polyglot"
KIT = Path(__file__).parents[1] / "projects" / "kit"
TOOLS = ("cargo", "gh", "docker", "buildkitd", "runc", "helm")
pytestmark = [pytest.mark.slow, pytest.mark.tools(*TOOLS)]


def copy(folder: Path, source: Path = EXAMPLE) -> Path:
    shutil.copytree(
        source,
        folder,
        ignore=shutil.ignore_patterns("target", "dist", "__pycache__"),
    )
    commit_all(folder, "Say hello")
    origin = f"git@github.com:example/{source.name}.git"
    subprocess.run(
        ["git", "remote", "add", "origin", origin], cwd=folder, check=True
    )
    return folder


def without_gates(folder: Path) -> Path:
    """Take the gates out: other tests show them, and they compile everything once more."""
    with (folder / "release-tasks.toml").open("a") as settings:
        settings.write('\n[gates]\nminor = ["rustfmt"]\n')
    commit_all(folder, "Drop the gates")
    return folder


def needs_arm() -> None:
    """Skip on a laptop without a cross compiler, as without any other program."""
    try:
        rustc.environments(EXAMPLE, ["aarch64-unknown-linux-gnu"], "")
    except ReleaseError as error:
        if os.environ.get("RELEASE_TASKS_REQUIRE_TOOLS") == "1":
            raise
        pytest.skip(error.problem)


def rehearse(folder: Path, scratch: Path) -> tuple[dict[str, Any], str]:
    scratch.mkdir()
    words = [
        sys.executable,
        "-m",
        "invoke",
        "rehearse",
        "--version",
        "0.2.0",
        "--json",
    ]
    env = os.environ | {"TMPDIR": str(scratch)}
    done = subprocess.run(
        words,
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert list(scratch.iterdir()) == []
    return json.loads(done.stdout), done.stderr


def build(folder: Path, running: LocalRegistries, home: Path) -> dict[str, str]:
    """Build with another umask, time zone and home; return each checksum, and the commit."""
    home.mkdir()
    date = subprocess.run(
        ["git", "log", "-1", "--format=%ct"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    who = {
        "NAME": "Rehearsal",
        "EMAIL": "rehearsal@localhost",
        "DATE": f"{date} +0000",
    }
    env = running.environment() | {
        f"GIT_{role}_{key}": value
        for role in ("AUTHOR", "COMMITTER")
        for key, value in who.items()
    }
    own = {
        "XDG_CACHE_HOME": os.environ.get(
            "XDG_CACHE_HOME", str(Path.home() / ".cache")
        )
    }  # of zig; cargo's is that of the registries
    env |= own | {
        "SOURCE_DATE_EPOCH": date,
        "HOME": str(home),
        "TZ": "Pacific/Auckland",
    }
    for step in (
        "bump",
        "tag",
        "package-crates",
        "build-binaries",
        "build-wheels",
        "package-charts",
        "docker-buildx",
    ):
        words = [
            sys.executable,
            "-m",
            "invoke",
            step,
            *(["--version", "0.2.0"] if step == "bump" else []),
        ]
        done = subprocess.run(
            words,
            cwd=folder,
            env=env,
            capture_output=True,
            text=True,
            umask=0o077,
            check=False,
            timeout=900,
        )
        assert done.returncode == 0, done.stderr[-4000:]
    rows = [
        row
        for path in (folder / "dist" / "v0.2.0" / "parts").glob("*.json")
        for row in json.loads(path.read_text())
    ]
    tag = subprocess.run(
        ["git", "rev-parse", "v0.2.0^{commit}"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    return {row["name"]: row["digest"] or row["sha256"] for row in rows} | {
        "v0.2.0": tag
    }


ARCHIVES = [
    f"hello-0.2.0-linux-{machine}.tar.gz" for machine in ("amd64", "arm64")
]
WHOLE = {
    "git": {"v0.2.0"},
    "images": {"ghcr.io/example/polyglot"},
    "charts": {"ghcr.io/example/charts/polyglot"},
    "PyPI": {"polyglottal_hello-0.2.0.tar.gz"}
    | {
        f"polyglottal_hello-0.2.0-cp39-abi3-manylinux2014_{machine}.manylinux_2_17_{machine}.whl"
        for machine in ("x86_64", "aarch64")
    },
    "crates.io": {
        f"polyglottal-{name}" for name in ("core", "hello", "phrases")
    },
    "GitHub": {"v0.2.0", *ARCHIVES, *(f"{name}.sha256" for name in ARCHIVES)},
}
VERIFIED = (
    "hello in hello-0.2.0-linux-arm64.tar.gz from GitHub runs and prints 0.2.0",
    "ghcr.io/example/polyglot:0.2.0 for linux/arm64 runs and prints 0.2.0",
    "polyglottal-hello 0.2.0 from PyPI (wheel) installs, and imports polyglottal_hello",
    "polyglottal-hello 0.2.0 from PyPI (sdist) installs, and imports polyglottal_hello",
)


@pytest.mark.long
@pytest.mark.tools(
    "cargo-zigbuild", "aarch64-linux-gnu-gcc", "qemu-aarch64-static"
)
def test_the_whole_example_is_released_for_two_machines_and_built_with_equal_bytes_elsewhere(
    tmp_path: Path,
) -> None:
    needs_arm()
    found, said = rehearse(
        without_gates(copy(tmp_path / "here")), tmp_path / "tmp"
    )

    there = {
        channel: {
            a["name"] for a in found["artifacts"] if a["channel"] == channel
        }
        for channel in WHOLE
    }
    assert there == WHOLE
    assert {a["state"] for a in found["artifacts"]} == {"same"}
    assert {p["state"] for p in found["pointers"]} == {"same"}
    assert [line for line in VERIFIED if f"verify: {line}" not in said] == []
    assert "left out" not in said
    assert "invoke >" not in said  # no library talks in between
    clients = {
        re.match(r"[A-Za-z ]+", row["client"])[0].strip()
        for row in found["requests"]
    }
    # buildx pushes with the library of containerd, and calls itself by its name
    assert clients == {
        "cargo",
        "twine",
        "containerd",
        "Helm",
        "GitHub CLI",
        "git",
    }
    assert found["refused"] == []

    other = without_gates(copy(tmp_path / "a" / "deeper folder" / "there"))
    (other / "dist" / "v0.2.0").mkdir(parents=True)
    (other / "dist" / "v0.2.0" / ARCHIVES[0]).write_text("stale")
    with run_registries(tmp_path / "registries") as running:
        running.github.create("example", "polyglot", other)
        again = build(other, running, tmp_path / "home")

    hashes = {
        a["name"]: a.get("digest") or a["sha256"]
        for a in found["artifacts"]
        if (a["channel"], a["name"]) != ("GitHub", "v0.2.0")
    }
    assert again == hashes
    assert all(again.values())


def test_serve_prints_the_addresses_and_ends_with_its_input(
    tmp_path: Path,
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "invoke", "rehearse", "--serve"],
        cwd=EXAMPLE,
        env=os.environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    said = json.loads(process.stdout.readline())
    assert {"crates", "pypi", "oci", "github", "proxy", "env"} <= set(said)
    assert said["env"]["HTTPS_PROXY"] == said["proxy"]
    out, _ = process.communicate()
    assert out == ""
    assert process.returncode == 0


@pytest.mark.parametrize(
    "moment",
    [
        "check:   Starting session",
        pytest.param("publish-crates: $", marks=pytest.mark.long),
    ],
)
def test_ctrl_c_leaves_nothing_behind(tmp_path: Path, moment: str) -> None:
    folder, scratch = copy(tmp_path / "here", KIT), tmp_path / "tmp"
    scratch.mkdir()
    words = [sys.executable, "-m", "invoke", "rehearse", "--version", "0.2.0"]
    process = subprocess.Popen(
        words,
        cwd=folder,
        env=os.environ | {"TMPDIR": str(scratch)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(
            signal.SIGINT, signal.default_int_handler
        ),
    )
    assert process.stdout
    said = ""
    for line in process.stdout:
        said += line
        if line.startswith(moment):
            break
    else:
        pytest.fail(said)

    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=60)

    assert process.returncode != 0
    # what Python itself says where the signal meets a child between fork and exec
    shown = re.sub(
        r"Exception ignored in: <function _after_fork.*?\nKeyboardInterrupt:? ?\n",
        "",
        said + rest,
        flags=re.S,
    )
    assert "Traceback" not in shown
    assert "to resume" in rest
    assert list(scratch.iterdir()) == []
    assert running(str(scratch)) == []
    git = subprocess.run(
        ["git", "status", "--porcelain"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert git.stdout == ""

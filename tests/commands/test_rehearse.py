"""A rehearsal of examples/polyglot: everything same, everything local, the same bytes every time."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from processes import running
from whole import commit

EXAMPLE = Path(__file__).parents[2] / "examples" / "polyglot"
TOOLS = ("cargo", "gh", "docker", "buildkitd", "runc", "helm")
pytestmark = [pytest.mark.slow, pytest.mark.tools(*TOOLS)]


def copy(folder: Path) -> Path:
    skip = shutil.ignore_patterns("target", "dist", "__pycache__")
    shutil.copytree(EXAMPLE, folder, ignore=skip)
    text = (folder / "release-tasks.toml").read_text()
    if shutil.which("aarch64-linux-gnu-gcc") is None:
        text = text.replace('aarch64-unknown-linux-gnu = "hello-linux-arm64"\n', "").replace(', "linux/arm64"', "")
        (folder / "release-tasks.toml").write_text(text)
    commit(folder, "Say hello")
    subprocess.run(["git", "remote", "add", "origin", "git@github.com:example/polyglot.git"], cwd=folder, check=True)
    return folder


def rehearse(folder: Path, umask: int = -1, **env: str) -> dict[str, Any]:
    words = [sys.executable, "-m", "invoke", "rehearse", "--version", "0.2.0", "--json"]
    done = subprocess.run(
        words, cwd=folder, env=os.environ | env, capture_output=True, text=True, umask=umask, check=False, timeout=900
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout)


def hashes(found: Mapping[str, Any]) -> dict[str, str]:
    return {f"{a['channel']} {a['name']}": a.get("digest") or a["sha256"] for a in found["artifacts"]}


def test_two_rehearsals_of_one_commit_end_with_every_artifact_same_and_with_equal_bytes(tmp_path: Path) -> None:
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    first = rehearse(copy(tmp_path / "here"), TMPDIR=str(scratch))

    assert {a["state"] for a in first["artifacts"]} == {"same"}
    assert {p["state"] for p in first["pointers"]} == {"same"}
    assert {a["channel"] for a in first["artifacts"]} == {"git", "images", "charts", "PyPI", "crates.io", "GitHub"}
    clients = {re.match(r"[A-Za-z ]+", row["client"])[0].strip() for row in first["requests"]}
    # buildx pushes with the library of containerd, and calls itself by its name
    assert clients == {"cargo", "twine", "containerd", "Helm", "GitHub CLI", "git"}
    assert first["refused"] == []
    assert list(scratch.iterdir()) == []

    there = copy(tmp_path / "a" / "deeper folder" / "there")
    (there / "dist" / "v0.2.0").mkdir(parents=True)
    (there / "dist" / "v0.2.0" / "hello-linux-amd64").write_text("stale")
    home = tmp_path / "home"
    home.mkdir()
    own = Path.home()
    kept = {
        "RUSTUP_HOME": os.environ.get("RUSTUP_HOME", str(own / ".rustup")),
        "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME", str(own / ".cache")),
    }
    second = rehearse(there, 0o077, HOME=str(home), TZ="Pacific/Auckland", **kept)

    assert hashes(first) == hashes(second)
    assert all(value for name, value in hashes(first).items() if name != "GitHub v0.2.0")


def test_serve_prints_the_addresses_and_ends_with_its_input(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "invoke", "rehearse", "--serve"], cwd=EXAMPLE, env=os.environ,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )
    assert process.stdout
    said = json.loads(process.stdout.readline())
    assert {"crates", "pypi", "oci", "github", "proxy", "env"} <= set(said)
    assert said["env"]["HTTPS_PROXY"] == said["proxy"]
    out, _ = process.communicate()
    assert out == ""
    assert process.returncode == 0


@pytest.mark.parametrize("moment", ["check:   Starting session", "build-wheels: $", "publish-crates: $"])
def test_ctrl_c_leaves_nothing_behind(tmp_path: Path, moment: str) -> None:
    folder, scratch = copy(tmp_path / "here"), tmp_path / "tmp"
    scratch.mkdir()
    words = [sys.executable, "-m", "invoke", "rehearse", "--version", "0.2.0"]
    process = subprocess.Popen(
        words, cwd=folder, env=os.environ | {"TMPDIR": str(scratch)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, start_new_session=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
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
    shown = re.sub(r"Exception ignored in: <function _after_fork.*?\nKeyboardInterrupt:? ?\n", "", said + rest, flags=re.S)
    assert "Traceback" not in shown
    assert "goes on from here" in rest
    assert list(scratch.iterdir()) == []
    assert running(str(scratch)) == []
    git = subprocess.run(["git", "status", "--porcelain"], cwd=folder, capture_output=True, text=True, check=True)
    assert git.stdout == ""

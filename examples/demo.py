"""Rehearse the release of a copy of examples/polyglot, without what this machine cannot build."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from release_tasks import shell
from release_tasks.formats import wheels
from release_tasks.tools import rustc
from release_tasks.tools.programs import PROGRAMS, version

EXAMPLE = Path(__file__).parent / "polyglot"
ARM = "aarch64-unknown-linux-gnu"
TAGS = ("manylinux2014_x86_64", "manylinux2014_aarch64")
WHOLE = "--whole"  # with the wheels that link for an old glibc, which take half a minute more
REMOTE = "git@github.com:example/polyglot.git"


def main() -> int:
    """Copy the example, make it a repository, rehearse version 0.2.0, and say what was left out."""
    with tempfile.TemporaryDirectory(prefix="polyglot-") as folder:
        project = Path(folder) / "polyglot"
        shutil.copytree(
            EXAMPLE,
            project,
            ignore=shutil.ignore_patterns("target", "dist", "__pycache__"),
        )
        skipped = reduce(project, WHOLE in sys.argv)
        commit(project)
        words = [word for word in sys.argv[1:] if word != WHOLE] or ["--keep"]
        rehearse = [
            sys.executable,
            "-m",
            "invoke",
            "rehearse",
            "--version",
            "0.2.0",
            *words,
        ]
        done = subprocess.run(rehearse, cwd=project, check=False)
    for line in skipped:
        print(line)
    return done.returncode


def reduce(project: Path, is_whole: bool = True) -> list[str]:
    """Remove what this machine has no tools for, and what takes long; return a line for each."""
    skipped = []
    lacking = (
        no_builder()
        if version(PROGRAMS["buildx"])
        else ["docker buildx is not installed"]
    )
    if lacking:
        edit(project, r"\[images\..*?\]\n(?:.+\n)*", "")
        for path in ("Dockerfile", "tools/Dockerfile.dev"):
            (project / path).unlink()
        skipped.append(f"images  ghcr.io/example/polyglot  skipped: {lacking[0]}")
    if version(PROGRAMS["helm"]) is None:
        shutil.rmtree(project / "deploy")
        skipped.append(
            "charts  ghcr.io/example/charts/polyglot  skipped: helm is not installed"
        )
    if reason := no_cross_compiler():
        edit(project, rf"{ARM} = .*\n", "")
        edit(project, r', "linux/arm64"', "")
        skipped.append(f"arm64   hello-0.2.0-linux-arm64.tar.gz  skipped: {reason}")
    for tag in TAGS:
        if (
            reason := unbuildable(wheels.target_of(tag), wheels.glibc_of(tag))
            if is_whole
            else f"nox -s demo -- {WHOLE} builds it, too"
        ):
            edit(
                project, rf'"{tag}"(, )?', ""
            )  # without any, the wheel is for this machine
            skipped.append(f"wheels  {tag}  skipped: {reason}")
    return skipped


def no_builder() -> list[str]:
    """Return why no image can be built although buildx is there, or nothing."""
    lacking = [
        name for name in ("buildkitd", "runc") if version(PROGRAMS[name]) is None
    ]
    daemon = (
        subprocess.run(
            ["docker", "version"], capture_output=True, check=False
        ).returncode
        == 0
    )
    return (
        []
        if daemon or not lacking
        else [f"{lacking[0]} is not installed, and no docker daemon runs"]
    )


def no_cross_compiler() -> str:
    """Return why a static program for arm64 cannot be built here, or ""; zig links none."""
    lacks_gcc = (
        not shell.found(gcc := rustc.gcc(EXAMPLE, ARM)) and f"{gcc} is not installed"
    )
    return unbuildable(ARM) or lacks_gcc or ""


def unbuildable(target: str, glibc: str = "") -> str:
    """Return why this machine cannot build for a target and a glibc, or ""."""
    _, errors = rustc.possible(EXAMPLE, [target], "", {target: glibc})
    return errors[target].problem.splitlines()[0] if errors else ""


def edit(project: Path, pattern: str, new: str) -> None:
    """Replace a pattern in the copy's settings."""
    path = project / "release-tasks.toml"
    path.write_text(re.sub(pattern, new, path.read_text()))


def commit(project: Path) -> None:
    """Make the copy a repository with one commit, the same one every time."""
    who = {"NAME": "Example", "EMAIL": "example@localhost", "DATE": "1767225600 +0000"}
    fixed = {
        f"GIT_{role}_{key}": value
        for role in ("AUTHOR", "COMMITTER")
        for key, value in who.items()
    }
    for words in (
        ["init", "--quiet", "--initial-branch=main"],
        ["add", "--all"],
        ["commit", "--quiet", "--message=Say hello"],
        ["remote", "add", "origin", REMOTE],
    ):
        subprocess.run(["git", *words], cwd=project, env=os.environ | fixed, check=True)


if __name__ == "__main__":
    sys.exit(main())

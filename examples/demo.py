"""Rehearse the release of a copy of examples/polyglot, without what this machine cannot build."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from packaging import tags

from release_tasks import shell
from release_tasks.formats import wheels
from release_tasks.tools import rustc
from release_tasks.tools.programs import PROGRAMS, command, version

EXAMPLE = Path(__file__).parent / "polyglot"
ARM = "aarch64-unknown-linux-gnu"
TAGS = ("manylinux2014_x86_64", "manylinux2014_aarch64")
WHOLE = "--whole"  # with wheels for an old glibc, which take half a minute more
ALL = "--all"  # the noxfile installs what images and charts need before
MORE = (
    f"nox -s demo -- {ALL} adds images and charts: it compiles their tools once "
    "(8 minutes)"
)
REMOTE = "git@github.com:example/polyglot.git"
IDENTITY = {
    "GIT_AUTHOR_NAME": "Example",
    "GIT_AUTHOR_EMAIL": "example@localhost",
    "GIT_AUTHOR_DATE": "1767225600 +0000",
    "GIT_COMMITTER_NAME": "Example",
    "GIT_COMMITTER_EMAIL": "example@localhost",
    "GIT_COMMITTER_DATE": "1767225600 +0000",
}


def main() -> int:
    """Rehearse version 0.2.0 of a copy of the example, and print what was left out."""
    own = (WHOLE, ALL)
    options = [word for word in sys.argv[1:] if word not in own]
    rehearse = (
        sys.executable,
        "-m",
        "invoke",
        "rehearse",
        "--version",
        "0.2.0",
    )
    with tempfile.TemporaryDirectory(prefix="polyglot-") as folder:
        project = copy(Path(folder))
        skipped = reduce(project, WHOLE in sys.argv)
        if reason := no_github():
            skipped.append(f"GitHub  v0.2.0  skipped: {reason}")
        commit(project, has_remote=not reason)
        print("releasing crates, wheels and binaries to local registries")
        if any(line.startswith(("images", "charts")) for line in skipped):
            skipped.append(MORE)
        for line in skipped:
            print(line, flush=True)
        done = subprocess.run([*rehearse, *options], cwd=project, check=False)
    return done.returncode


def copy(folder: Path) -> Path:
    """Copy the example into a folder and return the copy."""
    built = shutil.ignore_patterns("target", "dist", "__pycache__")
    return Path(shutil.copytree(EXAMPLE, folder / "polyglot", ignore=built))


def reduce(project: Path, is_whole: bool = True) -> list[str]:
    """Remove what this machine has no tools for, and what takes long; return a line for each."""
    skipped = []
    reason = no_image_builder()
    if reason:
        edit(project, r"\[images\..*?\]\n(?:.+\n)*", "")
        for path in ("Dockerfile", "tools/Dockerfile.dev"):
            (project / path).unlink()
        skipped.append(f"images  ghcr.io/example/polyglot  skipped: {reason}")
    if version(PROGRAMS["helm"]) is None:
        shutil.rmtree(project / "deploy")
        name = "ghcr.io/example/charts/polyglot"
        skipped.append(f"charts  {name}  skipped: helm is not installed")
    reason = no_cross_compiler()
    if reason:
        edit(project, rf"{ARM} = .*\n", "")
        edit(project, r', "linux/arm64"', "")
        skipped.append(
            f"arm64   hello-0.2.0-linux-arm64.tar.gz  skipped: {reason}"
        )
    if not is_whole:
        edit(
            project, r"^wheels = \[.*?\]", f"wheels = {json.dumps(own_tags())}"
        )
        skipped.append(
            f"wheels  manylinux2014_*  skipped: nox -s demo -- {WHOLE} builds them"
        )
        return skipped
    for tag in TAGS:
        reason = unbuildable(wheels.target_of(tag), wheels.glibc_of(tag))
        if reason:
            # without any tag, the wheel is for this machine
            edit(project, rf'"{tag}"(, )?', "")
            skipped.append(f"wheels  {tag}  skipped: {reason}")
    return skipped


def own_tags() -> list[str]:
    """Return the platform of the wheel that this machine builds soonest: for its own libc.

    None on macOS, whose wheels are for this machine without any.
    """
    for tag in tags.platform_tags():
        if tag.startswith(("manylinux_", "musllinux_")):
            return [tag]
    return []


def no_image_builder() -> str:
    """Return why no image can be built here, or ""."""
    if version(PROGRAMS["buildx"]) is None:
        return "docker buildx is not installed"
    missing = [
        name for name in ("buildkitd", "runc") if not version(PROGRAMS[name])
    ]
    if missing and not _has_daemon():
        return f"{missing[0]} is not installed, and no docker daemon runs"
    return ""


def no_github() -> str:
    """Return why there is no GitHub release, or ""; as root on Debian, gh is installed."""
    gh = PROGRAMS["gh"]
    if version(gh) is not None:
        return ""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        for words in (["update", "-qq"], ["install", "-y", "-qq", gh.apt]):
            # what it says is no news: without gh, a line says how to install it
            quiet = subprocess.DEVNULL
            subprocess.run(
                ["apt-get", *words], stdout=quiet, stderr=quiet, check=False
            )
    if shutil.which("gh") is None:
        return f"gh is not installed; {command(gh)}"
    return ""


def _has_daemon() -> bool:
    argv = ["docker", "version"]
    return (
        subprocess.run(argv, capture_output=True, check=False).returncode == 0
    )


def no_cross_compiler() -> str:
    """Return why a static program for arm64 cannot be built here, or ""; zig links none."""
    reason = unbuildable(ARM)
    gcc = rustc.gcc(EXAMPLE, ARM)
    if not reason and not shell.found(gcc):
        reason = f"{gcc} is not installed"
    return reason


def unbuildable(target: str, glibc: str = "") -> str:
    """Return why this machine cannot build for a target and a glibc, or ""."""
    _, errors = rustc.possible(EXAMPLE, [target], "", {target: glibc})
    if not errors:
        return ""
    return errors[target].problem.splitlines()[0]


def edit(project: Path, pattern: str, new: str) -> None:
    """Replace a pattern in the copy's settings."""
    path = project / "release-tasks.toml"
    text = re.sub(pattern, new, path.read_text(), flags=re.M)
    path.write_text(text)


def commit(project: Path, has_remote: bool = True) -> None:
    """Make the copy a repository with one commit, which is the same every time."""
    env = os.environ | IDENTITY
    commands = [
        ["init", "--quiet", "--initial-branch=main"],
        ["add", "--all"],
        ["commit", "--quiet", "--message=Say hello"],
    ]
    if has_remote:
        commands.append(["remote", "add", "origin", REMOTE])
    for words in commands:
        subprocess.run(["git", *words], cwd=project, env=env, check=True)


if __name__ == "__main__":
    sys.exit(main())

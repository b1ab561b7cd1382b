"""The programs that are not Python packages: how each is recognised and installed."""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from invoke.context import Context

from release_tasks import endpoints, files, shell
from release_tasks.errors import ReleaseError
from release_tasks.formats.executables import numbers
from release_tasks.memo import memoized
from release_tasks.tools import go


@dataclass(frozen=True)
class Program:
    """A program: `probe` prints its version, and one of `apt`, `module` or `link` brings it."""

    name: str
    probe: tuple[str, ...]
    apt: str = ""
    module: str = ""  # a main package of the Go module proxy, with @version
    link: str = ""
    plugin: bool = False  # of the docker command
    folders: tuple[str, ...] = ()  # where it may be besides PATH
    least: str = "0"  # the version that can do what is asked of it here, as docs/findings.md has it


PROGRAMS = {
    program.name: program
    for program in (
        Program("git", ("git", "--version"), apt="git", least="2.31"),
        Program("cargo", ("cargo", "--version"), link="https://rustup.rs", least="1.90"),
        Program("gh", ("gh", "--version"), apt="gh", least="2.23"),
        Program("docker", ("docker", "--version"), apt="docker.io"),
        Program(
            "buildx",
            ("docker", "buildx", "version"),
            module="github.com/docker/buildx/cmd/buildx@v0.33.0",
            plugin=True,
            least="0.33",
        ),
        Program(
            "buildkitd",
            ("buildkitd", "--version"),
            module="github.com/moby/buildkit/cmd/buildkitd@v0.20.2",
            least="0.13",
        ),
        Program("runc", ("runc", "--version"), apt="runc", folders=("/usr/sbin", "/sbin")),
        Program(
            "helm",
            ("helm", "version", "--short"),
            module="helm.sh/helm/v3/cmd/helm@v3.22.0",
            least="3.8",
        ),
    )
}


@memoized
def version(program: Program) -> str | None:
    """Return what a program says of its version, or None where it is not installed."""
    path = os.pathsep.join((os.environ.get("PATH", ""), *program.folders))
    try:
        said = shell.ask(program.probe, env={"PATH": path})
    except (
        shell.Failed
    ):  # cargo without the toolchain that is pinned here, or docker without that plugin
        return None if program.plugin else "unknown"
    except ReleaseError:
        return None
    number = re.search(r"v?(\d+\.\d+[.\w+-]*)", said)
    return number[1] if number else said.strip().splitlines()[0]


def is_installed(program: Program) -> bool:
    """Tell whether a program is there; it is started only where that cannot be seen."""
    return (not program.plugin and shell.found(program.probe[0]) is not None) or version(
        program
    ) is not None


def outdated(program: Program) -> ReleaseError | None:
    """Return an error for a program that is there and too old for what is asked of it here."""
    there = version(program)
    if there is None or not is_before(there, program.least):
        return None
    return ReleaseError(
        f"{program.name} {there} is too old, {program.least} is needed", command(program)
    )


def is_before(version: str, least: str) -> bool:
    """Tell whether a version is before another one; what was built from source may say 0.0.0, which tells nothing."""
    here, other = (numbers(text)[:2] for text in (version, least))
    return any(here) and here < other


def command(program: Program) -> str:
    """Return the line that installs a program, as a person would type it, or where to find it."""
    if program.apt:
        sudo = "" if os.geteuid() == 0 else "sudo "
        return f"{sudo}apt-get install -y {program.apt}"
    if program.module:
        line = " && ".join(shlex.join(words) for words in _build(program, _target(program)))
        return f"cd $(mktemp -d) && {line}" + (
            "" if shell.found("go") else f"  # Go itself: {endpoints.GO}"
        )
    return f"see {program.link}"


def install(c: Context, program: Program) -> None:
    """Install a program; raise `ReleaseError` where only a person can."""
    if program.apt:
        shell.do(
            c,
            ["apt-get", "install", "-y", "-qq", program.apt],
            env={"DEBIAN_FRONTEND": "noninteractive"},
        )
    elif program.module:
        kept = cache() / f"{program.name}-{program.module.rsplit('@', 1)[1]}"
        if not kept.exists():
            _compile(c, program, kept)
        if not shell.is_dry(c):
            files.copy(kept, _target(program))
    else:
        raise ReleaseError(f"{program.name} is not installed", command(program))


def update_lists(c: Context) -> None:
    """Let apt learn which packages there are."""
    shell.do(c, ["apt-get", "update", "-qq"])


def cache() -> Path:
    """Return the folder in which compiled programs are kept for other checkouts."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "release-tasks" / "programs"


def _compile(c: Context, program: Program, kept: Path) -> None:
    compiler = "go" if shell.is_dry(c) else go.compiler(cache())
    with files.scratch(program.name) as folder:
        made = folder / "made"
        for words in _build(program, made):
            shell.do(
                c,
                (compiler, *words[1:]),
                cwd=folder,
                env={"CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false"},
            )
        if not shell.is_dry(c):
            files.copy(made, kept)


def _build(program: Program, target: Path) -> tuple[tuple[str, ...], ...]:
    package = program.module.rsplit("@", 1)[0]
    return (
        ("go", "mod", "init", "tools"),
        ("go", "get", program.module),
        ("go", "build", "-trimpath", "-ldflags=-s -w", "-o", str(target), package),
    )


def _target(program: Program) -> Path:
    everyone = os.geteuid() == 0
    if program.plugin:
        base = Path("/usr/local/lib/docker") if everyone else Path.home() / ".docker"
        return base / "cli-plugins" / f"docker-{program.name}"
    return (Path("/usr/local/bin") if everyone else Path.home() / ".local/bin") / program.name

"""The programs that are not Python packages: how each one is recognized and installed."""

from __future__ import annotations

import os
import re
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from invoke.context import Context

from release_tasks import endpoints, files, memo, shell
from release_tasks.errors import ReleaseError
from release_tasks.formats.executables import numbers
from release_tasks.memo import memoized
from release_tasks.tools import go


@dataclass(frozen=True)
class Program:
    """A program; `probe` prints its version, `apt`, `module` or `link` is how to install it."""

    name: str
    probe: tuple[str, ...]
    apt: str = ""  # a package of Debian and Ubuntu
    module: str = ""  # a main package of the Go module proxy, with @version
    # the lines of go.sum for that module: its files, and its go.mod
    sums: tuple[str, str] = ("", "")
    # the variable of its code that holds the version; without a value it prints 0.0.0
    version_in: str = ""
    link: str = ""
    plugin: bool = False  # of the docker command
    folders: tuple[str, ...] = ()  # where it can be besides PATH
    minimum: str = "0"  # the first version that can do all that steps ask of it


_ALL = (
    Program("git", ("git", "--version"), apt="git", minimum="2.31"),
    Program(
        "cargo",
        ("cargo", "--version"),
        link="https://rustup.rs",
        minimum="1.90",
    ),
    Program("gh", ("gh", "--version"), apt="gh", minimum="2.23"),
    Program("docker", ("docker", "--version"), apt="docker.io"),
    Program(
        "buildx",
        ("docker", "buildx", "version"),
        module="github.com/docker/buildx/cmd/buildx@v0.33.0",
        sums=(
            "github.com/docker/buildx v0.33.0 h1:xuZeuQe/C/2tvLDgiIA6+Ynq3FFWSfsGNWIHM3q1hD8=",
            "github.com/docker/buildx v0.33.0/go.mod"
            " h1:7JVma62htERKE5iy5YD1q64PKiAHUzXuhSBd4oq3I74=",
        ),
        version_in="github.com/docker/buildx/version.Version",
        plugin=True,
        minimum="0.33",
    ),
    Program(
        "buildkitd",
        ("buildkitd", "--version"),
        module="github.com/moby/buildkit/cmd/buildkitd@v0.20.2",
        sums=(
            "github.com/moby/buildkit v0.20.2 h1:qIeR47eQ1tzI1rwz0on3Xx2enRw/1CKjFhoONVcTlMA=",
            "github.com/moby/buildkit v0.20.2/go.mod"
            " h1:DhaF82FjwOElTftl0JUAJpH/SUIUx4UvcFncLeOtlDI=",
        ),
        version_in="github.com/moby/buildkit/version.Version",
        minimum="0.13",
    ),
    Program(
        "runc",
        ("runc", "--version"),
        apt="runc",
        folders=("/usr/sbin", "/sbin"),
    ),
    Program(
        "helm",
        ("helm", "version", "--short"),
        module="helm.sh/helm/v3/cmd/helm@v3.22.0",
        sums=(
            "helm.sh/helm/v3 v3.22.0 h1:n1if5iQgHYsujPAcO5oonH/KiSNUmqmUF0iGVjSF3AU=",
            "helm.sh/helm/v3 v3.22.0/go.mod h1:EVl/147Ai2z13JOykbO1Jn9HRaXyU7uHlbAJmODq/Fg=",
        ),
        minimum="3.8",
    ),
)
PROGRAMS = {program.name: program for program in _ALL}


@memoized
def version(program: Program) -> str | None:
    """Return the version that a program prints, or None where it is not installed."""
    path = os.pathsep.join((os.environ.get("PATH", ""), *program.folders))
    try:
        output = shell.ask(program.probe, env={"PATH": path})
    except shell.Failed:
        # docker without that plugin, or cargo without the toolchain that is pinned here
        return None if program.plugin else "unknown"
    except ReleaseError:
        return None
    number = re.search(r"v?(\d+\.\d+[.\w+-]*)", output)
    return number[1] if number else output.strip().splitlines()[0]


def is_installed(program: Program) -> bool:
    """Tell whether a program is installed; only a plugin has to be started for that."""
    if not program.plugin and shell.found(program.probe[0]):
        return True
    return version(program) is not None


def outdated(program: Program) -> ReleaseError | None:
    """Return an error for an installed program that is older than `minimum`."""
    installed = version(program)
    if installed is None or not is_before(installed, program.minimum):
        return None
    fact = f"{program.name} {installed} is too old, {program.minimum} is needed"
    return ReleaseError(fact, command(program))


def is_before(version: str, minimum: str) -> bool:
    """Tell whether a version is older than another one, by major and minor number.

    0.0.0 is not: programs that were built from source print it.
    """
    first = numbers(version)[:2]
    return any(first) and first < numbers(minimum)[:2]


def command(program: Program) -> str:
    """Return the command that installs a program, as a person types it, or where to find it."""
    if program.apt:
        sudo = "" if _is_root() else "sudo "
        return f"{sudo}apt-get install -y {program.apt}"
    if program.module:
        words = _build(program, _installed_path(program))
        line = " && ".join(["cd $(mktemp -d)", *map(shlex.join, words)])
        if not shell.found("go"):
            line += f"  # Go itself: {endpoints.GO}"
        return line
    return f"see {program.link}"


def install(c: Context, program: Program) -> None:
    """Install a program; raise `ReleaseError` where only a person can."""
    if program.apt:
        env = {"DEBIAN_FRONTEND": "noninteractive"}
        shell.do(c, ["apt-get", "install", "-y", "-qq", program.apt], env=env)
        return
    if not program.module:
        raise ReleaseError(f"{program.name} is not installed", command(program))
    compiled = _compiled_path(program)
    if not is_compiled(program):
        _compile(c, program, compiled)
    if not shell.is_dry(c):
        files.copy(compiled, _installed_path(program))
        memo.invalidate()  # that it is missing is remembered


def is_compiled(program: Program) -> bool:
    """Tell whether a program of the Go module proxy has been compiled here before."""
    return is_as_built(_compiled_path(program))


def is_as_built(compiled: Path) -> bool:
    """Tell whether a program in the cache is there with the bytes that were built."""
    recorded = _recorded_sum(compiled)
    if not compiled.exists() or not recorded.exists():
        return False
    return recorded.read_text("utf-8", "replace").strip() == files.sha256(
        compiled
    )


def update_lists(c: Context) -> None:
    """Update apt's lists of packages."""
    shell.do(c, ["apt-get", "update", "-qq"])


def cache() -> Path:
    """Return the folder in which compiled programs are kept for other checkouts."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "release-tasks" / "programs"


def _compile(c: Context, program: Program, target: Path) -> None:
    compiler = "go" if shell.is_dry(c) else go.compiler(cache())
    env = {"CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false"}
    with files.scratch(program.name) as folder:
        compiled = folder / "compiled"
        # go refuses a module with another sum (the Go modules reference, "Authenticating modules")
        files.write_bytes(
            folder / "go.sum", "\n".join((*program.sums, "")).encode()
        )
        for words in _build(program, compiled):
            shell.do(c, (compiler, *words[1:]), cwd=folder, env=env)
        if not shell.is_dry(c):
            files.copy(compiled, target)
            files.write_bytes(
                _recorded_sum(target), files.sha256(target).encode()
            )


def _compiled_path(program: Program) -> Path:
    return cache() / f"{program.name}-{program.module.rpartition('@')[2]}"


def _recorded_sum(compiled: Path) -> Path:
    return compiled.with_name(f"{compiled.name}.sha256")


def _build(program: Program, target: Path) -> tuple[tuple[str, ...], ...]:
    package, _, version = program.module.rpartition("@")
    return go.build(package, version, target, program.version_in)


def _is_root() -> bool:
    if sys.platform == "win32":
        return False
    return os.geteuid() == 0


def _installed_path(program: Program) -> Path:
    """Return where a compiled program is installed: for everyone as root, else for the user."""
    is_root = _is_root()
    if program.plugin:
        base = (
            Path("/usr/local/lib/docker")
            if is_root
            else Path.home() / ".docker"
        )
        return base / "cli-plugins" / f"docker-{program.name}"
    folder = Path("/usr/local/bin") if is_root else Path.home() / ".local/bin"
    return folder / program.name

"""The jobs of a CI matrix: for each target a machine, and the commands that build it there."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatch
from typing import Any

from release_tasks.building import binaries, wheels
from release_tasks.errors import as_called
from release_tasks.formats import machines
from release_tasks.printable import word
from release_tasks.release import Release

ANY = "ubuntu-latest"
# GitHub's runners, native if there are any (docs.github.com, GitHub-hosted runners).
RUNNERS = {
    "aarch64-*-linux-*": "ubuntu-24.04-arm",
    "*-apple-darwin": "macos-latest",
    "aarch64-*-windows-*": "windows-11-arm",
    "*-windows-*": "windows-latest",
    "*": ANY,
}


def jobs(release: Release, options: str = "") -> Iterator[dict[str, Any]]:
    """Yield `target`, `runner` and `commands` of each job; `options` end each command."""
    commands = {
        "inv build-binaries": binaries.targets_of(release),
        "inv build-wheels": wheels.targets_of(release),
    }
    targets = [target for built in commands.values() for target in built]
    for target in dict.fromkeys(targets):
        lines = []
        if release.project.manifest:
            lines.append(f"rustup target add {' '.join(_rust_targets(target))}")
        for command, built in commands.items():
            if target in built:
                lines.append(f"{command} --target {word(target)}{options}")
        yield {
            "target": target,
            "runner": runner(release, target),
            "commands": [as_called(line) for line in lines],
        }
    if not commands["inv build-wheels"] and wheels.declared(release):
        yield {
            "target": "any",
            "runner": ANY,
            "commands": [as_called(f"inv build-wheels{options}")],
        }


def runner(release: Release, target: str) -> str:
    """Return the runner for a target: that of the settings, else a native one of GitHub's."""
    runners = release.project.settings.build.runners
    if target in runners:
        return runners[target]
    return next(
        name for pattern, name in RUNNERS.items() if fnmatch(target, pattern)
    )


def _rust_targets(target: str) -> tuple[str, ...]:
    if target == machines.UNIVERSAL:
        return machines.UNIVERSAL_TARGETS
    return (target,)

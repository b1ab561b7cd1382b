"""The jobs of a CI matrix: for each declared target a machine and the commands that build it there."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatch
from typing import Any

from release_tasks.building import binaries, wheels
from release_tasks.formats import machines
from release_tasks.release import Release

ANY = "ubuntu-latest"
RUNNERS = {  # of GitHub, where it has a machine of that kind (docs.github.com, GitHub-hosted runners)
    "aarch64-*-linux-*": "ubuntu-24.04-arm",
    "*-apple-darwin": "macos-latest",
    "aarch64-*-windows-*": "windows-11-arm",
    "*-windows-*": "windows-latest",
    "*": ANY,
}


def jobs(release: Release, words: str = "") -> Iterator[dict[str, Any]]:
    """Yield `target`, `runner` and `commands` of each job; `words` end each command."""
    made = {
        "inv build-binaries": binaries.targets_of(release),
        "inv build-wheels": wheels.targets_of(release),
    }
    for target in dict.fromkeys(target for some in made.values() for target in some):
        halves = " ".join(machines.UNIVERSAL_TARGETS) if target == machines.UNIVERSAL else target
        commands = [f"rustup target add {halves}"] if release.project.manifest else []
        commands += [
            f"{command} --target {target}{words}"
            for command, some in made.items()
            if target in some
        ]
        yield {"target": target, "runner": runner(release, target), "commands": commands}
    if not made["inv build-wheels"] and wheels.declared(release):
        yield {"target": "any", "runner": ANY, "commands": [f"inv build-wheels{words}"]}


def runner(release: Release, target: str) -> str:
    """Return the runner for a target: that of the settings, else one of GitHub's on which it is built natively."""
    said = release.project.settings.build.runners
    return said.get(target) or next(
        name for pattern, name in RUNNERS.items() if fnmatch(target, pattern)
    )

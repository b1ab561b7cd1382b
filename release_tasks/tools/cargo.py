"""cargo: what a workspace consists of, and how crates are packed, checked and uploaded."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from release_tasks.errors import ReleaseError
from release_tasks.shell import Failed, ask


@dataclass(frozen=True)
class Member:
    """A package of a workspace, as `cargo metadata` shows it."""

    name: str
    version: str
    folder: Path
    publish: bool
    needs: tuple[str, ...]  # members in its normal, build and target-specific dependencies
    binaries: tuple[str, ...]


def members(root: Path) -> tuple[Member, ...]:
    """Return the packages of the workspace at `root`, by name."""
    argv = ["cargo", "metadata", "--no-deps", "--offline", "--format-version=1"]
    try:
        packages = json.loads(ask(argv, cwd=root))["packages"]
    except Failed as error:
        said = " ".join(line.strip() for line in error.output.splitlines() if line.strip())
        raise ReleaseError(f"cargo cannot read the workspace: {said[:300]}", "mend that manifest") from error
    folders = {str(Path(package["manifest_path"]).parent) for package in packages}
    return tuple(sorted((_member(package, folders) for package in packages), key=lambda m: m.name))


def _member(package: dict[str, Any], folders: set[str]) -> Member:
    needs = {
        dependency["name"]
        for dependency in package["dependencies"]
        if dependency["kind"] != "dev" and dependency.get("path") in folders
    }
    programs = [t["name"] for t in package["targets"] if "bin" in t["kind"]]
    return Member(
        package["name"], package["version"], Path(package["manifest_path"]).parent,
        package["publish"] != [], tuple(sorted(needs)), tuple(sorted(programs)),
    )

"""Checking the tarballs of 20 crates and uploading them, each against cargo."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from invoke.context import Context

from benchmarks.measure import (
    Row,
    commit,
    local_registries,
    medians,
    nothing,
    run,
    scratch,
    timed,
)
from release_tasks import files
from release_tasks.channels import crates_io
from release_tasks.project.artifacts import State
from release_tasks.release import Release
from release_tasks.steps.package_crates import package_crates
from release_tasks.tools import cargo
from release_tasks.tools.cargo import package as cargo_package
from release_tasks.tools.cargo import verify as cargo_verify

LAYERS, WIDTH, ROUNDS = 5, 4, 3
PROMISED = {
    ("cold", ""): 0.35,
    ("cold", "--offline"): 0.6,
    ("warm", ""): 0.10,
    ("warm", "--offline"): 0.75,
}
PUBLISH = {  # what an upload is compared with, and at most how many times its seconds
    "cargo publish --workspace": 0.6,
    "cargo publish --workspace --no-verify": 1.6,  # docs/benchmarks.md says why
}
LIB = """\
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Thing {
    pub name: String,
}

pub fn text(thing: &Thing) -> String {
    serde_json::to_string(thing).unwrap_or_default()
}
"""
CRATE = """\
[package]
name = "{name}"
version = "0.1.0"
edition = "2021"
description = "A ratio"
license = "MIT"

[dependencies]
serde = {{ version = "1", features = ["derive"] }}
serde_json = "1"
{needs}"""


def verifying() -> Iterator[Row]:
    """Pack, unpack and compile 20 crates, each by itself; cold is without a target folder."""
    with scratch() as folder:
        root = workspace(folder / "shop")
        yield from _verifying(
            root, "cold", lambda: files.remove(root / "target")
        )
        yield from _verifying(root, "warm", nothing)


def _verifying(
    root: Path, heat: str, before: Callable[[], object]
) -> Iterator[Row]:
    ours, online, offline = medians(
        ROUNDS,
        lambda: verify(root),
        lambda: cargo_package_workspace(root),
        lambda: cargo_package_workspace(root, "--offline"),
        before=before,
    )
    what = f"verify 20 crates with serde, {heat}"
    for option, theirs in (("", online), ("--offline", offline)):
        against = f"cargo package --workspace {option}".strip()
        yield Row(what, against, PROMISED[heat, option], ours, theirs)


def uploading() -> Iterator[Row]:
    """Upload 20 verified crates into a registry on loopback that has none of them."""
    with scratch() as folder:
        root = workspace(folder / "shop")
        cache = folder / "cache"
        with local_registries(folder / "reading", cache=cache):
            cargo_package_workspace(root)  # downloads what they need
        ours: list[float] = []
        theirs: dict[str, list[float]] = {command: [] for command in PUBLISH}
        for turn in range(ROUNDS):
            for number, command in enumerate(PUBLISH):
                place = folder / f"cargo-{number}-{turn}"
                with local_registries(place, offline=True, cache=cache):
                    theirs[command].append(cargo_publish(root, command))
            with local_registries(
                folder / f"ours-{turn}", offline=True, cache=cache
            ):
                ours.append(upload(root))
        for command, at_most in PUBLISH.items():
            seconds = median(ours), median(theirs[command])
            yield Row(
                "upload 20 verified crates",
                f"{command}, warm",
                at_most,
                *seconds,
            )


def workspace(root: Path) -> Path:
    """Write and commit 20 crates in 5 layers, each with serde and two crates of the layer below."""
    names = [f"ratio-crate-{number:02}" for number in range(LAYERS * WIDTH)]
    below: list[str] = []
    for start in range(0, len(names), WIDTH):
        layer = names[start : start + WIDTH]
        for name in layer:
            _write_crate(root / "crates" / name, name, below[:2])
        below = layer
    (root / "Cargo.toml").write_text(
        '[workspace]\nmembers = ["crates/*"]\nresolver = "2"\n'
    )
    (root / ".gitignore").write_text("target\n")
    run(root, "cargo", "fetch")
    commit(root)
    return root


def _write_crate(folder: Path, name: str, below: list[str]) -> None:
    pins = [
        f'{other} = {{ path = "../{other}", version = "0.1.0" }}'
        for other in below
    ]
    needs = "".join(f"{pin}\n" for pin in pins)
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "lib.rs").write_text(LIB)
    (folder / "Cargo.toml").write_text(CRATE.format(name=name, needs=needs))


def verify(root: Path) -> None:
    """Do what package_crates does with 20 new crates."""
    found = cargo.workspace(root)
    target = found.target
    names = [member.name for member in cargo.in_order(found.members)]
    cargo_package.package(
        Context(), root, target, names, locked=True, offline=True
    )
    tarballs = {
        name: target / "package" / f"{name}-0.1.0.crate" for name in names
    }
    cargo_verify.verify(
        Context(),
        cargo_verify.Tarballs(root, target, tarballs, packages=found.packages),
        dict.fromkeys(names, cargo.Verification()),
    )


def cargo_package_workspace(root: Path, *options: str) -> None:
    """Let cargo pack and check the crates."""
    run(root, "cargo", "package", "--workspace", "--quiet", *options)


def cargo_publish(root: Path, command: str) -> float:
    """Return the seconds in which cargo publishes the crates, everything compiled before."""
    cargo_package_workspace(root)
    return timed(lambda: run(root, *command.split(), "--quiet"))


def upload(root: Path) -> float:
    """Return the seconds of the upload alone, after which crates.io must have every byte."""
    with contextlib.chdir(root):
        shutil.rmtree("dist", ignore_errors=True)
        package_crates(Context())
        release = Release.at(Context())
        missing = crates_io.unpublished(release)
        seconds = timed(lambda: crates_io.publish(Context(), release, missing))
        found = crates_io.state(release, crates_io.expected(release))
    states = {status.state for status in found}
    if states != {State.SAME}:
        raise SystemExit(f"after the upload crates are {', '.join(states)}")
    return seconds

"""Crates: checking 20 tarballs and uploading them, each against what cargo takes for it."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from invoke.context import Context

from benchmarks.measure import Row, commit, medians, run, scratch, timed, visiting
from release_tasks import files
from release_tasks.channels import crates_io
from release_tasks.project.artifacts import State
from release_tasks.release import Release
from release_tasks.steps.package_crates import package_crates
from release_tasks.tools import cargo
from release_tasks.tools.cargo import package as cargo_package

LAYERS, WIDTH, ROUNDS = 5, 4, 3
PROMISED = {
    ("cold", ""): 0.35,
    ("cold", "--offline"): 0.6,
    ("warm", ""): 0.10,
    ("warm", "--offline"): 0.75,
}
AT_MOST = {"whole": 0.6, "bare": 1.6}  # docs/benchmarks.md says why


def verifying() -> Iterator[Row]:
    """Check 20 tarballs: packed, unpacked, each compiled by itself; cold is without a target folder."""
    with scratch() as folder:
        root = workspace(folder / "shop")
        for heat in ("cold", "warm"):
            ours, online, offline = medians(
                ROUNDS,
                lambda: verify(root),
                lambda: theirs(root),
                lambda: theirs(root, "--offline"),
                before=(lambda: files.remove(root / "target"))
                if heat == "cold"
                else lambda: None,
            )
            for how, seconds in (("", online), ("--offline", offline)):
                against = f"cargo package --workspace {how}".strip()
                yield Row(
                    f"verify 20 crates with serde, {heat}",
                    against,
                    PROMISED[heat, how],
                    ours,
                    seconds,
                )


def uploading() -> Iterator[Row]:
    """Upload 20 crates that were checked before, into a registry on loopback that has none of them."""
    with scratch() as folder:
        root, taken = workspace(folder / "shop"), {"ours": [], "whole": [], "bare": []}
        ways = {"whole": ("cargo", "publish", "--workspace", "--quiet")}
        ways["bare"] = (*ways["whole"], "--no-verify")
        with visiting(folder / "reading", cache=folder / "cache"):
            theirs(root)
        for turn in range(ROUNDS):
            for way, argv in ways.items():
                with visiting(
                    folder / f"{way}-{turn}", offline=True, cache=folder / "cache"
                ):
                    theirs(root)
                    taken[way].append(timed(lambda argv=argv: run(root, *argv)))
            with visiting(
                folder / f"ours-{turn}", offline=True, cache=folder / "cache"
            ):
                taken["ours"].append(upload(root))
        seconds = {way: median(times) for way, times in taken.items()}
        for way, at_most in AT_MOST.items():
            against = " ".join(word for word in ways[way] if word != "--quiet")
            yield Row(
                "upload 20 verified crates",
                f"{against}, warm",
                at_most,
                seconds["ours"],
                seconds[way],
            )


def workspace(root: Path) -> Path:
    """Write and commit 20 crates in 5 layers, each with serde."""
    names = [f"ratio-crate-{i:02}" for i in range(LAYERS * WIDTH)]
    for i, name in enumerate(names):
        below = names[(i // WIDTH - 1) * WIDTH : i // WIDTH * WIDTH][
            : 2 if i >= WIDTH else 0
        ]
        needs = "".join(
            f'{b} = {{ path = "../{b}", version = "0.1.0" }}\n' for b in below
        )
        (root / "crates" / name / "src").mkdir(parents=True)
        (root / "crates" / name / "src" / "lib.rs").write_text(
            "#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]\n"
            "pub struct Thing {\n    pub name: String,\n}\n\n"
            "pub fn text(thing: &Thing) -> String {\n"
            "    serde_json::to_string(thing).unwrap_or_default()\n}\n"
        )
        (root / "crates" / name / "Cargo.toml").write_text(
            f'[package]\nname = "{name}"\nversion = "0.1.0"\nedition = "2021"\n'
            f'description = "A ratio"\nlicense = "MIT"\n\n'
            f'[dependencies]\nserde = {{ version = "1", features = ["derive"] }}\n'
            f'serde_json = "1"\n{needs}'
        )
    (root / "Cargo.toml").write_text(
        '[workspace]\nmembers = ["crates/*"]\nresolver = "2"\n'
    )
    (root / ".gitignore").write_text("target\n")
    run(root, "cargo", "fetch")
    commit(root)
    return root


def verify(root: Path) -> None:
    """Do what package_crates does with 20 crates that are new."""
    found = cargo.workspace(root)
    names, target = (
        [member.name for member in cargo.in_order(found.members)],
        found.target,
    )
    cargo_package.package(Context(), root, target, names, locked=True, offline=True)
    tarballs = {name: target / "package" / f"{name}-0.1.0.crate" for name in names}
    cargo_package.check(Context(), root, target, tarballs, names, {})


def theirs(root: Path, *how: str) -> None:
    """Let cargo pack and check them."""
    run(root, "cargo", "package", "--workspace", "--quiet", *how)


def upload(root: Path) -> float:
    """Return the seconds of the upload alone, and see that crates.io has every byte."""
    with contextlib.chdir(root):
        shutil.rmtree("dist", ignore_errors=True)
        package_crates(Context())
        release = Release.at(Context())
        taken = timed(
            lambda: crates_io.publish(
                Context(), release, crates_io.unpublished(release)
            )
        )
        states = {
            seen.state for seen in crates_io.state(release, crates_io.expected(release))
        }
    if states != {State.SAME}:
        raise SystemExit(f"after the upload crates are {', '.join(states)}")
    return taken

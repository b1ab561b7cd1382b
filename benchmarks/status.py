"""`inv status` of 500 crates, with a registry that takes 50 ms for each answer."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

from invoke.context import Context

from benchmarks.bump import COUNT, workspace
from benchmarks.measure import INV, Row, medians, run, scratch, visiting
from release_tasks import dist
from release_tasks.channels import crates_index
from release_tasks.rehearsal.faults import Fault
from release_tasks.rehearsal.registries import LocalRegistries
from release_tasks.release import Release

LAG, ROUNDS, SHA256 = 0.05, 3, "0" * 64


def rows() -> Iterator[Row]:
    """Measure the whole command against reading one page of the index after another."""
    with scratch() as folder:
        root = workspace(folder / "many")
        run(root, "git", "clone", "--quiet", "--bare", root, folder / "origin")
        run(root, "git", "remote", "add", "origin", folder / "origin")
        names = [path.name for path in sorted((root / "crates").iterdir())]
        with visiting(
            folder / "registries", offline=True, cache=folder / "none"
        ) as running:
            publish(running, root, names)
            running.faults.add(Fault("GET", "/ma/", delay=LAG, times=10**9))
            one_by_one, status = (
                (lambda: [crates_index.lines(name) for name in names]),
                (lambda: look(root)),
            )
            yield Row(
                f"status of {COUNT} crates, answers take {LAG * 1000:.0f} ms",
                "one request after another",
                0.06,
                *medians(ROUNDS, status, one_by_one),
            )


def publish(running: LocalRegistries, root: Path, names: list[str]) -> None:
    """Put every crate on crates.io, and into dist/ with the same hash."""
    for name in names:
        line = {"name": name, "vers": "0.1.0", "cksum": SHA256, "yanked": False}
        running.crates.store.add(line, b"", {})
    with contextlib.chdir(root):
        part = Release.at(Context()).parts[0]
    file = "{}-0.1.0.crate".format
    dist.record(
        part,
        "package_crates",
        [
            dist.Built(
                "crate", name, "0.1.0", part.component.name, file(name), 0, SHA256
            )
            for name in names
        ],
    )


def look(root: Path) -> None:
    """Run `inv status`, and see that it finds every crate."""
    answer = run(root, *INV, "status", "--json", status=(0, 1, 3))
    rows = json.loads(answer or "{}").get("artifacts", [])
    found = sum(
        row["channel"] == "crates.io" and row["state"] == "same" for row in rows
    )
    if found != COUNT:
        raise SystemExit(f"status finds {found} of {COUNT} crates")

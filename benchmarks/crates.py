"""Crates: checking, uploading and looking, each as a ratio to what cargo or a loop takes.

Run it with `python benchmarks/crates.py`. Times are of this machine; only the ratios count.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from invoke.context import Context

from release_tasks.channels import crates_io
from release_tasks.project.model import Artifact, State
from release_tasks.rehearsal.faults import Fault
from release_tasks.rehearsal.world import World, world
from release_tasks.release import Release
from release_tasks.steps.package_crates import package_crates
from release_tasks.tools import cargo, cargo_package

LAYERS, WIDTH = 5, 4
Row = tuple[str, float, float, float]  # what, our seconds, the other's seconds, the ratio that is promised


def rows() -> Iterator[Row]:
    """Measure everything; needs git, cargo and, for serde, crates.io."""
    with tempfile.TemporaryDirectory() as name:
        root = workspace(Path(name) / "shop")
        yield from verifying(root)
        yield from uploading(root, Path(name))
        yield from looking(Path(name))


def verifying(root: Path) -> Iterator[Row]:
    """Check 20 tarballs: packed, unpacked, each compiled by itself."""
    theirs: dict[tuple[str, str], float] = {}
    for how in ("", "--offline"):
        argv = ["cargo", "package", "--workspace", "--quiet", *([how] if how else [])]
        shutil.rmtree(root / "target", ignore_errors=True)
        for heat in ("cold", "warm"):
            theirs[how, heat] = timed(lambda argv=argv: run(root, *argv))
    shutil.rmtree(root / "target")
    for heat, online, offline in (("cold", 0.35, 0.6), ("warm", 0.10, 0.75)):
        ours = timed(lambda: verify(root))
        yield f"verify 20 tarballs, {heat}, against cargo package", ours, theirs["", heat], online
        yield f"verify 20 tarballs, {heat}, against cargo package --offline", ours, theirs["--offline", heat], offline


def uploading(root: Path, folder: Path) -> Iterator[Row]:
    """Upload 20 crates that were checked before, into a registry on loopback."""
    cache = folder / "cache"
    with visiting(folder / "reading", cache=cache):
        run(root, "cargo", "package", "--workspace", "--quiet")
    with visiting(folder / "theirs", offline=True, cache=cache):
        run(root, "cargo", "package", "--workspace", "--quiet")
        theirs = timed(lambda: run(root, "cargo", "publish", "--workspace", "--quiet"))
    with visiting(folder / "ours", offline=True, cache=cache), contextlib.chdir(root):
        package_crates(Context())
        release = Release.at(Context())
        ours = timed(lambda: crates_io.publish(Context(), release, crates_io.unpublished(release)))
        assert {seen.state for seen in crates_io.look(release, crates_io.expected(release))} == {State.SAME}
    yield "upload 20 verified crates, against cargo publish --workspace", ours, theirs, 0.15


def looking(folder: Path, count: int = 500) -> Iterator[Row]:
    """Read the state of 500 crates from a registry that takes 50 ms for each answer."""
    release: Any = None  # nothing of it is looked at where the hashes agree
    with visiting(folder / "many", offline=True, cache=folder / "none") as running:
        wanted = [Artifact("crates.io", f"many-{i:03}", "0.1.0", "many", sha256="0" * 64) for i in range(count)]
        for a in wanted:
            running.crates.store.add({"name": a.name, "vers": a.version, "cksum": a.sha256, "yanked": False}, b"", {})
        running.faults.add(Fault("GET", "/ma/", delay=0.05, times=10**9))
        ours = timed(lambda: crates_io.look(release, wanted))
        theirs = timed(lambda: [crates_io.look(release, [one]) for one in wanted])
    yield f"status of {count} crates at 50 ms, against one after another", ours, theirs, 0.06


def workspace(root: Path) -> Path:
    """Write and commit 20 crates in 5 layers, each with serde."""
    names = [f"ratio-crate-{i:02}" for i in range(LAYERS * WIDTH)]
    for i, name in enumerate(names):
        below = names[(i // WIDTH - 1) * WIDTH : i // WIDTH * WIDTH][: 2 if i >= WIDTH else 0]
        needs = "".join(f'{b} = {{ path = "../{b}", version = "0.1.0" }}\n' for b in below)
        (root / "crates" / name / "src").mkdir(parents=True)
        (root / "crates" / name / "src" / "lib.rs").write_text(
            "#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]\npub struct Thing {\n    pub name: String,\n}\n\n"
            "pub fn text(thing: &Thing) -> String {\n    serde_json::to_string(thing).unwrap_or_default()\n}\n"
        )
        (root / "crates" / name / "Cargo.toml").write_text(
            f'[package]\nname = "{name}"\nversion = "0.1.0"\nedition = "2021"\ndescription = "A ratio"\nlicense = "MIT"\n\n'
            f'[dependencies]\nserde = {{ version = "1", features = ["derive"] }}\nserde_json = "1"\n{needs}'
        )
    (root / "Cargo.toml").write_text('[workspace]\nmembers = ["crates/*"]\nresolver = "2"\n')
    (root / ".gitignore").write_text("target\n")
    run(root, "git", "init", "--quiet", "--initial-branch=main")
    run(root, "cargo", "fetch", "--quiet")
    run(root, "git", "add", "--all")
    run(root, "git", "-c", "user.name=Bench", "-c", "user.email=bench@localhost", "commit", "--quiet", "--message=all")
    return root


def verify(root: Path) -> None:
    """Do what package_crates does with 20 crates that are new."""
    names = [member.name for member in cargo.in_order(cargo.members(root))]
    target = cargo.target_folder(root, root)
    cargo_package.package(Context(), root, target, names, locked=True, offline=True)
    tarballs = {name: target / "package" / f"{name}-0.1.0.crate" for name in names}
    cargo_package.check(Context(), root, target, tarballs, names, {})


@contextlib.contextmanager
def visiting(folder: Path, **how: Any) -> Iterator[World]:
    """Run the stand-ins, and let this process and its children see nothing else."""
    before = dict(os.environ)
    with world(folder, **how) as running:
        for name in running.removed:
            del os.environ[name]
        os.environ.update(running.env)
        try:
            yield running
        finally:
            os.environ.clear()
            os.environ.update(before)


def timed(work: Callable[[], object]) -> float:
    """Return how many seconds the work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def run(root: Path, *argv: str) -> None:
    """Run a program, quietly."""
    subprocess.run(argv, cwd=root, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    with contextlib.redirect_stderr(io.StringIO()):  # the commands' own output would drown the table
        measured = list(rows())
    for what, ours, theirs, promised in measured:
        print(f"{what:<62} {ours:7.2f} s {theirs:7.2f} s   ratio {ours / theirs:5.3f}   target {promised}")

"""dist/<tag>/: every file that a release consists of, and the inventory that says so.

Each step and target writes a part of its own, `parts/<step>-<target>.json`; parts merge without
conflict, from side-by-side steps and from other machines alike. `release.json` is their sum.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from release_tasks import files, shell, terminal
from release_tasks.errors import ReleaseError
from release_tasks.project.kinds import FileKind
from release_tasks.release import ComponentRelease, Release

INVENTORY = "release.json"
_held: dict[Path, int] = {}  # locks of this process, by dist folder
_foreseen: dict[
    Path, tuple[tuple[Built, ...], frozenset[str]]
] = {}  # under --dry, by dist folder: see `foresee`
_guard = threading.RLock()  # steps that run side by side read and write the same parts


@dataclass(frozen=True)
class Built:
    """One file that was built.

    `size` is in bytes; `sha256` is that of the file (64 hex digits), `digest` that of the manifest
    in a registry (`sha256:` and 64 hex digits).
    """

    kind: FileKind
    name: str
    version: str
    component: str
    file: str  # relative to dist/<tag>/
    size: int
    sha256: str
    digest: str = ""
    target: str = ""
    commit: str = ""
    package: str = ""  # the project on PyPI, the crate of a binary


def describe(
    release: Release,
    part: ComponentRelease,
    kind: FileKind,
    path: Path,
    name: str = "",
    **more: str,
) -> Built:
    """Return the inventory's line for a file in `part.dist`; `more` are `Built`'s optional fields."""
    return Built(
        kind,
        name or path.name,
        part.version,
        part.component.name,
        path.relative_to(part.dist).as_posix(),
        path.stat().st_size,
        files.sha256(path),
        commit=release.commit,
        **more,
    )


def folder(part: ComponentRelease) -> Path:
    """Return dist/<tag>/, made if absent. git and cargo never see what is in dist/."""
    part.dist.mkdir(parents=True, exist_ok=True)
    ignore = part.dist.parent / ".gitignore"
    if not ignore.exists():
        files.write_bytes(ignore, b"*\n")
    return part.dist


def record(
    part: ComponentRelease,
    step: str,
    built: Iterable[Built],
    target: str = "",
    made_of: Sequence[Built] = (),
) -> None:
    """Write the part of one step and target; what other parts said of the same files, and what it was made of, goes."""
    name = f"{step}-{target}" if target else step
    rows = sorted(built, key=lambda b: (b.kind, b.name))
    with _guard:
        _drop(part, {(row.kind, row.name) for row in (*rows, *made_of)})
        files.write_bytes(
            folder(part) / "parts" / f"{name}.json", _json([asdict(row) for row in rows])
        )
    for row in made_of:
        files.remove(part.dist / row.file)


def inventory(part: ComponentRelease) -> tuple[Built, ...]:
    """Return every file known of this release; raise `ReleaseError` where two parts disagree."""
    found: dict[tuple[str, str], Built] = {}
    with _guard:
        every = _foreseen[part.dist][0] if part.dist in _foreseen else _recorded(part)
    for row in every:
        known = found.setdefault((row.kind, row.name), row)
        if known.sha256 != row.sha256:
            raise ReleaseError(
                f"two parts of {part.dist.name} have a {row.kind} {row.name} of different bytes",
                f"remove the wrong one of {part.dist}/parts/*.json",
            )
    return tuple(found.values())


def of_kind(part: ComponentRelease, *kinds: FileKind) -> tuple[Built, ...]:
    """Return the inventory's lines of some kinds."""
    return tuple(row for row in inventory(part) if row.kind in kinds)


def row_of(part: ComponentRelease, name: str, *kinds: FileKind) -> Built | None:
    """Return the inventory's line of one thing, or None where it was not built."""
    return next((row for row in of_kind(part, *kinds) if row.name == name), None)


def file_of(part: ComponentRelease, row: Built | None) -> Path | None:
    """Return the file of a line, or None where it is not here; raise `ReleaseError` for other bytes."""
    if row is None:
        return None
    path, foreseen = part.dist / row.file, _foreseen.get(part.dist)
    if foreseen and row.file in foreseen[1]:
        return path
    if not path.exists():
        return None
    if files.sha256(path) != row.sha256:
        if foreseen:
            return None
        raise ReleaseError(
            f"{path.name} was changed in dist/ after it was built",
            f"remove {path} and build it again",
        )
    return path


def write_inventory(release: Release, part: ComponentRelease) -> Path:
    """Write release.json, the sum of all parts, and return its path."""
    path = folder(part) / INVENTORY
    files.write_bytes(path, summed(release, part))
    return path


def summed(release: Release, part: ComponentRelease) -> bytes:
    """Return what release.json has to hold: the sum of all parts."""
    rows = [asdict(row) for row in sorted(inventory(part), key=lambda r: (r.kind, r.name))]
    about = {
        "component": part.component.name,
        "version": part.version,
        "tag": part.tag,
        "commit": release.commit,
    }
    return _json(about | {"files": rows})


def replace_inventory(part: ComponentRelease, data: bytes) -> None:
    """Take over a release.json from elsewhere, and drop all that disagrees with it."""
    files.remove(folder(part) / "parts")
    files.write_bytes(part.dist / INVENTORY, data)
    for row in inventory(part):
        path = part.dist / row.file
        if path.exists() and files.sha256(path) != row.sha256:
            files.remove(path)


def parse(data: bytes, where: str) -> tuple[Built, ...]:
    """Return the lines of an inventory; `where` says in an error whose."""
    try:
        found = json.loads(data)
        rows = found["files"] if isinstance(found, dict) else found
        return tuple(Built(**row | {"kind": FileKind(row["kind"])}) for row in rows)
    except (ValueError, KeyError, TypeError) as error:
        raise ReleaseError(f"{where} is no inventory: {error}", f"remove {where}") from error


def simulate(part: ComponentRelease, rows: Iterable[Built], fetched: Iterable[str] = ()) -> None:
    """Let a dry run see dist/ as the release would make it: with these lines, and the named files."""
    _foreseen[part.dist] = (tuple(rows), frozenset(fetched))


def discard_stale_build(release: Release, part: ComponentRelease, is_dry: bool = False) -> None:
    """Empty dist/<tag>/ where it was built from another commit than this release's."""
    if all(row.commit == release.commit for row in _recorded(part)):
        return
    terminal.say(f"dist/{part.tag} was built from another commit: it is emptied")
    if is_dry:
        simulate(part, ())
        return
    for path in part.dist.iterdir():
        if path.name != ".lock":
            files.remove(path)


def lock(release: Release) -> None:
    """Keep every other process out of dist/<tag>/ until this one and its children have ended."""
    with _guard:
        for part in release.parts:
            _foreseen.pop(part.dist, None)
            if part.dist not in _held:
                handle = files.lock(folder(part) / ".lock")
                if handle is None:
                    raise ReleaseError(
                        f"another process is at work on dist/{part.tag}",
                        "wait until it has ended, then run this again",
                    )
                shell.inherit(handle)
                _held[part.dist] = handle


def _drop(part: ComponentRelease, gone: set[tuple[str, str]]) -> None:
    for path in sources(part):
        rows = parse(path.read_bytes(), str(path))
        kept = [row for row in rows if (row.kind, row.name) not in gone]
        if len(kept) == len(rows):
            continue
        target = part.dist / "parts" / path.name
        files.write_bytes(target, _json([asdict(row) for row in kept]))
        if path.name == INVENTORY:
            files.remove(path)


def sources(part: ComponentRelease) -> list[Path]:
    """Return every part, and release.json where it is there."""
    return [*sorted((part.dist / "parts").glob("*.json")), *part.dist.glob(INVENTORY)]


def _recorded(part: ComponentRelease) -> tuple[Built, ...]:
    return tuple(row for path in sources(part) for row in parse(path.read_bytes(), str(path)))


def _json(data: Any) -> bytes:
    return (json.dumps(data, indent=1, sort_keys=True) + "\n").encode()

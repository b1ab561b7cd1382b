"""dist/<tag>/: every file that a release consists of, and the inventory of them.

Each step and target writes its own part, `parts/<step>-<target>.json`; parts merge without
conflict, whether they come from steps side by side or from other machines. `release.json` is the
sum of the parts.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from release_tasks import files, shell, terminal
from release_tasks.errors import ReleaseError, shorten
from release_tasks.printable import word
from release_tasks.project.kinds import FileKind
from release_tasks.release import ComponentRelease, Release

INVENTORY = "release.json"
LOGS = "logs"  # a file for each step
GATES = "gates.json"  # which gates have passed, and for which commit
DRAFT = "draft.json"  # which inventory the GitHub draft has
SIGN_OFF = "sign-off.json"  # what a person has decided about these files
SIGN_OFFS = ("sign-off.md", SIGN_OFF)


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

    @property
    def key(self) -> tuple[str, str]:
        """Return what makes it unique in an inventory."""
        return self.kind, self.name


@dataclass(frozen=True)
class _Simulated:
    """What dist/ would hold, in a dry run."""

    rows: tuple[Built, ...]
    downloads: frozenset[str]  # files that would be there


_locks: dict[Path, int] = {}  # those of this process, by dist folder
_simulated: dict[Path, _Simulated] = {}  # by dist folder
# steps that run side by side read and write the same parts
_guard = threading.RLock()


def describe(
    release: Release,
    part: ComponentRelease,
    kind: FileKind,
    path: Path,
    name: str = "",
    **optional: str,
) -> Built:
    """Return the row of a file in `part.dist`; `optional` are the optional fields of `Built`."""
    return Built(
        kind,
        name or path.name,
        part.version,
        part.component.name,
        path.relative_to(part.dist).as_posix(),
        path.stat().st_size,
        files.sha256(path),
        commit=release.commit,
        **optional,
    )


def folder(part: ComponentRelease) -> Path:
    """Return dist/<tag>/, created if missing; git and cargo ignore dist/."""
    _refuse_links(part)
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
    """Write the part of a step and target; it replaces the rows of other parts about these files.

    The files in `made_of` are removed, as they are now inside of others.
    """
    name = f"{step}-{target}" if target else step
    rows = sorted(built, key=lambda row: row.key)
    replaced = {row.key for row in (*rows, *made_of)}
    with _guard:
        _remove_rows(part, replaced)
        path = (
            folder(part) / "parts" / files.bare_name(f"{name}.json", "a step")
        )
        files.write_bytes(path, _json([asdict(row) for row in rows]))
    for row in made_of:
        files.remove(part.dist / row.file)
    if rows:
        terminal.say(f"built {shorten([row.name for row in rows])}")


def inventory(part: ComponentRelease) -> tuple[Built, ...]:
    """Return every file of this release; raise `ReleaseError` if two parts disagree about one."""
    found: dict[tuple[str, str], Built] = {}
    with _guard:
        simulated = _simulated.get(part.dist)
        rows = simulated.rows if simulated else _recorded(part)
    for row in rows:
        other = found.setdefault(row.key, row)
        if other.sha256 != row.sha256:
            raise ReleaseError(
                f"two parts of {part.dist.name} disagree about the {row.kind} {row.name}",
                f"remove the wrong one of {part.dist}/parts/*.json",
            )
    return tuple(found.values())


def of_kind(part: ComponentRelease, *kinds: FileKind) -> tuple[Built, ...]:
    """Return the rows of some kinds."""
    return tuple(row for row in inventory(part) if row.kind in kinds)


def row_of(part: ComponentRelease, name: str, *kinds: FileKind) -> Built | None:
    """Return the row with a name, None if that was not built."""
    return next(
        (row for row in of_kind(part, *kinds) if row.name == name), None
    )


def file_of(part: ComponentRelease, row: Built | None) -> Path | None:
    """Return the file of a row, None if it is not here.

    Raises `ReleaseError` for a file that was changed after its build.
    """
    if row is None:
        return None
    path = part.dist / row.file
    simulated = _simulated.get(part.dist)
    if simulated and row.file in simulated.downloads:
        return path
    if not path.exists():
        return None
    if files.sha256(path) == row.sha256:
        return path
    if simulated:
        return None
    raise ReleaseError(
        f"{path.name} was changed in dist/ after it was built",
        f"rm {word(path)}, and build it again",
    )


def write_inventory(release: Release, part: ComponentRelease) -> Path:
    """Write release.json, the sum of all parts, and return its path."""
    path = folder(part) / INVENTORY
    files.write_bytes(path, summed(release, part))
    return path


def summed(release: Release, part: ComponentRelease) -> bytes:
    """Return the content of release.json: the sum of all parts."""
    rows = sorted(inventory(part), key=lambda row: row.key)
    return _json(
        {
            "component": part.component.name,
            "version": part.version,
            "tag": part.tag,
            "commit": release.commit,
            "files": [asdict(row) for row in rows],
        }
    )


def replace_inventory(part: ComponentRelease, data: bytes) -> None:
    """Use a release.json from elsewhere, and remove every file that disagrees with it."""
    files.remove(folder(part) / "parts")
    files.write_bytes(part.dist / INVENTORY, data)
    for row in inventory(part):
        path = part.dist / row.file
        if path.exists() and files.sha256(path) != row.sha256:
            files.remove(path)


def parse(data: bytes, where: str) -> tuple[Built, ...]:
    """Return the rows of a part or of release.json; `where` names it in an error."""
    try:
        found = json.loads(data)
        rows = found["files"] if isinstance(found, dict) else found
        built = tuple(
            Built(**row | {"kind": FileKind(row["kind"])}) for row in rows
        )
        for one in built:
            _check_types(one)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ReleaseError(
            f"{where} is not an inventory: {error}", f"rm {word(where)}"
        ) from error
    for one in built:
        files.bare_name(one.file, where)
    return built


def simulate(
    part: ComponentRelease, rows: Iterable[Built], downloads: Iterable[str] = ()
) -> None:
    """Let a dry run see dist/ with these rows, and with the files that would be downloaded."""
    _simulated[part.dist] = _Simulated(tuple(rows), frozenset(downloads))


def discard_stale_build(
    release: Release, part: ComponentRelease, is_dry: bool = False
) -> None:
    """Empty dist/<tag>/ if it was built from another commit than that of this release."""
    if all(row.commit == release.commit for row in _recorded(part)):
        return
    terminal.say(f"emptying dist/{part.tag}: it was built from another commit")
    if is_dry:
        simulate(part, ())
        return
    for path in part.dist.iterdir():
        # the gates say for which commit
        if path.name not in (".lock", LOGS, GATES):
            files.remove(path)


def lock(release: Release) -> None:
    """Lock dist/<tag>/ until this process and its children have ended.

    Raises `ReleaseError` if another process has locked it.
    """
    keep_logs(release)
    with _guard:
        for part in release.parts:
            _simulated.pop(part.dist, None)
            if part.dist in _locks:
                continue
            handle = files.lock(folder(part) / ".lock")
            if handle is None:
                raise ReleaseError(
                    f"another process is using dist/{part.tag}",
                    "wait until it has ended, then run this again",
                )
            shell.inherit(handle)
            _locks[part.dist] = handle


def keep_logs(release: Release) -> None:
    """Write what steps and their programs say into dist/<tag>/logs/ of the first component."""
    part = release.parts[0]
    files.refuse_links(_checkout(part), part.dist / LOGS)
    terminal.keep_logs_in(folder(part) / LOGS)


def sources(part: ComponentRelease) -> list[Path]:
    """Return every part, and release.json if there is one."""
    _refuse_links(part)
    return [
        *sorted((part.dist / "parts").glob("*.json")),
        *part.dist.glob(INVENTORY),
    ]


def _refuse_links(part: ComponentRelease) -> None:
    """Raise `ReleaseError` where dist/<tag>/ is not a real folder of this checkout."""
    files.refuse_links(_checkout(part), part.dist / "parts")


def _checkout(part: ComponentRelease) -> Path:
    return part.dist.parents[part.tag.count("/") + 1]


def _check_types(row: Built) -> None:
    """Raise `TypeError` for a row with a value that is not of its field's type."""
    for name, value in asdict(row).items():
        if not isinstance(value, int if name == "size" else str):
            raise TypeError(f"{name} is {value!r}")


def _remove_rows(part: ComponentRelease, keys: set[tuple[str, str]]) -> None:
    """Remove rows from every part; what else release.json has becomes a part of its own."""
    for path in sources(part):
        rows = parse(path.read_bytes(), str(path))
        kept = [row for row in rows if row.key not in keys]
        if len(kept) == len(rows):
            continue
        target = part.dist / "parts" / path.name
        files.write_bytes(target, _json([asdict(row) for row in kept]))
        if path.name == INVENTORY:
            files.remove(path)


def _recorded(part: ComponentRelease) -> tuple[Built, ...]:
    found: list[Built] = []
    for path in sources(part):
        found += parse(path.read_bytes(), str(path))
    return tuple(found)


def _json(data: Any) -> bytes:
    return (json.dumps(data, indent=1, sort_keys=True) + "\n").encode()

"""Which files carry the version, what each becomes, and which of that is not committed yet."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from invoke.context import Context

from release_tasks import files, shell
from release_tasks.errors import ReleaseError
from release_tasks.manifests import changelog, kind_of, text_file
from release_tasks.manifests.copies import decode
from release_tasks.project.model import known
from release_tasks.tools import cargo_lock, git

if TYPE_CHECKING:
    from release_tasks.release import Part, Release

LOCK = "Cargo.lock"


def write(c: Context, release: Release) -> None:
    """Edit every file that carries the version; put all back where one of them cannot be proved."""
    if odd := strangers(release):
        raise ReleaseError(f"the tree has changes that are not committed: {', '.join(odd[:5])}", "commit or stash them")
    new = edits(release)
    old = {path: (release.top / path).read_bytes() for path in [*new, *_locks(release)]}
    todo = {path: text for path, text in new.items() if old[path] != text.encode()}
    try:
        for path, text in todo.items():
            files.write(c, release.top / path, text)
        if _locks(release) and (todo or shell.is_dry(c)):
            cargo_lock.update(c, release.top)
        if not shell.is_dry(c):
            _prove(release, new)
    except BaseException:
        for path, data in old.items():
            files.write_bytes(release.top / path, data)
        raise
    shell.say(f"{len(todo)} files carry {release.title}" if todo else f"nothing to do, every file carries {release.title}")


def edits(release: Release) -> dict[str, str]:
    """Return the new text of every file that carries a version of this release, by path.

    It is computed from the committed files, so that a bump that was interrupted comes out the same.
    """
    if release.project.settings.project.version == "tag":
        return {}
    names = _versions(release)
    base = {path: _committed(release, path) for path in dict.fromkeys(_manifests(release))}
    new = {path: _edited(release, path, text, names) for path, text in base.items()}
    for path, wanted in release.project.settings.files.items():
        text = new.get(path) or _committed(release, path)
        new[path] = text_file.set_versions(text, path, wanted, release.parts[0].version, names)
    for part in release.parts:
        if part.component.changelog:
            new[part.component.changelog] = _changelog(release, part)
    return {path: text for path, text in new.items() if text != base.get(path)} | _kept(release, new)


def strangers(release: Release) -> tuple[str, ...]:
    """Return the changed paths that no bump to these versions would have left so."""
    changed = git.changed(release.top)
    if not changed:
        return ()
    new, odd = edits(release), []
    for path in changed:
        there = release.top / path
        ours = path in new and there.exists() and there.read_bytes() == new[path].encode()
        if not ours and not (path in _locks(release) and new):
            odd.append(path)
    return tuple(odd)


def pending(release: Release) -> tuple[str, ...]:
    """Return the paths that the release commit has to contain; raise `ReleaseError` for strangers."""
    if odd := strangers(release):
        raise ReleaseError(f"the tree has changes that are not committed: {', '.join(odd[:5])}", "commit or stash them")
    return git.changed(release.top)


def message(release: Release) -> str:
    """Return the message of the release commit, from the settings' template."""
    first = release.parts[0]
    every = " + ".join(f"{part.component.name} v{part.version}" for part in release.parts)
    return release.project.settings.project.commit.format(
        components=every, component=first.component.name, version=first.version, tag=first.tag
    )


def _versions(release: Release) -> dict[str, str]:
    """Return the new version of every crate, package, chart and component by its name."""
    found: dict[str, str] = {}
    for part in release.parts:
        found[part.component.name] = part.version
        whole = len(release.project.components) == 1
        crates = release.project.crates if whole else known(part.component.crates)
        found |= {crate.name: part.version for crate in crates if crate.version == part.component.version}
        found |= {package.name: part.version for package in _answered(part, "python")}
        found |= {chart.name: part.version for chart in _answered(part, "charts")}
    return found


def _answered(part: Part, kind: str) -> tuple[object, ...]:
    found = getattr(part.component, kind)
    return () if isinstance(found, ReleaseError) else found


def _manifests(release: Release) -> Iterator[str]:
    root = release.tree
    if release.project.manifest:
        yield "Cargo.toml"
    yield from (_relative(root, crate.folder / "Cargo.toml") for crate in release.project.crates)
    for part in release.parts:
        yield from (_relative(root, one.folder / "pyproject.toml") for one in _answered(part, "python"))
        yield from (_relative(root, one.folder / "Chart.yaml") for one in _answered(part, "charts"))


def _edited(release: Release, path: str, text: str, names: Mapping[str, str]) -> str:
    kind = kind_of(path)
    assert kind is not None
    return kind.set_versions(text, path, names, _own(release, path))


def _own(release: Release, path: str) -> str | None:
    """Return the version of what a file itself describes, where one component owns it."""
    return release.parts[0].version if len(release.project.components) == 1 else None


def _changelog(release: Release, part: Part) -> str:
    path = str(part.component.changelog)
    there = release.top / path
    disk = decode(there.read_bytes(), path)
    if changelog.section(disk, part.version):
        return disk
    date = git.today(os.environ.get("SOURCE_DATE_EPOCH"))
    return changelog.release(_committed(release, path), part.version, date, part.component.tag)


def _committed(release: Release, path: str) -> str:
    if path in git.changed(release.top):
        data = git.at_commit(release.top, "HEAD", path)
        if data is None:
            raise ReleaseError(f"{path} is not committed", "commit it first")
        return decode(data, path)
    try:
        return decode((release.top / path).read_bytes(), path)
    except OSError as error:
        raise ReleaseError(f"{path} cannot be read: {error.strerror}", "mend it, or take it out of the settings") from error


def _locks(release: Release) -> tuple[str, ...]:
    return (LOCK,) if LOCK in release.project.files and release.project.manifest else ()


def _kept(release: Release, new: Mapping[str, str]) -> dict[str, str]:
    """Return the files of `new` that are changed on disk, whether or not their text differs from HEAD's."""
    return {path: new[path] for path in git.changed(release.top) if path in new}


def _prove(release: Release, new: Mapping[str, str]) -> None:
    names = _versions(release)
    wrong = []
    for path in new:
        kind = kind_of(path)
        if kind and Path(path).name != "__init__.py":
            text = decode((release.top / path).read_bytes(), path)
            wrong += kind.prove(text, path, names, _own(release, path))
    if wrong:
        raise ReleaseError("; ".join(wrong), "mend that file, or name it in [files]")
    if _locks(release):
        cargo_lock.prove(release.top)


def _relative(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()

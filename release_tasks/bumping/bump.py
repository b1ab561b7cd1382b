"""Which files carry the version, what each becomes, and which of that is not committed yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from invoke.context import Context

from release_tasks import files, shell, terminal
from release_tasks.bumping import file_edits, pins, stale_versions
from release_tasks.bumping.version_files import VersionFile, version_files
from release_tasks.errors import ReleaseError, raise_all, shorten
from release_tasks.formats.text_files import decode
from release_tasks.manifests import toml_values
from release_tasks.tools import git
from release_tasks.tools.cargo import lock as cargo_lock

if TYPE_CHECKING:
    from release_tasks.release import Release

LOCK = "Cargo.lock"


class Bumped(NamedTuple):
    """What a bump did and saw: the files it wrote, the copies that had disagreed, the lines that nothing covers."""

    files: tuple[str, ...] = ()
    disagreed: tuple[stale_versions.Mismatch, ...] = ()
    forgotten: tuple[stale_versions.StaleLine, ...] = ()


def write(c: Context, release: Release) -> Bumped:
    """Edit every file that carries the version; put all back where one of them cannot be proved."""
    changed = pending(release)
    if release.project.settings.project.version == "tag":
        terminal.say("nothing to do, only the tag carries the version")
        return Bumped()
    raise_all(pins.refusals(release))
    every = tuple(version_files(release))
    texts = file_edits.texts(release, changed, every)
    new = file_edits.changes(texts)
    old = {path: texts[path].now for path in new} | {
        path: file_edits.data(release, path) for path in _lock(release)
    }
    if new:
        new |= {
            path: cargo_lock.bumped(decode(old[path], path), pins.new_versions(release))
            for path in _lock(release)
        }
    todo = {path: text for path, text in new.items() if old[path] != text.encode()}
    with _all_or_none(release, old), ThreadPoolExecutor(1) as pool:
        files.write_all(c, {release.checkout / path: text for path, text in todo.items()})
        # cargo reads all files, too
        proof = (
            pool.submit(cargo_lock.check_locked, release.checkout, "--offline")
            if _lock(release) and not shell.is_dry(c)
            else None
        )
        if not shell.is_dry(c):
            _prove(release, every)
        odd, left = file_edits.inspect_copies(release, texts)
        done = Bumped(tuple(todo), tuple(odd), tuple(left))
        if proof and proof.exception():
            toml_values.load(decode(old[LOCK], LOCK), LOCK)
            files.write_bytes(release.checkout / LOCK, old[LOCK])
            cargo_lock.update(c, release.checkout)
    if todo:
        files_now = "1 file carries" if len(todo) == 1 else f"{len(todo)} files carry"
        terminal.say(f"{files_now} {release.title}{' then' if shell.is_dry(c) else ' now'}")
        for sentence in (
            *stale_versions.mismatch_lines(done.disagreed),
            *stale_versions.stale_lines(done.forgotten),
        ):
            terminal.say(sentence)
    else:
        terminal.say(
            f"nothing to do, every file carries {release.title}"
            if texts
            else "nothing to do, no file of what is released carries a version"
        )
    return done


def edits(release: Release, changed: Iterable[str] | None = None) -> dict[str, str]:
    """Return the new text of every file that a bump changes, by path.

    `changed` are the paths that are not committed, where the caller has asked git already.
    """
    return file_edits.changes(file_edits.texts(release, changed))


def paths(release: Release) -> tuple[str, ...]:
    """Return every path that a bump writes, Cargo.lock included."""
    new = edits(release)
    return (*new, *_lock(release)) if new else ()


def _strangers(release: Release, changed: tuple[str, ...]) -> tuple[str, ...]:
    new = edits(release, changed)

    def is_ours(path: str) -> bool:
        there = release.checkout / path
        written = path in new and there.exists() and there.read_bytes() == new[path].encode()
        return written or (bool(new) and path in _lock(release) and _is_bumped_lock(release, path))

    return tuple(path for path in changed if not is_ours(path))


def _is_bumped_lock(release: Release, path: str) -> bool:
    there = release.checkout / path
    return there.exists() and cargo_lock.is_bump(
        git.at_commit(release.checkout, "HEAD", path) or b"", there.read_bytes()
    )


def pending(release: Release) -> tuple[str, ...]:
    """Return the paths that the release commit has to contain; raise `ReleaseError` for strangers."""
    changed = git.changed(release.checkout)
    if odd := _strangers(release, changed) if changed else ():
        fix = "commit or stash them, or name in .gitignore what is made by programs"
        raise ReleaseError(f"the tree has changes that are not committed: {shorten(odd)}", fix)
    return changed


def unwritten(release: Release) -> tuple[str, ...]:
    """Return the paths of the files that do not carry this release's version yet."""
    return tuple(
        path
        for path, text in edits(release).items()
        if (release.checkout / path).read_bytes() != text.encode()
    )


def message(release: Release) -> str:
    """Return the message of the release commit, from the settings' template."""
    shared = release.project.settings.project.commit
    every = " + ".join(f"{part.component.name} v{part.version}" for part in release.parts)
    said = (
        (part.component.commit or shared).format(
            components=every, component=part.component.name, version=part.version, tag=part.tag
        )
        for part in release.parts
    )
    return "\n\n".join(dict.fromkeys(said))  # one line for each component that the template names


def _lock(release: Release) -> tuple[str, ...]:
    return (LOCK,) if LOCK in release.project.files and release.project.manifest else ()


@contextmanager
def _all_or_none(release: Release, old: dict[str, bytes]) -> Iterator[None]:
    try:
        yield
    except BaseException:
        for path, data in old.items():
            files.write_bytes(release.checkout / path, data)
        raise


def _prove(release: Release, every: Iterable[VersionFile]) -> None:
    proved = (
        carrier.mismatches(decode(file_edits.data(release, carrier.path), carrier.path))
        for carrier in every
    )
    if wrong := [said for one in proved for said in one]:
        raise ReleaseError("; ".join(wrong), "mend that file, or name it in [files]")

"""A bump: the new version in every file that carries it, and what of that is not committed yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from invoke.context import Context

from release_tasks import files, shell, terminal
from release_tasks.bumping import (
    bump_check,
    file_edits,
    pins,
    stale_versions,
    together,
)
from release_tasks.bumping.file_edits import FileEdit
from release_tasks.bumping.manifest_file import VersionFile
from release_tasks.bumping.version_files import (
    ChangelogFile,
    LockFile,
    version_files,
)
from release_tasks.errors import ReleaseError, counted, raise_all, shorten
from release_tasks.formats.text_files import decode
from release_tasks.manifests import toml_values
from release_tasks.manifests.version_locations import ShownVersion
from release_tasks.project.kinds import KINDS
from release_tasks.project.model import Unreadable
from release_tasks.tools import git
from release_tasks.tools.cargo import lock as cargo_lock
from release_tasks.tools.git import worktree

if TYPE_CHECKING:
    from release_tasks.release import Release


class Bumped(NamedTuple):
    """What a bump did and found."""

    files: tuple[str, ...] = ()  # that it wrote
    # copies that had another version
    mismatches: tuple[stale_versions.Mismatch, ...] = ()
    # lines that stay at an old version
    stale: tuple[stale_versions.StaleLine, ...] = ()


@dataclass(frozen=True)
class _Plan:
    """What a bump writes."""

    to_edit: tuple[VersionFile, ...]
    edits: dict[str, FileEdit]
    # of every file that it may write, Cargo.lock included
    present: dict[str, bytes]
    todo: dict[str, str]  # new texts of the files that do not have them yet


def write(c: Context, release: Release) -> Bumped:
    """Write the version into every file that carries it. An error restores all of them."""
    raise_all([*unknown_versions(release), *together.left_behind(release)])
    uncommitted = pending(release)
    if release.project.settings.project.version == "tag":
        terminal.say("nothing to do, only the tag has the version")
        return Bumped()
    raise_all(pins.refusals(release))
    plan = _plan(release, uncommitted)
    with (
        _restored_on_error(release, plan.present),
        ThreadPoolExecutor(1) as pool,
    ):
        files.write_all(
            c,
            {release.checkout / path: text for path, text in plan.todo.items()},
        )
        locked: Future[str] | None = None
        if not shell.is_dry(c):
            if _lock(release):  # cargo reads every file, too, so let it begin
                locked = pool.submit(
                    cargo_lock.check_locked,
                    _cargo_checkout(release),
                    "--offline",
                )
            _check(release, plan.to_edit)
        copies = file_edits.inspect_copies(release, plan.edits)
        if locked and locked.exception():
            _update_lock(c, release, plan.present[release.project.cargo_lock])
        if plan.todo or uncommitted:
            bump_check.run(c, release)
    done = Bumped(
        tuple(plan.todo), tuple(copies.mismatches), tuple(copies.stale)
    )
    _report(c, release, plan, done)
    return done


def unknown_versions(release: Release) -> list[ReleaseError]:
    """Return why the version of a component was not found, for each where it was not."""
    errors: list[ReleaseError] = []
    for part in release.parts:
        if part.component.unknown_version:
            errors.append(part.component.unknown_version)
        for kind in KINDS:
            found = getattr(part.component, kind.name)
            if isinstance(found, Unreadable):
                errors.append(found)
    # a manifest that cannot be read is why a version is unknown, too
    return list({error.problem: error for error in errors}.values())


def edits(
    release: Release, uncommitted: Iterable[str] | None = None
) -> dict[str, str]:
    """Return the new text of every file that a bump changes, by path.

    `uncommitted` are the paths that are not committed, where the caller knows them.
    """
    return file_edits.new_texts(file_edits.compute(release, uncommitted))


def paths(release: Release) -> tuple[str, ...]:
    """Return every path that a bump writes, Cargo.lock included."""
    new = edits(release)
    if not new:
        return ()
    return (*new, *_lock(release))


def pending(release: Release) -> tuple[str, ...]:
    """Return the uncommitted paths that belong in the release commit.

    Raises `ReleaseError` where there are other uncommitted changes.
    """
    uncommitted = git.changed(release.checkout)
    if not uncommitted:
        return ()
    others = _changed_by_others(release, uncommitted)
    if others:
        raise ReleaseError(
            f"uncommitted changes: {shorten(others)}",
            "commit or stash them, or add generated files to .gitignore",
        )
    return uncommitted


def unwritten(release: Release) -> tuple[str, ...]:
    """Return the paths of the files that do not have this release's version yet."""
    found = []
    for path, text in edits(release).items():
        if (release.checkout / path).read_bytes() != text.encode():
            found.append(path)
    return tuple(found)


def present_versions(release: Release) -> list[tuple[str, ShownVersion]]:
    """Return every version that a bump sets as the checkout has it, each with its path."""
    if release.project.settings.project.version == "tag":
        return []
    to_read: list[VersionFile] = list(version_files(release))
    for lock in _lock(release):
        to_read.append(LockFile(lock, pins.new_versions(release)))
    found: set[tuple[str, ShownVersion]] = set()
    for file in to_read:
        text = decode(file_edits.read_bytes(release, file.path), file.path)
        found.update((file.path, row) for row in file.shown(text))
    return sorted(found)


def message(release: Release) -> str:
    """Return the message of the release commit, from the templates in the settings."""
    shared = release.project.settings.project.commit
    components = " + ".join(
        f"{part.component.name} v{part.version}" for part in release.parts
    )
    lines = []
    for part in release.parts:
        template = part.component.commit or shared
        lines.append(
            template.format(
                components=components,
                component=part.component.name,
                version=part.version,
                tag=part.tag,
            )
        )
    # only a template that names components differs
    return "\n\n".join(dict.fromkeys(lines))


def _lock(release: Release) -> tuple[str, ...]:
    if release.project.has_cargo and release.project.is_locked:
        return (release.project.cargo_lock,)
    return ()


def _cargo_checkout(release: Release) -> Path:
    """Return the folder of the checkout in which cargo runs."""
    return release.checkout / release.project.cargo_folder


def _plan(release: Release, uncommitted: tuple[str, ...]) -> _Plan:
    to_edit = tuple(version_files(release))
    found = file_edits.compute(release, uncommitted, to_edit)
    new = file_edits.new_texts(found)
    present = {path: found[path].present for path in new}
    for lock in _lock(release):
        present[lock] = file_edits.read_bytes(release, lock)
        if new:
            text = decode(present[lock], lock)
            new[lock] = cargo_lock.bumped(text, pins.new_versions(release))
    todo = {
        path: text
        for path, text in new.items()
        if present[path] != text.encode()
    }
    return _Plan(to_edit, found, present, todo)


@contextmanager
def _restored_on_error(
    release: Release, present: dict[str, bytes]
) -> Iterator[None]:
    try:
        yield
    except BaseException:
        for path, data in present.items():
            files.write_bytes(release.checkout / path, data)
        raise


def _check(release: Release, to_edit: Iterable[VersionFile]) -> None:
    """Read the written files again. Raise `ReleaseError` where one does not have its version."""
    mismatches: list[str] = []
    for file in to_edit:
        text = decode(file_edits.read_bytes(release, file.path), file.path)
        mismatches += file.mismatches(text)
    if mismatches:
        raise ReleaseError(
            "; ".join(mismatches),
            "every file was put back; report this with the lines that are named",
        )


def _update_lock(c: Context, release: Release, present: bytes) -> None:
    """Let cargo update a Cargo.lock that did not agree with the manifests before the bump."""
    # with an error for a broken one
    lock = release.project.cargo_lock
    toml_values.load(decode(present, lock), lock)
    files.write_bytes(release.checkout / lock, present)
    cargo_lock.update(c, _cargo_checkout(release))


def _report(c: Context, release: Release, plan: _Plan, done: Bumped) -> None:
    versions = release.title
    if len(release.parts) == 1:
        versions = f"version {release.parts[0].version}"
    is_only_in_tags = all(
        isinstance(file, ChangelogFile) for file in plan.to_edit
    )
    verb = "would set" if shell.is_dry(c) else "set"
    count = counted(len(plan.todo), "file")
    if plan.todo:
        terminal.say(f"{verb} {versions} in {count}")
    elif is_only_in_tags:
        terminal.say("nothing to do, no manifest has a version")
    else:
        terminal.say(f"nothing to do, every file has {versions}")
        return
    for line in _changelog_lines(plan):
        terminal.notice(line)
    for line in stale_versions.mismatch_lines(done.mismatches):
        terminal.notice(line)
    if done.stale:
        *fact, advice = stale_versions.stale_lines(done.stale)
        terminal.notice_unless_shown(fact, advice)


def _changelog_lines(plan: _Plan) -> Iterator[str]:
    """Yield what is left to do in changelogs: old links that stay, sections without an entry."""
    for file in plan.to_edit:
        if isinstance(file, ChangelogFile) and file.path in plan.todo:
            if sentence := file.without_entry(plan.todo[file.path]):
                yield sentence
            yield from file.links_left(
                decode(plan.present[file.path], file.path)
            )


def _changed_by_others(
    release: Release, uncommitted: tuple[str, ...]
) -> tuple[str, ...]:
    """Return the uncommitted paths that do not have exactly what a bump writes."""
    new = edits(release, uncommitted)
    lock = _lock(release) if new else ()
    found = []
    for path in uncommitted:
        file = release.checkout / path
        is_written = (
            path in new
            and file.exists()
            and file.read_bytes() == new[path].encode()
        )
        if not is_written and not (path in lock and _is_bumped_lock(release)):
            found.append(path)
    return tuple(found)


def _is_bumped_lock(release: Release) -> bool:
    lock = release.project.cargo_lock
    file = release.checkout / lock
    if not file.exists():
        return False
    committed = worktree.files_at(release.checkout, "HEAD", (lock,))
    return cargo_lock.is_bump(committed.get(lock, b""), file.read_bytes())

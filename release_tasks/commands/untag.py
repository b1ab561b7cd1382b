"""Delete a tag that nobody wanted, here and on origin, while nothing else of it is public."""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke.context import Context

from release_tasks import shell, terminal
from release_tasks.errors import ReleaseError, shorten
from release_tasks.printable import word
from release_tasks.tasks import command

if TYPE_CHECKING:
    from release_tasks.release import Release


@command
def untag(
    c: Context,
    version: str | None = None,
    component: str | None = None,
    tag: str = "",
    leave_public: bool = False,
    json: bool = False,
) -> None:
    """Delete a tag, if nothing else of its release is public."""
    from release_tasks.release import Release
    from release_tasks.rollback import tags

    if tag and version:
        raise ReleaseError(
            "--tag and --version name the same thing",
            f"inv untag --tag {word(tag)}",
        )
    if tag:
        release = tags.release_of(c, tag)
        names = [tag]
    else:
        release = Release.at(c, version, component)
        names = [part.tag for part in release.parts]
    public = tags.public_of(release, names)
    if public and not leave_public:
        _refuse(release, names, public)
    deleted = tags.delete(c, release, names, keeps_drafts=bool(public))
    if json:
        data = {"tags": names, "deleted": deleted, "public": public}
        terminal.print_json(data)
    else:
        _say(c, names, deleted, public)


def _refuse(release: Release, names: list[str], public: list[str]) -> None:
    tag = names[0]
    options = f"--version {release.request}"
    if tag not in [part.tag for part in release.parts]:
        options = f"--tag {word(tag)}"
    raise ReleaseError(
        f"{tag} stays, something of it is public: {shorten(public)}",
        f"inv untag {options} --leave-public, which deletes the tag alone; "
        "`inv rollback` takes back what is public",
    )


def _say(
    c: Context, names: list[str], deleted: list[str], public: list[str]
) -> None:
    verb = "would delete" if shell.is_dry(c) else "deleted"
    if deleted:
        terminal.say(f"{verb} {shorten(deleted)}, here and on origin")
    else:
        terminal.say(f"nothing to do, there is no tag {shorten(names)}")
    for name in public:
        terminal.say(f"still public: {name}")

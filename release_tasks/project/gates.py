"""The gates of a project: what must pass before a release, and which of it for which kind of release."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from release_tasks.errors import ReleaseError
from release_tasks.project import containers, python_gates
from release_tasks.project.model import Gate, Project, resolved_or_empty
from release_tasks.project.settings import FILE
from release_tasks.versions.numbers import parse

if TYPE_CHECKING:
    from semver import Version

ALL = "preflight"  # the session that requires every gate
KINDS = ("major", "minor", "patch", "hotfix")


def gates(project: Project) -> tuple[Gate, ...]:
    """Return every gate; raise `ReleaseError` where the settings name one that is not there."""
    table = project.settings.gates
    found = {one.name: one for one in (_listed(project) if table.run else defaults(project))}
    for name, line in table.named.items():
        if name == ALL:
            raise ReleaseError(
                f"{FILE}: [gates]: {name} is the name of all of them", "choose another one"
            )
        if line is False:
            _known(name, found)
            del found[name]
        else:
            found[name] = Gate(name, (_words(line),), project.root)
    for name in (name for kind in KINDS for name in getattr(table, kind) or ()):
        _known(name, found)
    return tuple(found.values())


def defaults(project: Project) -> tuple[Gate, ...]:
    """Return the gates of a project whose settings have no `run`: those of Rust, of Python and of charts."""
    return (*_rust(project), *python_gates.found(project), *_charts(project))


def chosen(project: Project, versions: Iterable[str], branch: str | None) -> tuple[str, ...] | None:
    """Return the names of the gates that the settings want for a release of these versions, or None for all."""
    table, names = project.settings.gates, set[str]()
    for number in map(parse, versions):
        kind = "patch" if number.patch else "minor" if number.minor else "major"
        wanted = (
            table.hotfix
            if is_hotfix(number, branch) and table.hotfix is not None
            else getattr(table, kind)
        )
        if wanted is None:
            return None
        names.update(wanted)
    return tuple(one.name for one in gates(project) if one.name in names)


def is_hotfix(number: Version, branch: str | None) -> bool:
    """Tell whether a version of this branch is a hotfix: a patch from one called `hotfix...`."""
    return number.patch > 0 and branch is not None and branch.startswith("hotfix")


def _listed(project: Project) -> Iterator[Gate]:
    names: list[str] = []
    for line in project.settings.gates.run:
        names.append(re.sub(r"[^\w.]+", "-", line).strip("-."))
        is_again = names[-1] in names[:-1]
        yield Gate(
            f"{names[-1]}-{len(names)}" if is_again else names[-1], (_words(line),), project.root
        )


def _rust(project: Project) -> Iterator[Gate]:
    if project.manifest is None:
        return
    locked = ("--locked",) if "Cargo.lock" in project.files else ()
    for name, argv in {
        "rustfmt": ("cargo", "fmt", "--all", "--check"),
        "clippy": ("cargo", "clippy", *locked, "--all-targets", "--quiet", "--", "-D", "warnings"),
        "test": ("cargo", "test", *locked, "--quiet"),
        "doc": ("cargo", "doc", *locked, "--no-deps", "--quiet"),
    }.items():
        yield Gate(name, (argv,), project.root)


def _charts(project: Project) -> Iterator[Gate]:
    found = resolved_or_empty(
        containers.charts(project.root, project.files, project.settings, project.repository)
    )
    places = [f"{{copy}}/{chart.folder.relative_to(project.root).as_posix()}" for chart in found]
    for verb in ("lint", "template") if places else ():
        yield Gate(f"helm-{verb}", tuple(("helm", verb, place) for place in places), project.root)


def _words(line: str) -> tuple[str, ...]:
    try:
        words = tuple(shlex.split(line))
    except ValueError as error:
        raise ReleaseError(
            f"{FILE}: [gates]: {line} is no command: {error}", "mend its quotes"
        ) from error
    if not words:
        raise ReleaseError(
            f"{FILE}: [gates]: an empty text is no command", "name a command, or false for none"
        )
    return words


def _known(name: str, found: Iterable[str]) -> None:
    if name not in found:
        raise ReleaseError(
            f"{FILE}: [gates]: there is no gate {name}", f"known are {', '.join(found) or 'none'}"
        )

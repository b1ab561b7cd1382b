"""Every effective setting and its source: the settings file, the default, or discovery."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from release_tasks.project.gates import defaults
from release_tasks.project.kinds import NAMED, Kind
from release_tasks.project.model import (
    Chart,
    Component,
    Project,
    Unresolved,
    resolved_or_empty,
)
from release_tasks.project.settings import FILE, Settings, table_types

# a component has those of [github], or is the only one
INHERITED = ("title", "assets", "latest")
DEFAULTS = {"tag": "v{version}"}  # where discovery finds nothing else
File = Mapping[str, Any]  # a table of the settings file as it is written


@dataclass(frozen=True)
class Setting:
    """A key of a table, its effective value as JSON can hold it, and the source of that value."""

    table: str
    key: str
    value: Any
    source: str  # settings, default or discovered


def values(
    project: Project, computed: Mapping[str, object]
) -> list[dict[str, Any]]:
    """Return `table`, `key`, `value` and `source` of every setting, in the order of the tables.

    `computed` holds values of absent keys that are not discovered here, as `project.branch`.
    """
    path = project.root / FILE
    file = tomllib.loads(path.read_text("utf-8")) if path.exists() else {}
    named_kinds = {
        kind.name: kind for kind in NAMED if kind.name in table_types()
    }
    del named_kinds["binaries"]  # nothing of them is discovered
    found: list[Setting] = []
    for name in Settings.__struct_fields__:
        table = getattr(project.settings, name)
        written = file.get(name, {})
        if not isinstance(table, dict):
            found += _table(project, name, table, written, computed)
        elif name == "components":
            found += _components(project, file)
        elif name in named_kinds:
            found += _things(project, named_kinds[name], written)
        else:
            found += _written(name, written)
        if name == "gates":
            found += _gates(project)
    return [asdict(setting) for setting in found]


def _components(project: Project, file: File) -> Iterator[Setting]:
    github = file.get("github", {})
    inherited = {key: github[key] for key in INHERITED if key in github}
    written = file.get("components", {})
    for component in project.components:
        own = written.get(component.name, written.get("{crate}", {}))
        yield from _named(
            project, "components", component.name, component, inherited | own
        )


def _things(project: Project, kind: Kind, written: File) -> Iterator[Setting]:
    """Yield the settings of each package, image or chart that is shipped."""
    for component in project.components:
        for thing in resolved_or_empty(getattr(component, kind.name)):
            name = kind.public_name(thing)
            yield from _named(
                project, kind.name, name, thing, written.get(name, {})
            )


def _named(
    project: Project,
    kind: str,
    name: str,
    thing: Component | Any,
    written: File,
) -> Iterator[Setting]:
    """Yield the settings of one table that has a name, from the thing that it is about."""
    table = getattr(project.settings, kind).get(name, table_types()[kind]())
    discovered = vars(thing) | {"path": getattr(thing, "folder", "")}
    yield from _table(project, f'{kind}."{name}"', table, written, discovered)


def _table(
    project: Project,
    header: str,
    table: Any,
    written: File,
    discovered: Mapping[str, Any],
) -> Iterator[Setting]:
    for name, key in zip(
        table.__struct_fields__, table.__struct_encode_fields__, strict=True
    ):
        if name == "named":  # of [gates]: no key of that name
            continue
        configured = getattr(table, name)
        if configured is None and name in DEFAULTS:
            configured = DEFAULTS[name]
        value = discovered.get(
            name, discovered.get(f"{header}.{name}", configured)
        )
        if key in written:
            source = "settings"
        elif not value or value == configured or name in INHERITED:
            source = "default"
        else:
            source = "discovered"
        if isinstance(configured, dict):
            value = configured
        yield Setting(header, key, _plain(project, value), source)


def _gates(project: Project) -> Iterator[Setting]:
    """Yield the gates with a name: those of the settings, then the defaults beside them."""
    table = project.settings.gates
    yield from _written("gates", table.named)
    if table.run:
        return
    for gate in defaults(project):
        if gate.name not in table.named:
            yield Setting("gates", gate.name, gate.line, "default")


def _written(header: str, table: File) -> Iterator[Setting]:
    """Yield the keys of a table as they are written, those of the tables in it too."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _written(f'{header}."{key}"', value)
        else:
            yield Setting(header, key, value, "settings")


def _plain(project: Project, value: Any) -> Any:
    """Return a value as JSON can hold it: paths relative to the root, nouns by their names."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Unresolved):
        return {"question": value.problem, "fix": value.fix}
    if isinstance(value, Path):
        return value.relative_to(project.root).as_posix()
    if isinstance(value, (tuple, list)):
        return list(dict.fromkeys(_plain(project, one) for one in value))
    if isinstance(value, Chart):
        return value.reference
    return getattr(value, "name", value)

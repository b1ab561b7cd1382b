"""Every effective setting and its source: said in the settings, the default, or discovered."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from release_tasks.errors import ReleaseError
from release_tasks.project.gates import defaults
from release_tasks.project.model import Project, resolved_or_empty
from release_tasks.project.settings import (
    FILE,
    ChartTable,
    ComponentTable,
    ImageTable,
    PythonTable,
    Settings,
)

NAMED: dict[str, Any] = {
    "components": ComponentTable,
    "python": PythonTable,
    "images": ImageTable,
    "charts": ChartTable,
}
INHERITED = (
    "title",
    "assets",
    "latest",
)  # a component has them from [github], or by being the only one
Said = Mapping[str, Any]


def values(project: Project, computed: Mapping[str, object]) -> list[dict[str, Any]]:
    """Return `table`, `key`, `value` and `source` of every setting, in the order of the settings' tables.

    `computed` holds what the rest of the program puts in the place of an absent key, as `project.branch`.
    """
    path = project.root / FILE
    said = tomllib.loads(path.read_text("utf-8")) if path.exists() else {}
    rows: list[dict[str, Any]] = []
    for field in Settings.__struct_fields__:
        table, here = getattr(project.settings, field), said.get(field, {})
        if field in NAMED:
            rows += _named(project, field, said)
        elif isinstance(table, dict):  # a table of tables or of plain values, all of it said
            rows += _said(field, here)
        else:
            rows += _table(project, field, table, here, computed)
        if field == "gates":
            rows += _said(field, table.named)
            others = (
                ()
                if table.run
                else (gate for gate in defaults(project) if gate.name not in table.named)
            )
            rows += (
                {"table": field, "key": gate.name, "value": gate.line, "source": "default"}
                for gate in others
            )
    return rows


def _said(header: str, table: Said) -> Iterator[dict[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _said(f'{header}."{key}"', value)
        else:
            yield {"table": header, "key": key, "value": value, "source": "settings"}


def _named(project: Project, kind: str, said: Said) -> Iterator[dict[str, Any]]:
    whole = said.get("github", {}) if kind == "components" else {}
    shared, here = {key: whole[key] for key in INHERITED if key in whole}, said.get(kind, {})
    found = (
        [project.components]
        if kind == "components"
        else [getattr(one, kind) for one in project.components]
    )
    for one in (one for some in found for one in resolved_or_empty(some)):
        name = getattr(one, "reference", None) or one.name
        table = getattr(project.settings, kind).get(name, NAMED[kind]())
        heard = shared | here.get(name, here.get("{crate}", {}))
        yield from _table(
            project,
            f'{kind}."{name}"',
            table,
            heard,
            vars(one) | {"path": getattr(one, "folder", "")},
        )


def _table(
    project: Project, header: str, table: Any, said: Said, found: Said
) -> Iterator[dict[str, Any]]:
    for name, key in zip(table.__struct_fields__, table.__struct_encode_fields__, strict=True):
        default = getattr(table, name)
        value = found.get(name, found.get(f"{header}.{name}", default))
        is_default = not value or value == default or name in INHERITED
        source = "settings" if key in said else "default" if is_default else "discovered"
        if name != "named":
            yield {
                "table": header,
                "key": key,
                "value": _plain(project, default if isinstance(default, dict) else value),
                "source": source,
            }


def _plain(project: Project, value: Any) -> Any:
    """Return a value as JSON can hold it: paths as the settings have them, nouns by their names."""
    if isinstance(value, ReleaseError):
        return {"question": value.problem, "fix": value.fix}
    if isinstance(value, Path):
        return value.relative_to(project.root).as_posix()
    if isinstance(value, (tuple, list)):
        return list(dict.fromkeys(_plain(project, one) for one in value))
    return getattr(value, "reference", getattr(value, "name", value))

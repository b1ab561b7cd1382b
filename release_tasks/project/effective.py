"""Every effective setting and its source: said in the settings, the default, or discovered."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from release_tasks.errors import ReleaseError
from release_tasks.project.model import Project
from release_tasks.project.settings import FILE, ChartTable, ComponentTable, ImageTable, PythonTable, Settings

SHIPPED = {"python": PythonTable, "images": ImageTable, "charts": ChartTable}
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
        if field == "components":
            rows += _components(project, said)
        elif field in SHIPPED:
            rows += _shipped(project, field, here)
        elif isinstance(table, dict):  # a table of tables or of plain values, all of it said
            named = {name: row for name, row in here.items() if isinstance(row, dict)}
            rest = {name: row for name, row in here.items() if name not in named}
            for header, row in ((field, rest), *((f'{field}."{name}"', row) for name, row in named.items())):
                rows += ({"table": header, "key": k, "value": v, "source": "settings"} for k, v in row.items())
        else:
            rows += _table(project, field, table, here, {k: v for k, v in computed.items() if k.startswith(f"{field}.")})
            named = getattr(table, "named", {})  # gates with names of their own
            rows = [row for row in rows if row["key"] != "named"]
            rows += ({"table": field, "key": key, "value": value, "source": "settings"} for key, value in named.items())
    return rows


def _components(project: Project, said: Said) -> Iterator[dict[str, Any]]:
    tables = said.get("components", {})
    shared = {key: value for key, value in said.get("github", {}).items() if key in ("title", "assets", "latest")}
    for one in project.components:
        table = project.settings.components.get(one.name, ComponentTable())
        table = replace(table, title=one.title, assets=one.assets, latest=one.latest)
        here = shared | tables.get(one.name, tables.get("{crate}", {}))
        yield from _table(project, f'components."{one.name}"', table, here, vars(one))


def _shipped(project: Project, kind: str, said: Said) -> Iterator[dict[str, Any]]:
    for component in project.components:
        found = getattr(component, kind)
        for one in () if isinstance(found, ReleaseError) else found:
            name = getattr(one, "reference", one.name if kind == "python" else "")
            table = getattr(project.settings, kind).get(name, SHIPPED[kind]())
            yield from _table(project, f'{kind}."{name}"', table, said.get(name, {}), vars(one) | {"path": getattr(one, "folder", "")})


def _table(project: Project, header: str, table: Any, said: Said, found: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name, key in zip(table.__struct_fields__, table.__struct_encode_fields__, strict=True):
        default = getattr(table, name)
        value = found.get(name, found.get(f"{header}.{name}", default))
        source = "settings" if key in said else "default" if value == default or not value else "discovered"
        yield {"table": header, "key": key, "value": _plain(project, default if isinstance(default, dict) else value), "source": source}


def _plain(project: Project, value: Any) -> Any:
    """Return a value as JSON can hold it: paths as the settings have them, nouns by their names."""
    if isinstance(value, ReleaseError):
        return {"question": value.problem, "fix": value.fix}
    if isinstance(value, Path):
        return value.relative_to(project.root).as_posix()
    if isinstance(value, (tuple, list)):
        return list(dict.fromkeys(_plain(project, one) for one in value))
    return getattr(value, "reference", getattr(value, "name", value))

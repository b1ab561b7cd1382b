"""The hash of a pyproject.toml that Poetry and PDM write into their lock files.

The rules: poetry/packages/locker.py (`_get_content_hash`), pdm/project/project_file.py
(`content_hash`), in their present form and in earlier ones.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from release_tasks.manifests.toml_values import table_at

Data = Mapping[str, Any]
_POETRY_ALWAYS = ("dependencies", "source", "extras", "dev-dependencies")
_POETRY = (*_POETRY_ALWAYS, "group")
_PROJECT = ("requires-python", "dependencies", "optional-dependencies")


def of_poetry(data: Data) -> list[str]:
    """Return the hashes that versions of Poetry write for the data of a pyproject.toml."""
    groups = table_at(data, "dependency-groups")
    found = [_poetry(data, groups)]
    if groups:  # before Poetry 2.2
        found.append(_poetry(data, {}))
    return found


def of_pdm(data: Data) -> list[str]:
    """Return the hashes that versions of PDM write for the data of a pyproject.toml."""
    resolution = table_at(data, "tool", "pdm", "resolution")
    overrides = table_at(resolution, "overrides")
    return [
        f"sha256:{_pdm(data, resolution=resolution)}",
        f"sha256:{_pdm(data, overrides=overrides)}",  # before PDM 2.11
    ]


def _poetry(data: Data, groups: Data) -> str:
    project = _chosen(table_at(data, "project"), _PROJECT)
    own = table_at(data, "tool", "poetry")
    poetry = _chosen(own, _POETRY)
    if project or groups:
        content: dict[str, Any] = {"tool": {"poetry": poetry}}
        if project:
            content["project"] = project
        if groups:
            content["dependency-groups"] = groups
        return _sha256(content)
    return _sha256(dict.fromkeys(_POETRY_ALWAYS) | poetry)


def _pdm(data: Data, **more: Any) -> str:
    project = table_at(data, "project")
    settings = table_at(data, "tool", "pdm")
    groups: dict[str, list[Any]] = {}
    for table in (
        table_at(data, "dependency-groups"),
        table_at(settings, "dev-dependencies"),
    ):
        for name, rows in table.items():
            groups.setdefault(_normalized(name), []).extend(rows)
    return _sha256(
        {
            "sources": settings.get("source", []),
            "dependencies": project.get("dependencies", []),
            "dev-dependencies": groups,
            "optional-dependencies": project.get("optional-dependencies", {}),
            "requires-python": project.get("requires-python", ""),
            **more,
        }
    )


def _normalized(name: str) -> str:
    from packaging.utils import canonicalize_name

    return str(canonicalize_name(name))


def _chosen(table: Data, keys: tuple[str, ...]) -> dict[str, Any]:
    return dict(_items(table, keys))


def _items(table: Data, keys: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    for key in keys:
        if table.get(key) is not None:
            yield key, table[key]


def _sha256(content: Any) -> str:
    return hashlib.sha256(
        json.dumps(content, sort_keys=True).encode()
    ).hexdigest()

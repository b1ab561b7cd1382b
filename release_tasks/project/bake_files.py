"""The targets of docker's bake files: their tags, and what they are built from.

docs.docker.com/build/bake/reference: HCL or JSON, `variable` with a default that the environment
replaces, `group`, `inherits`. Functions and other expressions are unknown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from posixpath import join, normpath
from typing import Any

from release_tasks.formats.text_files import peek
from release_tasks.project.image_commands import UNKNOWN, Built

# by default
FILES = ("docker-bake.json", "docker-bake.hcl", "docker-bake.override.hcl")
_BLOCK = re.compile(
    r'^(variable|target|group)\s+"([^"]+)"[ \t]*\{[ \t]*\n(.*?)^\}', re.M | re.S
)
_SHORT = re.compile(r'^(variable)\s+"([^"]+)"\s*\{([^{}\n]*)\}', re.M)
_LIST = re.compile(r"^\s*([\w-]+)\s*=\s*\[(.*?)\]", re.M | re.S)
_TEXT = re.compile(r'^\s*([\w-]+)\s*=\s*"([^"\n]*)"', re.M)
_COMMENT = re.compile(r"^\s*(?:#|//).*$", re.M)
_INTERPOLATION = re.compile(r"\$\{\s*([^}]*?)\s*\}")

Table = dict[str, Any]


def targets(
    root: Path, files: list[str], wanted: list[str], values: Mapping[str, str]
) -> Iterator[tuple[list[str], Built]]:
    """Yield the tags of each target that is built, and from what.

    `wanted` are targets or groups, by default the group or target `default`; `values` has the
    variables as `env.NAME`.
    """
    blocks: dict[str, dict[str, Table]] = {
        "variable": {},
        "target": {},
        "group": {},
    }
    for name in files or FILES:
        with suppress(ValueError):
            _read(peek(root, name), name, blocks)
    variables = {
        name: values.get(f"env.{name}", str(table.get("default", UNKNOWN)))
        for name, table in blocks["variable"].items()
    }
    for name in _chosen(wanted or ["default"], blocks):
        table = _inherited(name, blocks["target"], set())
        tags = [_filled(tag, variables) for tag in _texts(table.get("tags"))]
        context = normpath(_filled(str(table.get("context", ".")), variables))
        dockerfile = str(table.get("dockerfile", "Dockerfile"))
        platforms = [
            _filled(one, variables) for one in _texts(table.get("platforms"))
        ]
        built = Built(
            normpath(join(context, _filled(dockerfile, variables))),
            context if context != "." else "",
            str(table.get("target", "")),
            tuple(platforms),
        )
        yield tags, built


def _read(text: str, name: str, blocks: dict[str, dict[str, Table]]) -> None:
    if name.endswith(".json"):
        data = json.loads(text)
        for kind in blocks:
            for key, table in dict(data.get(kind, {})).items():
                blocks[kind].setdefault(key, {}).update(table)
        return
    text = _COMMENT.sub("", text)
    for pattern in (_SHORT, _BLOCK):
        for kind, key, body in pattern.findall(text):
            found: Table = dict(_TEXT.findall(body))
            for field, rows in _LIST.findall(body):
                found[field] = re.findall(r'"([^"\n]*)"', rows)
            blocks[kind].setdefault(key, {}).update(found)


def _chosen(
    wanted: list[str], blocks: dict[str, dict[str, Table]]
) -> Iterator[str]:
    """Yield the targets of groups, and others as they are."""
    for name in wanted:
        if name in blocks["group"]:
            members = _texts(blocks["group"][name].get("targets"))
            yield from _chosen([one for one in members if one != name], blocks)
        elif name in blocks["target"]:
            yield name


def _inherited(name: str, tables: dict[str, Table], above: set[str]) -> Table:
    if name in above:
        return {}
    found: Table = {}
    for parent in _texts(tables.get(name, {}).get("inherits")):
        found |= _inherited(parent, tables, above | {name})
    return found | tables.get(name, {})


def _filled(text: str, variables: Mapping[str, str]) -> str:
    return _INTERPOLATION.sub(
        lambda found: variables.get(found[1], UNKNOWN), text
    )


def _texts(value: Any) -> list[str]:
    if isinstance(value, list):
        return [str(one) for one in value]
    return []

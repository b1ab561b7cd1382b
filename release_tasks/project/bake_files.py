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
DEEPEST = 50  # targets that inherit one from the other
# a block ends where another one begins, too: no text is looked through twice
_BLOCK = re.compile(
    r'^(variable|target|group)[ \t]+"([^"\n]+)"[ \t]*\{[ \t]*\n'
    r'((?:(?!\}|(?:variable|target|group)[ \t]+").*\n)*)\}',
    re.M,
)
_SHORT = re.compile(r'^(variable)[ \t]+"([^"\n]+)"[ \t]*\{([^{}\n]*)\}', re.M)
_LIST = re.compile(r"^[ \t]*([\w-]+)[ \t]*=[ \t]*\[([^\[\]]*)\]", re.M)
_TEXT = re.compile(r'^[ \t]*([\w-]+)[ \t]*=[ \t]*"([^"\n]*)"', re.M)
_COMMENT = re.compile(r"^[ \t]*(?:#|//).*$", re.M)
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
    known: dict[str, Table] = {}
    for name in _chosen(wanted or ["default"], blocks):
        table = _inherited(name, blocks["target"], known)
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
    """Yield the targets of groups, and others as they are, each once."""
    left = wanted[::-1]
    seen = set()
    while left:
        name = left.pop()
        if name in seen:
            continue
        seen.add(name)
        if name in blocks["group"]:
            left += _texts(blocks["group"][name].get("targets"))[::-1]
        elif name in blocks["target"]:
            yield name


def _inherited(
    name: str, tables: dict[str, Table], known: dict[str, Table], depth: int = 0
) -> Table:
    """Return a target with what it inherits; `known` are those that were asked for before."""
    if name in known:
        return known[name]
    known[name] = {}  # of a target that inherits itself
    found: Table = {}
    if depth < DEEPEST:
        for parent in _texts(tables.get(name, {}).get("inherits")):
            found |= _inherited(parent, tables, known, depth + 1)
    known[name] = found | tables.get(name, {})
    return known[name]


def _filled(text: str, variables: Mapping[str, str]) -> str:
    return _INTERPOLATION.sub(
        lambda found: variables.get(found[1], UNKNOWN), text
    )


def _texts(value: Any) -> list[str]:
    if isinstance(value, list):
        return [str(one) for one in value]
    return []

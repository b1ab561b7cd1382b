"""The value behind a key (`version`, `project.version`) in JSON, TOML, YAML, XML or Python."""

from __future__ import annotations

from pathlib import PurePosixPath

from release_tasks.errors import ReleaseError
from release_tasks.manifests import json_values, toml_values, yaml_values
from release_tasks.manifests.python_values import assigned, keyword
from release_tasks.manifests.version_locations import Value
from release_tasks.manifests.xml_values import elements


def find(text: str, path: str, key: str) -> tuple[Value, ...]:
    """Return the values of a dotted key; raise `ReleaseError` where there is none, or no such form.

    JSON, TOML and YAML have one. In XML it is the element nearest to the root; in Python every
    assignment to the name, and the keyword of `setup()`.
    """
    suffix = PurePosixPath(path).suffix
    if suffix == ".py":
        values = (*assigned(text, path, key), *keyword(text, path, "setup", key))
    elif suffix in (".json", ".toml", ".yaml", ".yml"):
        values = _data(text, path, key, suffix)
    elif text.lstrip("\ufeff \t\r\n").startswith("<"):
        values = _xml(text, path, key)
    else:
        raise ReleaseError(
            f"{path} is no JSON, TOML, YAML, XML or Python: it has no keys",
            "write a text with {version} in [files]",
        )
    if not values:
        raise ReleaseError(
            f"{path} has no {key} with a text behind it",
            f"correct [files] {path}: tables and key are joined by dots",
        )
    return values


def _data(text: str, path: str, key: str, suffix: str) -> tuple[Value, ...]:
    if suffix in (".yaml", ".yml"):
        scalars = yaml_values.scalars(text, path).items()
        return tuple(value for at, value in scalars if _named(at) == key)
    kind = json_values if suffix == ".json" else toml_values
    spans = kind.spans(text, path).items()
    return tuple(
        Value(text[start:end], start, end) for at, (start, end) in spans if _named(at) == key
    )


def _xml(text: str, path: str, key: str) -> tuple[Value, ...]:
    wanted = tuple(key.split("."))
    found = [one for one in elements(text, path, wanted[-1]) if one[0][-len(wanted) :] == wanted]
    nearest = min((len(names) for names, _, _ in found), default=0)
    found = [one for one in found if len(one[0]) == nearest]
    if len(found) > 1:
        raise ReleaseError(
            f"{path} has {len(found)} elements <{key}>", f"correct [files] {path}: parent.{key}"
        )
    return tuple(_stripped(text, start, end) for _, start, end in found)


def _stripped(text: str, start: int, end: int) -> Value:
    value = text[start:end].strip()
    start = text.index(value, start)
    return Value(value, start, start + len(value))


def _named(path: tuple[str | int, ...]) -> str:
    return ".".join(map(str, path))

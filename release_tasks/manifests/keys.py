"""The value of a key (`version`, `project.version`) in JSON, TOML, YAML, XML or Python."""

from __future__ import annotations

from pathlib import PurePosixPath

from release_tasks.errors import ReleaseError
from release_tasks.manifests import json_values, toml_values, yaml_values
from release_tasks.manifests.python_values import assigned, keyword
from release_tasks.manifests.toml_values import KeyPath, Span
from release_tasks.manifests.version_locations import NotFound, Value
from release_tasks.manifests.xml_values import elements


def find(text: str, path: str, key: str) -> tuple[Value, ...]:
    """Return the values of a dotted key.

    JSON, TOML and YAML have one. In XML it is the element nearest to the root; in Python it is
    every assignment to the name, and the keyword argument of `setup()`. Raises `ReleaseError`
    where there is no value, and for another kind of file.
    """
    values = _values(text, path, key)
    if not values:
        raise NotFound(
            f"{path} has no string at the key `{key}`",
            f"correct {path} in [files]: tables and key are joined by dots",
        )
    return values


def _values(text: str, path: str, key: str) -> tuple[Value, ...]:
    suffix = PurePosixPath(path).suffix
    if suffix == ".py":
        return (*assigned(text, path, key), *keyword(text, path, "setup", key))
    reader = _READERS.get(suffix)
    if reader:
        return reader(text, path, key)
    start = text.lstrip("\ufeff \t\r\n")[:1]
    if start == "<":
        return _xml(text, path, key)
    # the name does not tell: what can be read in one of the forms, and has the key
    for reader in (_json, _toml, _yaml):
        try:
            found = reader(text, path, key)
        except ReleaseError:
            continue
        if found:
            return found
    raise ReleaseError(
        f"{path} is not JSON, TOML, YAML, XML or Python, so it has no keys",
        "write a text with {version} in [files]",
    )


def _json(text: str, path: str, key: str) -> tuple[Value, ...]:
    return _at_spans(text, json_values.spans(text, path), key)


def _toml(text: str, path: str, key: str) -> tuple[Value, ...]:
    return _at_spans(text, toml_values.spans(text, path), key)


def _yaml(text: str, path: str, key: str) -> tuple[Value, ...]:
    scalars = yaml_values.scalars(text, path)
    return tuple(
        value for keys, value in scalars.items() if _dotted(keys) == key
    )


def _at_spans(
    text: str, spans: dict[KeyPath, Span], key: str
) -> tuple[Value, ...]:
    found = [span for keys, span in spans.items() if _dotted(keys) == key]
    return tuple(Value(text[start:end], start, end) for start, end in found)


def _xml(text: str, path: str, key: str) -> tuple[Value, ...]:
    wanted = tuple(key.split("."))
    found = []
    for element in elements(text, path, wanted[-1]):
        if element.names[-len(wanted) :] == wanted:
            found.append(element)
    least = min((len(element.names) for element in found), default=0)
    nearest = [element for element in found if len(element.names) == least]
    if len(nearest) > 1:
        raise ReleaseError(
            f"{path} has {len(nearest)} elements <{key}>",
            f"correct {path} in [files]: write the parent, too, as in PARENT.{key}",
        )
    return tuple(
        _stripped(text, element.start, element.end) for element in nearest
    )


def _stripped(text: str, start: int, end: int) -> Value:
    value = text[start:end].strip()
    start = text.index(value, start)
    return Value(value, start, start + len(value))


def _dotted(keys: KeyPath) -> str:
    return ".".join(map(str, keys))


_READERS = {".json": _json, ".toml": _toml, ".yaml": _yaml, ".yml": _yaml}

"""Where each scalar of a YAML text is, so that an edit changes its characters and nothing else."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

from release_tasks.errors import ReleaseError
from release_tasks.formats import yaml_texts
from release_tasks.manifests.version_locations import Value

KeyPath = tuple[str | int, ...]


def scalars(text: str, path: str) -> dict[KeyPath, Value]:
    """Return each scalar of a one-document YAML text by its key path.

    Raises `ReleaseError` with line and column for bad YAML.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an anchor may be defined twice
            node = YAML(typ="rt", pure=True).compose(text)
        if node is None:
            return {}
        yaml_texts.refuse_large(node, path)
        return dict(_scalars(node, (), text, frozenset()))
    except MarkedYAMLError as error:
        raise _invalid(path, yaml_texts.marked(error)) from None
    except (YAMLError, *yaml_texts.BUGS) as error:
        reason = str(error) or "it is nested too deeply"
        raise _invalid(path, reason.splitlines()[0]) from None


def data(text: str, path: str) -> Any:
    """Return what a one-document YAML text holds: dicts, lists, and its scalars.

    Raises `ReleaseError` with line and column for bad YAML.
    """
    return yaml_texts.load(text, path)


def _invalid(path: str, reason: str) -> ReleaseError:
    return ReleaseError(
        f"{path} is not valid YAML: {reason}", f"correct the syntax of {path}"
    )


def _scalars(
    node: Any, path: KeyPath, text: str, above: frozenset[int]
) -> Iterator[tuple[KeyPath, Value]]:
    if id(node) in above:  # an anchor that contains itself
        return
    above |= {id(node)}
    if node.id == "mapping":
        for key, value in node.value:
            yield from _scalars(value, (*path, str(key.value)), text, above)
    elif node.id == "sequence":
        for index, value in enumerate(node.value):
            yield from _scalars(value, (*path, index), text, above)
    elif node.value.strip():
        yield path, _value(node, text)


def _value(node: Any, text: str) -> Value:
    value = node.value.strip()
    start = node.start_mark.index
    end = node.end_mark.index
    at = text.rfind(value, start, end)  # behind an anchor, a tag or a quote
    if at >= 0:
        return Value(value, at, at + len(value))
    return Value(value, start, end)

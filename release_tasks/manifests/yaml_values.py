"""Where each scalar of a YAML text stands, so that an edit changes its characters and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from release_tasks.errors import ReleaseError
from release_tasks.manifests.version_locations import Value

KeyPath = tuple[str | int, ...]


def scalars(text: str, path: str) -> dict[KeyPath, Value]:
    """Return each scalar of a one-document YAML text by its path; raise `ReleaseError` for a broken one."""
    import warnings

    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an anchor may be used again
            node = YAML(typ="rt", pure=True).compose(text)
        return dict(_scalars(node, (), text, frozenset())) if node is not None else {}
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise ReleaseError(
            f"{path} is no YAML: {error.problem or error.context}{where}", f"mend {path}"
        ) from None
    except (
        YAMLError,
        ValueError,
        RecursionError,
        IndexError,
        AttributeError,
        TypeError,
        AssertionError,
    ) as error:
        raise ReleaseError(
            f"{path} is no YAML: {str(error).splitlines()[0] if str(error) else 'it is nested too deeply'}",
            f"mend {path}",
        ) from None


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
    elif value := node.value.strip():
        start, end = node.start_mark.index, node.end_mark.index
        at = text.rfind(value, start, end)  # behind an anchor, a tag or a quote
        yield path, Value(value, *((at, at + len(value)) if at >= 0 else (start, end)))

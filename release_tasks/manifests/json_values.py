"""Where each string of a JSON text is, so that an edit changes its characters and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from release_tasks.errors import ReleaseError
from release_tasks.formats.text_files import BOM
from release_tasks.manifests import toml_values
from release_tasks.manifests.toml_values import KeyPath, Span

_BLANK = re.compile(r"[ \t\r\n]*")


def load(text: str, path: str) -> Any:
    """Return the data of a JSON text. Raises `ReleaseError` with line and column for bad JSON."""
    plain = text.removeprefix(BOM)
    try:
        return json.loads(
            plain, parse_float=str, parse_int=str, parse_constant=str
        )
    except RecursionError:
        raise toml_values.too_deep(path) from None
    except ValueError as error:
        raise ReleaseError(
            f"{path} is not valid JSON: {error}",
            f"correct the syntax of {path}",
        ) from None


def members(
    text: str, path: str, at: int | None = None
) -> Iterator[tuple[str, int]]:
    """Yield each key of an object, and where its value starts; nothing for another value.

    `at` is where the object starts; by default it is the whole text. Values are skipped as fast
    as they can be read. Raises `ReleaseError` with line and column for bad JSON.
    """
    if at is None:
        load(text, path)
        at = _after_blank(text, 1 if text.startswith(BOM) else 0)
    if text[at] != "{":
        return
    decoder = json.JSONDecoder()
    at = _after_blank(text, at + 1)
    while text[at] != "}":
        key, at = decoder.raw_decode(text, at)
        at = _after_blank(text, _after_blank(text, at) + 1)  # behind the colon
        yield key, at
        _, at = decoder.raw_decode(text, at)
        at = _after_blank(text, at)
        if text[at] == ",":
            at = _after_blank(text, at + 1)


def _after_blank(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def spans(text: str, path: str) -> dict[KeyPath, Span]:
    """Return where the characters of each string are, without the quotes, by its key path."""
    load(text, path)
    start = 1 if text.startswith(BOM) else 0
    try:
        # except for its colons, an object is written like an inline table of TOML
        return dict(toml_values.strings_in(text, (), start))
    except RecursionError:
        raise toml_values.too_deep(path) from None

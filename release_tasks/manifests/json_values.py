"""Where each string of a JSON text stands, so that an edit changes its characters and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Generator
from typing import Any

from release_tasks.errors import ReleaseError
from release_tasks.manifests.copies import BOM

Path = tuple[str | int, ...]
Span = tuple[int, int]
_SCALARS = json.JSONDecoder(parse_float=str, parse_int=str)
_BLANK = re.compile(r"[ \t\r\n]*")


def load(text: str, path: str) -> Any:
    """Return the data of a JSON text; raise `ReleaseError` with line and column for a broken one."""
    try:
        return json.loads(text.removeprefix(BOM), parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise ReleaseError(f"{path} is no JSON: {error}", f"mend {path}") from None


def spans(text: str, path: str) -> dict[Path, Span]:
    """Return for the path of each string where its characters stand, without the quotes."""
    load(text, path)
    try:
        return dict(_strings(text, (), _blank(text, 1 if text.startswith(BOM) else 0)))
    except RecursionError:
        raise ReleaseError(f"{path} is nested too deeply", f"mend {path}") from None


def _strings(text: str, path: Path, at: int) -> Generator[tuple[Path, Span], None, int]:
    if text[at] not in "[{":
        _, end = _SCALARS.raw_decode(text, at)
        if text[at] == '"':
            yield path, (at + 1, end - 1)
        return end
    is_object = text[at] == "{"
    at, key = _blank(text, at + 1), 0
    while text[at] not in "]}":
        name: str | int = key
        if is_object:
            name, at = _SCALARS.raw_decode(text, at)
            at = _blank(text, _blank(text, at) + 1)
        at = _blank(text, (yield from _strings(text, (*path, name), at)))
        if text[at] == ",":
            at = _blank(text, at + 1)
        key += 1
    return at + 1


def _blank(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at

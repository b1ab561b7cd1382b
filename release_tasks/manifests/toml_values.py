"""Where each string of a TOML text stands, so that an edit changes its characters and nothing else.

tomllib reads (ten times faster than a parser that keeps the layout) but tells no positions; the scan
below finds them in a text that a parser accepted. Who writes an edited text reads it again: where as many
strings have changed as edits were made, each was made in its place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterator, Mapping
from functools import lru_cache
from typing import Any

from release_tasks.errors import ReleaseError
from release_tasks.manifests.version_locations import BOM, Edit, replaced

KeyPath = tuple[str | int, ...]
Span = tuple[int, int]
_KEY = r"""(?:"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[A-Za-z0-9_-]+)"""
_KEYS = re.compile(rf"[ \t]*({_KEY}(?:[ \t]*\.[ \t]*{_KEY})*)[ \t]*")
_ONE_KEY = re.compile(_KEY)
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_STRING = re.compile(
    r""""{3}(?P<a>(?s:\\.|(?!"{3})[^\\])*"{0,2})"{3}|'{3}(?P<b>(?s:.)*?'{0,2})'{3}(?!')"""
    r"""|"(?P<c>(?:[^"\\\n]|\\.)*)"|'(?P<d>[^'\n]*)\'"""
)
_OTHER = re.compile(r"[^\s,\]}#]+(?: [0-9]{2}:[^\s,\]}#]+)?")


@lru_cache(
    maxsize=2048
)  # whoever edits a text has just read it, and reads the file again to prove it
def load(text: str, path: str) -> Mapping[str, Any]:
    """Return the data of a TOML text; raise `ReleaseError` with line and column for a broken one."""
    import tomllib

    plain = text.removeprefix(BOM)
    try:
        return tomllib.loads(plain, parse_float=str)  # as text: nan is not equal to itself
    except (ValueError, RecursionError) as error:
        newer = _toml_1_1(plain)
        if newer is None:
            raise ReleaseError(f"{path} is no TOML: {error}", f"mend {path}") from None
        return newer


def spans(text: str, path: str) -> dict[KeyPath, Span]:
    """Return for the path of each string where its characters stand, without the quotes."""
    load(text, path)
    try:
        return dict(_strings(text))
    except (AttributeError, IndexError, RecursionError, ReleaseError) as error:
        raise ReleaseError(
            f"{path} has a form of TOML that cannot be edited", f"write {path} as TOML 1.0"
        ) from error


def edit(text: str, path: str, changes: Mapping[KeyPath, str]) -> str:
    """Return the text with the string at each path changed; read again, each has to show it, so that no other did."""
    places = spans(text, path) if changes else {}
    if lost := [".".join(map(str, where)) for where in changes if where not in places]:
        raise ReleaseError(
            f"{path}: {lost[0]} cannot be found to be edited", f"write {path} as TOML 1.0"
        )
    return replaced(text, (Edit(*places[where], new) for where, new in changes.items()), path)


def _toml_1_1(text: str) -> dict[str, Any] | None:
    # cargo reads TOML 1.1 (an inline table over several lines); tomllib does not yet
    from tomlkit import parse
    from tomlkit.exceptions import TOMLKitError

    try:
        return dict(parse(text).unwrap())
    except (
        TOMLKitError,
        ValueError,
        RecursionError,
        TypeError,
        KeyError,
        IndexError,
        AttributeError,
    ):
        return None


def _strings(text: str) -> Iterator[tuple[KeyPath, Span]]:
    table: KeyPath = ()
    counts: dict[KeyPath, int] = {}
    at = _after(_BLANK, text, 1 if text.startswith(BOM) else 0)
    while at < len(text):
        if text[at] == "[":
            many = text.startswith("[[", at)
            keys, at = _keys(text, at + 1 + many)
            table = _table(keys, many, counts)
            at += 1 + many
        else:
            keys, at = _keys(text, at)
            at = yield from strings_in(text, table + keys, at + 1)
        at = _after(_BLANK, text, at)


def _table(keys: KeyPath, many: bool, counts: dict[KeyPath, int]) -> KeyPath:
    table: KeyPath = ()
    for number, key in enumerate(keys, 1):
        table += (key,)
        if many and number == len(keys):
            counts[table] = counts.get(table, 0) + 1
        if table in counts:
            table += (counts[table] - 1,)
    return table


def strings_in(text: str, path: KeyPath, at: int) -> Generator[tuple[KeyPath, Span], None, int]:
    """Yield path and place of each string of the value at a position, and return where it ends."""
    at = _after(_BLANK, text, at)
    opened = text[at]
    if opened in "\"'":
        found = _STRING.match(text, at)
        if found is None or found.lastgroup is None:
            raise ReleaseError(f"no end of the string at character {at}")
        yield path, found.span(found.lastgroup)
        return found.end()
    if opened not in "[{":
        return _after(_OTHER, text, at)
    at, index = _after(_BLANK, text, at + 1), 0
    while text[at] not in "]}":
        keys: KeyPath = (index,)
        if opened == "{":
            keys, at = _keys(text, at)
            at = _after(_BLANK, text, at) + 1
        at = _after(_BLANK, text, (yield from strings_in(text, path + keys, at)))
        if text[at] == ",":
            at = _after(_BLANK, text, at + 1)
        index += 1
    return at + 1


def _keys(text: str, at: int) -> tuple[KeyPath, int]:
    found = _KEYS.match(text, at)
    if found is None:
        raise ReleaseError(f"no key at character {at}")
    return tuple(_key(key) for key in _ONE_KEY.findall(found[1])), found.end()


def _key(text: str) -> str:
    if text[0] not in "\"'":
        return text
    if "\\" not in text:
        return text[1:-1]
    try:
        return str(json.loads(text))
    except ValueError:  # an escape that only TOML has, or 'a\b'
        return next(iter(load(f"{text} = 0", "a key")))


def _after(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    if found is None:
        raise ReleaseError(f"nothing of the kind at character {at}")
    return found.end()

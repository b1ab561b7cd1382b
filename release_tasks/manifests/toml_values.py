"""Where each string of a TOML text is, so that an edit changes its characters and nothing else.

tomllib reads ten times faster than a parser that keeps the layout, but reports no positions. The
scan below finds them in a text that a parser has accepted. The caller reads an edited text again:
where as many strings have changed as there were edits, each edit was made in its place.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Generator, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from release_tasks.errors import ReleaseError
from release_tasks.formats.text_files import BOM
from release_tasks.manifests.version_locations import Edit, replaced

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
_LARGE = 1_000_000  # characters, from which on a text is not read as a whole
# a table, but none below an entry of an array: [[package]], [metadata], not [package.source]
_HEADER = re.compile(r"^\[(?:\[[\w-]+\]\]|(?!packages?\.)[\w.-]+\])", re.M)
_OTHER = re.compile(r"[^\s,\]}#]+(?: [0-9]{2}:[^\s,\]}#]+)?")


class Block(NamedTuple):
    """A part of a TOML text that is TOML itself: its data, and where its strings are."""

    data: Mapping[str, Any]
    spans: Mapping[KeyPath, Span]  # in the whole text


# a bump reads a text to edit it, and again to check it
@lru_cache(maxsize=2048)
def load(text: str, path: str) -> Mapping[str, Any]:
    """Return the data of a TOML text. Raises `ReleaseError` with line and column for bad TOML."""
    import tomllib

    plain = text.removeprefix(BOM)
    try:
        # as text: nan is not equal to itself
        return tomllib.loads(plain, parse_float=str)
    except RecursionError:
        raise too_deep(path) from None
    except ValueError as error:
        newer = _toml_1_1(plain)
        if newer is None:
            raise ReleaseError(
                f"{path} is not valid TOML: {error}",
                f"correct the syntax of {path}",
            ) from None
        return newer


def too_deep(path: str) -> ReleaseError:
    """Return the error for a text in which values are within too many others."""
    return ReleaseError(
        f"{path} is nested too deeply",
        f"nest the values of {path} at most 100 deep",
    )


def table_at(data: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    """Return the table at these keys, an empty one where there is none."""
    found: Any = data
    for key in keys:
        found = found.get(key)
        if not isinstance(found, dict):
            return {}
    return found  # type: ignore[no-any-return]


def text_or_none(value: Any) -> str | None:
    """Return a value that is a text, None for any other."""
    if isinstance(value, str):
        return value
    return None


def spans(text: str, path: str) -> dict[KeyPath, Span]:
    """Return where the characters of each string are, without the quotes, by its key path."""
    load(text, path)
    try:
        return dict(_strings(text))
    except (AttributeError, IndexError, RecursionError, ReleaseError) as error:
        raise ReleaseError(
            f"{path} uses TOML syntax that cannot be edited",
            f"write {path} as TOML 1.0",
        ) from error


def blocks(text: str, path: str, wanted: re.Pattern[str]) -> list[Block]:
    """Return each block of a TOML text in which a pattern is found.

    A block is an entry of an array of tables with the tables below it, another table, or what
    stands before the first one. A lock file of many megabytes is read by its few own blocks.
    Raises `ReleaseError` for bad TOML, in a large text only for that of these blocks.
    """
    if len(text) < _LARGE:
        load(text, path)
    starts = [
        0,
        *(found.start() for found in _HEADER.finditer(text)),
        len(text),
    ]
    found = []
    for start, end in itertools.pairwise(starts):
        if not wanted.search(text, start, end):
            continue
        try:
            found.append(_block(text, path, start, end))
        except ReleaseError:
            # with the line in the whole text, or a text of an unusual form
            return [Block(load(text, path), spans(text, path))]
    return found


def _block(text: str, path: str, start: int, end: int) -> Block:
    piece = text[start:end]
    places = {}
    for keys, (first, last) in spans(piece, path).items():
        places[keys] = (start + first, start + last)
    return Block(load(piece, path), places)


def edit(text: str, path: str, changes: Mapping[KeyPath, str]) -> str:
    """Return the text with the string at each key path changed."""
    if not changes:
        return text
    places = spans(text, path)
    edits = []
    for keys, new in changes.items():
        if keys not in places:
            name = ".".join(map(str, keys))
            raise ReleaseError(
                f"{path}: {name} uses TOML syntax that cannot be edited",
                f"write {path} as TOML 1.0",
            )
        edits.append(Edit(*places[keys], new))
    return replaced(text, edits, path)


def _toml_1_1(text: str) -> dict[str, Any] | None:
    # cargo reads TOML 1.1 (an inline table over several lines), tomllib does not yet
    from tomlkit import parse
    from tomlkit.exceptions import TOMLKitError

    bugs = (
        ValueError,
        RecursionError,
        TypeError,
        KeyError,
        IndexError,
        AttributeError,
    )
    try:
        return dict(parse(text).unwrap())
    except (TOMLKitError, *bugs):
        return None


def _strings(text: str) -> Iterator[tuple[KeyPath, Span]]:
    table: KeyPath = ()
    counts: dict[KeyPath, int] = {}  # of the tables in each array of tables
    start = 1 if text.startswith(BOM) else 0
    at = _after(_BLANK, text, start)
    while at < len(text):
        if text[at] == "[":
            brackets = 2 if text.startswith("[[", at) else 1
            keys, at = _keys(text, at + brackets)
            table = _table(keys, brackets == 2, counts)
            at += brackets
        else:
            keys, at = _keys(text, at)
            at = yield from strings_in(text, table + keys, at + 1)
        at = _after(_BLANK, text, at)


def _table(
    keys: KeyPath, is_array: bool, counts: dict[KeyPath, int]
) -> KeyPath:
    """Return the key path of a table, with the index of each array of tables that it is in."""
    table: KeyPath = ()
    for number, key in enumerate(keys, 1):
        table += (key,)
        if is_array and number == len(keys):
            counts[table] = counts.get(table, 0) + 1
        if table in counts:
            table += (counts[table] - 1,)
    return table


def strings_in(
    text: str, path: KeyPath, at: int
) -> Generator[tuple[KeyPath, Span], None, int]:
    """Yield key path and span of each string in the value at a position. Returns its end."""
    at = _after(_BLANK, text, at)
    opening = text[at]
    if opening in "\"'":
        found = _STRING.match(text, at)
        if found is None or found.lastgroup is None:
            raise ReleaseError(f"the string at character {at} has no end")
        yield path, found.span(found.lastgroup)
        return found.end()
    if opening not in "[{":
        return _after(_OTHER, text, at)
    at = _after(_BLANK, text, at + 1)
    index = 0
    while text[at] not in "]}":
        keys: KeyPath = (index,)
        if opening == "{":
            keys, at = _keys(text, at)
            at = _after(_BLANK, text, at) + 1  # behind `=`, or `:` in JSON
        at = yield from strings_in(text, path + keys, at)
        at = _after(_BLANK, text, at)
        if text[at] == ",":
            at = _after(_BLANK, text, at + 1)
        index += 1
    return at + 1


def _keys(text: str, at: int) -> tuple[KeyPath, int]:
    found = _KEYS.match(text, at)
    if found is None:
        raise ReleaseError(f"no key at character {at}")
    return tuple(map(_key, _ONE_KEY.findall(found[1]))), found.end()


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
        raise ReleaseError(f"unexpected text at character {at}")
    return found.end()

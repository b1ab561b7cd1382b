"""What msgspec says of the settings, in the words of whoever wrote them: line, table, key."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from release_tasks.errors import ReleaseError
from release_tasks.project.settings import (
    FILE,
    CrateTable,
    Settings,
    table_types,
)

# Keys that are not near any of ours by their spelling: what to write instead.
RENAMED = {
    "innocent": "[versions.ignore]",
    "silence": "[checks.ignore]",
    "forgotten": '[versions] stale = "warn" or "error"',
}
TESTS_EXAMPLE = '"ubuntu-24.04" = ["3.12"]; a name with a dot needs quotes'
CI_EXAMPLE = 'ci = true, or the names of workflows: ci = ["ci.yml"]'
EXAMPLES = {"array": '["..."]', "str": '"..."', "bool": "true", "object": "{}"}
WORDS = {
    "array": "a list",
    "str": "a text",
    "bool": "true or false",
    "object": "a table",
    "int": "a number",
    "float": "a number",
}
ANY = "[...]"  # how msgspec writes a key of a table that can have any
_STEP = re.compile(r"\[\.\.\.\]|\[\d+\]|[^.\[\]]+")
_ITEM = re.compile(r"\[\d+\]")
_BARE = re.compile(r"[\w-]+")
_KEY = re.compile(r'"[^"]*"|\'[^\']*\'|[\w-]+')
# release-tasks.toml: [images.ghcr.io/example/app] tags: ...
_PLACE = re.compile(
    rf"{re.escape(FILE)}: \[(?P<table>[^\]]+)\](?: (?P<key>[^\s:]+))?"
)
_HEADER = re.compile(r"\s*\[\[?(?P<keys>[^\[\]]+)\]\]?")

Path = list[str]


def explain(message: str, data: dict[str, Any], text: str) -> ReleaseError:
    """Return the error that a message of msgspec means for the settings.

    `message` is like "Expected `str`, got `int` - at `$.project.branch`", `data` what was
    converted, and `text` the file.
    """
    what, _, place = message.partition(" - at ")
    steps = _STEP.findall(place.strip("`").removeprefix("$"))
    path = _keys(steps, data, message)
    where = FILE
    if path:
        where = f"{FILE}:{line_of(text, path)}"
    if unknown := re.fullmatch(r"Object contains unknown field `(.+)`", what):
        line = line_of(text, [*path, unknown[1]])
        return _unknown_key(f"{FILE}:{line}", unknown[1], steps, path)
    if not path:
        return ReleaseError(f"{FILE}: {what}", f"correct that in {FILE}")
    is_item = _ITEM.fullmatch(steps[-1]) is not None
    fact = f"{where}: {_shown(path)} {_in_words(what, is_item)}"
    return ReleaseError(fact, _correct_value(what, steps, path))


def line_of(text: str, path: Path) -> int:
    """Return the line of a key in TOML, counted from 1; that of its table where it has none."""
    return _find_line(text, path) or 1


def place_of(fact: str, text: str) -> int:
    """Return the line that a fact is about, which begins with the file, its table and its key.

    0 where it begins otherwise, and where the settings `text` does not have the table.
    """
    place = _PLACE.match(fact)
    if place is None:
        return 0
    keys = place["table"].split(".", 1)
    if place["key"]:
        keys.append(place["key"])
    return _find_line(text, keys)


def with_line(error: ReleaseError, text: str) -> ReleaseError:
    """Return an error about the settings `text` with the line behind the name of the file."""
    line = place_of(error.problem, text)
    if not line or type(error) is not ReleaseError:
        return error
    rest = error.problem.removeprefix(FILE)
    return ReleaseError(f"{FILE}:{line}{rest}", error.fix)


def _find_line(text: str, path: Path) -> int:
    """Return the line of a key, else that of its table, else 0."""
    found, table, keys = 0, [], list(path)
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            table = _unquoted(header["keys"])
            if table and keys[: len(table)] == table:
                found = number
            continue
        name, equals, _ = line.partition("=")
        here = [*table, *_unquoted(name)]
        is_key = equals and not name.lstrip().startswith("#")
        if is_key and len(here) > len(table) and keys[: len(here)] == here:
            return number
    return found


def _unquoted(text: str) -> Path:
    return [key.strip("\"'") for key in _KEY.findall(text)]


def _keys(steps: Path, data: Any, message: str) -> Path:
    """Return the steps of msgspec's path as keys of the file, where it may say only `[...]`."""
    keys: Path = []
    value = data
    for number, step in enumerate(steps):
        if step == ANY:
            step = _failing(steps[:number], keys, data, message)
        if _ITEM.fullmatch(step) or not isinstance(value, dict):
            break
        keys.append(step)
        value = value.get(step)
    # the tables that reading puts between ours
    return [key for key in keys if key not in ("named", "targets")]


def _failing(
    steps: Path, keys: Path, data: dict[str, Any], message: str
) -> str:
    """Return the first key of a table that gets the same message when it stands alone."""
    table: Any = data
    for key in keys:
        table = table[key]
    for name in table:
        alone: Any = {name: table[name]}
        for key in reversed(keys):
            alone = {key: alone}
        try:
            msgspec.convert(alone, Settings)
        except msgspec.ValidationError as error:
            if str(error) == message:
                return str(name)
    return str(next(iter(table), "NAME"))


def _shown(path: Path) -> str:
    """Return a key as it is found in the file: the table in brackets, and the key."""
    *table, key = path
    if not table:
        return f"[{key}]"
    return f"[{'.'.join(map(_quoted, table))}] {_quoted(key)}"


def _quoted(key: str) -> str:
    if _BARE.fullmatch(key):
        return key
    return json.dumps(key, ensure_ascii=False)


def _in_words(what: str, is_item: bool) -> str:
    """Return what is wrong with a value, as the end of a sentence that begins with its key."""
    if missing := re.search(r"missing required field `(.+)`", what):
        return f"has no {missing[1]}"
    if value := re.fullmatch(r"Invalid enum value (.+)", what):
        if is_item:
            return f"cannot have {value[1]}"
        return f"cannot be {value[1]}"
    types = re.fullmatch(r"Expected `([^`]+)`, got `(\w+)`", what)
    if types is None:
        form = re.search(r"matching regex '(.+)'", what)
        return f"has a text of the wrong form: {form[1] if form else what}"
    wanted = [WORDS[name] for name in types[1].split(" | ") if name in WORDS]
    found = WORDS.get(types[2], types[2])
    if is_item:
        return f"has {found}, where each must be {' or '.join(wanted)}"
    return f"must be {' or '.join(wanted)}, and is {found}"


def _unknown_key(where: str, key: str, steps: Path, path: Path) -> ReleaseError:
    fields = msgspec.structs.fields(_table_type(steps))
    names = [field.encode_name for field in fields]
    nearest = difflib.get_close_matches(key, names, 1)
    if key in RENAMED:
        fix = f"did you mean {RENAMED[key]}?"
    elif nearest:
        fix = f"did you mean {nearest[0]}?"
    else:
        fix = f"available: {', '.join(names)}"
    table = ""
    if path:
        table = f" in [{'.'.join(map(_quoted, path))}]"
    return ReleaseError(f"{where}: unknown key {key}{table}", fix)


def _correct_value(what: str, steps: Path, path: Path) -> str:
    """Return a line with a value of the right type for a key, or the values that it may have."""
    if path[:2] == ["gates", "ci"]:
        return CI_EXAMPLE
    if path[:2] == ["ci", "tests"] and path[2:]:
        return TESTS_EXAMPLE
    key = _quoted(path[-1])
    is_item = _ITEM.fullmatch(steps[-1]) is not None
    name = [step for step in steps if not step.startswith("[")][-1]
    hints = get_type_hints(_table_type(steps))
    values = list(_allowed(hints.get(name.replace("-", "_"))))
    if "enum" in what and values:
        return f"available: {', '.join(values)}"
    if missing := re.search(r"missing required field `(.+)`", what):
        return f'{missing[1]} = "..."'
    if is_item:
        return f"{key} = {EXAMPLES['array']}"
    expected = re.match(r"Expected `(\w+)", what)
    if expected and expected[1] in EXAMPLES:
        return f"{key} = {EXAMPLES[expected[1]]}"
    return f"correct that key in {FILE}"


def _allowed(annotation: Any) -> Iterator[str]:
    """Yield the texts that the type of a key allows; none where it allows any."""
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        yield from annotation
    elif get_origin(annotation) is Literal:
        yield from map(str, get_args(annotation))
    else:
        for inner in get_args(annotation):
            yield from _allowed(inner)


def _table_type(steps: Path) -> type[msgspec.Struct]:
    """Return the type of the table that msgspec's path begins with."""
    if steps[:2] == ["crates", "named"]:
        return CrateTable
    return table_types().get(steps[0] if steps else "", Settings)

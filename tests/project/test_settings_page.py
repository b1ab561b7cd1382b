"""docs/settings.md documents every table and key of the settings, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from release_tasks.project.kinds import Asset
from release_tasks.project.settings import CrateTable, Settings, table_types

PAGE = (Path(__file__).parents[2] / "docs" / "settings.md").read_text()
# Keys that stand for any name, or that a row describes in words.
FREE_KEYS = {
    ("binaries", "a Rust target"),
    ("files", "a path"),
    ("gates", "any other name"),
}
FREE_KEYS |= {("versions.ignore", "a path or glob"), ("bundles", "a variant")}
FREE_KEYS |= {
    ("install", name)
    for name in ("cargo", "pip", "docker", "helm", "release", "any other name")
}
FREE_KEYS |= {("checks.ignore", "a name of [findings.md](findings.md)")}


def documented() -> set[tuple[str, str]]:
    """Return table and key of every row of the page, `("images", "scan")`."""
    rows = (
        PAGE.split("## Tables")[1]
        .split("|---|---|---|---|\n")[1]
        .split("\n\n")[0]
    )
    found, table = set(), ""
    for row in rows.splitlines():
        header, keys = [cell.strip() for cell in row.split("|")[1:3]]
        if header:
            table = header.strip("`[]")
            table = re.sub(r'\.(NAME|"[\w/]+")$', "", table)
        names = re.findall(r"`([^`]+)`", keys)
        found |= {(table, name) for name in names or [keys]}
    return found


def existing() -> set[tuple[str, str]]:
    """Return table and key of everything that the settings may have."""
    found = set()
    for field in msgspec.structs.fields(CrateTable):
        found.add(("crates", field.encode_name))
    for table, kind in table_types().items():
        for field in msgspec.structs.fields(kind):
            if table == "bundles" or field.name == "named":
                continue  # the page describes them in a row of their own
            if (table, field.name) in {
                ("versions", "ignore"),
                ("checks", "ignore"),
            }:
                continue  # a table of their own
            if (table, field.name) == ("binaries", "targets"):
                continue  # the keys are the targets themselves
            found.add((table, field.encode_name))
    return found


def test_every_key_is_documented_and_every_documented_key_exists() -> None:
    rows = documented()
    assert sorted(existing() - rows) == []
    assert sorted(rows - existing()) == sorted(FREE_KEYS)


def test_every_table_is_documented() -> None:
    tables = {table.partition(".")[0] for table, _ in documented()}
    assert tables == set(Settings.__struct_fields__)


def test_every_word_of_assets_is_documented() -> None:
    row = next(
        line for line in PAGE.splitlines() if line.startswith("| | `assets` |")
    )
    assert [word for word in Asset if f"`{word}`" not in row] == []


def test_the_fields_of_a_bundle_are_documented() -> None:
    row = next(
        line for line in PAGE.splitlines() if line.startswith("| `[bundles.")
    )
    fields = msgspec.structs.fields(table_types()["bundles"])
    assert [
        field.encode_name
        for field in fields
        if f"`{field.encode_name}`" not in row
    ] == []

"""The pages: made parts are current, links lead to pages, the navigation has every page."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

import release_tasks
from manual.__main__ import made
from release_tasks.project.settings import CrateTable, table_types
from release_tasks.tasks import dashed

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
LINK = re.compile(r"\]\(([^)\s]+)\)")
COMMAND = re.compile(r"(?<![\w.-])inv ([a-z][a-z-]+)\b")
SETTING = re.compile(r"`\[([a-z]+)(?:\.\w+)?\] ([a-z][a-z-]*)\b")
FENCED = re.compile(r"^```.*?^```", re.M | re.S)


def test_what_is_made_from_the_code_is_current() -> None:
    old = [
        path.name
        for path, text in made().items()
        if comparable(path.read_text()) != comparable(text)
    ]
    assert old == [], "run: python -m manual"


def test_options_can_be_read_again() -> None:
    for task in release_tasks.ns.tasks.values():
        shown = [[one.help for one in task.get_arguments()] for _ in range(2)]
        assert shown[0] == shown[1]
        assert all(shown[0])


def comparable(text: str) -> list[str]:
    """Return the words of a page, without those that are called as variables of the code are."""
    return re.sub("[A-Z][A-Z-]+", "WORD", text).split()


def test_every_relative_link_leads_to_a_file_of_the_documentation() -> None:
    broken = []
    for page in PAGES:
        for link in LINK.findall(FENCED.sub("", page.read_text())):
            name = link.partition("#")[0]
            if ":" in name or not name:
                continue
            target = (page.parent / name).resolve()
            if not target.is_relative_to(DOCS) or not target.exists():
                broken.append(f"{page.relative_to(DOCS)}: {link}")
    assert broken == []


def test_every_page_is_in_the_navigation_once() -> None:
    nav = tomllib.loads((ROOT / "zensical.toml").read_text())["project"]["nav"]
    listed = list(pages_of(nav))
    assert sorted(listed) == [
        page.relative_to(DOCS).as_posix() for page in PAGES
    ]


def test_every_command_of_a_page_exists() -> None:
    names = {dashed(name) for name in release_tasks.ns.tasks}
    unknown = []
    for page in PAGES:
        for words in COMMAND.findall(page.read_text()):
            if words not in names:
                unknown.append(f"{page.name}: inv {words}")
    assert unknown == []


def test_every_setting_that_a_page_names_exists() -> None:
    keys = {
        table: [field.encode_name for field in msgspec.structs.fields(kind)]
        for table, kind in table_types().items()
    }
    keys["crates"] += [
        field.encode_name for field in msgspec.structs.fields(CrateTable)
    ]
    unknown = []
    for page in PAGES:
        for table, key in SETTING.findall(page.read_text()):
            if table in keys and table != "gates" and key not in keys[table]:
                unknown.append(f"{page.name}: [{table}] {key}")
    assert unknown == []


def pages_of(nav: Any) -> Iterator[str]:
    if isinstance(nav, str):
        yield nav
        return
    for entry in nav if isinstance(nav, list) else nav.values():
        yield from pages_of(entry)

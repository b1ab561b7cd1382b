"""Every console block of the tutorial and the how-to pages does what the page shows.

The commands run word by word in one shell that begins in an empty folder. Pages that publish have
local registries in place of the public ones.
"""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from manual import console, pages

DOCS = Path(__file__).parents[2] / "docs"
TUTORIAL = DOCS / "tutorial.md"
HOW_TO = sorted((DOCS / "how-to").glob("*.md"))
RUN = [page for page in (TUTORIAL, *HOW_TO) if pages.blocks(page.read_text())]
LINUX = platform.system() == "Linux" and platform.machine() == "x86_64"


needs_tools = pytest.mark.tools("git", "gh", "cargo")
on_linux = pytest.mark.skipif(
    not LINUX, reason="the pages show Linux on x86-64"
)


@pytest.mark.slow
@needs_tools
@on_linux
def test_the_tutorial_does_what_it_shows(tmp_path: Path) -> None:
    console.compare(console.run(TUTORIAL.read_text(), tmp_path))


@pytest.mark.long
@needs_tools
@on_linux
@pytest.mark.parametrize("page", RUN, ids=lambda page: page.stem)
def test_a_how_to_page_does_what_it_shows(page: Path, tmp_path: Path) -> None:
    console.compare(console.run(page.read_text(), tmp_path))


def test_what_is_not_run_has_a_reason() -> None:
    for page in (TUTORIAL, *HOW_TO):
        assert all(pages.reasons(page.read_text())), page.name


def test_an_output_that_is_not_shown_is_found(tmp_path: Path) -> None:
    text = "```console\n$ echo one; echo two\none\nthree\n```\n"
    with pytest.raises(console.PageError, match="two"):
        console.compare(console.run(text, tmp_path))


def test_a_command_that_fails_is_found(tmp_path: Path) -> None:
    text = "```console\n$ git no-such-command\n```\n"
    with pytest.raises(console.PageError, match="no-such-command"):
        console.run(text, tmp_path)


def test_times_and_hashes_may_differ() -> None:
    one = "built in 12.3 s  97fa1b0c2d3e4f50  dist/a.whl"
    assert console.same(one) == console.same(
        "built in 7 s 0123456789abcdef dist/a.whl"
    )
    assert console.same(one) != console.same(one.replace("a.whl", "b.whl"))


def test_steps_of_one_stage_may_end_in_any_order(tmp_path: Path) -> None:
    text = "```console\n$ echo 'build-a █ 2 s'; echo 'build-b █ 1 s'\n"
    text += "build-b █ 3.5 s\nbuild-a █ 4 s\n```\n"
    console.compare(console.run(text, tmp_path))


def test_dots_stand_for_lines_that_are_not_shown(tmp_path: Path) -> None:
    text = "```console\n$ seq 9\n...\n8\n9\n```\n"
    console.compare(console.run(text, tmp_path))

"""Errors and findings as people see them: one renderer, wrapped, and equal facts once."""

from __future__ import annotations

import pytest

from release_tasks.display.github import annotation
from release_tasks.display.messages import (
    Message,
    counts,
    merged,
    place,
    rendered,
)

pytestmark = pytest.mark.quick
NEW = "has never been published to crates.io; confirm the name"


def new(name: str) -> Message:
    fix = f"add --new {name} (or --new all) if it is right: yank it"
    return Message("error", f"`{name}` {NEW}", fix, "new-name")


def test_a_message_has_its_name_its_place_and_its_help() -> None:
    message = Message(
        "error",
        "tags must be a list",
        'tags = ["latest"]',
        "settings",
        place("release-tasks.toml", 3),
    )
    assert rendered(message).splitlines() == [
        "error[settings]: tags must be a list",
        "  --> release-tasks.toml:3",
        '  help: tags = ["latest"]',
    ]


def test_an_ignored_finding_has_the_reason_instead_of_a_fix() -> None:
    message = Message("note", "it is old", "move it", "old", ignored="we know")
    assert rendered(message) == "note[old]: it is old\n  ignored: we know"


def test_lines_are_broken_between_words_and_commands_never() -> None:
    fact = "the file " + "long " * 30 + "`one command of several words`"
    command = "inv release --version 0.2.0 " + "--new a-long-name " * 5
    lines = rendered(Message("error", fact, command), 60).splitlines()
    assert all(len(line) <= 60 for line in lines[:-1])
    assert lines[-1] == f"  help: {command}"
    assert any("`one command of several words`" in line for line in lines)


def test_settings_to_add_begin_in_the_first_column() -> None:
    message = Message("error", "unclear", "add:\n[crates]\nignore = []")
    assert rendered(message, 80).endswith("help: add:\n[crates]\nignore = []")


def test_the_same_fact_about_many_is_one_message_with_one_command() -> None:
    (one,) = merged([new("a"), new("b"), new("c")])
    assert rendered(one).splitlines() == [
        f"error[new-name]: `a` {NEW}",
        "  also: `b`, `c`",
        "  help: add --new a,b,c (or --new all) if it is right: yank it",
    ]


def test_of_very_many_subjects_the_first_ones_are_listed() -> None:
    names = [f"n{number}" for number in range(40)]
    (one,) = merged(Message("error", f"{name} is taken") for name in names)
    line = rendered(one).splitlines()[1]
    assert line.startswith("  also: n1, n2, ")
    assert line.endswith("n20 and 19 more")


def test_the_same_fact_at_several_places_is_one_message() -> None:
    found = [
        Message("warning", "old", "edit it", "stale", (f"a:{line}",))
        for line in (1, 2)
    ]
    (one,) = merged(found)
    assert one.places == ("a:1", "a:2")


def test_different_facts_and_fixes_stay_apart() -> None:
    other = Message("error", f"`d` {NEW}", "rm dist/d", "new-name")
    assert len(merged([new("a"), other])) == 2
    assert len(merged([new("a"), Message("error", "two words")])) == 2


def test_counts_name_what_there_is() -> None:
    found = [new("a"), new("b"), Message("warning", "x"), Message("note", "x")]
    assert counts(found) == "2 errors, 1 warning, 1 note"
    assert counts([]) == ""


def test_an_annotation_has_file_line_and_title() -> None:
    message = Message("warning", "50 %", "edit", "old", ("a,b.toml:3",))
    assert annotation(message) == (
        "::warning file=a%2Cb.toml,line=3,title=old::50 %25%0Ahelp: edit"
    )

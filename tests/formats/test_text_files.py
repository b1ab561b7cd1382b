"""Text files: UTF-8, with every byte kept."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.errors import ReleaseError
from release_tasks.formats.text_files import decode, line_at, read, unreadable


def test_other_than_utf_8_is_refused_with_its_line():
    with pytest.raises(ReleaseError) as caught:
        decode(b"a\nb\xff", "x.toml")
    assert caught.value.problem == "x.toml:2: byte 0xff is not UTF-8"
    assert decode(b"\xef\xbb\xbfa\r\n", "x") == "\ufeffa\r\n"


@given(st.binary(max_size=20))
def test_every_byte_of_a_text_is_kept(data):
    with suppress(ReleaseError):
        assert decode(data, "x").encode() == data


def test_a_missing_file_is_refused_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError) as caught:
        read(tmp_path, "docs/a.md")
    assert (
        caught.value.problem
        == "docs/a.md cannot be read: No such file or directory"
    )
    assert caught.value.fix == "git restore docs/a.md, or git rm docs/a.md"


def test_lines_are_counted_from_1() -> None:
    assert [line_at("a\nb\n", position) for position in (0, 1, 2)] == [1, 1, 2]


def test_what_may_not_be_read_is_opened_by_chmod() -> None:
    denied = PermissionError(13, "Permission denied")
    shown = unreadable("a b", denied, "git rm it")
    assert shown.problem == "a b cannot be read: Permission denied"
    assert shown.fix == "chmod u+r 'a b'"

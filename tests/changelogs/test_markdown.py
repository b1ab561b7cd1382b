"""Markdown is read by several checks at once, with a library that is not made for that."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from release_tasks.changelogs import markdown


class Watched:
    """A parser that notes how many threads are in it."""

    def __init__(self) -> None:
        self.inside = self.most = 0

    def parse(self, text: str, environment: dict[str, Any]) -> list[object]:
        self.inside += 1
        self.most = max(self.most, self.inside)
        time.sleep(0.01)  # for others to come, if they may
        self.inside -= 1
        return []


def test_one_thread_parses_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched()
    monkeypatch.setattr(markdown, "_parser", lambda: watched)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(markdown.parse, [["# One\n"]] * 8))
    assert watched.most == 1

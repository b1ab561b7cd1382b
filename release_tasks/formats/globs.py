"""Globs of repositories: whatever they are, a name is soon known to match or not.

A regular expression with many repetitions can try a name in more ways than anybody waits for.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

REPEATS = 3  # parts without a fixed length, in a glob that is matched by a regular expression
NOTHING = "(?!)"


@dataclass(frozen=True)
class Part:
    """A part of a glob: a regular expression of one character, and how often it may be there.

    At an optional part, matching may go on behind it, or `skips` parts further.
    """

    one: str
    is_optional: bool = False
    repeats: bool = False
    skips: int = 1


STAR = Part("[^/]", is_optional=True, repeats=True)
ALL = Part("(?s:.)", is_optional=True, repeats=True)
FOLDERS = (Part("(?s:.)", is_optional=True, repeats=True, skips=2), Part("/"))
ONE = Part("[^/]")
# what `*` and the like mean in paths (moby/patternmatcher; gitignore)
_IN_PATHS = {"**/": FOLDERS, "**": (ALL,), "*": (STAR,), "?": (ONE,)}
# a class has an end soon: else each of many `[` would look for it up to the end of the text
_CLASS_END = r"[^\]]{1,200}\]"
CLASS = rf"\[{_CLASS_END}"
_TOKEN = re.compile(rf"(?s)\*\*/?|\*|\?|{CLASS}|.")


def literal(text: str) -> tuple[Part, ...]:
    """Return the parts that match this text alone."""
    return tuple(Part(re.escape(char)) for char in text)


def one_of(characters: str) -> Part:
    """Return the part for a class, as `[a-z]`; one that is not valid matches nothing."""
    try:
        # of a set in a set; another one can come from another thread
        with warnings.catch_warnings(action="error", category=FutureWarning):
            re.compile(characters)
    except (re.error, FutureWarning):
        return Part(NOTHING)
    return Part(characters)


@dataclass(frozen=True)
class Glob:
    """A glob that was read into parts."""

    parts: tuple[Part, ...]

    def matches(self, name: str) -> bool:
        """Tell whether the whole name matches."""
        if sum(map(_varies, self.parts)) <= REPEATS:
            return self._expression.fullmatch(name) is not None
        states = self._reached({0})
        for char in name:
            states = self._reached(self._behind(states, char))
            if not states:
                return False
        return len(self.parts) in states

    @cached_property
    def _expression(self) -> re.Pattern[str]:
        texts: list[str] = []
        ends: dict[int, int] = {}  # of optional groups of several parts
        for index, part in enumerate(self.parts):
            text = part.one
            if part.skips > 1:
                ends[index + part.skips - 1] = 1
                text = f"(?:{text}"
            texts.append(text + _times(part))
            if index in ends:
                texts.append(")?")
        return re.compile("".join(texts))

    @cached_property
    def _ones(self) -> Sequence[re.Pattern[str]]:
        return [re.compile(part.one) for part in self.parts]

    def _behind(self, states: set[int], char: str) -> set[int]:
        """Return where matching is behind one more character.

        A state is the index of a part; below zero, `~index`, it is inside of that part.
        """
        found = set()
        for state in states:
            index = state if state >= 0 else ~state
            if index == len(self.parts) or not self._ones[index].fullmatch(
                char
            ):
                continue
            found.add(index + 1)
            if self.parts[index].repeats:
                found.add(~index)
        return found

    def _reached(self, states: set[int]) -> set[int]:
        """Return the states, and those behind parts that may be absent."""
        found: set[int] = set()
        todo = list(states)
        while todo:
            state = todo.pop()
            if state in found:
                continue
            found.add(state)
            if state < 0:
                todo.append(~state + 1)
            elif state < len(self.parts) and self.parts[state].is_optional:
                todo += [state + 1, state + self.parts[state].skips]
        return found


def of_path(text: str) -> Glob:
    """Return the glob of a path: `*` and `?` within a folder, `**` any folders, and classes."""
    parts: list[Part] = []
    for token in _TOKEN.findall(text):
        if token in _IN_PATHS:
            parts += _IN_PATHS[token]
        elif token.startswith("[") and len(token) > 1:
            parts.append(one_of(token))
        else:
            parts += literal(token)
    return Glob(tuple(parts))


@lru_cache(maxsize=256)
def of_setting(text: str) -> Glob:
    """Return the glob of a path in our settings, where a class may be `[!a]`, as in a shell."""
    return of_path(re.sub(rf"\[!(?={_CLASS_END})", "[^", text))


def _varies(part: Part) -> bool:
    return part.repeats or part.is_optional


def _times(part: Part) -> str:
    if part.repeats:
        return "*" if part.is_optional else "+"
    return "?" if part.is_optional else ""

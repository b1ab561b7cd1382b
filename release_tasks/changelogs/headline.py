"""The headline of a version: what its section of the changelog says first, in one line."""

from __future__ import annotations

import re

LONGEST = 80  # characters; GitHub itself takes 256
_MARKED = re.compile(r"(\*\*|__|`)(.+?)\1")
_LINK = re.compile(r"!?\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])?")
_ITEM = re.compile(r"\s*(?:[-*+]|\d+[.)])\s+")
_SKIPPED = re.compile(r"\s*(?:#|<!--|>|\||```|~~~|\[[^\]]+\]:|[=~^-]{3,}\s*$)")
_SENTENCE = re.compile(r"(?<=[.!?])\s")
_AROUND = " \t-–—:,;|"  # noqa: RUF001  # what stands between a headline and the rest of a title


def headline(section: str) -> str:
    """Return the first sentence of a section, as plain text without its full stop.

    What stands before the first item counts, else the first item. It is "" where there is
    neither; a long one is cut at a word.
    """
    lines = [line for line in section.splitlines() if not _SKIPPED.match(line)]
    paragraphs = _paragraphs(lines)
    if not paragraphs:
        return ""
    plain = _LINK.sub(r"\1", paragraphs[0])
    plain = _MARKED.sub(r"\2", plain)
    sentence = _SENTENCE.split(" ".join(plain.split()))[0]
    return _cut(sentence.removesuffix(".").rstrip(":"))


def title(template: str, values: dict[str, str]) -> str:
    """Return a title; without a headline, what would join it to the rest goes, too."""
    filled = template.format(**values)
    if values["headline"] or "{headline}" not in template:
        return filled
    return filled.strip(_AROUND)


def _paragraphs(lines: list[str]) -> list[str]:
    """Return each item and each paragraph as one line, in their order."""
    found: list[str] = []
    is_open = False
    for line in lines:
        item = _ITEM.match(line)
        if not line.strip():
            is_open = False
        elif item:
            found.append(line[item.end() :])
            is_open = True
        elif is_open:
            found[-1] += f" {line.strip()}"
        else:
            found.append(line.strip())
            is_open = True
    return found


def _cut(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    return text[: LONGEST - 1].rsplit(" ", 1)[0].rstrip(_AROUND) + "…"

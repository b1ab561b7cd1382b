"""Markdown: where headings and link definitions are, as CommonMark 0.31 reads them."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from release_tasks.changelogs.syntax import (
    Definition,
    Heading,
    Syntax,
    is_anchor,
)

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_ATX = re.compile(
    r"(?P<before> {0,3}#{1,6}[ \t]+)(?P<title>.*?)(?P<after>[ \t]+#+)?[ \t]*"
)
_DEFINITION = re.compile(
    r"(?P<before> {0,3}\[)(?P<label>(?:[^\[\]\\]|\\.)+)(?P<between>\]:[ \t]*<?)"
    r"(?P<url>(?<=<)[^<>\r\n]+|[^\s<]\S*)(?P<after>[^\r\n]*[\r\n]*)"
)
_COMMENTS = re.compile(r"(?:\s*<!--.*?-->\s*)+", re.S)
_FRONT_MATTER = re.compile(r"---[ \t]*\r?\n")
# the parser's library fills a table that another thread already reads (mdurl 0.1, `encode`)
_one_at_a_time = threading.Lock()


def parse(lines: Sequence[str]) -> Syntax:
    """Return the headings, definitions and content of a Markdown text.

    Headings in lists, quotations, code and comments are not the document's.
    """
    environment: dict[str, Any] = {}
    source = "".join(_without_front_matter(lines))
    with _one_at_a_time:
        tokens = _parser().parse(source, environment)
    headings: list[Heading] = []
    texts: list[Heading] = []
    rules: set[int] = set()
    anchors: set[int] = set()
    content: set[int] = set()
    for index, token in enumerate(tokens):
        if token.level or not token.map:
            continue
        span = range(*token.map)
        text = _text(tokens, index)
        if token.type == "heading_open":
            headings.append(_heading(lines, token, text))
        elif token.type == "hr":
            rules.update(span)
        elif is_anchor(text):
            anchors.update(span)
        elif token.type != "html_block" or not _COMMENTS.fullmatch(text):
            content.update(span)
            texts += _texts(token, text)
    return Syntax(
        tuple(headings),
        tuple(_definitions(lines, environment)),
        frozenset(rules),
        frozenset(anchors),
        frozenset(content),
        tuple(texts),
    )


@cache
def _parser() -> MarkdownIt:
    """Return a parser of blocks only: what is inside a line is not looked at."""
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").disable("inline")


def _without_front_matter(lines: Sequence[str]) -> list[str]:
    """Return the lines without a byte order mark; those of front matter become empty."""
    plain = list(lines)
    if not plain:
        return plain
    plain[0] = plain[0].removeprefix("\ufeff")
    if not _FRONT_MATTER.fullmatch(plain[0]):
        return plain
    for number in range(1, len(plain)):
        if _FRONT_MATTER.fullmatch(plain[number]):
            return ["\n"] * (number + 1) + plain[number + 1 :]
    return plain


def _text(tokens: Sequence[Token], index: int) -> str:
    token = tokens[index]
    if token.type in ("heading_open", "paragraph_open"):
        return tokens[index + 1].content
    return token.content


def _heading(lines: Sequence[str], token: Token, text: str) -> Heading:
    start, end = token.map or (0, 0)
    level = int(token.tag[1])
    if token.markup.startswith("#"):
        return Heading(start, end, level, text)
    underline = lines[end - 1].strip()
    return Heading(start, end, level, " ".join(text.split()), underline)


def _texts(token: Token, text: str) -> list[Heading]:
    """Return a line of bold or plain text, which some changelogs have in the place of headings."""
    start, end = token.map or (0, 0)
    if token.type != "paragraph_open" or end != start + 1:
        return []
    return [Heading(start, end, 7, text.strip(), "")]


def _definitions(
    lines: Sequence[str], environment: dict[str, Any]
) -> Iterable[Definition]:
    found = [*environment.get("references", {}).values()]
    found += environment.get("duplicate_refs", [])
    spans = sorted(tuple(reference["map"]) for reference in found)
    for start, end in spans:
        match = _DEFINITION.fullmatch(
            "".join(lines[start:end]).removeprefix("\ufeff")
        )
        if match is None:  # over several lines, or in a list
            text = "".join(lines[start:end])
            label = text.partition("[")[2].partition("]:")[0]
            yield Definition(start, end, label, "")
            continue
        pieces = (match["before"], match["between"], match["after"])
        yield Definition(start, end, match["label"], match["url"], pieces)

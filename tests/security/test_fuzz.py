"""Whatever a parser reads, only our own error comes out of it, soon.

`nox -s fuzz` tries RELEASE_TASKS_FUZZ inputs for each parser, under a limit of memory.
"""

from __future__ import annotations

import contextlib
import os
import resource
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from security.parsers import PARSERS, Parser

from release_tasks.errors import ReleaseError

INPUTS = int(os.environ.get("RELEASE_TASKS_FUZZ", "0"))
LONGEST = 1.0  # seconds of this process for an input of a few kilobytes
SAMPLE = 15
REPEATED = (
    100_000 if INPUTS else 4_000
)  # characters of one piece, again and again
LONGEST_REPEATED = (
    8.0 if INPUTS else 2.0
)  # seconds; ten times as much where it is quadratic
MEMORY = 3 << 30  # bytes of address space, in `nox -s fuzz`

if INPUTS:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.RLIM_INFINITY))


def inputs(parser: Parser) -> st.SearchStrategy[Any]:
    """Return texts of the parser's own pieces, with others between them."""
    noise = st.text(max_size=3)
    if parser.is_binary:
        noise = st.binary(max_size=3).map(lambda data: data.decode("latin-1"))
    piece = st.one_of(st.sampled_from(parser.pieces), noise)
    texts = st.lists(piece, max_size=30).map("".join)
    cut = st.tuples(texts, st.integers(0, 4000)).map(
        lambda pair: pair[0][: pair[1]]
    )
    if parser.is_binary:
        return cut.map(lambda text: text.encode("latin-1", "replace"))
    return cut


def read(parser: Parser, data: Any, longest: float) -> None:
    start = time.process_time()
    with contextlib.suppress(ReleaseError):
        parser.read(data)
    assert time.process_time() - start < longest


@pytest.mark.parametrize("name", PARSERS)
def test_only_our_own_error_comes_out(name: str) -> None:
    parser = PARSERS[name]

    @settings(
        max_examples=INPUTS or SAMPLE,
        deadline=None,
        database=None,
        derandomize=not INPUTS,
        suppress_health_check=list(HealthCheck),
    )
    @given(inputs(parser))
    def attack(data: Any) -> None:
        read(parser, data, LONGEST)

    attack()


@pytest.mark.parametrize("name", PARSERS)
def test_a_long_text_takes_no_long_time(name: str) -> None:
    parser = PARSERS[name]
    pieces = parser.pieces if INPUTS else parser.pieces[:6]
    for piece in pieces:
        text = piece * (REPEATED // len(piece))
        data = text.encode("latin-1", "replace") if parser.is_binary else text
        start = time.process_time()
        with contextlib.suppress(ReleaseError):
            parser.read(data)
        seconds = time.process_time() - start
        assert seconds < LONGEST_REPEATED, f"{piece!r}: {seconds:.1f} s"

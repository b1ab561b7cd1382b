"""Whatever a parser reads, only our own error comes out of it, soon.

`nox -s fuzz` tries RELEASE_TASKS_FUZZ inputs for each parser, under a limit of memory.
"""

from __future__ import annotations

import contextlib
import os
import random
import resource
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from security import other_parsers, parsers
from security.parsers import Parser

from release_tasks.errors import ReleaseError

PARSERS = {**parsers.PARSERS, **other_parsers.PARSERS}
INPUTS = int(os.environ.get("RELEASE_TASKS_FUZZ", "0"))
LONGEST = 1.0  # seconds of this process for an input of a few kilobytes
SAMPLE = 1000 if INPUTS else 15  # inputs that hypothesis makes, and shrinks
BATCH = 100
SPECIAL = "\0\t\n\r \"#$%&'()*+,-./:<=>?@[\\]^_`{|}~\x1b\x7f\x85\xa0\ufeff\u2028\ud800"
# characters of one piece, again and again
REPEATED = 100_000 if INPUTS else 4_000
# seconds; ten times as much where it is quadratic
LONGEST_REPEATED = 8.0 if INPUTS else 2.0
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
    return cut.map(lambda text: as_read(parser, text))


def many(parser: Parser, seed: int) -> Iterator[Any]:
    """Yield `BATCH` such inputs; hypothesis takes ten times as long for them as the parsers do."""
    chance = random.Random(seed)
    for _ in range(BATCH):
        wanted = chance.choice((3, 8, 30))
        parts = chance.choices(parser.pieces, k=wanted)
        for place in range(0, wanted, chance.randint(1, 9)):
            parts[place] = noise(chance, parser.is_binary)
        text = "".join(parts)
        if chance.random() < 0.2:
            text = text[: chance.randint(0, len(text))]
        yield as_read(parser, text)


def noise(chance: random.Random, is_binary: bool) -> str:
    """Return up to three characters, of which many mean something somewhere."""
    highest = 0xFF if is_binary else 0x10FFFF
    kinds = (
        lambda: chance.choice(SPECIAL),
        lambda: chr(chance.randint(0x20, 0x7E)),
        lambda: chr(chance.randint(0, 0xFF)),
        lambda: chr(chance.randint(0, highest)),
    )
    return "".join(chance.choice(kinds)() for _ in range(chance.randint(0, 3)))


def as_read(parser: Parser, text: str) -> Any:
    """Return a text as the parser reads it: a text that a file can have, or bytes."""
    if parser.is_binary:
        return text.encode("latin-1", "replace")
    return text.encode(errors="replace").decode()


def read(parser: Parser, data: Any, longest: float) -> None:
    start = time.process_time()
    with contextlib.suppress(ReleaseError):
        parser.read(data)
    assert time.process_time() - start < longest


@pytest.mark.parametrize("name", PARSERS)
def test_only_our_own_error_comes_out(name: str) -> None:
    parser = PARSERS[name]

    @settings(
        max_examples=SAMPLE,
        deadline=None,
        database=None,
        derandomize=not INPUTS,
        suppress_health_check=list(HealthCheck),
    )
    @given(inputs(parser))
    def attack(data: Any) -> None:
        read(parser, data, LONGEST)

    attack()
    for seed in range(INPUTS // BATCH):
        for data in many(parser, seed):
            try:
                read(parser, data, LONGEST)
            except BaseException as error:
                raise AssertionError(f"{name} of {data!r}") from error


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

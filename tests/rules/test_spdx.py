"""License identifiers that SPDX has replaced."""

from __future__ import annotations

import pytest

from release_tasks.rules import spdx


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("MIT", ""),
        ("MIT OR Apache-2.0", ""),
        ("GPL-3.0-only", ""),
        ("LGPL-2.1-or-later WITH Classpath-exception-2.0", ""),
        (
            "GPL-3.0",
            "`GPL-3.0` is deprecated, use GPL-3.0-only or GPL-3.0-or-later",
        ),
        ("MIT OR GPL-2.0+", "`GPL-2.0+` is deprecated, use GPL-2.0-or-later"),
        (
            "(AGPL-3.0)",
            "`AGPL-3.0` is deprecated, use AGPL-3.0-only or AGPL-3.0-or-later",
        ),
        (
            "BSD-2-Clause-FreeBSD",
            "`BSD-2-Clause-FreeBSD` is deprecated, use BSD-2-Clause",
        ),
    ],
)
def test_a_replaced_identifier_is_named(expression: str, words: str) -> None:
    assert spdx.license_expression(expression) == [
        word for word in (words,) if word
    ]

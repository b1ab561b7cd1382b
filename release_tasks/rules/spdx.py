"""Identifiers of licenses that SPDX has replaced."""

from __future__ import annotations

import re
from collections.abc import Iterator

from release_tasks.rules.rule import rule

GNU = (
    "AGPL-1.0",
    "AGPL-3.0",
    "GFDL-1.1",
    "GFDL-1.2",
    "GFDL-1.3",
    "GPL-1.0",
    "GPL-2.0",
    "GPL-3.0",
)
LESSER = ("LGPL-2.0", "LGPL-2.1", "LGPL-3.0")
WITH = "GPL-2.0-only WITH"
OTHERS = {
    "BSD-2-Clause-FreeBSD": "BSD-2-Clause",
    "BSD-2-Clause-NetBSD": "BSD-2-Clause",
    "GPL-2.0-with-GCC-exception": f"{WITH} GCC-exception-2.0",
    "GPL-2.0-with-autoconf-exception": f"{WITH} Autoconf-exception-2.0",
    "GPL-2.0-with-bison-exception": f"{WITH} Bison-exception-2.2",
    "GPL-2.0-with-classpath-exception": f"{WITH} Classpath-exception-2.0",
    "GPL-2.0-with-font-exception": f"{WITH} Font-exception-2.0",
    "GPL-3.0-with-GCC-exception": "GPL-3.0-only WITH GCC-exception-3.1",
    "GPL-3.0-with-autoconf-exception": "GPL-3.0-only WITH Autoconf-exception-3.0",
    "StandardML-NJ": "SMLNJ",
    "bzip2-1.0.5": "bzip2-1.0.6",
    "eCos-2.0": "GPL-2.0-or-later WITH eCos-exception-2.0",
    "wxWindows": "LGPL-2.0-or-later WITH WxWindows-exception-3.1",
}


@rule("SPDX", "SPDX License List, deprecated license identifiers")
def license_expression(value: str) -> Iterator[str]:
    """Check that a license expression has no identifier that SPDX has replaced.

    crates.io and PyPI still accept them; `GPL-3.0` leaves open which versions are meant.
    """
    for word in dict.fromkeys(re.findall(r"[A-Za-z0-9.-]+\+?", value)):
        instead = replacement(word)
        if instead:
            yield f"`{word}` is deprecated, use {instead}"


def replacement(identifier: str) -> str:
    """Return what replaces an identifier, "" for one that is not deprecated."""
    plain = identifier.removesuffix("+")
    if plain in (*GNU, *LESSER):
        if identifier.endswith("+"):
            return f"{plain}-or-later"
        return f"{plain}-only or {plain}-or-later"
    return OTHERS.get(identifier, "")

"""Requests that no client of a rehearsal sends: those of pages in a browser, and broken ones."""

from __future__ import annotations

import re
from email.message import Message

from release_tasks.rehearsal import bodies
from release_tasks.rehearsal.web import Response

# what names this machine and no other one (RFC 6761 section 6.3)
LOOPBACK = re.compile(
    r"(127\.0\.0\.1|\[::1\]|([a-z0-9-]+\.)*localhost)\.?(:[0-9]+)?",
    re.IGNORECASE,
)


def reason_against(headers: Message, is_direct: bool) -> Response | None:
    """Return the answer to a request that is refused by its headers, None for all others.

    `is_direct` tells that it came to a registry's own port. A page in a browser can lead a name of
    its own to such a port (DNS rebinding), and would read what is there; but it cannot change the
    Host header, which has that name.
    """
    lengths = headers.get_all("content-length", [])
    encodings = headers.get_all("transfer-encoding", [])
    try:
        bodies.check_framing(lengths, encodings)
    except bodies.Malformed as error:
        return Response.of_text(f"{error}\n", 400)
    hosts = headers.get_all("host", [])
    if len(hosts) != 1:
        return Response.of_text("one Host header is needed\n", 400)
    if is_direct and not LOOPBACK.fullmatch(hosts[0].strip()):
        return Response.of_text("this is no name of a local registry\n", 421)
    return None

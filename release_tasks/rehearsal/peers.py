"""Whose connection it is: the user at the other end of a connection on loopback."""

from __future__ import annotations

import ipaddress
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

Address = tuple[str, int]
# all connections of this machine, one a line (proc_pid_net(5)); for IPv4, and IPv4 inside of IPv6
TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
ESTABLISHED = b"01"
ROOT = 0
NOBODYS = b"0"  # the inode of a connection that its process has closed; its user reads 0 then


def are_known() -> bool:
    """Tell whether this system lists connections with their users; macOS does not."""
    return os.access(TABLES[0], os.R_OK)


def is_ours(theirs: Address, ours: Address) -> bool:
    """Tell whether the other end of a connection belongs to this user, or to root.

    `theirs` and `ours` are its addresses as a socket of this end has them.
    """
    if sys.platform == "win32":  # it lists no users, see are_known
        return False
    return owner(theirs, ours) in (ROOT, os.geteuid())


def owner(theirs: Address, ours: Address) -> int | None:
    """Return the user (uid) at the other end of a connection, None where it cannot be told."""
    for line in _lines(theirs, ours):
        _, _, _, state, _, _, _, uid, _, inode, *_ = line.split()
        if state == ESTABLISHED and inode != NOBODYS:
            return int(uid)
    return None


def _lines(theirs: Address, ours: Address) -> Iterator[bytes]:
    ends = rb"[0-9A-F]*%s [0-9A-F]*%s " % (_written(theirs), _written(ours))
    wanted = re.compile(rb"^.*: " + ends + rb".*$", re.MULTILINE)
    for table in TABLES:
        try:
            yield from wanted.findall(table.read_bytes())
        except OSError:
            continue


def _written(address: Address) -> bytes:
    """Return an address as the tables have it: the IP number in this machine's byte order."""
    host, port = address
    number = int.from_bytes(ipaddress.IPv4Address(host).packed, sys.byteorder)
    return f"{number:08X}:{port:04X}".encode()

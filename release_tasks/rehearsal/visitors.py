"""Connections of other users of this machine: few at once, and little time to show a token."""

from __future__ import annotations

import contextlib
import socket
import threading
from dataclasses import dataclass

from release_tasks.rehearsal.peers import Address

MOST = 32  # connections at once, of all other users together
SECONDS = 10.0  # until a connection is closed that has shown no token


@dataclass(frozen=True)
class _Visit:
    handle: socket.socket  # of the same connection: TLS takes the first one
    timer: threading.Timer


class Visitors:
    """The open connections of other users to one server, by their addresses."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._visits: dict[Address, _Visit] = {}

    def enter(self, address: Address, connection: socket.socket) -> bool:
        """Tell whether a new connection may stay, and close it later if it shows no token."""
        with self._lock:
            if len(self._visits) >= MOST:
                return False
            handle = connection.dup()
            timer = threading.Timer(SECONDS, _hang_up, (handle,))
            timer.daemon = True
            self._visits[address] = _Visit(handle, timer)
            timer.start()
        return True

    def __contains__(self, address: Address) -> bool:
        """Tell whether a connection is one of another user."""
        return address in self._visits

    def has_token(self, address: Address) -> None:
        """Let a connection stay as long as it wants."""
        with self._lock:
            visit = self._visits.get(address)
        if visit is not None:
            visit.timer.cancel()

    def leave(self, address: Address) -> None:
        """Forget a connection that was closed."""
        with self._lock:
            visit = self._visits.pop(address, None)
        if visit is not None:
            visit.timer.cancel()
            visit.handle.close()


def _hang_up(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)

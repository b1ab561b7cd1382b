"""The tokens of one rehearsal: random, so that nobody else on this machine knows them."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Mapping
from dataclasses import astuple, dataclass

USER = "rehearsal"  # of every login
RANDOM = 24  # bytes of each token


@dataclass(frozen=True)
class Tokens:
    """What the clients of a rehearsal log in with; each value begins with words that say so."""

    crates: str
    pypi: str
    github: str
    github_read: str  # may read, but not write
    registry: str  # the password of images and charts
    proxy: str

    @classmethod
    def made(cls) -> Tokens:
        """Return tokens that nobody knows yet."""
        return cls(
            crates=_random("not-a-secret-for-crates-io"),
            pypi=_random("pypi-not-a-secret"),
            github=_random("not-a-secret-for-github"),
            github_read=_random("not-a-secret-that-reads-github"),
            registry=_random("not-a-secret-for-ghcr"),
            proxy=_random("not-a-secret-for-the-proxy"),
        )

    def are_in(self, headers: Mapping[str, str]) -> bool:
        """Tell whether a request's headers (names in lower case) have one of the tokens."""
        for name in ("authorization", "proxy-authorization"):
            sent = secret_in(headers.get(name, ""))
            if any(secrets.compare_digest(sent, one) for one in self._encoded):
                return True
        return False

    @property
    def _encoded(self) -> list[bytes]:
        return [value.encode() for value in astuple(self)]


def secret_in(header: str) -> bytes:
    """Return the token, or the password of a login, in an Authorization header; empty for none.

    cargo sends a token without any scheme (the Cargo book, "Registry Web API").
    """
    scheme, _, value = header.strip().rpartition(" ")
    if scheme.lower() != "basic":
        return value.encode()
    try:
        login = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return b""
    user, _, password = login.partition(b":")
    return password or user


def _random(words: str) -> str:
    return f"{words}-{secrets.token_hex(RANDOM)}"

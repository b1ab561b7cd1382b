"""What a token of the local GitHub may do with its repositories."""

from __future__ import annotations

from enum import IntEnum


class Rights(IntEnum):
    """Rights in order: each has those before it. Drafts are shown to those who may write."""

    NONE = 0  # no token: what is public can be read
    READ = 1
    WRITE = 2

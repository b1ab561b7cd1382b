"""The actions that a written workflow uses, each at a commit that nobody can move."""

from __future__ import annotations

from typing import NamedTuple


class Action(NamedTuple):
    """An action of a repository, at a commit; `version` is the tag that it had there."""

    repository: str
    commit: str  # 40 hex digits
    version: str

    @property
    def uses(self) -> str:
        """Return how a step names it."""
        return f"{self.repository}@{self.commit}"


CHECKOUT = Action(
    "actions/checkout", "08eba0b27e820071cde6df949e0beb9ba4906955", "v4.3.0"
)
PYTHON = Action(
    "actions/setup-python", "a26af69be951a213d495a4c3e4e4022e16d87065", "v5.6.0"
)
UPLOAD = Action(
    "actions/upload-artifact",
    "ea165f8d65b6e75b540449e92b4886f43607fa02",
    "v4.6.2",
)
DOWNLOAD = Action(
    "actions/download-artifact",
    "d3f86a106a0bac45b974a628896c90dbdf5c8093",
    "v4.3.0",
)

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
    "actions/checkout", "de0fac2e4500dabe0009e67214ff5f5447ce83dd", "v6.0.2"
)
PYTHON = Action(
    "actions/setup-python", "a309ff8b426b58ec0e2a45f0f869d46889d02405", "v6.2.0"
)
UPLOAD = Action(
    "actions/upload-artifact",
    "043fb46d1a93c77aae656e7c1c64a875d1fc6a0a",
    "v7.0.1",
)
DOWNLOAD = Action(
    "actions/download-artifact",
    "3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c",
    "v8.0.1",
)
CACHE = Action(
    "actions/cache", "9255dc7a253b0ccc959486e2bca901246202afeb", "v5.0.1"
)
PROVENANCE = Action(
    "actions/attest-build-provenance",
    "977bb373ede98d70efdf65b84cb5f73e068dcc2a",
    "v3.0.0",
)

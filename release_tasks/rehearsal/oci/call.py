"""One request to the local OCI registry about one of its repositories."""

from __future__ import annotations

from dataclasses import dataclass

from release_tasks.rehearsal.oci.store import Store
from release_tasks.rehearsal.web import Request


@dataclass(frozen=True)
class Call:
    """A request; `reference` is a tag, a digest or the id of an upload, as its path has it."""

    store: Store
    request: Request
    name: str  # of the repository
    reference: str

    @property
    def query(self) -> dict[str, str]:
        """Return the query of the request."""
        return self.request.query

"""What the stand-ins read from the real registries: pages once, files once and for all."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from pathlib import Path

from release_tasks import endpoints, files, http
from release_tasks.errors import ReleaseError
from release_tasks.rehearsal.web import Response


class Unreachable(Exception):
    """The real registry was not asked, or did not answer: nobody can say what it has."""

    def response(self) -> Response:
        """Answer 503: a 404 would say that the real registry does not have it."""
        return Response(503, f"{self}\n".encode(), {"Content-Type": "text/plain"})


class Upstream:
    """A real registry behind a stand-in.

    Pages are read once in a rehearsal, so that it sees one state of the world; `cache` keeps
    them for `offline` rehearsals, and keeps files, which never change, for all later ones.
    `ours` names what this release may publish: offline, such a name counts as not taken, and
    without `ours` every name does.
    """

    def __init__(self, cache: Path, offline: bool, ours: Collection[str] | None = None) -> None:
        self.cache, self.offline = cache, offline
        self.ours = None if ours is None else {_canonical(name) for name in ours}
        self._way = http.ProxySettings.now(endpoints.CRATES_INDEX)
        self._pages: dict[str, bytes | None] = {}

    def page(self, url: str, name: str, headers: Mapping[str, str] | None = None) -> bytes | None:
        """Return what `url` holds about the package `name`, None for 404; raise `Unreachable`."""
        if url not in self._pages:
            self._pages[url] = self._read_page(url, name, headers)
        return self._pages[url]

    def file(self, url: str, key: str) -> Path | None:
        """Return a file that never changes, None for 404; `key` names it in the cache."""
        kept = self.cache / "files" / key
        if kept.exists():
            return kept
        if self.offline:
            raise Unreachable(f"the rehearsal is offline and {url} was never read before")
        body = self._get(url, {})
        if body is None:
            return None
        files.write_bytes(kept, body)
        return kept

    def _read_page(self, url: str, name: str, headers: Mapping[str, str] | None) -> bytes | None:
        kept = self.cache / "pages" / hashlib.sha256(url.encode()).hexdigest()
        if not self.offline:
            body = self._get(url, headers or {})
            if body is not None:
                files.write_bytes(kept, body)
            return body
        if kept.exists():
            return kept.read_bytes()
        if self.ours is None or _canonical(name) in self.ours:
            return None
        lost = f"{name} is not published here and {url} was never read before"
        raise Unreachable(f"the rehearsal is offline: {lost}")

    def _get(self, url: str, headers: Mapping[str, str]) -> bytes | None:
        try:
            answer = http.get(url, headers, expect=(200, 404, 410, 451), settings=self._way)
        except ReleaseError as error:
            raise Unreachable(
                f"{error.problem}; a rehearsal can do without it by --offline"
            ) from error
        return answer.body if answer.status == 200 else None


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.lower())

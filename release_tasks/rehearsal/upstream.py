"""What the local registries read from the real ones: pages once a rehearsal, files only once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from pathlib import Path

from release_tasks import endpoints, files, http
from release_tasks.errors import ReleaseError
from release_tasks.rehearsal.web import Response

# answers, of which all but 200 mean: there is nothing
STATUSES = (200, 404, 410, 451)


class Unreachable(Exception):
    """The real registry was not asked, or did not answer: what it has is unknown."""

    def response(self) -> Response:
        """Answer 503: a 404 would mean that the real registry does not have it."""
        answer = Response.of_text(f"{self}\n", 503)
        answer.headers["Retry-After"] = "0"  # it was repeated already
        return answer


class Upstream:
    """The real registry behind a local one.

    Pages are read once in a rehearsal, so that it sees one state of the registry; `cache` keeps
    them for `offline` rehearsals, and keeps files, which never change, for all later ones.
    `ours` names what this release may publish: offline, such a name counts as free, and without
    `ours` every name does.
    """

    def __init__(
        self, cache: Path, offline: bool, ours: Collection[str] | None = None
    ) -> None:
        self.cache = cache
        self.offline = offline
        self.ours: set[str] | None = None
        if ours is not None:
            self.ours = {_canonical(name) for name in ours}
        self._settings = http.ProxySettings.now(endpoints.CRATES_INDEX)
        self._pages: dict[str, bytes | None] = {}

    def is_foreign(self, name: str) -> bool:
        """Tell whether a name is not this project's, so that nothing may be published under it."""
        return self.ours is not None and _canonical(name) not in self.ours

    def page(
        self, url: str, name: str, headers: Mapping[str, str] | None = None
    ) -> bytes | None:
        """Return the page at `url` about the package `name`, None for 404; raise `Unreachable`."""
        if url not in self._pages:
            self._pages[url] = self._read_page(url, name, headers or {})
        return self._pages[url]

    def file(self, url: str, key: str) -> Path | None:
        """Return a file that never changes, None for 404; `key` is its name in the cache."""
        cached = self.cache / "files" / key
        if cached.exists():
            return cached
        if self.offline:
            raise Unreachable(
                f"the rehearsal is offline and {url} was never read before"
            )
        body = self._get(url, {}, is_file=True)
        if body is None:
            return None
        files.write_bytes(cached, body)
        return cached

    def _read_page(
        self, url: str, name: str, headers: Mapping[str, str]
    ) -> bytes | None:
        key = hashlib.sha256(url.encode()).hexdigest()
        cached = self.cache / "pages" / key
        if not self.offline:
            body = self._get(url, headers)
            if body is not None:
                files.write_bytes(cached, body)
            return body
        if cached.exists():
            return cached.read_bytes()
        if self.ours is None or _canonical(name) in self.ours:
            return None
        raise Unreachable(
            f"the rehearsal is offline: {name} is not published here "
            f"and {url} was never read before"
        )

    def _get(
        self, url: str, headers: Mapping[str, str], is_file: bool = False
    ) -> bytes | None:
        """Return what is at `url`; only a file may be larger than `http.MOST`."""
        try:
            answer = http.get(
                url,
                headers,
                STATUSES,
                settings=self._settings,
                remember=not is_file,
            )
        except ReleaseError as error:
            # what to do comes first: clients cut long answers
            raise Unreachable(
                f"{error.fix}, or rehearse with --offline: {error.problem}"
            ) from error
        if answer.status != 200:
            return None
        return answer.body


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.lower())

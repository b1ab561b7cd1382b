"""What the PyPI stand-in reads from the real PyPI."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

from release_tasks import endpoints
from release_tasks.rehearsal.upstream import Upstream

SIMPLE_JSON = "application/vnd.pypi.simple.v1+json"


@dataclass(frozen=True)
class Listed:
    """A file as the simple index lists it (PEP 503, 658, 691, 700)."""

    filename: str
    place: str  # path of its address, below the file server
    sha256: str
    size: int | None
    uploaded: float | None  # seconds since 1970
    requires_python: str = ""
    yanked: str | None = None  # the reason, which may be empty; None where it is not yanked
    metadata: str = ""  # sha256 of its core metadata, where those are served


class RealPyPI:
    """The real index and its files, read through `Upstream`."""

    def __init__(self, cache: Path, offline: bool, ours: Collection[str] | None) -> None:
        self.upstream = Upstream(cache, offline, ours)
        self._origins: dict[str, str] = {}  # addresses of files, by place

    def files(self, name: str) -> list[Listed] | None:
        """Return the files of a project (by normalized name), None where there is no such project."""
        url = f"{endpoints.PYPI}/simple/{name}/"
        body = self.upstream.page(url, name, {"Accept": f"{SIMPLE_JSON}, text/html;q=0.1"})
        if body is None:
            return None
        try:
            return [self._of_json(entry, url) for entry in json.loads(body)["files"]]
        except ValueError:  # an index that knows only HTML, such as many mirrors
            page = _Links()
            page.feed(body.decode(errors="replace"))
            return [self._of_link(link, text, url) for link, text in page.found]

    def about(self, name: str, version: str = "") -> dict[str, Any] | None:
        """Return what `/pypi/NAME/json` says, None where there is no such project or release."""
        path = f"{name}/{version}/json" if version else f"{name}/json"
        body = self.upstream.page(f"{endpoints.PYPI}/pypi/{path}", name)
        try:
            return None if body is None else dict(json.loads(body))
        except ValueError:
            return None

    def file(self, place: str) -> Path | None:
        """Return a file by its place, None where there is none."""
        bare = place.removesuffix(".metadata")
        origin = self._origins.get(bare, f"{endpoints.PYPI_FILES}{bare}") + place.removeprefix(bare)
        return self.upstream.file(origin, place.strip("/").replace("/", "-"))

    def _of_json(self, entry: dict[str, Any], page: str) -> Listed:
        metadata = entry.get("core-metadata") or entry.get("data-dist-info-metadata")
        yanked = entry.get("yanked", False)
        return Listed(
            entry["filename"],
            self._place(urljoin(page, entry["url"])),
            entry.get("hashes", {}).get("sha256", ""),
            entry.get("size"),
            _moment(entry.get("upload-time")),
            entry.get("requires-python") or "",
            None if yanked is False else yanked if isinstance(yanked, str) else "",
            metadata.get("sha256", "") if isinstance(metadata, dict) else "",
        )

    def _of_link(self, link: dict[str, str], filename: str, page: str) -> Listed:
        url, fragment = urldefrag(urljoin(page, link["href"]))
        metadata = link.get("data-core-metadata", link.get("data-dist-info-metadata", ""))
        return Listed(
            filename,
            self._place(url),
            fragment.removeprefix("sha256=") if "sha256=" in fragment else "",
            None,
            _moment(link.get("data-upload-time")),
            link.get("data-requires-python", ""),
            link.get("data-yanked"),
            metadata.removeprefix("sha256=") if "sha256=" in metadata else "",
        )

    def _place(self, url: str) -> str:
        path = urlsplit(url).path
        place = path[path.index("/packages/") :] if "/packages/" in path else f"/packages{path}"
        self._origins[place] = url
        return place


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[dict[str, str], str]] = []
        self._link: dict[str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self._link = {key: value or "" for key, value in attrs}

    def handle_data(self, data: str) -> None:
        if self._link is not None and data.strip():
            self.found.append((self._link, data.strip()))
            self._link = None


def _moment(text: str | None) -> float | None:
    return datetime.fromisoformat(text).timestamp() if text else None

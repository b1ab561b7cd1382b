"""What the local PyPI reads from the real PyPI."""

from __future__ import annotations

import json
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
class ListedFile:
    """A file as the simple index lists it (PEP 503, 658, 691, 700)."""

    filename: str
    path: str  # of its address, on the file server
    sha256: str  # hex, empty where the index has none
    size: int | None = None  # bytes
    uploaded: float | None = None  # seconds since 1970
    requires_python: str = ""
    # the reason, which may be empty; None where it is not yanked
    yanked: str | None = None
    metadata: str = ""  # sha256 of its core metadata, where those are served


class RealPyPI:
    """The real index and its files, read through `Upstream`."""

    def __init__(self, upstream: Upstream) -> None:
        self.upstream = upstream
        self._origins: dict[str, str] = {}  # addresses of files, by path

    def files(self, name: str) -> list[ListedFile] | None:
        """Return the files of a project (by normalized name), None for no such project."""
        url = f"{endpoints.PYPI}/simple/{name}/"
        body = self.upstream.page(
            url, name, {"Accept": f"{SIMPLE_JSON}, text/html;q=0.1"}
        )
        if body is None:
            return None
        try:
            entries = json.loads(body)["files"]
            return [self._from_json(entry, url) for entry in entries]
        except ValueError:
            # an index that knows only HTML, such as many mirrors
            page = _Links()
            page.feed(body.decode(errors="replace"))
            return [
                self._from_link(link, text, url) for link, text in page.found
            ]

    def about(self, name: str, version: str = "") -> dict[str, Any] | None:
        """Return what `/pypi/NAME/json` has, None where there is no such project or release."""
        path = f"{name}/json"
        if version:
            path = f"{name}/{version}/json"
        body = self.upstream.page(f"{endpoints.PYPI}/pypi/{path}", name)
        if body is None:
            return None
        try:
            return dict(json.loads(body))
        except ValueError:
            return None

    def file(self, path: str) -> Path | None:
        """Return a file, or its core metadata, by path; None where there is none."""
        listed = path.removesuffix(".metadata")
        suffix = path.removeprefix(listed)
        origin = self._origins.get(listed, f"{endpoints.PYPI_FILES}{listed}")
        key = path.strip("/").replace("/", "-")
        return self.upstream.file(origin + suffix, key)

    def _from_json(self, entry: dict[str, Any], page: str) -> ListedFile:
        metadata = entry.get("core-metadata") or entry.get(
            "data-dist-info-metadata"
        )
        if not isinstance(metadata, dict):
            metadata = {}
        return ListedFile(
            filename=entry["filename"],
            path=self._path(urljoin(page, entry["url"])),
            sha256=entry.get("hashes", {}).get("sha256", ""),
            size=entry.get("size"),
            uploaded=_moment(entry.get("upload-time")),
            requires_python=entry.get("requires-python") or "",
            yanked=_yank_reason(entry.get("yanked", False)),
            metadata=metadata.get("sha256", ""),
        )

    def _from_link(
        self, link: dict[str, str], filename: str, page: str
    ) -> ListedFile:
        url, fragment = urldefrag(urljoin(page, link["href"]))
        metadata = link.get(
            "data-core-metadata", link.get("data-dist-info-metadata", "")
        )
        return ListedFile(
            filename=filename,
            path=self._path(url),
            sha256=_sha256(fragment),
            uploaded=_moment(link.get("data-upload-time")),
            requires_python=link.get("data-requires-python", ""),
            yanked=link.get("data-yanked"),
            metadata=_sha256(metadata),
        )

    def _path(self, url: str) -> str:
        """Return the path at which a file is served here, and remember its real address."""
        _, marker, rest = urlsplit(url).path.partition("/packages/")
        path = f"/packages/{rest}"
        if not marker:
            path = f"/packages{urlsplit(url).path}"
        self._origins[path] = url
        return path


class _Links(HTMLParser):
    """Collects the links of a page: their attributes and their text."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[dict[str, str], str]] = []
        self._link: dict[str, str] | None = None

    def handle_starttag(
        self, tag: str, attrs: list[tuple[str, str | None]]
    ) -> None:
        if tag == "a":
            self._link = {key: value or "" for key, value in attrs}

    def handle_data(self, data: str) -> None:
        if self._link is not None and data.strip():
            self.found.append((self._link, data.strip()))
            self._link = None


def _yank_reason(yanked: bool | str) -> str | None:
    """Return the reason in PEP 691's `yanked`, which may be a boolean."""
    if yanked is False:
        return None
    if yanked is True:
        return ""
    return yanked


def _sha256(text: str) -> str:
    """Return the digest in `sha256=DIGEST`, empty for anything else."""
    if "sha256=" not in text:
        return ""
    return text.removeprefix("sha256=")


def _moment(text: str | None) -> float | None:
    if not text:
        return None
    return datetime.fromisoformat(text).timestamp()

"""What the local crates.io stores: its own crates, in addition to those of the real index."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from release_tasks import endpoints
from release_tasks.rehearsal.upstream import Upstream
from release_tasks.rules import crates_io as rules

VERSION = re.compile(r"[0-9A-Za-z.+-]+")  # the letters of SemVer
Record = dict[str, Any]  # one line of the index
Key = tuple[str, str]  # a crate's name in lower case, and a version


class Refused(Exception):
    """A request that crates.io refuses, with this HTTP status and message."""

    def __init__(self, detail: str, status: int = 400) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status


class Store:
    """Crates by name. A version published here is in the index `lag` seconds later."""

    def __init__(self, folder: Path, upstream: Upstream) -> None:
        self.folder = folder
        self.upstream = upstream
        self.lag = 0.0
        self.lock = threading.RLock()
        # [package] of the manifests
        self.details: dict[Key, dict[str, Any]] = {}
        self.owners: dict[str, list[str]] = {}
        self.readmes: dict[
            Key, str
        ] = {}  # Markdown, of the uploads that have one
        self.downloads: Counter[Key] = Counter()
        self._records: dict[str, list[Record]] = {}
        # monotonic time from which a version is in the index
        self._visible: dict[Key, float] = {}
        self._yanked: dict[Key, bool] = {}

    def published(self) -> dict[str, list[Record]]:
        """Return the versions that were published here, by crate."""
        with self.lock:
            found = {}
            for records in self._records.values():
                found[records[0]["name"]] = self._with_yanks(records)
            return found

    def versions(self, name: str) -> list[Record]:
        """Return every version of a crate, the real ones and ours; empty where there is none."""
        records = self._real_records(name)
        with self.lock:
            own = self._records.get(name.lower(), [])
            replaced = {without_build(record["vers"]) for record in own}
            kept = [
                record
                for record in records
                if without_build(record["vers"]) not in replaced
            ]
            return self._with_yanks([*kept, *own])

    def index(self, name: str) -> bytes | None:
        """Return the index page of a crate as of now, None where there is none."""
        if not self._is_changed(name):
            return self.real(name)
        page = ""
        for record in self.versions(name):
            if self._is_visible(record):
                line = json.dumps(record, separators=(",", ":"))
                page += f"{line}\n"
        return page.encode() or None

    def is_foreign(self, name: str) -> bool:
        """Tell whether the real crates.io has a crate that this project does not publish."""
        return self.upstream.is_foreign(name) and self.real(name) is not None

    def real(self, name: str) -> bytes | None:
        """Return the real index page, None for a name that the real index does not have."""
        url = f"{endpoints.CRATES_INDEX}/{index_path(name)}"
        return self.upstream.page(url, name)

    def add(
        self, record: Record, crate: bytes, package: dict[str, Any]
    ) -> None:
        """Publish one version; `crate` is the tarball, `package` its manifest's table."""
        key = name, version = _key(record)
        path = self.own_file(name, version)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(crate)
        with self.lock:
            records = self._records.setdefault(name, [])
            records.append(record)
            self._visible[key] = time.monotonic() + self.lag
            self.details[key] = package
            self.owners.setdefault(name, ["rehearsal"])

    def yank(self, name: str, version: str, yanked: bool) -> None:
        """Yank a version or unyank it; raise `Refused` for one that is not there."""
        if version not in [record["vers"] for record in self.versions(name)]:
            raise Refused(
                f"crate `{name}` does not have a version `{version}`", 404
            )
        with self.lock:
            self._yanked[name.lower(), version] = yanked

    def file(self, name: str, version: str) -> Path | None:
        """Return a tarball, ours or the real one, None where there is none."""
        if any(rules.name(name)) or not VERSION.fullmatch(version):
            return None
        own = self.own_file(name, version)
        if own.exists():
            return own
        url = f"{endpoints.CRATES_FILES}/crates/{name}/{version}/download"
        return self.upstream.file(url, f"{name}-{version}.crate")

    def details_of(self, record: Record) -> dict[str, Any]:
        """Return the manifest's [package] of a version, empty for one of the real crates.io."""
        return self.details.get(_key(record), {})

    def own_file(self, name: str, version: str) -> Path:
        """Return where the tarball of a version published here is stored."""
        return self.folder / "crates" / name.lower() / f"{version}.crate"

    def own_size(self, name: str, version: str) -> int | None:
        """Return the size (bytes) of a tarball published here, None for any other."""
        path = self.own_file(name, version)
        if not path.exists():
            return None
        return path.stat().st_size

    def _real_records(self, name: str) -> list[Record]:
        page = self.real(name) or b""
        return [json.loads(line) for line in page.splitlines() if line.strip()]

    def _is_changed(self, name: str) -> bool:
        """Return whether a version was published or yanked here."""
        key = name.lower()
        with self.lock:
            yanked = {other for other, _version in self._yanked}
            return key in self._records or key in yanked

    def _is_visible(self, record: Record) -> bool:
        return self._visible.get(_key(record), 0.0) <= time.monotonic()

    def _with_yanks(self, records: list[Record]) -> list[Record]:
        """Return the records as they are after the yanks and unyanks that were made here."""
        found = []
        for record in records:
            yanked = self._yanked.get(_key(record), record["yanked"])
            found.append(record | {"yanked": bool(yanked)})
        return found


def index_path(name: str) -> str:
    """Return where the sparse index has a crate (the Cargo book, "Index Format")."""
    lower = name.lower()
    if len(lower) < 3:
        return f"{len(lower)}/{lower}"
    if len(lower) == 3:
        return f"3/{lower[0]}/{lower}"
    return f"{lower[:2]}/{lower[2:4]}/{lower}"


def without_build(version: str) -> str:
    """Return a version without build metadata, which crates.io ignores when it compares."""
    return version.split("+", 1)[0]


def _key(record: Record) -> Key:
    return record["name"].lower(), record["vers"]

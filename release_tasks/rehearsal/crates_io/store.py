"""What the crates.io stand-in holds: its own crates, laid over those of the real index."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from pathlib import Path
from typing import Any

from release_tasks import endpoints
from release_tasks.rehearsal.upstream import Upstream

Record = dict[str, Any]  # one line of the index


class Refused(Exception):
    """crates.io says no, with this HTTP status and these words."""

    def __init__(self, detail: str, status: int = 400) -> None:
        super().__init__(detail)
        self.detail, self.status = detail, status


class Store:
    """Crates by name. A version published here is in the index `lag` seconds later."""

    def __init__(self, folder: Path, upstream: Upstream, lag: float = 0.0) -> None:
        self.folder, self.upstream, self.lag = folder, upstream, lag
        self.lock = threading.RLock()
        self.details: dict[
            tuple[str, str], dict[str, Any]
        ] = {}  # manifest's [package] by name and version
        self.owners: dict[str, list[str]] = {}
        self._records: dict[str, list[Record]] = {}
        self._visible: dict[tuple[str, str], float] = {}
        self._yanked: dict[tuple[str, str], bool] = {}

    def published(self) -> dict[str, list[Record]]:
        """Return the versions that were published here, by crate."""
        with self.lock:
            return {records[0]["name"]: self._seen(records) for records in self._records.values()}

    def versions(self, name: str) -> list[Record]:
        """Return every version of a crate, the real ones and ours; empty where there is none."""
        real = [json.loads(line) for line in (self.real(name) or b"").splitlines() if line.strip()]
        with self.lock:
            own = self._records.get(name.lower(), [])
            taken = {bare(record["vers"]) for record in own}
            return self._seen([*(r for r in real if bare(r["vers"]) not in taken), *own])

    def index(self, name: str) -> bytes | None:
        """Return the index page of a crate as of now, None where there is none."""
        key, now = name.lower(), time.monotonic()
        with self.lock:
            untouched = key not in self._records and not any(k == key for k, _ in self._yanked)
        if untouched:
            return self.real(name)
        shown = [r for r in self.versions(name) if self._visible.get((key, r["vers"]), 0) <= now]
        return (
            b"".join(json.dumps(r, separators=(",", ":")).encode() + b"\n" for r in shown) or None
        )

    def real(self, name: str) -> bytes | None:
        """Return the real index page, None for a name that the real index does not have."""
        return self.upstream.page(f"{endpoints.CRATES_INDEX}/{index_path(name)}", name)

    def add(self, record: Record, crate: bytes, package: dict[str, Any]) -> None:
        """Publish one version; `crate` is the tarball, `package` its manifest's table."""
        name, version = record["name"], record["vers"]
        path = self.own_file(name, version)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(crate)
        with self.lock:
            self._records.setdefault(name.lower(), []).append(record)
            self._visible[name.lower(), version] = time.monotonic() + self.lag
            self.details[name.lower(), version] = package
            self.owners.setdefault(name.lower(), ["rehearsal"])

    def yank(self, name: str, version: str, yanked: bool) -> None:
        """Withdraw a version or put it back; raise `Refused` for one that is not there."""
        if not any(record["vers"] == version for record in self.versions(name)):
            raise Refused(f"crate `{name}` does not have a version `{version}`", 404)
        with self.lock:
            self._yanked[name.lower(), version] = yanked

    def file(self, name: str, version: str) -> Path | None:
        """Return a tarball, ours or the real one, None where there is none."""
        own = self.own_file(name, version)
        if own.exists():
            return own
        url = f"{endpoints.CRATES_FILES}/crates/{name}/{version}/download"
        return self.upstream.file(url, f"{name}-{version}.crate")

    def own_file(self, name: str, version: str) -> Path:
        """Return where the tarball of a version published here lies."""
        return self.folder / "crates" / name.lower() / f"{version}.crate"

    def _seen(self, records: list[Record]) -> list[Record]:
        def yanked(record: Record) -> bool:
            return self._yanked.get(
                (record["name"].lower(), record["vers"]), bool(record["yanked"])
            )

        return [record | {"yanked": yanked(record)} for record in records]


def index_path(name: str) -> str:
    """Return where the sparse index keeps a crate (the Cargo book, "Index Format")."""
    low = name.lower()
    if len(low) < 4:
        return f"{len(low)}/{low[0] + '/' if len(low) == 3 else ''}{low}"
    return f"{low[:2]}/{low[2:4]}/{low}"


def bare(version: str) -> str:
    """Return a version without build metadata, which crates.io ignores when it compares."""
    return version.split("+", 1)[0]


def record_of(meta: dict[str, Any], crate: bytes) -> Record:
    """Return the index line for the JSON that cargo sent and the tarball (the Cargo book)."""
    features = {key: list(value) for key, value in (meta.get("features") or {}).items()}
    new = {
        key: v for key, v in features.items() if any(f.startswith("dep:") or "?/" in f for f in v)
    }
    record: Record = {
        "name": meta["name"],
        "vers": meta["vers"],
        "deps": [_dependency(d) for d in meta.get("deps") or []],
        "cksum": hashlib.sha256(crate).hexdigest(),
        "features": {key: value for key, value in features.items() if key not in new},
        "yanked": False,
        "links": meta.get("links"),
        "v": 2,
        "pubtime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    if new:
        record["features2"] = new
    if meta.get("rust_version"):
        record["rust_version"] = meta["rust_version"]
    return record


def _dependency(sent: dict[str, Any]) -> Record:
    alias = sent.get("explicit_name_in_toml")
    kept = {
        key: sent.get(key) for key in ("features", "optional", "default_features", "target", "kind")
    }
    line = {"name": alias or sent["name"], "req": sent["version_req"], **kept}
    if sent.get("registry"):
        line["registry"] = sent["registry"]
    if alias:
        line["package"] = sent["name"]
    return line

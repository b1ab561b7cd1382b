"""What the local OCI registry stores: content in a folder, names and links in memory."""

from __future__ import annotations

import hashlib
import re
import threading
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from release_tasks.rehearsal.web import Response

HEX_DIGITS = {"sha256": 64, "sha512": 128}


class Refused(Exception):
    """A request that the registry refuses: HTTP status, code of the specification, reason."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}

    def response(self) -> Response:
        """Return the answer, with the error body of the specification."""
        error = {"code": self.code, "message": self.message, "detail": None}
        answer = Response.of_json({"errors": [error]}, self.status)
        answer.headers |= self.headers
        return answer


@dataclass(frozen=True)
class Manifest:
    """A manifest of one repository; its subject lists it by the `descriptor`."""

    digest: str
    media_type: str
    subject: str | None
    descriptor: dict[str, Any]


@dataclass
class Repository:
    """The content and the names of one repository."""

    blobs: set[str] = field(default_factory=set)
    manifests: dict[str, Manifest] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    referrers: dict[str, dict[str, Manifest]] = field(default_factory=dict)

    def add(self, manifest: Manifest, tags: Iterable[str]) -> None:
        """Add a manifest, and point the tags at it."""
        self.manifests[manifest.digest] = manifest
        for tag in tags:
            self.tags[tag] = manifest.digest
        if manifest.subject:
            self.referrers.setdefault(manifest.subject, {})[manifest.digest] = (
                manifest
            )

    def remove(self, manifest: Manifest) -> None:
        """Remove a manifest with its tags."""
        del self.manifests[manifest.digest]
        for tag in [
            tag
            for tag, digest in self.tags.items()
            if digest == manifest.digest
        ]:
            del self.tags[tag]
        if manifest.subject:
            del self.referrers[manifest.subject][manifest.digest]


@dataclass(frozen=True)
class Upload:
    """A blob on its way into a repository; what has arrived is the file at `path`."""

    id: str
    repository: str
    path: Path
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def size(self) -> int:
        """Return how many bytes have arrived."""
        return self.path.stat().st_size


class Store:
    """All repositories and uploads; equal content of several repositories is stored once."""

    def __init__(self, folder: Path) -> None:
        self.lock = threading.RLock()
        self.repositories: dict[str, Repository] = {}
        self._uploads: dict[str, Upload] = {}
        # number of repositories that have a blob
        self._holders: Counter[str] = Counter()
        self._content = folder / "content"
        self._incoming = folder / "incoming"
        self._incoming.mkdir(parents=True, exist_ok=True)
        for algorithm in HEX_DIGITS:
            (self._content / algorithm).mkdir(parents=True, exist_ok=True)

    def path(self, digest: str) -> Path:
        """Return where content with this valid digest is stored."""
        return self._content.joinpath(*digest.split(":"))

    def find(self, name: str) -> Repository:
        """Return a repository; raise `Refused` (404) where nothing was pushed yet."""
        try:
            return self.repositories[name]
        except KeyError:
            raise Refused(
                404, "NAME_UNKNOWN", f"{name} is not a known repository"
            ) from None

    def make(self, name: str) -> Repository:
        """Return a repository, new where nothing was pushed yet; call it with the lock held."""
        return self.repositories.setdefault(name, Repository())

    def begin(self, name: str) -> Upload:
        """Begin an upload into the repository `name`."""
        key = uuid.uuid4().hex
        upload = Upload(key, name, self._incoming / key)
        upload.path.touch()
        self._uploads[key] = upload
        return upload

    @contextmanager
    def upload(self, name: str, key: str) -> Iterator[Upload]:
        """Give an unfinished upload to one request at a time; raise `Refused` (404) for others."""
        upload = self._uploads.get(key)
        if upload is None or upload.repository != name:
            raise _unknown_upload()
        with upload.lock:
            # finished by another request meanwhile
            if key not in self._uploads:
                raise _unknown_upload()
            yield upload

    def forget(self, upload: Upload) -> None:
        """End an upload and remove what has arrived."""
        self._uploads.pop(upload.id, None)
        upload.path.unlink(missing_ok=True)

    def keep(self, upload: Upload, digest: str) -> None:
        """Make what has arrived a blob; raise `Refused` (400) where it has another digest."""
        algorithm = digest.partition(":")[0]
        with upload.path.open("rb") as file:
            real = f"{algorithm}:{hashlib.file_digest(file, algorithm).hexdigest()}"
        if real != digest:
            self.forget(upload)
            raise Refused(
                400,
                "DIGEST_INVALID",
                f"the upload has the digest {real}, not {digest}",
            )
        upload.path.replace(self.path(digest))
        self.forget(upload)
        self._hold(upload.repository, digest)

    def mount(self, digest: str, source: str | None, name: str) -> bool:
        """Give `name` a blob that `source` (None: any repository) has; return whether it could."""
        with self.lock:
            if not self._is_held(digest, source):
                return False
            self._hold(name, digest)
            return True

    def drop(self, name: str, digest: str) -> None:
        """Remove a blob from a repository; raise `Refused` (404) where it is not there."""
        with self.lock:
            blobs = self.find(name).blobs
            if digest not in blobs:
                raise Refused(
                    404, "BLOB_UNKNOWN", f"{name} has no blob {digest}"
                )
            blobs.remove(digest)
            self._holders[digest] -= 1

    def _is_held(self, digest: str, source: str | None) -> bool:
        if source:
            return digest in self.repositories.get(source, Repository()).blobs
        return self._holders[digest] > 0

    def _hold(self, name: str, digest: str) -> None:
        with self.lock:
            blobs = self.make(name).blobs
            if digest not in blobs:
                blobs.add(digest)
                self._holders[digest] += 1


def checked(digest: str) -> str:
    """Return a well-formed sha256 or sha512 digest; raise `Refused` (400) for anything else."""
    algorithm, _, value = digest.partition(":")
    digits = HEX_DIGITS.get(algorithm, 0)
    if digits and re.fullmatch(rf"[0-9a-f]{{{digits}}}", value):
        return digest
    raise Refused(
        400, "DIGEST_INVALID", f"{digest!r} is not a sha256 or sha512 digest"
    )


def _unknown_upload() -> Refused:
    return Refused(404, "BLOB_UPLOAD_UNKNOWN", "there is no such upload")

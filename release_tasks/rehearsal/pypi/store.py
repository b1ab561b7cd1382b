"""What the PyPI stand-in holds: its own files, laid over those of the real PyPI."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    canonicalize_version,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion

from release_tasks.rehearsal.clock import Clock
from release_tasks.rehearsal.pypi.form import Form
from release_tasks.rehearsal.pypi.upstream import Listed, RealPyPI


class Refused(Exception):
    """PyPI says no, with this HTTP status and these words."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.reason, self.status = reason, status


@dataclass
class Upload:
    """A file published here, with the form that it came with and its core metadata."""

    listed: Listed
    path: Path
    form: Form
    metadata: bytes | None
    blake2: str


class Store:
    """Projects by normalized name."""

    def __init__(self, folder: Path, real: RealPyPI, clock: Clock) -> None:
        self.folder, self.real, self.clock = folder, real, clock
        self.lock = threading.RLock()
        self.uploads: dict[str, Upload] = {}  # by filename
        self.deleted: set[str] = set()
        self._yanked: dict[tuple[str, str], str | None] = {}

    def files(self, name: str) -> list[Listed] | None:
        """Return every file of a project, the real ones and ours; None for no such project."""
        real = self.real.files(name)
        with self.lock:
            own = [upload.listed for upload in self.own(name)]
            taken = {file.filename for file in own} | self.deleted
            shown = [*(f for f in real or [] if f.filename not in taken), *own]
            return None if real is None and not own else [self._seen(name, file) for file in shown]

    def own(self, name: str) -> list[Upload]:
        """Return what was published here of a project, oldest first."""
        with self.lock:
            return [
                u for u in self.uploads.values() if canonicalize_name(u.form.get("name")) == name
            ]

    def add(self, form: Form, filename: str, metadata: bytes | None) -> Upload:
        """Publish the file of a form under `filename`; `metadata` is that of a wheel."""
        data = form.content
        blake2 = hashlib.blake2b(data, digest_size=32).hexdigest()
        place = f"/packages/{blake2[:2]}/{blake2[2:4]}/{blake2[4:]}/{filename}"
        path = self.folder / place.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        listed = Listed(
            filename,
            place,
            hashlib.sha256(data).hexdigest(),
            len(data),
            self.clock.now(),
            form.get("requires_python"),
            None,
            hashlib.sha256(metadata).hexdigest() if metadata else "",
        )
        upload = Upload(listed, path, form, metadata, blake2)
        with self.lock:
            self.uploads[filename] = upload
        return upload

    def delete(self, filename: str) -> None:
        """Delete a file as an owner does in the browser; its name is gone for good."""
        with self.lock:
            self.uploads.pop(filename, None)
            self.deleted.add(filename)

    def yank(self, name: str, version: str, reason: str | None) -> None:
        """Yank a release with a reason (which may be empty), or put it back with None."""
        with self.lock:
            self._yanked[canonicalize_name(name), canonicalize_version(version)] = reason

    def _seen(self, name: str, file: Listed) -> Listed:
        key = (name, canonicalize_version(version_of(file.filename)))
        return replace(file, yanked=self._yanked[key]) if key in self._yanked else file


def version_of(filename: str) -> str:
    """Return the version in a file's name in its normal form, empty for an unknown form."""
    try:
        if filename.endswith(".whl"):
            return str(parse_wheel_filename(filename)[1])
        return str(parse_sdist_filename(filename)[1])
    except (InvalidSdistFilename, InvalidWheelFilename, InvalidVersion):
        return ""

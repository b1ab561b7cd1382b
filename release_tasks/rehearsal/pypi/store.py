"""What the local PyPI stores: its own files, in addition to those of the real PyPI."""

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
from release_tasks.rehearsal.pypi.upstream import ListedFile, RealPyPI


class Refused(Exception):
    """A request that PyPI refuses, with this HTTP status and reason."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


@dataclass
class Upload:
    """A file published here, with the form of its upload and its core metadata."""

    listed: ListedFile
    path: Path
    form: Form
    metadata: bytes | None
    blake2: str

    @property
    def version(self) -> str:
        """Return the version in the file's name."""
        return version_of(self.listed.filename)


class Store:
    """Projects by normalized name."""

    def __init__(self, folder: Path, real: RealPyPI, clock: Clock) -> None:
        self.folder = folder
        self.real = real
        self.clock = clock
        self.lock = threading.RLock()
        self.uploads: dict[str, Upload] = {}  # by filename
        self.deleted: set[str] = set()
        # reasons by project and version
        self._yanked: dict[tuple[str, str], str | None] = {}

    def files(self, name: str) -> list[ListedFile] | None:
        """Return every file of a project, the real ones and ours; None for no such project."""
        real = self.real.files(name)
        with self.lock:
            own = [upload.listed for upload in self.own(name)]
            if real is None and not own:
                return None
            replaced = {file.filename for file in own} | self.deleted
            kept = [
                file for file in real or [] if file.filename not in replaced
            ]
            return [self._with_yank(name, file) for file in (*kept, *own)]

    def is_foreign(self, name: str) -> bool:
        """Tell whether the real PyPI has a project that this one does not publish."""
        return (
            self.real.upstream.is_foreign(name)
            and self.real.files(name) is not None
        )

    def own(self, name: str) -> list[Upload]:
        """Return what was published here of a project, oldest first."""
        with self.lock:
            return [
                upload
                for upload in self.uploads.values()
                if upload.form.project == name
            ]

    def add(self, form: Form, filename: str, metadata: bytes | None) -> Upload:
        """Publish the file of a form under `filename`; `metadata` is that of a wheel."""
        blake2 = hashlib.blake2b(form.content, digest_size=32).hexdigest()
        place = f"packages/{blake2[:2]}/{blake2[2:4]}/{blake2[4:]}/{filename}"
        path = self.folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(form.content)
        listed = ListedFile(
            filename=filename,
            path=f"/{place}",
            sha256=hashlib.sha256(form.content).hexdigest(),
            size=len(form.content),
            uploaded=self.clock.now(),
            requires_python=form.get("requires_python"),
        )
        if metadata:
            listed = replace(
                listed, metadata=hashlib.sha256(metadata).hexdigest()
            )
        upload = Upload(listed, path, form, metadata, blake2)
        with self.lock:
            self.uploads[filename] = upload
        return upload

    def delete(self, filename: str) -> None:
        """Delete a file as an owner does in the browser; its name can never be used again."""
        with self.lock:
            self.uploads.pop(filename, None)
            self.deleted.add(filename)

    def yank(self, name: str, version: str, reason: str | None) -> None:
        """Yank a release with a reason (which may be empty), or unyank it with None."""
        with self.lock:
            self._yanked[
                canonicalize_name(name), canonicalize_version(version)
            ] = reason

    def _with_yank(self, name: str, file: ListedFile) -> ListedFile:
        """Return a file as it is after the yanks and unyanks that were made here."""
        key = (name, canonicalize_version(version_of(file.filename)))
        if key not in self._yanked:
            return file
        return replace(file, yanked=self._yanked[key])


def version_of(filename: str) -> str:
    """Return the normalized version in a file's name, empty for an unknown form of name."""
    try:
        if filename.endswith(".whl"):
            return str(parse_wheel_filename(filename)[1])
        return str(parse_sdist_filename(filename)[1])
    except (InvalidSdistFilename, InvalidWheelFilename, InvalidVersion):
        return ""

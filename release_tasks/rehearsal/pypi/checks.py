"""What PyPI checks at upload before it reads the file, with its messages (warehouse)."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Collection
from typing import Any

from packaging.utils import canonicalize_version

from release_tasks import endpoints
from release_tasks.rehearsal.pypi.form import Form
from release_tasks.rehearsal.pypi.store import Refused, Store, version_of
from release_tasks.rehearsal.pypi.upstream import ListedFile
from release_tasks.rules import pypi, pypi_files

OPEN_FOR = 14 * 86400  # seconds during which a release takes more files
DIGESTS = ("md5", "sha256", "blake2_256")
SPEC = "See https://packaging.python.org/specifications/core-metadata for more information."
REUSE = f"See {endpoints.PYPI}/help/#file-name-reuse for more information."
LISTS = {  # fields of a form, and the names of packaging.metadata
    "platform": "platforms",
    "supported_platform": "supported_platforms",
    "classifiers": "classifiers",
    "requires": "requires",
    "provides": "provides",
    "obsoletes": "obsoletes",
    "requires_dist": "requires_dist",
    "provides_dist": "provides_dist",
    "obsoletes_dist": "obsoletes_dist",
    "requires_external": "requires_external",
    "provides_extra": "provides_extra",
    "dynamic": "dynamic",
    "license_file": "license_files",
    "license_files": "license_files",
    "import_name": "import_names",
    "import_namespace": "import_namespaces",
}
TEXTS = (
    "metadata_version",
    "name",
    "version",
    "summary",
    "description",
    "description_content_type",
    "home_page",
    "download_url",
    "author",
    "author_email",
    "maintainer",
    "maintainer_email",
    "license",
    "license_expression",
    "requires_python",
)


def check_token(header: str, tokens: Collection[str]) -> None:
    """Raise `Refused` (403) unless a Basic authorization has `__token__` and one of the tokens."""
    try:
        sent = base64.b64decode(
            header.removeprefix("Basic "), validate=True
        ).decode()
    except (binascii.Error, UnicodeDecodeError):
        sent = ""
    if sent not in [f"__token__:{token}" for token in tokens]:
        raise Refused(
            "Invalid or non-existent authentication information. "
            f"See {endpoints.PYPI}/help/#invalid-auth for more information.",
            403,
        )


def check_form(form: Form) -> None:
    """Raise `Refused` for a form that is not a file's upload with valid core metadata."""
    if form.get(":action") not in ("file_upload", ""):
        raise Refused("Unknown action.", 410)
    if form.get("protocol_version") not in ("1", ""):
        raise Refused("Unknown protocol version.")
    for rule in pypi.name(form.get("name")):
        raise _invalid("name", form.get("name"), rule)
    if form.get("filetype") not in pypi_files.EXTENSIONS:
        raise Refused(
            "Invalid value for filetype. Error: Use a known file type."
        )
    _check_python_version(form)
    if not any(form.get(f"{digest}_digest") for digest in DIGESTS):
        raise Refused("Error: Include at least one message digest.")
    _check_metadata(form)
    if form.filename is None:
        raise Refused("Upload payload does not have a file.")


def check_new_project(store: Store, form: Form) -> None:
    """Raise `Refused` for the name of a new project that PyPI does not allow."""
    others = {upload.form.project for upload in store.uploads.values()}
    for rule in pypi.new_name(form.get("name"), others):
        raise Refused(rule)


def check_history(store: Store, form: Form, filename: str) -> bool:
    """Return whether the file is already there, byte for byte.

    Raises `Refused` for a file that can never be added.
    """
    known = store.files(form.project) or []
    digests = {digest: _digest(form, digest) for digest in DIGESTS}
    for digest, expected in digests.items():
        if form.get(f"{digest}_digest").lower() not in ("", expected):
            raise Refused(
                "The digest supplied does not match a digest calculated from the uploaded file."
            )
    sha256, blake2 = digests["sha256"], digests["blake2_256"]
    if any(
        file.filename == filename and file.sha256 == sha256 for file in known
    ):
        return True
    taken = {file.filename for file in known} | {file.sha256 for file in known}
    if filename in taken or sha256 in taken or _is_published(store, blake2):
        raise Refused(
            f"File already exists ({filename!r}, with blake2_256 hash {blake2!r}). {REUSE}"
        )
    if filename in store.deleted:
        raise Refused(
            "This filename was previously used by a file that has since been deleted. "
            f"Use a different version. {REUSE}"
        )
    _check_release(store, form, [file for file in known if _is_of(form, file)])
    _check_sizes(form, known)
    return False


def _is_of(form: Form, file: ListedFile) -> bool:
    """Return whether a file belongs to the release of an upload."""
    return canonicalize_version(version_of(file.filename)) == form.release


def _check_python_version(form: Form) -> None:
    python = form.get("pyversion")
    if form.get("filetype") != "sdist" and not python:
        rule = "Python version is required for binary distribution uploads."
        raise Refused(f"Invalid value for pyversion. Error: {rule}")
    if form.get("filetype") == "sdist" and python not in ("", "source"):
        rule = "Use 'source' as Python version for an sdist."
        raise Refused(f"Invalid value for pyversion. Error: {rule}")


def _check_metadata(form: Form) -> None:
    raw = raw_metadata(form)
    for refusal in pypi.metadata(raw):
        raise Refused(f"{refusal.text.rstrip('.')}. {SPEC}")
    content_type = raw.get("description_content_type", "")
    for text in pypi.description(raw.get("description", ""), content_type):
        raise Refused(text)


def raw_metadata(form: Form) -> dict[str, Any]:
    """Return the core metadata in a form, by the names of `packaging.metadata`."""
    raw: dict[str, Any] = {}
    for key in TEXTS:
        if form.get(key):
            raw[key] = form.get(key)
    for key, name in LISTS.items():
        if form.values.get(key, [""]) != [""]:
            raw[name] = form.values[key]
    if form.get("keywords"):
        raw["keywords"] = [
            word.strip() for word in form.get("keywords").split(",")
        ]
    if form.get("project_urls"):
        raw["project_urls"] = _project_urls(form.values["project_urls"])
    return raw


def _project_urls(rows: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for row in rows:
        label, _, address = row.partition(",")
        if label.strip() in found:
            raise Refused(f"'project_urls' has invalid data. {SPEC}")
        found[label.strip()] = address.strip()
    return found


def _check_release(store: Store, form: Form, release: list[ListedFile]) -> None:
    opened = [file.uploaded for file in release if file.uploaded is not None]
    if opened and store.clock.now() - min(opened) > OPEN_FOR:
        raise Refused(
            "Uploading new files to releases older than 14 days is not allowed."
        )
    sdists = [file for file in release if not file.filename.endswith(".whl")]
    if form.get("filetype") == "sdist" and sdists:
        raise Refused("Only one sdist may be uploaded per release.")


def _check_sizes(form: Form, known: list[ListedFile]) -> None:
    size, name = len(form.content), form.get("name")
    sizes = [file.size or 0 for file in known]
    faults = pypi_files.file_size(size, name, max(sizes, default=0))
    for fault in faults or pypi_files.project_size(size + sum(sizes), name):
        raise Refused(fault)


def _digest(form: Form, name: str) -> str:
    """Return the digest (hex) of the uploaded file."""
    if name == "blake2_256":
        return hashlib.blake2b(form.content, digest_size=32).hexdigest()
    return hashlib.new(name, form.content, usedforsecurity=False).hexdigest()


def _is_published(store: Store, blake2: str) -> bool:
    with store.lock:
        return any(upload.blake2 == blake2 for upload in store.uploads.values())


def _invalid(field: str, value: str, error: str) -> Refused:
    return Refused(
        f"{value!r} is an invalid value for {field.title()}. Error: {error} {SPEC}"
    )

"""What PyPI checks at upload before it reads the file, with its messages (warehouse)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Collection
from typing import Any

from packaging.utils import canonicalize_version
from packaging.version import InvalidVersion, Version

from release_tasks import endpoints
from release_tasks.rehearsal.pypi.form import Form
from release_tasks.rehearsal.pypi.store import Refused, Store, version_of
from release_tasks.rehearsal.pypi.upstream import ListedFile

MAX_FILE = 100 << 20  # bytes
MAX_PROJECT = 10 << 30  # bytes of all files
OPEN_FOR = 14 * 86400  # seconds during which a release takes more files
NAME = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?", re.I)
NAME_RULE = (
    "Start and end with a letter or numeral containing only ASCII numeric and '.', '_' and "
    "'-'."
)
DIGESTS = ("md5", "sha256", "blake2_256")
SPEC = "See https://packaging.python.org/specifications/core-metadata for more information."
REUSE = f"See {endpoints.PYPI}/help/#file-name-reuse for more information."
CONTENT_TYPES = ("text/plain", "text/x-rst", "text/markdown")
TOPICS = (
    "Development Status",
    "Environment",
    "Framework",
    "Intended Audience",
    "License",
    "Natural Language",
    "Operating System",
    "Programming Language",
    "Topic",
    "Typing",
)
LISTS = {
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
        sent = base64.b64decode(header.removeprefix("Basic "), validate=True).decode()
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
    if not NAME.fullmatch(form.get("name")):
        raise _invalid("name", form.get("name"), NAME_RULE)
    _check_version(form.get("version"))
    if form.get("filetype") not in ("bdist_wheel", "sdist"):
        raise Refused("Invalid value for filetype. Error: Use a known file type.")
    if not any(form.get(f"{digest}_digest") for digest in DIGESTS):
        raise Refused("Error: Include at least one message digest.")
    _check_metadata(form)
    if form.filename is None:
        raise Refused("Upload payload does not have a file.")


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
    if any(file.filename == filename and file.sha256 == sha256 for file in known):
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


def _check_version(version: str) -> None:
    try:
        local = Version(version).local
    except InvalidVersion as error:
        raise _invalid("version", version, str(error)) from error
    if local:
        raise Refused(
            f"The use of local versions in {version!r} is not allowed. {SPEC}"
        )


def _check_metadata(form: Form) -> None:
    from packaging.metadata import InvalidMetadata, Metadata

    try:
        Metadata.from_raw(_raw_metadata(form), validate=True)  # type: ignore[arg-type]  # as sent
    except ExceptionGroup as group:
        error = group.exceptions[0]
        fact = str(error).rstrip(".")
        if not fact and isinstance(error, InvalidMetadata):
            fact = error.field
        raise Refused(f"{fact or 'metadata'}. {SPEC}") from group
    for classifier in form.values.get("classifiers", []):
        if classifier.split(" :: ")[0] not in TOPICS or " :: " not in classifier:
            rule = f"Classifier {classifier!r} is not a valid classifier."
            raise _invalid("classifiers", classifier, rule)
    _check_description(form.get("description"), form.get("description_content_type"))


def _raw_metadata(form: Form) -> dict[str, Any]:
    """Return the core metadata in a form, by the names of `packaging.metadata`."""
    raw: dict[str, Any] = {}
    for key in TEXTS:
        if form.get(key):
            raw[key] = form.get(key)
    for key, name in LISTS.items():
        if key in form.values:
            raw[name] = form.values[key]
    if form.get("keywords"):
        raw["keywords"] = re.split(r"\s*,\s*", form.get("keywords"))
    return raw


def _check_description(text: str, content_type: str) -> None:
    kind = content_type.split(";")[0].strip() or "text/x-rst"
    if kind not in CONTENT_TYPES:
        rule = "Use a valid Description-Content-Type."
        raise _invalid("description_content_type", content_type, rule)
    if text and kind == "text/x-rst":
        from readme_renderer import rst  # twine brings it

        if rst.render(text) is None:
            form = "in the default format of reStructuredText"
            if content_type:
                form = f"for '{content_type}'"
            raise Refused(
                f"The description failed to render {form}. "
                f"See {endpoints.PYPI}/help/#description-content-type for more information."
            )


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
    limits = f"See {endpoints.PYPI_DOCS}/project-management/storage-limits"
    if size > MAX_FILE:
        limit = f"Limit for project {name!r} is {MAX_FILE >> 20} MB."
        raise Refused(f"File too large. {limit} {limits} for more information.")
    if size + sum(file.size or 0 for file in known) > MAX_PROJECT:
        limit = f"Limit for project {name!r} total size is {MAX_PROJECT >> 30} GB."
        raise Refused(f"Project size too large. {limit} {limits}")


def _digest(form: Form, name: str) -> str:
    """Return the digest (hex) of the uploaded file."""
    if name == "blake2_256":
        return hashlib.blake2b(form.content, digest_size=32).hexdigest()
    return hashlib.new(name, form.content, usedforsecurity=False).hexdigest()


def _is_published(store: Store, blake2: str) -> bool:
    with store.lock:
        return any(upload.blake2 == blake2 for upload in store.uploads.values())


def _invalid(field: str, value: str, error: str) -> Refused:
    shown = field.replace("_", "-").title()
    return Refused(f"{value!r} is an invalid value for {shown}. Error: {error} {SPEC}")

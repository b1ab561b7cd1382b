"""What PyPI checks at upload before it looks into the file, with its own words (warehouse)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Collection
from typing import Any

from packaging.utils import canonicalize_name, canonicalize_version
from packaging.version import InvalidVersion, Version

from release_tasks import endpoints
from release_tasks.rehearsal.pypi.form import Form
from release_tasks.rehearsal.pypi.store import Refused, Store, version_of
from release_tasks.rehearsal.pypi.upstream import Listed

MAX_FILE, MAX_PROJECT = 100 << 20, 10 << 30  # bytes
OPEN_FOR = 14 * 86400  # seconds during which a release takes more files
NAME = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?", re.I)
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
    """Raise `Refused` (403) unless a Basic authorization names `__token__` and one of the tokens."""
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
        rule = "Start and end with a letter or numeral containing only ASCII numeric and '.', '_' and '-'."
        raise _invalid("name", form.get("name"), rule)
    _check_version(form.get("version"))
    if form.get("filetype") not in ("bdist_wheel", "sdist"):
        raise Refused("Invalid value for filetype. Error: Use a known file type.")
    if not any(form.get(f"{digest}_digest") for digest in ("md5", "sha256", "blake2_256")):
        raise Refused("Error: Include at least one message digest.")
    _check_metadata(form)
    if form.filename is None:
        raise Refused("Upload payload does not have a file.")


def check_history(store: Store, form: Form, filename: str) -> bool:
    """Tell whether the file is there, byte for byte; raise `Refused` where it can never be added."""
    name, version = canonicalize_name(form.get("name")), canonicalize_version(form.get("version"))
    known = store.files(name) or []
    blake2 = hashlib.blake2b(form.content, digest_size=32).hexdigest()
    if (
        form.get("blake2_256_digest") not in ("", blake2)
        or _wrong(form, "sha256")
        or _wrong(form, "md5")
    ):
        raise Refused(
            "The digest supplied does not match a digest calculated from the uploaded file."
        )
    sha256 = hashlib.sha256(form.content).hexdigest()
    if any((file.filename, file.sha256) == (filename, sha256) for file in known):
        return True
    if any(filename == f.filename or sha256 == f.sha256 for f in known) or _kept_elsewhere(
        store, blake2
    ):
        raise Refused(
            f"File already exists ({filename!r}, with blake2_256 hash {blake2!r}). {REUSE}"
        )
    if filename in store.deleted:
        raise Refused(
            "This filename was previously used by a file that has since been deleted. "
            f"Use a different version. {REUSE}"
        )
    release = [file for file in known if canonicalize_version(version_of(file.filename)) == version]
    _check_release(store, form, release)
    _check_sizes(form, known)
    return False


def _check_version(version: str) -> None:
    try:
        local = Version(version).local
    except InvalidVersion as error:
        raise _invalid("version", version, str(error)) from error
    if local:
        raise Refused(f"The use of local versions in {version!r} is not allowed. {SPEC}")


def _check_metadata(form: Form) -> None:
    from packaging.metadata import InvalidMetadata, Metadata

    raw: dict[str, Any] = {key: form.get(key) for key in TEXTS if form.get(key)}
    raw |= {LISTS[key]: values for key, values in form.values.items() if key in LISTS}
    if form.get("keywords"):
        raw["keywords"] = re.split(r"\s*,\s*", form.get("keywords"))
    try:
        Metadata.from_raw(raw, validate=True)  # type: ignore[arg-type]  # fields as sent by a client
    except ExceptionGroup as group:
        error = group.exceptions[0]
        field = error.field if isinstance(error, InvalidMetadata) else "metadata"
        raise Refused(f"{str(error).rstrip('.') or field}. {SPEC}") from group
    for classifier in form.values.get("classifiers", []):
        if not classifier.startswith(tuple(f"{topic} :: " for topic in TOPICS)):
            raise _invalid(
                "classifiers", classifier, f"Classifier {classifier!r} is not a valid classifier."
            )
    _check_description(form.get("description"), form.get("description_content_type"))


def _check_description(text: str, content_type: str) -> None:
    kind = content_type.split(";")[0].strip() or "text/x-rst"
    if kind not in CONTENT_TYPES:
        raise _invalid(
            "description_content_type", content_type, "Use a valid Description-Content-Type."
        )
    if text and kind == "text/x-rst":
        from readme_renderer import rst  # twine brings it

        if rst.render(text) is None:
            shown = (
                f"for '{content_type}'"
                if content_type
                else "in the default format of reStructuredText"
            )
            raise Refused(
                f"The description failed to render {shown}. "
                f"See {endpoints.PYPI}/help/#description-content-type for more information."
            )


def _check_release(store: Store, form: Form, release: list[Listed]) -> None:
    opened = [file.uploaded for file in release if file.uploaded is not None]
    if opened and store.clock.now() - min(opened) > OPEN_FOR:
        raise Refused("Uploading new files to releases older than 14 days is not allowed.")
    if form.get("filetype") == "sdist" and any(
        not file.filename.endswith(".whl") for file in release
    ):
        raise Refused("Only one sdist may be uploaded per release.")


def _check_sizes(form: Form, known: list[Listed]) -> None:
    size, name = len(form.content), form.get("name")
    limits = f"See {endpoints.PYPI_DOCS}/project-management/storage-limits"
    if size > MAX_FILE:
        limit = f"Limit for project {name!r} is {MAX_FILE >> 20} MB."
        raise Refused(f"File too large. {limit} {limits} for more information.")
    if size + sum(file.size or 0 for file in known) > MAX_PROJECT:
        limit = f"Limit for project {name!r} total size is {MAX_PROJECT >> 30} GB."
        raise Refused(f"Project size too large. {limit} {limits}")


def _wrong(form: Form, digest: str) -> bool:
    sent = form.get(f"{digest}_digest").lower()
    return (
        bool(sent) and sent != hashlib.new(digest, form.content, usedforsecurity=False).hexdigest()
    )


def _kept_elsewhere(store: Store, blake2: str) -> bool:
    with store.lock:
        return any(upload.blake2 == blake2 for upload in store.uploads.values())


def _invalid(field: str, value: str, error: str) -> Refused:
    shown = field.replace("_", "-").title()
    return Refused(f"{value!r} is an invalid value for {shown}. Error: {error} {SPEC}")

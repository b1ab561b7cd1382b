"""What PyPI accepts as the name and the core metadata of a distribution.

The sources are the core metadata specification, as the `packaging` library has it, and warehouse,
the program that runs PyPI. Rules of files are in `pypi_files`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.utils import getaddresses
from functools import cache
from typing import Any

from release_tasks import endpoints
from release_tasks.rules.rule import KnownGap, rule

PYPI = "PyPI"
FORKLIFT = "warehouse, forklift/metadata.py"
PROJECTS = "warehouse, packaging/services.py"
NAME = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?", re.I | re.A)
MAX_SUMMARY = 512  # characters
MAX_LABEL = 32  # characters
METADATA_VERSIONS = ("1.0", "1.1", "1.2", "2.1", "2.2", "2.3", "2.4", "2.5")
EDITABLE = (
    "platform supported-platform summary description description-content-type keywords home-page "
    "download-url author author-email maintainer maintainer-email license license-expression "
    "license-file classifier requires-dist requires-python requires-external project-url "
    "provides-extra provides-dist obsoletes-dist requires provides obsoletes import-name "
    "import-namespace"
)
DYNAMIC_FIELDS = frozenset(EDITABLE.split())
# of several faults, PyPI tells of these first
FIRST = ("metadata-version", "name", "version")
GAPS = (
    KnownGap(
        PYPI,
        "a name that the administrators have prohibited is refused",
        PROJECTS,
        "the list is not public; the upload of the first file fails",
    ),
    KnownGap(
        PYPI,
        "a new name may not be too similar to that of any other project",
        PROJECTS,
        "PyPI answers no such question; the local PyPI compares with what it has seen",
    ),
    KnownGap(
        PYPI,
        "20 new projects in an hour for each user, 40 for each address",
        "warehouse, config.py",
        "counted by the local PyPI; who else uploads is not known before",
    ),
    KnownGap(
        PYPI,
        "files that match a malware pattern are refused",
        "warehouse, utils/scanner.py",
        "its patterns are for packed Python code, which a release does not make",
    ),
)


@dataclass(frozen=True)
class Refusal:
    """Why PyPI refuses metadata: the field as in METADATA, its value, and PyPI's words."""

    field: str
    value: str
    text: str


@rule(PYPI, "warehouse, utils/project.py")
def name(value: str) -> Iterator[str]:
    """Check a name: ASCII letters, digits, `.`, `_` and `-`; a letter or digit at both ends."""
    if not NAME.fullmatch(value):
        yield (
            "Start and end with a letter or numeral containing only ASCII numeric and "
            "'.', '_' and '-'."
        )


@rule(PYPI, PROJECTS)
def new_name(value: str, others: Iterable[str] = ()) -> Iterator[str]:
    """Check the name of a new project: no module of Python's own, and like no other's name.

    `others` are names of existing projects.
    """
    from packaging.utils import canonicalize_name

    more = f"See {endpoints.PYPI}/help/#project-name for more information."
    if canonicalize_name(value) in _standard_library():
        yield (
            f"The name {value!r} isn't allowed (conflict with Python Standard Library module "
            f"name). {more}"
        )
    if similar(value) in {similar(other) for other in others}:
        yield f"The name {value!r} is too similar to an existing project. {more}"


def similar(value: str) -> str:
    """Return what is equal for names that PyPI takes for too similar (ultranormalize_name)."""
    plain = re.sub(r"[._-]", "", value.lower())
    return re.sub("[li]", "1", plain).replace("o", "0")


@rule(PYPI, "packaging.metadata, which warehouse calls")
def specification(raw: Mapping[str, Any]) -> Iterator[str]:
    """Check metadata by the core metadata specification: fields, versions, licenses, requirements.

    `raw` has the names of `packaging.metadata.RawMetadata`.
    """
    for refusal in _by_specification(raw):
        yield refusal.text


@rule(PYPI, FORKLIFT)
def metadata_version(value: str) -> Iterator[str]:
    """Check the version of the metadata: 1.0 to 2.5, without 2.0."""
    if value not in METADATA_VERSIONS:
        yield f"{value!r} is not a valid metadata version"


@rule(PYPI, FORKLIFT)
def local_version(value: str) -> Iterator[str]:
    """Check that a version has no local part, such as `+cu118`."""
    if "+" in value:
        yield f"The use of local versions in {value!r} is not allowed."


@rule(PYPI, FORKLIFT)
def summary(value: str) -> Iterator[str]:
    """Check the summary (`description` in pyproject.toml): at most 512 characters."""
    if len(value) > MAX_SUMMARY:
        yield f"'summary' field must be {MAX_SUMMARY} characters or less."


@rule(PYPI, FORKLIFT)
def email(value: str) -> Iterator[str]:
    """Check the e-mail address of an author or maintainer; several at once are not looked at."""
    from email_validator import EmailNotValidError, validate_email

    found = getaddresses([value])
    if len(found) != 1 or not found[0][1]:
        return
    address = found[0][1]
    try:
        validate_email(address, check_deliverability=False)
    except EmailNotValidError as error:
        yield f"{address!r} is not a valid email address: {error}"


@rule(PYPI, FORKLIFT)
def classifier(value: str) -> Iterator[str]:
    """Check a classifier: one of the list of trove-classifiers, and not a deprecated one."""
    from trove_classifiers import classifiers, deprecated_classifiers

    if value in deprecated_classifiers:
        instead = deprecated_classifiers[value]
        advice = f", use one of {instead} instead" if instead else ""
        yield f"The classifier {value!r} has been deprecated{advice}."
    elif value not in classifiers:
        yield f"{value!r} is not a valid classifier."


@rule(PYPI, "warehouse, utils/http.py")
def url(value: str) -> Iterator[str]:
    """Check an address: http or https, and a valid URI."""
    from rfc3986 import exceptions, uri_reference, validators

    checker = validators.Validator().allow_schemes("http", "https")
    checker.require_presence_of("scheme")
    checker.check_validity_of("scheme", "host", "port", "path", "query")
    try:
        checker.validate(uri_reference(value).normalize())
    except (exceptions.RFC3986Exception, ValueError):
        yield f"{value!r} is not a valid url"


@rule(PYPI, FORKLIFT)
def project_url(label: str, address: str) -> Iterator[str]:
    """Check an address of `[project.urls]`: a label of at most 32 characters, and a URL."""
    if not label:
        yield "Must have a label"
    elif len(label) > MAX_LABEL:
        yield f"{label!r} must be {MAX_LABEL} characters or less."
    elif not address:
        yield "Must have a URL"
    else:
        yield from url(address)


@rule(PYPI, FORKLIFT)
def requirement(value: str) -> Iterator[str]:
    """Check a requirement: it names a project, not an address (`name @ https://...`)."""
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        parsed = Requirement(value)
    except InvalidRequirement as error:
        yield f"{value!r} is invalid: {error}"
        return
    if parsed.url is not None:
        yield f"Can't have direct dependency: {value}"


@rule(PYPI, FORKLIFT)
def dynamic(value: str) -> Iterator[str]:
    """Check a field that is called dynamic (PEP 643): one that may differ between files."""
    if value.lower() not in DYNAMIC_FIELDS:
        yield f"Dynamic field {value!r} is not a valid dynamic field."


@rule(PYPI, FORKLIFT)
def licenses(text: str, expression: str) -> Iterator[str]:
    """Check that there is a license expression or a license's text, not both (PEP 639)."""
    if text and expression:
        yield (
            "License is deprecated when License-Expression is present. "
            "Only License-Expression should be present."
        )


@rule(PYPI, "warehouse, forklift/legacy.py and utils/readme.py")
def description(text: str, content_type: str) -> Iterator[str]:
    """Check that a readme in reStructuredText, which is the default, can be rendered."""
    kind = content_type.partition(";")[0].strip().lower() or "text/x-rst"
    if not text or kind != "text/x-rst":
        return
    from readme_renderer import rst  # twine needs it, too

    if rst.render(text) is None:
        form = "in the default format of reStructuredText"
        if content_type:
            form = f"for '{content_type}'"
        yield (
            f"The description failed to render {form}. "
            f"See {endpoints.PYPI}/help/#description-content-type for more information."
        )


def metadata(raw: Mapping[str, Any]) -> list[Refusal]:
    """Return what PyPI refuses in metadata, the fault that it tells of first.

    `raw` has the names of `packaging.metadata.RawMetadata`. Whether the description renders is
    another question: it takes much longer.
    """
    if specification(raw):
        found = _by_specification(raw)
    else:
        found = list(_by_pypi(raw))

    def order(refusal: Refusal) -> tuple[int, str]:
        if refusal.field in FIRST:
            return FIRST.index(refusal.field), ""
        return len(FIRST), refusal.field

    return sorted(found, key=order)


def read_metadata(content: bytes) -> tuple[Mapping[str, Any], list[Refusal]]:
    """Return the metadata in a METADATA or PKG-INFO file, and what cannot be read of it.

    As twine sends it: older versions of setuptools write License-File into metadata that cannot
    have it yet, and twine leaves it out.
    """
    from packaging.metadata import parse_email

    raw, unparsed = parse_email(content)
    found = dict(raw)
    if str(found.get("metadata_version", "")) < "2.4":
        found.pop("license_files", None)
        unparsed.pop("license-file", None)
    refusals = []
    for field, values in unparsed.items():
        text = f"{field!r} has invalid data"
        refusals.append(Refusal(field, ", ".join(map(str, values)), text))
    return found, refusals


def _by_specification(raw: Mapping[str, Any]) -> list[Refusal]:
    from packaging.metadata import InvalidMetadata, Metadata

    try:
        Metadata.from_raw(raw, validate=True)  # type: ignore[arg-type]  # as it was sent
    except ExceptionGroup as group:
        found = []
        for error in group.exceptions:
            field = error.field if isinstance(error, InvalidMetadata) else ""
            found.append(
                Refusal(field, _quoted(str(error)), str(error) or field)
            )
        return found
    return []


def _quoted(text: str) -> str:
    """Return the value that a message of `packaging` begins with, in quotes."""
    found = re.match(r"(['\"])(.*?)\1 is invalid", text)
    return found[2] if found else ""


def _by_pypi(raw: Mapping[str, Any]) -> Iterator[Refusal]:
    """Yield what PyPI refuses in metadata that the specification allows."""
    for field, key, check in (
        ("metadata-version", "metadata_version", metadata_version),
        ("version", "version", local_version),
        ("summary", "summary", summary),
        ("author-email", "author_email", email),
        ("maintainer-email", "maintainer_email", email),
        ("home-page", "home_page", url),
        ("download-url", "download_url", url),
    ):
        if value := raw.get(key):
            yield from _refusals(field, value, check(value))
    for field, key, check in (
        ("classifier", "classifiers", classifier),
        ("requires-dist", "requires_dist", requirement),
        ("provides-dist", "provides_dist", requirement),
        ("obsoletes-dist", "obsoletes_dist", requirement),
        ("dynamic", "dynamic", dynamic),
    ):
        for value in sorted(set(raw.get(key) or ())):
            yield from _refusals(field, value, check(value))
    for label, address in (raw.get("project_urls") or {}).items():
        yield from _refusals("project-url", label, project_url(label, address))
    both = licenses(
        raw.get("license") or "", raw.get("license_expression") or ""
    )
    yield from _refusals("license", raw.get("license"), both)


def _refusals(
    field: str, value: Any, texts: Sequence[str]
) -> Iterator[Refusal]:
    for text in texts:
        yield Refusal(field, str(value or ""), text)


@cache
def _standard_library() -> frozenset[str]:
    """Return the names of Python's modules, of every version, as PyPI compares them."""
    from packaging.utils import canonicalize_name
    from stdlib_list import short_versions, stdlib_list

    found: set[str] = set()
    for version in short_versions:
        for module in stdlib_list(version):
            parts = module.split(".")
            for end in range(1, len(parts) + 1):
                found.add(canonicalize_name(".".join(parts[:end]).strip("-_.")))
    return frozenset(found)

"""What crates.io checks at upload and cargo does not, with its messages (its publish.rs)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from release_tasks import endpoints
from release_tasks.rehearsal.crates_io.categories import SLUGS
from release_tasks.rehearsal.crates_io.store import Refused
from release_tasks.rehearsal.crates_io.tarball import Table, read_manifest

MAX_JSON = 1 << 20  # bytes of the JSON that is sent with a tarball
MAX_CRATE = 10 << 20  # bytes of a tarball
MAX_DESCRIPTION = 1000  # bytes
MAX_NAME = 64  # characters
MAX_VERSION = 150  # characters
MAX_FEATURES = 300
MAX_DEPENDENCIES = 500
MAX_WORDS = 5  # keywords, and categories
SEMVER = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-(0|[1-9]\d*|\d*[a-zA-Z-][\da-zA-Z-]*)"
    r"(\.(0|[1-9]\d*|\d*[a-zA-Z-][\da-zA-Z-]*))*)?(\+[\da-zA-Z-]+(\.[\da-zA-Z-]+)*)?"
)
KEYWORD = re.compile(r"[A-Za-z][\w+-]*", re.ASCII)
REAL_INDEX = f"{endpoints.GITHUB}/rust-lang/crates.io-index"
# Names of the standard library's crates and of Windows' devices, as crates.io's database has them.
_RESERVED = """
alloc arena ast builtins collections compiler-builtins compiler-rt compiletest core coretest debug
driver flate fmt-macros grammar graphviz macro macros proc-macro rbml rust rust-installer rustbook
rustc rustdoc rustllvm rustuv serialize std syntax test unicode
aux con nul prn com1 com2 com3 com4 com5 com6 com7 com8 com9
lpt1 lpt2 lpt3 lpt4 lpt5 lpt6 lpt7 lpt8 lpt9
"""
RESERVED = frozenset(_RESERVED.split())


def check_name(name: str, what: str = "crate") -> None:
    """Raise `Refused` for an invalid crate name."""
    if not name:
        raise Refused(f"{what} name cannot be empty")
    if len(name) > MAX_NAME:
        raise Refused(
            f"the {what} name `{name}` is too long (max {MAX_NAME} characters)"
        )
    start = f"invalid character `{name[0]}` in {what} name: `{name}`, the "
    if name[0].isdigit():
        raise Refused(f"{start}name cannot start with a digit")
    if not re.match(r"[A-Za-z]", name):
        raise Refused(f"{start}first character must be an ASCII character")
    if found := re.search(r"[^A-Za-z0-9_-]", name):
        raise Refused(
            f"invalid character `{found[0]}` in {what} name: `{name}`, "
            "characters must be an ASCII alphanumeric characters, `-`, or `_`"
        )


def check_version(version: str) -> None:
    """Raise `Refused` for what is not a SemVer version."""
    if not SEMVER.fullmatch(version) or len(version) > MAX_VERSION:
        raise Refused(f'"{version}" is an invalid semver version')


def check_tarball(meta: Table, crate: bytes) -> Table:
    """Check a tarball against the JSON sent with it and return its manifest."""
    if len(crate) > MAX_CRATE:
        raise Refused(f"max upload size is: {MAX_CRATE}", 413)
    manifest = read_manifest(f"{meta['name']}-{meta['vers']}", crate)
    package = manifest.get("package")
    if not isinstance(package, dict):
        raise Refused(
            "failed to parse `Cargo.toml` manifest file\n\nmissing field `package`"
        )
    for key, sent in (("name", meta["name"]), ("version", meta["vers"])):
        if package.get(key) != sent:
            raise Refused(
                f"metadata {key} `{sent}` does not match manifest {key} `{package.get(key)}`"
            )
    _check_package(package)
    _check_features(manifest.get("features", {}))
    dependencies = list(_dependencies(manifest))
    if len(dependencies) > MAX_DEPENDENCIES:
        raise Refused(
            f"crates.io only allows a maximum number of {MAX_DEPENDENCIES} dependencies."
        )
    for name, dependency in dependencies:
        _check_dependency(name, dependency)
    return manifest


def _check_package(package: Table) -> None:
    missing = []
    if not package.get("description"):
        missing.append("description")
    if not package.get("license") and not package.get("license-file"):
        missing.append("license")
    if missing:
        raise Refused(
            f"missing or empty metadata fields: {', '.join(missing)}. "
            "Please see https://doc.rust-lang.org/cargo/reference/manifest.html "
            "for more information on configuring these fields"
        )
    if len(package["description"].encode()) > MAX_DESCRIPTION:
        raise Refused(
            "The `description` is too long. "
            f"A maximum of {MAX_DESCRIPTION} characters are currently allowed."
        )
    _check_license(package.get("license"))
    for field in ("homepage", "documentation", "repository"):
        _check_url(field, package.get(field))
    if not re.fullmatch(r"(\d+(\.\d+){0,2})?", str(package.get("rust-version") or "")):
        raise Refused(
            "failed to parse `Cargo.toml` manifest file\n\ninvalid `rust-version` value"
        )
    _check_words(package.get("keywords") or [], package.get("categories") or [])


def _check_license(expression: str | None) -> None:
    from packaging.licenses import (
        InvalidLicenseExpression,
        canonicalize_license_expression,
    )

    if not expression:
        return
    expected = expression.replace("/", " OR ")
    try:
        canonical = str(canonicalize_license_expression(expected))
    except InvalidLicenseExpression:
        canonical = ""
    if re.findall(r"[^\s()]+", canonical) != re.findall(r"[^\s()]+", expected):
        raise Refused(
            "unknown or invalid license expression; see http://opensource.org/licenses for "
            "options, and http://spdx.org/licenses/ for their identifiers\nNote: If you have a "
            "non-standard license that is not listed by SPDX, use the license-file field to "
            f"specify the path to a file containing the text of the license.\n{expression}"
        )


def _check_url(field: str, url: str | None) -> None:
    if url is None:
        return
    if not url.startswith(("http://", "https://")):
        raise Refused(
            f"URL for field `{field}` must begin with http:// or https:// (url: {url})"
        )
    if not re.fullmatch(r"https?://[^\s/?#]+\S*", url):
        raise Refused(f"`{field}` is not a valid url: `{url}`")


def _check_words(keywords: list[str], categories: list[str]) -> None:
    if len(keywords) > MAX_WORDS:
        raise Refused("expected at most 5 keywords per crate")
    for word in keywords:
        if len(word) > 20:
            raise Refused(
                f'"{word}" is an invalid keyword (keywords must have less than 20 characters)'
            )
        if not KEYWORD.fullmatch(word):
            raise Refused(f'"{word}" is an invalid keyword')
    if len(categories) > MAX_WORDS:
        raise Refused("expected at most 5 categories per crate")
    if unknown := [slug for slug in categories if slug.lower() not in SLUGS]:
        raise Refused(
            "The following category slugs are not currently supported on crates.io: "
            f"{', '.join(unknown)}\n\n"
            f"See {endpoints.CRATES}/category_slugs for a list of supported slugs."
        )


def _check_features(features: dict[str, list[str]]) -> None:
    limit = f"crates.io only allows a maximum number of {MAX_FEATURES} features"
    if len(features) > MAX_FEATURES:
        raise Refused(f"{limit}, but your crate is declaring {len(features)} features.")
    for key, enabled in features.items():
        if len(enabled) > MAX_FEATURES:
            raise Refused(
                f"{limit} or dependencies that another feature can enable, "
                f'but the "{key}" feature '
                f"of your crate is enabling {len(enabled)} features or dependencies."
            )


def _dependencies(manifest: Table) -> Iterator[tuple[str, Table]]:
    for table in (manifest, *manifest.get("target", {}).values()):
        for kind in ("dependencies", "dev-dependencies", "build-dependencies"):
            for alias, value in table.get(kind, {}).items():
                entry = value
                if isinstance(value, str):
                    entry = {"version": value}
                yield entry.get("package", alias), entry


def _check_dependency(name: str, entry: Table) -> None:
    check_name(name, "dependency")
    if entry.get("registry") or entry.get("registry-index", REAL_INDEX) != REAL_INDEX:
        raise Refused(
            f"Dependency `{name}` is hosted on another registry. "
            "Cross-registry dependencies are not permitted on crates.io."
        )
    if entry.get("version", "*").strip() == "*":
        raise Refused(
            "wildcard (`*`) dependency constraints are not allowed on crates.io. "
            f"Crate with this problem: `{name}` See https://doc.rust-lang.org/cargo/faq.html"
            "#can-libraries-use--as-a-version-for-their-dependencies for more information"
        )

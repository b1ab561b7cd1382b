"""What crates.io accepts of a crate, beyond what cargo checks: its publish.rs and its models.

A manifest is the `Cargo.toml` of a tarball, as cargo writes it, in the form of `tomllib`.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import unquote

from release_tasks import endpoints
from release_tasks.rules.rule import KnownGap, rule

CRATES_IO = "crates.io"
PUBLISH = "crates.io, controllers/krate/publish.rs"
KRATE = "crates.io, models/krate.rs"
BOOK = "The Cargo Book, The Manifest Format"
MAX_JSON = 1 << 20  # bytes of the JSON that is sent with a tarball
MAX_CRATE = 10 << 20  # bytes of a tarball
MAX_UNPACKED = 512 << 20  # bytes of it, unpacked
MAX_DESCRIPTION = 1000  # bytes
MAX_NAME = 64  # characters
MAX_VERSION = 150  # characters
MAX_FEATURES = 300
MAX_DEPENDENCIES = 500
MAX_WORDS = 5  # keywords, and categories
MAX_KEYWORD = 20  # characters
SEMVER = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-(0|[1-9]\d*|\d*[a-zA-Z-][\da-zA-Z-]*)"
    r"(\.(0|[1-9]\d*|\d*[a-zA-Z-][\da-zA-Z-]*))*)?(\+[\da-zA-Z-]+(\.[\da-zA-Z-]+)*)?"
)
KEYWORD = re.compile(r"[A-Za-z0-9][\w+-]*", re.ASCII)
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
Table = Mapping[str, Any]
CARGO = "cargo"
PACKAGE = "cargo, ops/cargo_package (check_filename)"
VALIDATION = "crates.io, crates_io_validation"
# The general category of a letter is a good reading of XID_Start, marks and digits may follow.
_FEATURE = re.compile(r"\w[\w.+-]*")
_SPECIAL = re.compile(r'[\\<>:"|?*]')
GAPS = (
    KnownGap(
        CRATES_IO,
        "the name of a crate that was deleted is free again only after some time",
        PUBLISH,
        "crates.io does not tell which names that is; the upload of that crate fails",
    ),
    KnownGap(
        CRATES_IO,
        "a tarball may not have more entries than a number that crates.io can set",
        "crates.io, config/publish_limits.rs",
        "no number is set there (MAX_TARBALL_ENTRIES)",
    ),
    KnownGap(
        CRATES_IO,
        "a name may be too similar to that of a popular crate, or be blocked",
        "crates.io, typosquat",
        "nothing is refused for it: the administrators get a message",
    ),
    KnownGap(
        CRATES_IO,
        "the limits of size, features and dependencies can be raised for one crate",
        "crates.io, max_upload_size and max_features of a crate",
        "crates.io does not say so in its index; such a crate needs [checks.ignore]",
    ),
    KnownGap(
        CRATES_IO,
        "a user publishes only with a verified e-mail address",
        PUBLISH,
        "only the user can see that; the first upload fails with the address of the page",
    ),
)


class Refusal(NamedTuple):
    """What crates.io refuses: the key of the manifest, and its words."""

    key: str
    text: str


@rule(CRATES_IO, KRATE)
def name(value: str, what: str = "crate") -> Iterator[str]:
    """Check a name: at most 64 ASCII letters, digits, `-` and `_`, a letter first."""
    if not value:
        yield f"{what} name cannot be empty"
    elif len(value) > MAX_NAME:
        yield f"the {what} name `{value}` is too long (max {MAX_NAME} characters)"
    elif value[0].isdigit():
        start = f"the name `{value}` cannot be used as a {what} name"
        yield f"{start}, the name cannot start with a digit"
    elif not re.match(r"[A-Za-z]", value):
        start = (
            f"invalid character `{value[0]}` in {what} name: `{value}`, the "
        )
        yield f"{start}first character must be an ASCII character"
    elif found := re.search(r"[^A-Za-z0-9_-]", value):
        yield (
            f"invalid character `{found[0]}` in {what} name: `{value}`, "
            "characters must be an ASCII alphanumeric characters, `-`, or `_`"
        )


@rule(CRATES_IO, "crates.io, the table reserved_crate_names")
def reserved_name(value: str) -> Iterator[str]:
    """Check that a name is none of the standard library's crates or Windows' devices."""
    if canonical(value).replace("_", "-") in RESERVED:
        yield "cannot upload a crate with a reserved name"


@rule(CRATES_IO, f"{PUBLISH}; the function canon_crate_name of its database")
def similar_name(value: str, others: Iterable[str]) -> Iterator[str]:
    """Check that no other crate has a name that differs in case, `-` and `_` only."""
    mine = canonical(value)
    for other in others:
        if other != value and canonical(other) == mine:
            yield f"crate was previously named `{other}`"


def canonical(value: str) -> str:
    """Return a crate's name as crates.io compares it."""
    return value.lower().replace("-", "_")


@rule(CRATES_IO, PUBLISH)
def version(value: str) -> Iterator[str]:
    """Check a version: SemVer, at most 150 characters."""
    if not SEMVER.fullmatch(value):
        yield f'"{value}" is an invalid semver version'
    elif len(value) > MAX_VERSION:
        yield f"the version number is too long (max {MAX_VERSION} characters)"


@rule(CRATES_IO, PUBLISH)
def size(count: int) -> Iterator[str]:
    """Check the bytes of a tarball: at most 10 MiB."""
    if count > MAX_CRATE:
        yield f"max upload size is: {MAX_CRATE}"


@rule(CRATES_IO, f"{PUBLISH} (read_json_metadata)")
def metadata_size(count: int) -> Iterator[str]:
    """Check the bytes of the JSON that is sent with a tarball, the readme in it: at most 1 MiB."""
    if count > MAX_JSON:
        yield "JSON metadata blob too large"


def readme_size(text: str) -> int:
    """Return the bytes that a readme takes in the JSON, which has some more beside it."""
    return len(json.dumps(text, ensure_ascii=False).encode())


@rule(CARGO, PACKAGE)
def packed_name(path: str) -> Iterator[str]:
    """Check the name of a file: without the special characters that Windows does not allow."""
    found = _SPECIAL.search(path.rpartition("/")[2])
    if found:
        yield (
            f"cannot package a filename with a special character `{found[0]}`"
        )


@rule(CRATES_IO, "crates.io, crates_io_tarball")
def unpacked_size(count: int) -> Iterator[str]:
    """Check the bytes of an unpacked tarball: at most 512 MiB."""
    if count > MAX_UNPACKED:
        yield "uploaded tarball is malformed or too large when decompressed"


@rule(CRATES_IO, PUBLISH)
def required(package: Table) -> Iterator[str]:
    """Check that there is a description, and a license or license-file."""
    missing = []
    if not package.get("description"):
        missing.append("description")
    if not package.get("license") and not package.get("license-file"):
        missing.append("license")
    if missing:
        yield (
            f"missing or empty metadata fields: {', '.join(missing)}. "
            "Please see https://doc.rust-lang.org/cargo/reference/manifest.html "
            "for more information on configuring these fields"
        )


@rule(CRATES_IO, PUBLISH)
def description(text: str) -> Iterator[str]:
    """Check a description: at most 1000 bytes."""
    if len(text.encode()) > MAX_DESCRIPTION:
        yield (
            "The `description` is too long. "
            f"A maximum of {MAX_DESCRIPTION} characters are currently allowed."
        )


@rule(CRATES_IO, "crates.io, models/version.rs (crate spdx)")
def license_expression(text: str) -> Iterator[str]:
    """Check a license: an SPDX expression in the case of the list; `/` counts as OR."""
    expected = text.replace("/", " OR ")
    canonical = _canonical_license(expected)
    if re.findall(r"[^\s()]+", canonical) != re.findall(r"[^\s()]+", expected):
        yield (
            "unknown or invalid license expression; see http://opensource.org/licenses for "
            "options, and http://spdx.org/licenses/ for their identifiers\nNote: If you have a "
            "non-standard license that is not listed by SPDX, use the license-file field to "
            f"specify the path to a file containing the text of the license.\n{text}"
        )


@cache  # the crates of a workspace share one
def _canonical_license(expression: str) -> str:
    """Return an expression in the case of the SPDX list, "" for an invalid one."""
    from packaging.licenses import (
        InvalidLicenseExpression,
        canonicalize_license_expression,
    )

    try:
        return str(canonicalize_license_expression(expression))
    except InvalidLicenseExpression:
        return ""


@rule(CRATES_IO, f"{KRATE}; URL Standard, URL parsing (crate url)")
def url(field: str, value: str) -> Iterator[str]:
    """Check an address of homepage, documentation or repository: http or https, with a host."""
    if not value.startswith(("http://", "https://")):
        yield (
            f"URL for field `{field}` must begin with http:// or https:// (url: {value})"
        )
    elif not _has_host(value):
        yield f"`{field}` is not a valid url: `{value}`"


def _has_host(value: str) -> bool:
    """Tell whether what follows the scheme is a host that the URL Standard takes, and its port.

    More slashes before it are skipped; what is behind it may have any characters.
    """
    plain = re.sub(r"[\t\r\n]", "", value).strip()
    rest = plain.partition(":")[2].lstrip("/\\")
    authority = re.split(r"[/\\?#]", rest, maxsplit=1)[0].rpartition("@")[2]
    if authority.startswith("["):
        address, bracket, port = authority[1:].partition("]")
        return (
            bool(bracket)
            and _is_ipv6(address)
            and _is_port(port.removeprefix(":"))
        )
    host, _, port = authority.partition(":")
    host = unquote(host)
    if not host or re.search(r"[\x00-\x20\x7f#%/:<>?@\[\\\]^|]", host):
        return False
    if re.fullmatch(
        r"[0-9]+|0[xX][0-9a-fA-F]*", host.rstrip(".").rpartition(".")[2]
    ):
        return _is_port(port) and _is_ipv4(host)
    return _is_port(port)


def _is_port(port: str) -> bool:
    return not port or (
        re.fullmatch(r"[0-9]+", port) is not None and int(port) < 1 << 16
    )


def _is_ipv6(address: str) -> bool:
    try:
        ipaddress.IPv6Address(address)
    except ValueError:
        return False
    return "%" not in address


def _is_ipv4(host: str) -> bool:
    """Tell whether a host whose last part is a number is an IPv4 address (URL Standard)."""
    parts = host.removesuffix(".").split(".")
    if len(parts) > 4:
        return False
    numbers = []
    for part in parts:
        try:
            numbers.append(_ipv4_number(part))
        except ValueError:
            return False
    return all(number < 256 for number in numbers[:-1]) and (
        numbers[-1] < 256 ** (5 - len(parts))
    )


def _ipv4_number(part: str) -> int:
    if part[:2].lower() == "0x":
        return int(part[2:] or "0", 16)
    if len(part) > 1 and part.startswith("0"):
        return int(part, 8)
    return int(part)


@rule(CRATES_IO, BOOK)
def rust_version(value: str) -> Iterator[str]:
    """Check a rust-version: one to three numbers, without an operator or a suffix."""
    if not re.fullmatch(r"(\d+(\.\d+){0,2})?", value):
        yield "failed to parse `Cargo.toml` manifest file\n\ninvalid `rust-version` value"


@rule(CRATES_IO, f"{BOOK}, keywords")
def keywords(words: Sequence[str]) -> Iterator[str]:
    """Check keywords: at most 5, of at most 20 letters, digits, `_`, `-`, `+`, no sign first."""
    if len(words) > MAX_WORDS:
        yield f"expected at most {MAX_WORDS} keywords per crate"
    for word in words:
        if len(word) > MAX_KEYWORD:
            yield (
                f'"{word}" is an invalid keyword '
                f"(keywords must have less than {MAX_KEYWORD} characters)"
            )
        elif not KEYWORD.fullmatch(word):
            yield f'"{word}" is an invalid keyword'


@rule(CRATES_IO, PUBLISH)
def category_count(slugs: Sequence[str]) -> Iterator[str]:
    """Check the number of categories: at most 5."""
    if len(slugs) > MAX_WORDS:
        yield f"expected at most {MAX_WORDS} categories per crate"


@rule(CRATES_IO, "crates.io, the page category_slugs")
def categories(slugs: Sequence[str], known: frozenset[str]) -> Iterator[str]:
    """Check that every category is one of those that crates.io has, in any case."""
    unknown = [slug for slug in slugs if slug.lower() not in known]
    if unknown:
        yield (
            "The following category slugs are not currently supported on crates.io: "
            f"{', '.join(unknown)}\n\n"
            f"See {endpoints.CRATES}/category_slugs for a list of supported slugs."
        )


@rule(CRATES_IO, PUBLISH)
def features(table: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Check features: at most 300, each of which enables at most 300."""
    limit = f"crates.io only allows a maximum number of {MAX_FEATURES} features"
    if len(table) > MAX_FEATURES:
        yield f"{limit}, but your crate is declaring {len(table)} features."
    for key, enabled in table.items():
        if len(enabled) > MAX_FEATURES:
            yield (
                f"{limit} or dependencies that another feature can enable, "
                f'but the "{key}" feature '
                f"of your crate is enabling {len(enabled)} features or dependencies."
            )


@rule(CRATES_IO, PUBLISH)
def dependency_count(count: int) -> Iterator[str]:
    """Check the number of dependencies: at most 500."""
    if count > MAX_DEPENDENCIES:
        yield (
            "crates.io only allows a maximum number of "
            f"{MAX_DEPENDENCIES} dependencies."
        )


@rule(CRATES_IO, "crates.io, publish.rs (validate_dependency)")
def dependency(called: str, entry: Table) -> Iterator[str]:
    """Check a dependency: a valid name, of crates.io itself, with a version that is not `*`."""
    yield from name(called, "dependency")
    if (
        entry.get("registry")
        or entry.get("registry-index", REAL_INDEX) != REAL_INDEX
    ):
        yield (
            f"Dependency `{called}` is hosted on another registry. "
            "Cross-registry dependencies are not permitted on crates.io."
        )
    if entry.get("version", "*").strip() in ("*", "x", "X"):
        yield (
            "wildcard (`*`) dependency constraints are not allowed on crates.io. "
            f"Crate with this problem: `{called}` See https://doc.rust-lang.org/cargo/faq.html"
            "#can-libraries-use--as-a-version-for-their-dependencies for more information"
        )


@rule(CRATES_IO, f"{VALIDATION}, validate_dependency_name")
def alias(value: str) -> Iterator[str]:
    """Check the name that a manifest gives to a dependency: ASCII, and no digit first.

    cargo takes letters of every alphabet.
    """
    if len(value) > MAX_NAME:
        yield f"the dependency name `{value}` is too long (max {MAX_NAME} characters)"
    elif value[:1].isdigit():
        yield (
            f"the name `{value}` cannot be used as a dependency name, "
            "the name cannot start with a digit"
        )
    elif found := re.search(r"[^A-Za-z0-9_-]", value):
        yield (
            f"invalid character `{found[0]}` in dependency name: `{value}`, "
            "characters must be an ASCII alphanumeric characters, `-`, or `_`"
        )


@rule(CRATES_IO, f"{VALIDATION}, validate_feature")
def feature(value: str) -> Iterator[str]:
    """Check what a feature enables: a feature, `dep:NAME`, `NAME/FEATURE` or `NAME?/FEATURE`."""
    dependency_name, slash, enabled = value.partition("/")
    if slash:
        yield from alias(dependency_name.removesuffix("?"))
    elif value.startswith("dep:"):
        yield from alias(value.removeprefix("dep:"))
        return
    else:
        enabled = value
    if not enabled:
        yield "feature cannot be empty"
    elif not _FEATURE.fullmatch(enabled):
        yield (
            f"invalid character in feature `{enabled}`: most letters, digits, "
            "`_`, `-`, `+` and `.` are allowed"
        )


def manifest_refusals(manifest: Table) -> Iterator[Refusal]:
    """Yield what crates.io refuses in the manifest of a tarball, in the order in which it looks.

    Categories are counted only: which of them there are, crates.io itself has to say.
    """
    package = manifest.get("package", {})
    yield from _of("package", required(package))
    yield from _of("description", description(package.get("description") or ""))
    if package.get("license"):
        yield from _of("license", license_expression(package["license"]))
    for field in ("homepage", "documentation", "repository"):
        if package.get(field) is not None:
            yield from _of(field, url(field, package[field]))
    rust = str(package.get("rust-version") or "")
    yield from _of("rust-version", rust_version(rust))
    yield from _of("keywords", keywords(package.get("keywords") or ()))
    yield from _of(
        "categories", category_count(package.get("categories") or ())
    )
    table = manifest.get("features", {})
    yield from _of("features", features(table))
    yield from _of("feature", _feature_refusals(table))
    found = list(dependencies(manifest))
    yield from _of("dependencies", dependency_count(len(found)))
    for written, entry in found:
        called = entry.get("package", written)
        yield from _of(called, dependency(called, entry))
        for wanted in entry.get("features") or ():
            yield from _of("feature", feature(wanted))
        if "package" in entry:
            yield from _of("alias", alias(written))


def _feature_refusals(table: Mapping[str, Sequence[str]]) -> list[str]:
    found = []
    for key, enabled in table.items():
        for value in (key, *enabled):
            found += feature(value)
    return found


def dependencies(manifest: Table) -> Iterator[tuple[str, Table]]:
    """Yield each dependency of any kind: its name in the manifest, and its entry."""
    for table in (manifest, *manifest.get("target", {}).values()):
        for kind in ("dependencies", "dev-dependencies", "build-dependencies"):
            for written, value in table.get(kind, {}).items():
                entry = {"version": value} if isinstance(value, str) else value
                yield written, entry


def as_published(package: Table) -> dict[str, Any]:
    """Return the manifest that cargo writes into the tarball, as far as crates.io looks at it.

    `package` has the keys of `cargo metadata`. cargo leaves out dev-dependencies without a
    version, and what is left of a dependency is its version and its registry.
    """
    fields = (
        "name",
        "version",
        "description",
        "license",
        "homepage",
        "documentation",
    )
    table = {key: package.get(key) for key in (*fields, "repository")}
    table["license-file"] = package.get("license_file")
    table["rust-version"] = package.get("rust_version")
    table["keywords"] = package.get("keywords") or []
    table["categories"] = package.get("categories") or []
    manifest: dict[str, Any] = {"package": table}
    manifest["features"] = package.get("features") or {}
    targets: dict[str, Any] = {}
    for number, one in enumerate(package.get("dependencies", ())):
        is_local = one.get("source") is None or one["source"].startswith("git+")
        if one["req"] == "*" and is_local and one["kind"] == "dev":
            continue
        entry = {"version": one["req"], "features": one.get("features") or []}
        if one.get("rename"):
            entry["package"] = one["name"]
        index = one.get("registry")
        if index and index.removeprefix("registry+") != REAL_INDEX:
            entry["registry-index"] = index
        kind = f"{one['kind']}-dependencies" if one["kind"] else "dependencies"
        # one name may be there for several platforms
        targets[str(number)] = {kind: {one.get("rename") or one["name"]: entry}}
    manifest["target"] = targets
    return manifest


def _of(key: str, texts: Sequence[str]) -> Iterator[Refusal]:
    for text in texts:
        yield Refusal(key, text)

"""Crates: what crates.io refuses at the upload, known before anything is public."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from release_tasks import endpoints
from release_tasks.errors import ReleaseError, some
from release_tasks.findings.finding import Case, Located, problem
from release_tasks.project.model import Crate
from release_tasks.tools import cargo

Package = dict[str, Any]  # as `cargo metadata` has it
LARGEST = 10 << 20  # bytes of a packed crate; like the numbers below: crates.io, publish.rs
CRATES_IO = f"registry+{endpoints.GITHUB}/rust-lang/crates.io-index"
LIMITS = {"keywords": 5, "categories": 5}
LONGEST = {"description": 1000, "name": 64}


@problem
def crate_metadata(case: Case) -> Iterator[ReleaseError]:
    """Yield what a crate's [package] lacks, and what crates.io takes in no crate."""
    for crate, package, path in _published(case):
        needs = {"description": package["description"], "license": package["license"] or package["license_file"]}
        if lacks := " and no ".join(name for name, there in needs.items() if not there):
            fix = f"add it to [package], or say publish = false where {crate.name} is for this repository only"
            yield Located(f"{path} has no {lacks}, and crates.io demands it", fix, path)
        for key, fact, fix in _refused(package):
            yield Located(f"{path}: {fact}, and crates.io refuses that", fix, path, _line(case, path, key))


@problem
def wildcard_requirement(case: Case) -> Iterator[ReleaseError]:
    """Yield each dependency that asks for `*`, which crates.io refuses."""
    for _, package, path in _published(case):
        for one in package["dependencies"]:
            if one["req"] == "*" and one["source"] == CRATES_IO:
                fix = f'give {one["name"]} a version in {path}, the one of Cargo.lock for example'
                yield Located(f'{path} takes any version of {one["name"]}, and crates.io refuses that', fix, path, _line(case, path, one["name"]))


@problem
def dependency_without_version(case: Case) -> Iterator[ReleaseError]:
    """Yield each dependency that only a path or a git repository names; a published crate has neither."""
    for _, package, path in _published(case):
        for one in package["dependencies"]:
            if one["req"] == "*" and one["source"] != CRATES_IO and one["kind"] != "dev":
                place = "its path" if one.get("path") else "a git repository"
                here = case.release.project.crates
                wants = next((crate.version for crate in here if crate.name == one["name"]), "X.Y.Z")
                yield Located(
                    f'{path} names {one["name"]} by {place} alone, and crates.io has no such dependency',
                    f'add version = "{wants}" to {one["name"]} in {path}, or where the workspace has it', path, _line(case, path, one["name"]),
                )


@problem
def dependency_not_published(case: Case) -> Iterator[ReleaseError]:
    """Yield each published crate that cannot be built without a crate of this repository that is not."""
    kept = {crate.name: crate for crate in case.release.project.crates if not crate.publish}
    for crate in case.shipped("crates", Crate):
        if lacking := [name for name in crate.needs if name in kept]:
            path = _path(case, crate)
            fix = f"publish {some(lacking)} too, or say publish = false in {path}"
            yield Located(f"{crate.name} needs {some(lacking)}, which is not published", fix, path, _line(case, path, lacking[0]))


@problem
def crate_too_large(case: Case) -> Iterator[ReleaseError]:
    """Yield each crate that is over 10 MiB when packed, with its largest files."""
    for crate in case.shipped("crates", Crate):
        folder = crate.folder.relative_to(case.release.tree).as_posix()
        inside = [case.release.tree / path for path in case.release.project.files if folder == "." or path.startswith(f"{folder}/")]
        if sum(path.lstat().st_size for path in inside) <= LARGEST:
            continue
        sizes = {name: _packed(crate.folder / name) for name in cargo.packed(crate.folder)}
        if sum(sizes.values()) > LARGEST:
            largest = sorted(sizes, key=lambda name: -sizes[name])[:3]
            fact = f"{crate.name} is {sum(sizes.values()) / (1 << 20):.1f} MiB when packed, and crates.io takes 10"
            yield Located(fact, f"name its largest files in `exclude` of [package]: {', '.join(largest)}", _path(case, crate))


def _published(case: Case) -> Iterator[tuple[Crate, Package, str]]:
    crates = list(case.shipped("crates", Crate))
    packages = cargo.packages(case.release.tree) if crates else {}
    for crate in crates:
        yield crate, packages[crate.name], _path(case, crate)


def _refused(package: Package) -> Iterator[tuple[str, str, str]]:
    """Yield the key, a fact and a way out for each value that crates.io takes in no crate."""
    for key, most in LONGEST.items():
        if len((package[key] or "").encode()) > most:
            yield key, f"{key} has more than {most} bytes", f"shorten it to {most}"
    for key, most in LIMITS.items():
        if len(package[key]) > most:
            yield key, f"there are {len(package[key])} {key}, more than {most}", f"keep {most} of them"
    for word in package["keywords"]:
        if len(word) > 20 or not re.fullmatch(r"[A-Za-z][\w+-]*", word, re.ASCII):
            yield "keywords", f"{word} is no keyword", "use at most 20 letters, digits, `-`, `_` and `+`, a letter first"
    for key in ("homepage", "documentation", "repository"):
        if package[key] and not re.match(r"https?://[^\s/?#]", package[key]):
            yield key, f"{key} {package[key]} is no http address", "begin it with https://"
    if package["license"] and not _is_spdx(package["license"]):
        yield "license", f"license {package['license']} is no SPDX expression", 'write names of spdx.org/licenses, as "MIT OR Apache-2.0", or use license-file'


def _is_spdx(expression: str) -> bool:
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    wanted = expression.replace("/", " OR ")  # crates.io still takes that
    try:
        known = str(canonicalize_license_expression(wanted))
    except InvalidLicenseExpression:
        return False
    return known.replace("(", "").replace(")", "").split() == wanted.replace("(", "").replace(")", "").split()


def _packed(path: Path) -> int:
    return len(zlib.compress(path.read_bytes())) if path.is_file() else 0


def _path(case: Case, crate: Crate) -> str:
    return (crate.folder / "Cargo.toml").relative_to(case.release.tree).as_posix()


def _line(case: Case, path: str, key: str) -> int:
    """Return the first line that sets a key, 0 where another file does."""
    pattern = re.compile(rf'\s*(\[.*dependencies\.)?"?{re.escape(key)}"?\s*(\]|=|\.)')
    lines = (case.release.tree / path).read_text("utf-8").splitlines()
    return next((at for at, line in enumerate(lines, 1) if pattern.match(line)), 0)

"""Crates: what crates.io refuses at the upload, known before anything is public."""

from __future__ import annotations

import difflib
import os
import posixpath
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

from release_tasks.channels import crates_io
from release_tasks.checks.check import CheckContext, Located, problem
from release_tasks.endpoints import CRATES
from release_tasks.errors import ReleaseError
from release_tasks.memo import memoized
from release_tasks.project.model import Crate
from release_tasks.tools import cargo
from release_tasks.tools.cargo import Package

LARGEST = 10 << 20  # bytes of a packed crate; like the numbers below: crates.io, publish.rs
LIMITS = {"keywords": 5, "categories": 5}
LONGEST = {"description": 1000, "name": 64}
READS = re.compile(
    r'(?:include(?:_str|_bytes)?!\s*[(\[{]|#\[path\s*=)\s*(?P<root>concat!\s*\(\s*env!\s*\(\s*"CARGO_MANIFEST_DIR"\s*\)\s*,\s*)?r?#*"(?P<path>[^"\n]+)"'
)
READS_OF_SCRIPT = re.compile(r'(?P<root>)"(?P<path>[^"\n:]*\.\.[^"\n:]*)"')
TESTS = re.compile(r"#\[cfg\(test\)\]\s*(?:pub )?mod \w+ *\{")


@problem
def crate_metadata(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield what a crate's [package] lacks, and what crates.io takes in no crate."""
    for crate, package, path in published(case):
        needs = {
            "description": package["description"],
            "license": package["license"] or package["license_file"],
        }
        if lacks := " and no ".join(name for name, there in needs.items() if not there):
            fix = f"add it to [package], or say publish = false where {crate.name} is for this repository only"
            yield Located(f"{path} has no {lacks}, and crates.io demands it", fix, path)
        for key, fact, fix in _refused(package):
            yield Located(
                f"{path}: {fact}, and crates.io refuses that", fix, path, line_of(case, path, key)
            )


@problem
def unknown_category(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield each category that crates.io does not have."""
    if named := [
        (path, slug) for _, package, path in published(case) for slug in package["categories"]
    ]:
        known = crates_io.categories()
        for path, slug in named:
            if slug.lower() not in known:
                near = difflib.get_close_matches(slug.lower(), sorted(known), 1)
                fix = f"write {near[0]}" if near else f"take one of {CRATES}/category_slugs"
                yield Located(
                    f"{path}: {slug} is no category of crates.io, which refuses that",
                    fix,
                    path,
                    line_of(case, path, "categories"),
                )


@problem
def file_outside_crate(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield each line of a crate's code that reads a file which its tarball cannot have."""
    owned = _sources(case)
    for crate, package, path in published(case):
        folder = posixpath.dirname(path)
        scripts = {one["src_path"] for one in package["targets"] if "custom-build" in one["kind"]}
        for file in owned.get(folder, ()):
            for line, there in _reads(
                case, file, folder, f"{case.release.source_tree}/{file}" in scripts
            ):
                fix = f"move it into {folder or 'the repository'}, or let {file} read a symbolic link to it there: cargo packs the file behind a link"
                yield Located(
                    f"{file} reads {there}, which the tarball of {crate.name} does not have",
                    fix,
                    file,
                    line,
                )


@problem
def crate_too_large(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield each crate that is over 10 MiB when packed, with its largest files."""
    heavy = _heavy_folders(case)
    for crate, path in [
        (crate, path) for crate, _, path in published(case) if posixpath.dirname(path) in heavy
    ]:
        sizes = {name: _packed(crate.folder / name) for name in cargo.packed_files(crate.folder)}
        if sum(sizes.values()) > LARGEST:
            largest = sorted(sizes, key=lambda name: -sizes[name])[:3]
            fact = f"{crate.name} is {sum(sizes.values()) / (1 << 20):.1f} MiB when packed, and crates.io takes 10"
            yield Located(
                fact,
                f"name its largest files in `exclude` of [package]: {', '.join(largest)}",
                path,
            )


@memoized
def published(case: CheckContext) -> tuple[tuple[Crate, Package, str], ...]:
    """Return each crate of the release, what cargo says of it, and the path of its manifest."""
    packages = case.release.project.workspace.packages if case.release.project.workspace else {}
    return tuple(
        (one, packages[one.name], manifest(case, one))
        for one in case.shipped("crates", Crate)
        if packages
    )


def manifest(case: CheckContext, crate: Crate) -> str:
    """Return the path of a crate's manifest, from the root."""
    return f"{crate.folder}/Cargo.toml".removeprefix(f"{case.release.source_tree}/")


def line_of(case: CheckContext, path: str, key: str) -> int:
    """Return the first line of a manifest that sets a key, 0 where another file does."""
    pattern = re.compile(rf'\s*(\[.*dependencies\.)?"?{re.escape(key)}"?\s*(\]|=|\.)')
    lines = (case.release.source_tree / path).read_text("utf-8").splitlines()
    return next((at for at, line in enumerate(lines, 1) if pattern.match(line)), 0)


def _heavy_folders(case: CheckContext) -> set[str]:
    """Return the folders whose tracked files are over 10 MiB before they are packed."""
    sizes: Counter[str] = Counter()
    for path in case.release.project.files:
        there = f"{case.release.source_tree}/{path}"
        size = (
            os.lstat(there).st_size if os.path.lexists(there) else 0
        )  # deleted, and that is not committed yet
        for folder in _above(path):
            sizes[folder] += size
    return {folder for folder, size in sizes.items() if size > LARGEST}


def _refused(package: Package) -> Iterator[tuple[str, str, str]]:
    """Yield the key, a fact and a way out for each value that crates.io takes in no crate."""
    for key, most in LONGEST.items():
        if len((package[key] or "").encode()) > most:
            yield key, f"{key} has more than {most} bytes", f"shorten it to {most}"
    for key, most in LIMITS.items():
        if len(package[key]) > most:
            yield (
                key,
                f"there are {len(package[key])} {key}, more than {most}",
                f"keep {most} of them",
            )
    for word in package["keywords"]:
        if len(word) > 20 or not re.fullmatch(r"[A-Za-z][\w+-]*", word, re.ASCII):
            yield (
                "keywords",
                f"{word} is no keyword",
                "use at most 20 letters, digits, `-`, `_` and `+`, a letter first",
            )
    for key in ("homepage", "documentation", "repository"):
        if package[key] and not re.match(r"https?://[^\s/?#]", package[key]):
            yield key, f"{key} {package[key]} is no http address", "begin it with https://"
    if package["license"] and not _is_spdx(package["license"]):
        yield (
            "license",
            f"license {package['license']} is no SPDX expression",
            'write names of spdx.org/licenses, as "MIT OR Apache-2.0", or use license-file',
        )


def _is_spdx(expression: str) -> bool:
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    wanted = expression.replace("/", " OR ")  # crates.io still takes that
    try:
        known = str(canonicalize_license_expression(wanted))
    except InvalidLicenseExpression:
        return False
    return (
        known.replace("(", "").replace(")", "").split()
        == wanted.replace("(", "").replace(")", "").split()
    )


def _packed(path: Path) -> int:
    return len(zlib.compress(path.read_bytes())) if path.is_file() else 0


def _above(path: str) -> Iterator[str]:
    """Return the folders that a path is in: that of the repository, which is empty, first."""
    return accumulate(path.split("/")[:-1], posixpath.join, initial="")


def _sources(case: CheckContext) -> dict[str, list[str]]:
    """Return the code of each member of the workspace by its folder, without tests, benches and examples."""
    found = dict[str, list[str]]()
    members = {posixpath.dirname(manifest(case, crate)) for crate in case.release.project.crates}
    for file in case.release.project.files:
        if file.endswith(".rs") and not {"tests", "benches", "examples", "tests.rs"} & set(
            file.split("/")
        ):
            *_, owner = ["", *(folder for folder in _above(file) if folder in members)]
            found.setdefault(owner, []).append(file)
    return found


def _reads(
    case: CheckContext, file: str, folder: str, is_script: bool
) -> Iterator[tuple[int, str]]:
    """Yield line and path of each file outside of a crate's folder that its code names; a script runs in that folder."""
    text = TESTS.split(
        (case.release.source_tree / file).read_text("utf-8", errors="replace"), maxsplit=1
    )[0]
    for found in (READS_OF_SCRIPT if is_script else READS).finditer(text):
        begun = text[: found.start()].rpartition("\n")[2]
        base = folder if is_script or found["root"] else posixpath.dirname(file)
        there = posixpath.normpath(
            posixpath.join(
                base, found["path"].lstrip("/") if is_script or found["root"] else found["path"]
            )
        )
        is_inside = (
            not there.startswith("..")
            if not folder
            else there == folder or there.startswith(f"{folder}/")
        )
        is_odd = is_inside or begun.lstrip().startswith("//") or ".git" in there.split("/")
        if not is_odd and (case.release.source_tree / there).exists():
            yield text.count("\n", 0, found.start()) + 1, there

"""Crates: what crates.io would refuse at the upload, found before anything is public."""

from __future__ import annotations

import difflib
import os
import posixpath
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from release_tasks.channels import crates_io
from release_tasks.checks.check import CheckContext, problem, warning
from release_tasks.endpoints import CRATES
from release_tasks.errors import Problem
from release_tasks.formats import text_files
from release_tasks.memo import memoized
from release_tasks.project.model import Crate
from release_tasks.rules import crates_io as rules
from release_tasks.shell import Failed
from release_tasks.tools import cargo
from release_tasks.tools.cargo import Package, steering

FIXES = {  # by key of the manifest; dependencies are checked by themselves
    "name": "name it with at most 64 letters, digits, `-` and `_`, a letter first",
    "description": f"shorten it to {rules.MAX_DESCRIPTION} bytes",
    "license": 'use names of spdx.org/licenses, e.g. "MIT OR Apache-2.0", or license-file',
    "homepage": "start it with https://, or remove it",
    "documentation": "start it with https://, or remove it",
    "repository": "start it with https://, or remove it",
    "rust-version": 'write one to three numbers, e.g. "1.85"',
    "keywords": f"keep {rules.MAX_WORDS}, each of at most {rules.MAX_KEYWORD} letters, digits, "
    "`-`, `_` and `+`, a letter or digit first",
    "categories": f"keep {rules.MAX_WORDS} of them",
    "features": f"keep {rules.MAX_FEATURES} of them, or ask crates.io for more",
    "dependencies": f"keep {rules.MAX_DEPENDENCIES} of them",
}
READS = re.compile(
    r"(?:include(?:_str|_bytes)?!\s*[(\[{]|#\[path\s*=)\s*"
    r'(?P<root>concat!\s*\(\s*env!\s*\(\s*"CARGO_MANIFEST_DIR"\s*\)\s*,\s*)?'
    r'r?#*"(?P<path>[^"\n]+)"'
)
READS_OF_SCRIPT = re.compile(r'(?P<root>)"(?P<path>[^"\n:]*\.\.[^"\n:]*)"')
# What the compiler of the published crate does not see: comments, tests, doctests.
UNSEEN = re.compile(
    r'"(?:[^"\\]|\\.)*"|(?P<unseen>//[^\n]*|/\*.*?\*/'
    r"|#!?\[cfg_attr\((?:doc|doctest|test)\b[^\n]*"
    r"|#\[cfg\((?:doc|doctest|test)\)\]\s*#\[[^\n]*)",
    re.S,
)
TESTS = re.compile(
    r"#\[cfg\((?:all\(|any\()?test\b[^\]]*\)\]\s*(?:pub )?mod \w+ *\{"
)
LOOKS = re.compile(r"\.(?:try_exists|exists|is_file|is_dir)\(\)")
NOT_PACKED = {"tests", "benches", "examples", "tests.rs"}


@dataclass(frozen=True)
class PublishedCrate:
    """A crate of the release, what cargo says about it, and its manifest (from the root)."""

    crate: Crate
    package: Package
    manifest: str

    @property
    def folder(self) -> str:
        """Return the folder of the crate from the root, which itself is empty."""
        return posixpath.dirname(self.manifest)


@warning
def repository_steers_upload(context: CheckContext) -> Iterator[Problem]:
    """Find each key of the repository that leads an upload, and its token, elsewhere."""
    if not any(context.shipped("crates", Crate)):
        return
    for steer in steering.steers(context.release.source_tree):
        yield Problem(
            f"{steer.key} of the repository {steer.effect}",
            f"remove {steer.key} from {steer.file}, or move it to ~/.cargo/config.toml",
            steer.file,
        )


@problem
def crate_metadata(context: CheckContext) -> Iterator[Problem]:
    """Find what a crate's [package] is missing, and the values that crates.io refuses."""
    for one in published(context):
        needed = {
            "description": one.package["description"],
            "license": one.package["license"] or one.package["license_file"],
        }
        missing = [name for name, value in needed.items() if not value]
        if missing:
            yield Problem(
                f"{one.manifest} has no {' and no '.join(missing)}, which crates.io requires",
                f"add it to [package], or publish = false if {one.crate.name} is not for crates.io",
                one.manifest,
            )
        for key, said in _refused(one):
            fact = said.partition("\n")[0].partition("; see ")[0]
            if key == "license":
                fact += f" ({one.package['license']})"
            yield Problem(
                f"{one.manifest}: crates.io refuses its {key}: {fact}",
                FIXES[key],
                one.manifest,
                line_of(context, one.manifest, key),
            )


@problem
def missing_file_of_crate(context: CheckContext) -> Iterator[Problem]:
    """Find a readme or license-file that is not there: cargo packs no crate without it."""
    for one in published(context):
        for key in ("readme", "license_file"):
            path = one.package.get(key)
            if path and not (one.crate.folder / path).exists():
                written = key.replace("_", "-")
                yield Problem(
                    f"{one.manifest}: the {written} {path} is not there",
                    f"git add it, or remove {written}",
                    one.manifest,
                    line_of(context, one.manifest, written),
                )


@problem
def unknown_category(context: CheckContext) -> Iterator[Problem]:
    """Find each category that crates.io does not have."""
    named = [
        (one.manifest, slug)
        for one in published(context)
        for slug in _categories(one)
    ]
    if not named:
        return
    known = crates_io.categories()
    for path, slug in named:
        if slug.lower() in known:
            continue
        similar = difflib.get_close_matches(slug.lower(), sorted(known), 1)
        fix = f"use one of {CRATES}/category_slugs"
        if similar:
            fix = f"write {similar[0]}"
        yield Problem(
            f"{path}: {slug} is not a category of crates.io, which refuses it",
            fix,
            path,
            line_of(context, path, "categories"),
        )


@warning
def file_outside_crate(context: CheckContext) -> Iterator[Problem]:
    """Find each line of a crate's code that reads a file which is not in its tarball."""
    sources = _sources(context)
    for one in published(context):
        scripts = {
            target["src_path"]
            for target in one.package["targets"]
            if "custom-build" in target["kind"]
        }
        for file in sources.get(one.folder, ()):
            is_script = f"{context.release.source_tree}/{file}" in scripts
            for line, path in _reads(context, file, one.folder, is_script):
                place = one.folder or "the repository"
                yield Problem(
                    f"{file} reads {path}, which is not in the tarball of {one.crate.name}",
                    f"move it into {place}, or let {file} read a symbolic link to it there: "
                    "cargo packs the file behind a link",
                    file,
                    line,
                )


@problem
def crate_too_large(context: CheckContext) -> Iterator[Problem]:
    """Find each crate that is over 10 MiB when packed, with its largest files."""
    heavy = _heavy_folders(context)
    for one in published(context):
        if one.folder not in heavy:
            continue
        folder = one.crate.folder
        try:
            names = cargo.packed_files(folder)
        except Failed:
            continue  # package-crates sees the whole tarball
        sizes = {name: _packed_size(folder / name) for name in names}
        size = sum(sizes.values())
        if rules.size(size):
            largest = sorted(sizes, key=lambda name: -sizes[name])[:3]
            yield Problem(
                f"{one.crate.name} is {size / (1 << 20):.1f} MiB when packed, "
                "but crates.io takes at most 10",
                f"add its largest files to `exclude` of [package]: {', '.join(largest)}",
                one.manifest,
            )


@memoized
def published(context: CheckContext) -> tuple[PublishedCrate, ...]:
    """Return each crate of the release, none where cargo does not run."""
    workspace = context.project.workspace
    if workspace is None or not workspace.packages:
        return ()
    return tuple(
        PublishedCrate(
            crate, workspace.packages[crate.name], manifest(context, crate)
        )
        for crate in context.shipped("crates", Crate)
    )


def manifest(context: CheckContext, crate: Crate) -> str:
    """Return the path of a crate's manifest, from the root."""
    return f"{crate.folder}/Cargo.toml".removeprefix(
        f"{context.release.source_tree}/"
    )


def line_of(context: CheckContext, path: str, key: str) -> int:
    """Return the first line of a manifest that sets a key, 0 where another file does."""
    pattern = re.compile(
        rf'\s*(\[.*dependencies\.)?"?{re.escape(key)}"?\s*(\]|=|\.)'
    )
    lines = text_files.peek(context.release.source_tree, path).splitlines()
    for number, line in enumerate(lines, 1):
        if pattern.match(line):
            return number
    return 0


def _categories(one: PublishedCrate) -> list[str]:
    return list(one.package["categories"])


def _refused(one: PublishedCrate) -> Iterator[tuple[str, str]]:
    """Yield the key and a fact for each value that crates.io takes in no crate.

    What is missing and the dependencies are found by checks of their own.
    """
    for fault in (
        *rules.name(one.crate.name),
        *rules.reserved_name(one.crate.name),
    ):
        yield "name", fault
    manifest = rules.as_published(one.package)
    for key, text in rules.manifest_refusals(manifest):
        if key in FIXES:
            yield key, text


def _sources(context: CheckContext) -> dict[str, list[str]]:
    """Return the code of each member of the workspace by its folder, without tests and examples."""
    members = {
        posixpath.dirname(manifest(context, crate))
        for crate in context.project.crates
    }
    found: dict[str, list[str]] = {}
    for file in context.project.files:
        if file.endswith(".rs") and not NOT_PACKED & set(file.split("/")):
            owners = [folder for folder in _parents(file) if folder in members]
            owner = (owners or [""])[-1]
            found.setdefault(owner, []).append(file)
    return found


def _reads(
    context: CheckContext, file: str, folder: str, is_script: bool
) -> Iterator[tuple[int, str]]:
    """Yield line and path of each file outside of a crate's folder that its code names.

    A build script runs in the folder of its crate, other code is read beside its own file.
    """
    tree = context.release.source_tree
    code = text_files.peek(tree, str(file))
    text = UNSEEN.sub(_blank, TESTS.split(code, maxsplit=1)[0])
    pattern = READS
    if is_script:
        pattern = READS_OF_SCRIPT
        if LOOKS.search(text):
            return  # it goes without what is not there
    for found in pattern.finditer(text):
        if is_script or found["root"]:
            path = posixpath.join(folder, found["path"].lstrip("/"))
        else:
            path = posixpath.join(posixpath.dirname(file), found["path"])
        path = posixpath.normpath(path)
        if _is_inside(path, folder) or ".git" in path.split("/"):
            continue
        if (tree / path).is_file():
            yield text.count("\n", 0, found.start()) + 1, path


def _blank(found: re.Match[str]) -> str:
    """Return line feeds for what the compiler does not see, so that lines keep their numbers."""
    if found["unseen"] is None:
        return found[0]
    return "\n" * found[0].count("\n")


def _is_inside(path: str, folder: str) -> bool:
    if not folder:
        return not path.startswith("..")
    return path == folder or path.startswith(f"{folder}/")


def _heavy_folders(context: CheckContext) -> set[str]:
    """Return the folders whose tracked files are over 10 MiB before they are packed."""
    sizes: Counter[str] = Counter()
    for path in context.project.files:
        file = f"{context.release.source_tree}/{path}"
        if os.path.lexists(file):  # it may be deleted without a commit
            size = os.lstat(file).st_size
            for folder in _parents(path):
                sizes[folder] += size
    return {folder for folder, size in sizes.items() if rules.size(size)}


def _parents(path: str) -> Iterator[str]:
    """Return the folders that a path is in: the root, which is empty, first."""
    return accumulate(path.split("/")[:-1], posixpath.join, initial="")


def _packed_size(path: Path) -> int:
    if not path.is_file():
        return 0
    return len(zlib.compress(path.read_bytes()))

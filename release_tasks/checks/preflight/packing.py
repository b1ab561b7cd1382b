"""What cargo packs of a crate: that it can, that all which is needed is in it, and its size."""

from __future__ import annotations

import os
import posixpath
import re
import zlib
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import accumulate
from pathlib import Path
from typing import Any

from release_tasks.checks.check import CheckContext, problem, warning
from release_tasks.checks.preflight.crates import (
    PublishedCrate,
    line_of,
    manifest,
    published,
)
from release_tasks.errors import Problem
from release_tasks.formats import text_files
from release_tasks.manifests import toml_values
from release_tasks.memo import memoized
from release_tasks.rules import crates_io as rules
from release_tasks.shell import Failed
from release_tasks.tools.cargo import package_list

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
DECLARED_FOR_TESTS = (
    r"#\[cfg\((?:all\()?test\b[^\]]*\)\]\s*(?:#\[[^\]]*\]\s*)*"
    r"(?:pub(?:\([^)]*\))?\s+)?"
)
ROOTS = ("lib.rs", "main.rs")  # of crates, whose modules are beside them
LOOKS = re.compile(r"\.(?:try_exists|exists|is_file|is_dir)\(\)")
NOT_PACKED = {"tests", "benches", "examples", "tests.rs"}


@problem
def unpackable_file(context: CheckContext) -> Iterator[Problem]:
    """Find each file that cargo cannot pack: a name with special characters, a broken link."""
    tree = context.release.source_tree
    for one in published(context):
        for path in _below(context, one):
            reasons = rules.packed_name(path)
            if os.path.islink(tree / path) and not (tree / path).exists():
                reasons = [
                    f"it is a link to {os.readlink(tree / path)}, which is not there"
                ]
            if reasons and _would_be_packed(one, path):
                yield Problem(
                    f"cargo cannot pack {path} of {one.crate.name}: {reasons[0]}",
                    f"rename or remove {path}, or add it to `exclude` of [package] in "
                    f"{one.manifest}",
                    path,
                )


@problem
def nothing_packed(context: CheckContext) -> Iterator[Problem]:
    """Find each crate whose library and programs are all left out: cargo packs none of it."""
    for one, left, kept in _targets(context):
        if left and not kept:
            paths = ", ".join(path for _, path in left)
            yield Problem(
                f"{one.manifest}: include or exclude leaves out {paths}, "
                "and cargo packs no crate without a library or program",
                f"add {paths} to `include` of [package], or remove the line of `exclude`",
                one.manifest,
                _line_of_choice(context, one),
            )


@warning
def unpacked_target(context: CheckContext) -> Iterator[Problem]:
    """Find each program and build script that cargo leaves out of a crate without a failure."""
    for one, left, kept in _targets(context):
        if not kept:
            continue
        for what, path in left:
            yield Problem(
                f"{one.manifest}: include or exclude leaves out {path}, "
                f"and cargo publishes {one.crate.name} without {what}",
                f"add {path} to `include` of [package], or remove the line of `exclude`",
                one.manifest,
                _line_of_choice(context, one),
            )


@warning
def file_outside_crate(context: CheckContext) -> Iterator[Problem]:
    """Find each line of a crate's code that reads a file which is not in its tarball.

    That is a file of another folder, or one that include or exclude leave out.
    """
    sources = _sources(context)
    for one in published(context):
        scripts = {
            target["src_path"]
            for target in one.package["targets"]
            if "custom-build" in target["kind"]
        }
        for file in sources.get(one.folder, ()):
            is_script = f"{context.release.source_tree}/{file}" in scripts
            reads = list(_reads(context, file, one.folder, is_script))
            if reads and _is_for_tests(context.release.source_tree, file):
                continue
            for line, path in reads:
                if _is_inside(path, one.folder):
                    if _is_left_out(context, one, path):
                        yield _reads_excluded(one, file, line, path)
                    continue
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
            names = package_list.packed_files(folder)
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


def _below(context: CheckContext, one: PublishedCrate) -> list[str]:
    """Return the tracked files in the folder of a crate, from the root."""
    files = _sorted_files(context)
    if not one.folder:
        return files
    # what begins with `FOLDER/` stands between that and `FOLDER0`, the next character
    first = bisect_left(files, f"{one.folder}/")
    return files[first : bisect_left(files, f"{one.folder}0")]


@memoized
def _sorted_files(context: CheckContext) -> list[str]:
    return sorted(context.project.files)


def _relative(one: PublishedCrate, path: str) -> str:
    """Return a path from the root as one from the folder of a crate."""
    return path.removeprefix(f"{one.folder}/") if one.folder else path


def _would_be_packed(one: PublishedCrate, path: str) -> bool:
    """Tell whether cargo takes a file into the crate, and fails or would fail with it."""
    try:
        listed = package_list.listed_files(one.crate.folder)
    except Failed as error:
        return posixpath.basename(path) in error.output
    return _relative(one, path) in listed


def _is_left_out(context: CheckContext, one: PublishedCrate, path: str) -> bool:
    """Tell whether a file of a crate (from the root) is not in its tarball."""
    relative = _relative(one, path)
    below = _other_packages(context).get(one.folder, ())
    if not package_list.may_be_left_out(
        _package_table(context, one.manifest), relative, below
    ):
        return False
    try:
        return relative not in package_list.listed_files(one.crate.folder)
    except Failed:
        return False  # unpackable_file, or package-crates, says why


@memoized
def _other_packages(context: CheckContext) -> Mapping[str, list[str]]:
    """Return, by the folder of a crate, the folders below it that have a manifest of their own."""
    manifests = [
        posixpath.dirname(path)
        for path in context.project.files
        if posixpath.basename(path) == "Cargo.toml"
    ]
    found: dict[str, list[str]] = {}
    for folder in manifests:
        for parent in _parents(f"{folder}/Cargo.toml"):
            if parent != folder:
                prefix = f"{parent}/" if parent else ""
                found.setdefault(parent, []).append(folder.removeprefix(prefix))
    return found


@memoized
def _package_table(context: CheckContext, manifest: str) -> Mapping[str, Any]:
    """Return `[package]` of a manifest that chooses its files, else an empty table."""
    text = text_files.read(context.release.source_tree, manifest)
    if "include" not in text and "exclude" not in text:
        return {}  # what most manifests have to say here, and no parser is asked
    table = toml_values.load(text, manifest).get("package")
    return table if isinstance(table, Mapping) else {}


@memoized
def _targets(
    context: CheckContext,
) -> list[tuple[PublishedCrate, list[tuple[str, str]], list[str]]]:
    """Return each crate with what is left out (a word for it, and its path), and what is kept.

    Kept are libraries and programs; tests, benches and examples are for the repository only.
    """
    tree = context.release.source_tree.as_posix()
    found = []
    for one in published(context):
        left: list[tuple[str, str]] = []
        kept: list[str] = []
        for target in one.package["targets"]:
            if {"test", "bench", "example"}.intersection(target["kind"]):
                continue
            path = target["src_path"].removeprefix(f"{tree}/")
            is_script = "custom-build" in target["kind"]
            if _is_left_out(context, one, path):
                left.append((_named(target, is_script), path))
            elif not is_script:
                kept.append(path)
        found.append((one, left, kept))
    return found


def _named(target: Mapping[str, Any], is_script: bool) -> str:
    if is_script:
        return "its build script"
    if "bin" in target["kind"]:
        return f"the program {target['name']}"
    return "its library"


def _line_of_choice(context: CheckContext, one: PublishedCrate) -> int:
    """Return the line of `include`, else of `exclude`."""
    lines = [
        line_of(context, one.manifest, key) for key in ("include", "exclude")
    ]
    return next(filter(None, lines), 0)


def _reads_excluded(
    one: PublishedCrate, file: str, line: int, path: str
) -> Problem:
    return Problem(
        f"{file} reads {path}, which is left out of the tarball of {one.crate.name}",
        f'take it in with `include`, or with "!/{_relative(one, path)}" as the last line of '
        f"`exclude` in {one.manifest}; cargo packs nothing of a folder with another Cargo.toml",
        file,
        line,
    )


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
    """Yield line and path of each file that a crate's code names, as far as it is there.

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
        if ".git" in path.split("/"):
            continue
        if (tree / path).is_file():
            yield text.count("\n", 0, found.start()) + 1, path


def _is_for_tests(tree: Path, file: str) -> bool:
    """Tell whether a module, or one around it, is declared with `#[cfg(test)]`: `mod test;`."""
    folder, name = posixpath.split(file)
    stem = name.removesuffix(".rs")
    if name in ROOTS:
        return False
    if name == "mod.rs":
        folder, stem = posixpath.split(folder)
    declared = re.compile(DECLARED_FOR_TESTS + rf"mod {re.escape(stem)}\s*;")
    around = [f"{folder}/{one}".lstrip("/") for one in ("mod.rs", *ROOTS)]
    for parent in (*around, f"{folder}.rs"):
        if parent == file or not (tree / parent).is_file():
            continue
        if declared.search(text_files.peek(tree, parent)):
            return True
        if _is_for_tests(tree, parent):
            return True
    return False


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

"""Crates: what crates.io would refuse at the upload, found before anything is public."""

from __future__ import annotations

import difflib
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from release_tasks.channels import crates_io
from release_tasks.checks.check import CheckContext, problem, warning
from release_tasks.endpoints import CRATES
from release_tasks.errors import Problem
from release_tasks.formats import text_files
from release_tasks.memo import memoized
from release_tasks.project.model import Crate
from release_tasks.rules import crates_io as rules
from release_tasks.tools.cargo import Package, steering

REQUIRED = {  # what a person may write for a key that crates.io requires
    "description": 'description = "..."',
    "license": 'e.g. license = "MIT OR Apache-2.0"',
}
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
    "feature": "use letters, digits, `_`, `-`, `+` and `.`",
    "alias": "rename it with letters from a to z, digits, `-` and `_`",
    "dependencies": f"keep {rules.MAX_DEPENDENCIES} of them",
}


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
    for steer in steering.steers(context.release.cargo_tree):
        yield Problem(
            f"{steer.key} of the repository {steer.effect}",
            f"remove {steer.key} from {steer.file}, or move it to ~/.cargo/config.toml",
            steer.file,
        )


@warning
def patch_in_configuration(context: CheckContext) -> Iterator[Problem]:
    """Find each crate of crates.io that cargo's settings replace, also when crates are verified."""
    if not any(context.shipped("crates", Crate)):
        return
    for file, name in steering.patches(context.release.cargo_tree):
        yield Problem(
            f"{file} replaces {name} by [patch.crates-io], so crates are verified with another "
            f"{name} than their users get",
            "move that line into Cargo.toml: cargo packs and verifies crates without its [patch]",
            file,
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
        lines = [REQUIRED[name] for name in missing]
        if missing:
            yield Problem(
                f"{one.manifest} has no {' and no '.join(missing)}, which crates.io requires",
                f"add {' and '.join(lines)} to [package], "
                f"or publish = false if {one.crate.name} is not for crates.io",
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
def readme_too_large(context: CheckContext) -> Iterator[Problem]:
    """Find each readme that is too large for the data that cargo sends with a crate."""
    for one in published(context):
        readme = one.package.get("readme")
        path = one.crate.folder / str(readme)
        if not readme or not path.is_file():
            continue
        size = rules.readme_size(path.read_text("utf-8", "replace"))
        if rules.metadata_size(size):
            yield Problem(
                f"{one.manifest}: crates.io refuses its readme {readme}: with "
                f"{size / (1 << 20):.1f} MiB it is more than the 1 MiB that crates.io reads",
                f"shorten {readme}, or set readme = false in {one.manifest}",
                one.manifest,
                line_of(context, one.manifest, "readme"),
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

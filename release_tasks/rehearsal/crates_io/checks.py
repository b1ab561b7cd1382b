"""The rules of crates.io, for an upload to the local one: the first refusal answers."""

from __future__ import annotations

from collections.abc import Iterable

from release_tasks.rehearsal.crates_io.categories import SLUGS
from release_tasks.rehearsal.crates_io.store import Refused
from release_tasks.rehearsal.crates_io.tarball import Table, read_manifest
from release_tasks.rules import crates_io as rules


def check_name(name: str) -> None:
    """Raise `Refused` for an invalid crate name."""
    _refuse(rules.name(name))


def check_reserved(name: str) -> None:
    """Raise `Refused` for a name that nobody may have."""
    _refuse(rules.reserved_name(name))


def check_version(version: str) -> None:
    """Raise `Refused` for what is not a SemVer version."""
    _refuse(rules.version(version))


def check_tarball(meta: Table, crate: bytes) -> Table:
    """Check a tarball against the JSON sent with it and return its manifest."""
    _refuse(rules.size(len(crate)), 413)
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
    _refuse(refusal.text for refusal in rules.manifest_refusals(manifest))
    _refuse(rules.categories(package.get("categories") or [], SLUGS))
    return manifest


def _refuse(texts: Iterable[str], status: int = 400) -> None:
    for text in texts:
        raise Refused(text, status)

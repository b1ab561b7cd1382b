"""Our crates in the Cargo.toml of another repository.

The rules: doc.rust-lang.org/cargo/reference/specifying-dependencies.html.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from release_tasks.downstream import toml_sources
from release_tasks.downstream.uses import (
    Ours,
    Place,
    Use,
    is_repository,
    moved,
    stays,
)
from release_tasks.errors import ReleaseError
from release_tasks.manifests import cargo_toml, toml_values
from release_tasks.manifests.cargo_toml import Pin
from release_tasks.versions import requirements

MANIFEST = "Cargo.toml"


def uses(place: Place, ours: Ours) -> Iterator[Use]:
    """Yield each requirement on a crate of ours; raise `ReleaseError` for bad TOML."""
    data = toml_values.load(place.text, place.path)
    for pin in cargo_toml.read(place.text, place.path).pins:
        version = ours.crates.get(pin.package)
        if version and not pin.inherits:
            yield from _use(place, ours, pin, _entry(data, pin), version)


def _use(
    place: Place,
    ours: Ours,
    pin: Pin,
    entry: Mapping[str, Any],
    version: str,
) -> Iterator[Use]:
    what = f"{pin.key} in [{pin.table}]"
    source = next((key for key in ("git", "path") if key in entry), "")
    if source:
        yield _from_source(place, ours, pin, (what, source), version)
        return
    span = toml_values.spans(place.text, place.path).get(pin.location)
    if pin.requirement is None or span is None:
        return
    if pin.is_foreign:
        why = "it comes from another registry"
        yield stays(what, span[0], pin.requirement, why)
    elif requirements.is_above(pin.requirement, version):
        yield stays(what, span[0], pin.requirement, f"it is above {version}")
    else:
        yield _moved(what, span, pin.requirement, version)


def _moved(what: str, span: tuple[int, int], old: str, version: str) -> Use:
    try:
        return moved(what, span, old, requirements.updated(old, version))
    except ReleaseError as error:
        return stays(what, span[0], old, f"{error.problem}: {error.fix}")


def _from_source(
    place: Place,
    ours: Ours,
    pin: Pin,
    named: tuple[str, str],
    version: str,
) -> Use:
    """Return what a dependency from git, or from a folder, becomes."""
    what, source = named
    entry = _entry_keys(pin)
    spans = toml_values.spans(place.text, place.path)
    start, end = spans[*entry, source]
    old = f"{source} {place.text[start:end]}"
    why = _why_it_stays(place, ours, source, place.text[start:end])
    if not why and pin.table.startswith("patch."):
        why = "it replaces the published crate; remove it to use that"
    if why:
        return stays(what, start, old, why)
    edits = toml_sources.with_version(
        place.text, place.path, entry, source, version
    )
    if not edits:
        why = f'it is written in a form that is not edited: version = "{version}" instead'
        return stays(what, start, old, why)
    return Use(what, start, old, version, edits)


def _why_it_stays(place: Place, ours: Ours, source: str, value: str) -> str:
    if source == "git":
        if is_repository(value, ours.repository):
            return ""
        return "it is another repository than ours"
    folder = posixpath.join(posixpath.dirname(place.path), value)
    manifest = posixpath.normpath(posixpath.join(folder, MANIFEST))
    if place.has(manifest):
        return "it is a folder of that repository"
    return ""


def _entry_keys(pin: Pin) -> toml_values.KeyPath:
    if pin.location[-2:] == (pin.key, "version"):
        return pin.location[:-1]
    return pin.location


def _entry(data: Mapping[str, Any], pin: Pin) -> Mapping[str, Any]:
    return toml_values.table_at(data, *map(str, _entry_keys(pin)))

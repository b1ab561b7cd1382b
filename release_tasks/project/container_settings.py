"""The settings of images and charts: names, tags and platforms as registries know them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from release_tasks.errors import ReleaseError
from release_tasks.project.settings import (
    DEFAULT_TAGS,
    FILE,
    ImageTable,
    Settings,
)
from release_tasks.rules import oci, platforms
from release_tasks.versions.templates import expand, fill, placeholder_in

# what the texts of an image may name: build arguments, labels, annotations
PLACEHOLDERS = (
    "version",
    "major",
    "minor",
    "patch",
    "tag",
    "component",
    "commit",
    "sha",
    "created",
)
SAMPLES = ("1.2.3", "1.2.3-rc.1")  # versions to try a template with
SHA = "0123abc"
EDGE = {"sha": SHA, "commit": SHA * 5}  # what a template of `edge` may have
_PLAIN = (  # keys whose texts are taken as they are
    "dockerfile",
    "context",
    "target",
    "platforms",
    "secrets",
    "cache-from",
    "cache-to",
    "args",  # the names of the arguments
)


def tags_of(key: str, table: ImageTable) -> tuple[str, ...]:
    """Return the templates of an image's tags.

    Those of a flavor end with it, as docker's official images do: `1.2.3-alpine`, `alpine`.
    """
    flavor = oci.split_tag(key)[1]
    if not flavor or table.tags != DEFAULT_TAGS:
        return table.tags
    versioned = [f"{tag}-{flavor}" for tag in DEFAULT_TAGS if "{" in tag]
    return (*versioned, flavor)


def check(settings: Settings) -> None:
    """Raise `ReleaseError` for the first thing that no registry, builder or client takes."""
    for error in _errors(settings):
        raise error


def _errors(settings: Settings) -> Iterator[ReleaseError]:
    for key, table in settings.images.items():
        yield from _reference_errors("images", key)
        yield from _tag_errors(key, table)
        yield from _edge_errors(key, table)
        yield from _platform_errors(key, table)
        yield from _text_errors(key, table)
    for reference in settings.charts:
        yield from _reference_errors("charts", reference)
    yield from _collisions(settings)


def _reference_errors(kind: str, key: str) -> Iterator[ReleaseError]:
    reference = key
    if kind == "images":
        reference, flavor = oci.split_tag(key)
        if flavor and "{" in flavor:
            yield ReleaseError(
                f"{FILE}: [{kind}.{key}]: the key has a placeholder",
                f'[{kind}."{reference}"] with tags = ["{flavor}"]',
            )
            return
        if flavor == "latest":
            yield ReleaseError(
                f"{FILE}: [{kind}.{key}]: the key has the tag latest",
                f'[{kind}."{reference}"]',
            )
            return
    for refusal in oci.publishable(reference):
        plain = reference.partition("://")[2] or reference
        plain = oci.split_tag(plain.partition("@")[0])[0].rstrip(":").lower()
        fix = f'[{kind}."REGISTRY/OWNER/NAME"]'
        if not oci.publishable(plain):
            fix = f'[{kind}."{plain}"]'
        yield ReleaseError(f"{FILE}: [{kind}.{key}]: {refusal}", fix)


def _tag_errors(key: str, table: ImageTable) -> Iterator[ReleaseError]:
    for template in tags_of(key, table):
        place = f"{FILE}: [images.{key}] tags: {template}"
        try:
            tags = [expand(template, version, sha=SHA) for version in SAMPLES]
        except ReleaseError as error:
            fact = f"{FILE}: [images.{key}] tags: {error.problem}"
            yield ReleaseError(fact, error.fix)
            continue
        for tag in tags:
            if tag is not None and oci.tag(tag):
                yield ReleaseError(
                    f"{place} is not a tag that registries accept: {oci.tag(tag)[0]}",
                    "use letters, digits, `_`, `.` and `-`, and none of `.` and `-` first",
                )
                break


def _edge_errors(key: str, table: ImageTable) -> Iterator[ReleaseError]:
    """Yield an error for each tag of the newest commit that is none, or may be of a version."""
    for template in table.edge:
        place = f"{FILE}: [images.{key}] edge: {template}"
        try:
            tag = fill(template, EDGE)
        except ReleaseError as error:
            fact = f"{FILE}: [images.{key}] edge: {error.problem}"
            yield ReleaseError(fact, error.fix)
            continue
        if oci.tag(tag):
            yield ReleaseError(
                f"{place} is not a tag that registries accept: {oci.tag(tag)[0]}",
                'edge = ["main", "sha-{sha}"]',
            )
        elif re.match(r"[vV]?[0-9]", template):
            yield ReleaseError(
                f"{place} looks like the tag of a version",
                'edge = ["main", "sha-{sha}"]',
            )
        elif template in tags_of(key, table):
            yield ReleaseError(
                f"{place} is a tag of releases, too",
                "remove it from tags, or from edge",
            )


def _platform_errors(key: str, table: ImageTable) -> Iterator[ReleaseError]:
    place = f"{FILE}: [images.{key}] platforms"
    if not table.platforms:
        yield ReleaseError(f"{place} is empty", 'platforms = ["linux/amd64"]')
    for platform in table.platforms:
        for refusal in platforms.platform(platform):
            fix = f'platforms = ["{platforms.nearest(platform)}"]'
            yield ReleaseError(f"{place}: {refusal}", fix)


def _text_errors(key: str, table: ImageTable) -> Iterator[ReleaseError]:
    """Yield an error for each placeholder that is unknown, or that nothing fills in."""
    for name in ("args", "labels", "annotations"):
        for text in getattr(table, name).values():
            try:
                fill(text, dict.fromkeys(PLACEHOLDERS, ""))
            except ReleaseError as error:
                place = f"{FILE}: [images.{key}] {name}"
                yield ReleaseError(f"{place}: {error.problem}", error.fix)
    for secret in table.secrets:
        if "=" in secret and "id=" not in secret:
            yield ReleaseError(
                f"{FILE}: [images.{key}] secrets: {secret} has no id",
                f'secrets = ["id=NAME,{secret}"]',
            )
    for name in _PLAIN:
        value = getattr(table, name.replace("-", "_")) or ()
        texts = (value,) if isinstance(value, str) else tuple(value)
        for text in texts:
            if found := placeholder_in(text):
                yield ReleaseError(
                    f"{FILE}: [images.{key}] {name}: {found} is not filled in here",
                    f"write the value instead of {found}; args, labels, annotations and tags "
                    "may have placeholders",
                )


def _collisions(settings: Settings) -> Iterator[ReleaseError]:
    """Yield an error for each tag that two images would write."""
    owners: dict[tuple[oci.Name, str], str] = {}
    for key, table in settings.images.items():
        name = oci.name(oci.split_tag(key)[0])
        for template in (*tags_of(key, table), *table.edge):
            tag = expand(template, SAMPLES[0], sha=SHA, commit=SHA)
            if tag is None:
                continue
            other = owners.setdefault((name, tag), key)
            if other != key:
                yield ReleaseError(
                    f"{FILE}: [images.{other}] and [images.{key}] both have the tag {template} "
                    f"of {name}",
                    'give one of them other tags, such as tags = ["{version}-alpine", "alpine"]',
                )

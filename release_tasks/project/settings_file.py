"""How release-tasks.toml is read, and what is said where it is wrong."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from release_tasks.errors import ReleaseError
from release_tasks.manifests.version_locations import read
from release_tasks.project import settings as tables
from release_tasks.project.settings import FILE, Settings


def load(root: Path) -> Settings:
    """Return the settings of a project, the defaults where it has no file.

    Raises `ReleaseError` for broken TOML, a wrong type, and an unknown key (with the nearest known one).
    """
    if not (root / FILE).exists():
        return Settings()
    try:
        settings = msgspec.convert(
            _with_named_gates(msgspec.toml.decode(read(root, FILE))), Settings
        )
    except msgspec.ValidationError as error:
        raise _explain(str(error)) from error
    except msgspec.DecodeError as error:
        raise ReleaseError(f"{FILE} is no TOML: {error}", f"mend that line of {FILE}") from error
    notes = settings.github.notes
    for one in (notes,) if isinstance(notes, str) else notes if isinstance(notes, tuple) else ():
        if one not in ("changelog", "generated") and not (root / one).is_file():
            raise ReleaseError(
                f"{FILE}: github.notes: {one} is no file here",
                "changelog, generated, or the path of a template",
            )
    for place, text, names in _templates(settings):
        _check(place, text, names)
    return settings


def _with_named_gates(data: dict[str, Any]) -> dict[str, Any]:
    gates = data.get("gates")
    if not isinstance(gates, dict):
        return data
    known = {field.encode_name for field in msgspec.structs.fields(tables.GatesTable)}
    named = {
        key: value
        for key, value in gates.items()
        if (isinstance(value, str) or value is False) and key not in known
    }
    rest = {key: value for key, value in gates.items() if key not in named}
    return data | {"gates": rest | ({"named": named} if named else {})}


def _templates(settings: Settings) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield each text with `{...}` in it, where it stands, and the words that it may hold."""
    about = ("version", "tag", "component")
    yield "[project] commit", settings.project.commit, (*about, "components")
    yield "[project] tag-message", settings.project.tag_message or "", about
    yield "[gates] milestone", settings.gates.milestone or "", ("version", "tag")
    run = settings.github.notes.run if isinstance(settings.github.notes, tables.NotesTable) else ""
    yield "[github] notes", run, ("version", "tag", "previous", "range")
    yield "[github] title", settings.github.title, about
    for name, component in settings.components.items():
        yield (
            f"[components.{name}] tag",
            component.tag,
            ("version", "crate") if name == "{crate}" else ("version",),
        )
        yield f"[components.{name}] title", component.title or "", about
        yield f"[components.{name}] commit", component.commit or "", (*about, "components")
        yield f"[components.{name}] tag-message", component.tag_message or "", about
        if component.tag.count("{version}") != 1:
            raise ReleaseError(
                f"{FILE}: [components.{name}] tag: {component.tag} holds {{version}} not once",
                'tag = "v{version}"',
            )
        if re.search(
            r"[\x00-\x20~^:?*\[\\\x7f]|\.\.|@\{|//|/\.|^[-./]|[./]$", component.tag
        ):  # git check-ref-format
            raise ReleaseError(
                f"{FILE}: [components.{name}] tag: git takes no tag like {component.tag}",
                'tag = "v{version}"',
            )
    for name, targets in settings.binaries.items():
        for target, file in targets.items():
            yield f"[binaries.{name}] {target}", file, ("version",)
    for template in settings.bundles:
        yield f"[bundles.{template}]", template, ("version", "asset", "variant")
    for reference, image in settings.images.items():
        yield f"[images.{reference}] scan", image.scan or "", ("layout", "report")
        yield f"[images.{reference}] test", image.test or "", ("layout", "image")
    for reference, chart in settings.charts.items():
        yield f"[charts.{reference}] app-version", chart.app_version, ("version",)


def _check(place: str, text: str, names: tuple[str, ...]) -> None:
    try:
        text.format(**dict.fromkeys(names, ""))
    except (KeyError, IndexError, ValueError, AttributeError) as error:
        known = ", ".join(f"{{{name}}}" for name in names)
        raise ReleaseError(
            f"{FILE}: {place}: {text} cannot be filled in ({error})", f"it may hold {known}"
        ) from error


def _explain(said: str) -> ReleaseError:
    unknown = re.search(r"unknown field `(.+?)`(?: - at `\$\.?(.*?)`)?$", said)
    if not unknown:
        what, _, where = said.partition(" - at ")
        place = where.strip("`").removeprefix("$.").removeprefix("$").replace("[...]", ".NAME")
        return ReleaseError(
            f"{FILE}: {place}: {what}" if place else f"{FILE}: {what}", f"mend that key of {FILE}"
        )
    key, at = unknown[1], unknown[2] or ""
    table: type[msgspec.Struct] = Settings
    for word in at.replace("[...]", "").split("."):
        table = _TABLES.get(word, table)
    names = [field.encode_name for field in msgspec.structs.fields(table)]
    near = difflib.get_close_matches(key, names, 1)
    where = f" in [{at.replace('[...]', '.NAME')}]" if at else ""
    known = f"did you mean {near[0]}?" if near else f"known are {', '.join(names)}"
    return ReleaseError(f"{FILE}: unknown key {key}{where}", known)


_TABLES: dict[str, type[msgspec.Struct]] = {
    "project": tables.ProjectTable,
    "components": tables.ComponentTable,
    "crates": tables.CratesTable,
    "python": tables.PythonTable,
    "images": tables.ImageTable,
    "charts": tables.ChartTable,
    "bundles": tables.BundleTable,
    "build": tables.BuildTable,
    "gates": tables.GatesTable,
    "github": tables.GithubTable,
}

"""Reading release-tasks.toml: its errors name the table, the key, and what to write instead."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from release_tasks import files
from release_tasks.errors import ReleaseError
from release_tasks.formats.text_files import read
from release_tasks.project import asset_names, container_settings
from release_tasks.project.settings import (
    FILE,
    CrateTable,
    GatesTable,
    GithubTable,
    NotesTable,
    Settings,
    table_types,
)
from release_tasks.rules import git as git_rules

# Keys that are not near any of ours by their spelling: what to write instead.
RENAMED = {
    "innocent": "[versions.ignore]",
    "silence": "[checks.ignore]",
    "forgotten": '[versions] stale = "warn" or "error"',
}
CI_EXAMPLE = 'ci = true, or the names of workflows: ci = ["ci.yml"]'
EXAMPLES = {"array": '["..."]', "str": '"..."', "bool": "true", "object": "{}"}
RELEASE = ("version", "tag", "component")  # the placeholders of most templates
SAMPLE = {"version": "1.0.0", "crate": "a-crate"}  # what a template is tried with


@dataclass(frozen=True)
class Template:
    """A text of the settings with placeholders, and which of them it may have."""

    place: str
    text: str
    placeholders: tuple[str, ...]


def load(root: Path) -> Settings:
    """Return the settings of a project, the defaults if it has no file.

    Raises `ReleaseError` for invalid TOML, an unknown key (with the nearest known one), a value of
    the wrong type, and a template that cannot be expanded.
    """
    if not (root / FILE).exists():
        return Settings()
    try:
        data = msgspec.toml.decode(read(root, FILE))
        data = _with_targets(_with_named(data))
        settings = msgspec.convert(data, Settings)
    except msgspec.ValidationError as error:
        raise _explain(str(error)) from error
    except msgspec.DecodeError as error:
        raise ReleaseError(
            f"{FILE} is not valid TOML: {error}", f"fix that in {FILE}"
        ) from error
    _check_notes(root, settings.github)
    _check_crates(settings)
    for template in _templates(settings):
        _check_template(template)
    _check_tags(settings)
    container_settings.check(settings)
    asset_names.check(settings)
    return settings


def _with_named(data: dict[str, Any]) -> dict[str, Any]:
    """Return the data with what has a name of the project's in tables `named`."""
    return _with_named_crates(_with_named_gates(data))


def _with_named_crates(data: dict[str, Any]) -> dict[str, Any]:
    """Return the data with the tables of crates in a table `named`; a crate may be `ignore`."""
    crates = data.get("crates")
    if not isinstance(crates, dict):
        return data
    rest, named = {}, {}
    for key, value in crates.items():
        if isinstance(value, dict):
            named[key] = value
        else:
            rest[key] = value
    if named:
        rest["named"] = named
    return data | {"crates": rest}


def _check_crates(settings: Settings) -> None:
    for name, table in settings.crates.named.items():
        if not table.verify and not table.reason:
            raise ReleaseError(
                f"{FILE}: [crates.{name}] verify = false needs a reason",
                'reason = "why it does not compile here"',
            )


def _with_named_gates(data: dict[str, Any]) -> dict[str, Any]:
    """Return the data with the gates that have a name of the project's in a table `named`."""
    gates = data.get("gates")
    if not isinstance(gates, dict):
        return data
    known = {field.encode_name for field in msgspec.structs.fields(GatesTable)}
    rest, named = {}, {}
    for key, value in gates.items():
        is_gate = isinstance(value, str) or value is False
        if is_gate and key not in known:
            named[key] = value
        else:
            rest[key] = value
    if named:
        rest["named"] = named
    return data | {"gates": rest}


def _with_targets(data: dict[str, Any]) -> dict[str, Any]:
    """Return the data with the Rust targets of each binary in a table `targets`.

    Every name of a target has a hyphen, and no key of ours has one.
    """
    binaries = data.get("binaries")
    if not isinstance(binaries, dict):
        return data
    found = {}
    for name, table in binaries.items():
        found[name] = table
        if isinstance(table, dict):
            targets = {key: value for key, value in table.items() if "-" in key}
            rest = {key: value for key, value in table.items() if key not in targets}
            found[name] = rest | {"targets": targets}
    return data | {"binaries": found}


def _check_notes(root: Path, github: GithubTable) -> None:
    if isinstance(github.notes, NotesTable):
        return
    sources = (github.notes,) if isinstance(github.notes, str) else github.notes
    for source in sources:
        if source in ("changelog", "generated"):
            continue
        if not files.inside(root, source).is_file():
            raise ReleaseError(
                f"{FILE}: github.notes: {source} is not a file in the repository",
                "use changelog, generated, or the path of a template",
            )


def _templates(settings: Settings) -> Iterator[Template]:
    project, github = settings.project, settings.github
    yield Template("[project] commit", project.commit, (*RELEASE, "components"))
    yield Template("[project] tag-message", project.tag_message or "", RELEASE)
    yield Template(
        "[gates] milestone", settings.gates.milestone or "", ("version", "tag")
    )
    yield Template("[github] title", github.title, RELEASE)
    if isinstance(github.notes, NotesTable):
        placeholders = ("version", "tag", "previous", "range")
        yield Template("[github] notes", github.notes.run, placeholders)
    yield from _component_templates(settings)
    yield from _file_templates(settings)
    yield from _container_templates(settings)


def _component_templates(settings: Settings) -> Iterator[Template]:
    for name, component in settings.components.items():
        table = f"[components.{name}]"
        tag_placeholders = ("version", "crate") if name == "{crate}" else ("version",)
        yield Template(f"{table} tag", component.tag or "", tag_placeholders)
        yield Template(f"{table} title", component.title or "", RELEASE)
        yield Template(
            f"{table} commit", component.commit or "", (*RELEASE, "components")
        )
        yield Template(f"{table} tag-message", component.tag_message or "", RELEASE)


def _file_templates(settings: Settings) -> Iterator[Template]:
    for name, table in settings.binaries.items():
        for target, file in table.targets.items():
            yield Template(f"[binaries.{name}] {target}", file, ("version",))
    for file in settings.bundles:
        yield Template(f"[bundles.{file}]", file, ("version", "asset", "variant"))


def _container_templates(settings: Settings) -> Iterator[Template]:
    for reference, image in settings.images.items():
        table = f"[images.{reference}]"
        scan, test = ("layout", "report", "version"), ("layout", "image", "version")
        yield Template(f"{table} scan", image.scan or "", scan)
        yield Template(f"{table} test", image.test or "", test)
    for reference, chart in settings.charts.items():
        template = chart.app_version or ""
        yield Template(f"[charts.{reference}] app-version", template, ("version",))


def _check_template(template: Template) -> None:
    try:
        template.text.format(**dict.fromkeys(template.placeholders, ""))
    except (KeyError, IndexError, ValueError, AttributeError) as error:
        available = ", ".join(f"{{{name}}}" for name in template.placeholders)
        raise ReleaseError(
            f"{FILE}: {template.place}: {template.text} is not a valid template ({error})",
            f"available: {available}",
        ) from error


def _check_tags(settings: Settings) -> None:
    for name, component in settings.components.items():
        place = f"{FILE}: [components.{name}] tag"
        if component.tag is None:
            continue
        if component.tag.count("{version}") != 1:
            raise ReleaseError(
                f"{place}: {component.tag} must contain {{version}} exactly once",
                'tag = "v{version}"',
            )
        example = component.tag.format(**SAMPLE)
        if git_rules.tag(example):
            raise ReleaseError(
                f"{place}: git does not allow a tag like {example}",
                'tag = "v{version}"',
            )


def _explain(message: str) -> ReleaseError:
    """Return what msgspec says, as "Expected `str`, got `int` - at `$.project.branch`"."""
    what, _, path = message.partition(" - at ")
    place = (
        path.strip("`").removeprefix("$").removeprefix(".").replace("[...]", ".NAME")
    )
    place = place.replace("crates.named.NAME", "crates.NAME")
    if unknown := re.fullmatch(r"Object contains unknown field `(.+)`", what):
        return _unknown_key(unknown[1], place)
    if not place:
        return ReleaseError(f"{FILE}: {what}", f"fix that in {FILE}")
    return ReleaseError(f"{FILE}: {place}: {what}", _correct_value(what, place))


def _unknown_key(key: str, table: str) -> ReleaseError:
    fields = msgspec.structs.fields(_table_type(table))
    names = [field.encode_name for field in fields]
    nearest = difflib.get_close_matches(key, names, 1)
    if key in RENAMED:
        fix = f"did you mean {RENAMED[key]}?"
    elif nearest:
        fix = f"did you mean {nearest[0]}?"
    else:
        fix = f"available: {', '.join(names)}"
    where = f" in [{table}]" if table else ""
    return ReleaseError(f"{FILE}: unknown key {key}{where}", fix)


def _correct_value(what: str, place: str) -> str:
    """Return a line with a value of the right type for a key, or the values that it may have."""
    if place.startswith("gates.ci"):
        return CI_EXAMPLE
    table, _, key = place.partition("[")[0].rpartition(".")
    field = key.replace("-", "_")
    values = list(_allowed(get_type_hints(_table_type(table)).get(field)))
    if "enum" in what and values:
        return f"available: {', '.join(values)}"
    if missing := re.search(r"missing required field `(.+)`", what):
        return f'{missing[1]} = "..."'
    if place.endswith("]"):  # an item of a list
        return f"{key} = {EXAMPLES['array']}"
    expected = re.match(r"Expected `(\w+)", what)
    if expected and expected[1] in EXAMPLES:
        return f"{key} = {EXAMPLES[expected[1]]}"
    return f"fix that key in {FILE}"


def _allowed(annotation: Any) -> Iterator[str]:
    """Yield the texts that the type of a key allows; none where it allows any."""
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        yield from annotation
    elif get_origin(annotation) is Literal:
        yield from map(str, get_args(annotation))
    else:
        for inner in get_args(annotation):
            yield from _allowed(inner)


def _table_type(table: str) -> type[msgspec.Struct]:
    """Return the type of a table that an error names, as `images.NAME`."""
    if table.startswith("crates."):
        return CrateTable
    return table_types().get(table.partition(".")[0], Settings)

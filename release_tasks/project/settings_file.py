"""Reading release-tasks.toml: its errors name the table, the key, and what to write instead."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Any

import msgspec

from release_tasks import files
from release_tasks.errors import ReleaseError
from release_tasks.formats.text_files import read
from release_tasks.masking import is_secret_name
from release_tasks.project import (
    asset_names,
    container_settings,
    installers,
    settings_errors,
)
from release_tasks.project.settings import (
    FILE,
    BuildTable,
    GatesTable,
    GithubTable,
    NotesTable,
    Settings,
)
from release_tasks.rules import git as git_rules
from release_tasks.versions.templates import fill

RELEASE = ("version", "tag", "component")  # the placeholders of most templates
# of a component: what needs no quotes in a shell, so that every printed command has one word
COMPONENT = re.compile(r"(?!-)[\w .:@+/-]+|\{crate\}")
# what a template is tried with
SAMPLE = {"version": "1.0.0", "crate": "a-crate"}


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
    text = read(root, FILE)
    try:
        data = _with_targets(_with_named(msgspec.toml.decode(text)))
        settings = msgspec.convert(data, Settings)
    except msgspec.ValidationError as error:
        raise settings_errors.explain(str(error), data, text) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise ReleaseError(
            f"{FILE} is not valid TOML: {error}", f"fix that in {FILE}"
        ) from error
    _check_notes(root, settings.github)
    _check_announcement(root, settings)
    _check_downstream(settings)
    _check_passed(settings.build)
    _check_crates(settings)
    for template in _templates(settings):
        _check_template(template)
    _check_tags(settings)
    _check_components(settings)
    _check_branches(settings)
    installers.check(root, settings)
    container_settings.check(settings)
    asset_names.check(settings)
    return settings


def _check_passed(table: BuildTable) -> None:
    """Refuse to pass a secret on to what runs the project's code."""
    for name in table.pass_env:
        if is_secret_name(name):
            raise ReleaseError(
                f"{FILE}: [build] pass-env: {name} is secret by its name, and never passed on",
                "remove it from pass-env; a Dockerfile gets a secret by [images] secrets",
            )


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
            rest = {
                key: value for key, value in table.items() if key not in targets
            }
            found[name] = rest | {"targets": targets}
    return data | {"binaries": found}


def templates(github: GithubTable) -> tuple[str, ...]:
    """Return the paths of the templates of release notes."""
    if isinstance(github.notes, NotesTable):
        return ()
    sources = (github.notes,) if isinstance(github.notes, str) else github.notes
    known = ("changelog", "generated", "install")
    return tuple(source for source in sources if source not in known)


def _check_notes(root: Path, github: GithubTable) -> None:
    for source in templates(github):
        if not files.inside(root, source).is_file():
            raise ReleaseError(
                f"{FILE}: github.notes: {source} is not a file in the repository",
                "use changelog, generated, install, or the path of a template",
            )


def _check_announcement(root: Path, settings: Settings) -> None:
    for line in settings.install.values():
        fill(line or "", {"version": "", "tag": ""})
    path = settings.announce.template
    if path is not None and not files.inside(root, path).is_file():
        raise ReleaseError(
            f"{FILE}: announce.template: {path} is not a file in the repository",
            "write it, or remove the key",
        )


def _check_downstream(settings: Settings) -> None:
    for name, table in settings.downstream.items():
        if table.test is not None:
            key = f'[downstream."{name}"] test'
            installers.words_of(table.test, key, 'test = "cargo test"')


def _templates(settings: Settings) -> Iterator[Template]:
    project, github = settings.project, settings.github
    yield Template("[project] commit", project.commit, (*RELEASE, "components"))
    yield Template("[project] tag-message", project.tag_message or "", RELEASE)
    yield Template(
        "[gates] milestone", settings.gates.milestone or "", ("version", "tag")
    )
    yield Template("[github] title", github.title, (*RELEASE, "headline"))
    if isinstance(github.notes, NotesTable):
        placeholders = ("version", "tag", "previous", "range")
        yield Template("[github] notes", github.notes.run, placeholders)
    for line in settings.verify.run:
        yield Template("[verify] run", line, installers.PLACEHOLDERS)
    for name, downstream in settings.downstream.items():
        where = f"[downstream.{name}] branch"
        yield Template(where, downstream.branch, ("project", "version"))
    yield from _component_templates(settings)
    yield from _file_templates(settings)
    yield from _container_templates(settings)


def _component_templates(settings: Settings) -> Iterator[Template]:
    for name, component in settings.components.items():
        table = f"[components.{name}]"
        tag_placeholders = (
            ("version", "crate") if name == "{crate}" else ("version",)
        )
        yield Template(f"{table} tag", component.tag or "", tag_placeholders)
        titled = (*RELEASE, "headline")
        yield Template(f"{table} title", component.title or "", titled)
        yield Template(
            f"{table} commit", component.commit or "", (*RELEASE, "components")
        )
        yield Template(
            f"{table} tag-message", component.tag_message or "", RELEASE
        )


def _file_templates(settings: Settings) -> Iterator[Template]:
    for name, table in settings.binaries.items():
        for target, file in table.targets.items():
            yield Template(f"[binaries.{name}] {target}", file, ("version",))
    for file in settings.bundles:
        yield Template(
            f"[bundles.{file}]", file, ("version", "asset", "variant")
        )


def _container_templates(settings: Settings) -> Iterator[Template]:
    for reference, image in settings.images.items():
        table = f"[images.{reference}]"
        scan, test = (
            ("layout", "report", "version"),
            ("layout", "image", "version"),
        )
        yield Template(f"{table} scan", image.scan or "", scan)
        yield Template(f"{table} test", image.test or "", test)
    for reference, chart in settings.charts.items():
        template = chart.app_version or ""
        yield Template(
            f"[charts.{reference}] app-version", template, ("version",)
        )


def _check_template(template: Template) -> None:
    try:
        for _, name, spec, conversion in Formatter().parse(template.text):
            # a width of some digits would fill the memory
            if spec or conversion or not re.fullmatch(r"[a-z_-]*", name or ""):
                raise ValueError(f"{{{name}}} has more than a name")
        template.text.format(**dict.fromkeys(template.placeholders, ""))
    except (KeyError, IndexError, ValueError, AttributeError) as error:
        available = ", ".join(f"{{{name}}}" for name in template.placeholders)
        raise ReleaseError(
            f"{FILE}: {template.place}: {template.text} is not a valid template ({error})",
            f"available: {available}",
        ) from error


def _check_components(settings: Settings) -> None:
    for name in settings.components:
        if not COMPONENT.fullmatch(name):
            raise ReleaseError(
                f"{FILE}: [components.{json.dumps(name)}] cannot be the name of a component",
                "use letters, digits, and any of . : @ + / - _",
            )


def _check_branches(settings: Settings) -> None:
    """Refuse a branch that git does not allow, or takes for an option."""
    named = {"[project] branch": settings.project.branch}
    for name, table in settings.downstream.items():
        named[f'[downstream."{name}"] base'] = table.base
    for place, branch in named.items():
        if branch is not None and any(git_rules.branch(branch)):
            raise ReleaseError(
                f"{FILE}: {place}: {branch!r} is not a valid branch name",
                f'{place.rpartition(" ")[2]} = "main"',
            )


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

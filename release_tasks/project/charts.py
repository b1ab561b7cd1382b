"""The charts of a repository, from its Chart.yaml files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from posixpath import basename, normpath

from release_tasks import endpoints
from release_tasks.errors import ReleaseError
from release_tasks.formats.text_files import read
from release_tasks.manifests import chart_yaml
from release_tasks.manifests.chart_yaml import ChartManifest
from release_tasks.project import python_packages, tag_forms
from release_tasks.project.model import (
    Chart,
    Project,
    Resolved,
    Unresolved,
    ambiguity,
    resolved_or_empty,
)
from release_tasks.project.settings import FILE, ChartTable
from release_tasks.rules import oci
from release_tasks.tools import git
from release_tasks.versions import earlier_tags

MANIFEST = "Chart.yaml"
HOST = endpoints.host(endpoints.GHCR)  # the registry of a project on GitHub
FOLLOWS = "{version}"
SAMPLES = re.compile(
    r"(^|/)(tests?|testdata|fixtures|__fixtures__|examples?|e2e)/"
)


@dataclass(frozen=True)
class _Found:
    """A Chart.yaml; `folder` is relative to the root, "" for the root itself."""

    folder: str
    manifest: ChartManifest

    @property
    def name(self) -> str:
        """Return the chart's name, that of its folder where it has none."""
        return self.manifest.name or basename(self.folder)


def charts(project: Project) -> Resolved[Chart]:
    """Return the charts of a project as far as `discovery.outline` has it.

    A chart that another one depends on by its path, or that is in its folder charts/, is a part
    of that one, unless it has tags of its own. One below tests/ or examples/ counts only where
    there is no other.
    """
    found = _all(project)
    candidates = _candidates(found, project.tags)
    tables = project.settings.charts
    if not tables and candidates:
        tables = _named_by_components(project)
    try:
        if not tables and len(candidates) > 1:
            return _several(project, candidates)
        if not tables and candidates:
            reference = _only_reference(candidates[0], project.ghcr_name)
            return (_chart(project, reference, ChartTable(), candidates[0]),)
        return tuple(
            _chart(project, name, table, _of_table(project, name, table, found))
            for name, table in tables.items()
        )
    except Unresolved as error:
        return error


def app_version_template(
    app_version: str, own: Iterable[str], uses_our_image: bool
) -> str:
    """Return what `appVersion` becomes, as a template with `{version}`.

    It follows where it is a version of this project (`own`), names none, or gives the tag of an
    image of this project. Anything else is the version of another product, and stays.
    """
    number = app_version.removeprefix("v")
    if number in own:
        return app_version.removesuffix(number) + FOLLOWS
    is_placeholder = not re.search(r"\d", app_version) or number.startswith(
        "0.0.0"
    )
    if is_placeholder or uses_our_image:
        return FOLLOWS
    return app_version.replace("{", "{{").replace("}", "}}")


def _all(project: Project) -> list[_Found]:
    found = []
    for path in project.files:
        if basename(path) != MANIFEST or python_packages.is_foreign(path):
            continue
        folder = path.removesuffix(MANIFEST).rstrip("/")
        manifest = _manifest(project.root, path)
        needs, _ = chart_yaml.dependency_files(folder, project.files)
        if needs != path:
            rows = _manifest(project.root, needs).dependencies
            manifest = replace(manifest, dependencies=rows)
        found.append(_Found(folder, manifest))
    return found


def _manifest(root: Path, path: str) -> ChartManifest:
    """Return what a Chart.yaml says, nothing for a broken one, which may be a template."""
    try:
        return chart_yaml.read(read(root, path), path)
    except ReleaseError:
        return ChartManifest()


def _candidates(found: list[_Found], tags: tuple[str, ...]) -> list[_Found]:
    parts = set()
    for one in found:
        for row in one.manifest.dependencies:
            repository = str(row.get("repository") or "")
            if repository.startswith("file://"):
                path = f"{one.folder}/{repository.removeprefix('file://')}"
                parts.add(normpath(path).lstrip("/"))
    folders = {one.folder for one in found}
    whole = []
    for one in found:
        owner, _, _ = one.folder.rpartition("charts/")
        is_part = (
            one.folder in parts and not tag_forms.of_name(tags, one.name).known
        )
        if not is_part and not (owner and owner.rstrip("/") in folders):
            whole.append(one)
    shipped = [one for one in whole if not SAMPLES.search(f"{one.folder}/")]
    return shipped or whole


def _named_by_components(project: Project) -> dict[str, ChartTable]:
    """Return an empty table for each chart that a component names."""
    found = {}
    for component in project.settings.components.values():
        for name in component.charts:
            found[name] = ChartTable()
    return found


def _of_table(
    project: Project, reference: str, table: ChartTable, found: list[_Found]
) -> _Found:
    """Return the chart that a table of the settings means; raise `Unresolved` for none."""
    if table.path:
        folder = normpath(table.path).removeprefix(".")
        same = [one for one in found if one.folder == folder]
    else:
        name = reference.rpartition("/")[2]
        candidates = _candidates(found, project.tags)
        same = [one for one in candidates if one.name == name]
        same = same or [one for one in found if one.name == name]
    if len(same) != 1:
        raise Unresolved(
            f"{FILE}: [charts.{reference}]: there is no chart of that name",
            "set its folder with path = ...",
        )
    return same[0]


def _several(project: Project, candidates: list[_Found]) -> Unresolved:
    """Return the question which charts are released."""
    lines, possible = [], []
    for one in candidates:
        reference = _default_reference(one, project.ghcr_name)
        lines.append(f'[charts."{reference}"]\npath = "{one.folder}"')
        possible.append(_chart(project, reference, ChartTable(), one))
    return ambiguity("charts", lines, tuple(possible))


def _default_reference(found: _Found, repository: str | None) -> str:
    owner = repository.split("/")[0].lower() if repository else "OWNER"
    return f"{HOST}/{owner}/charts/{found.name}"


def _only_reference(found: _Found, repository: str | None) -> str:
    """Return the default name of the only chart; raise `Unresolved` where there is none."""
    if repository is None:
        raise Unresolved(
            "origin is not a GitHub repository, so the chart has no default name",
            f'add to {FILE}:\n[charts."REGISTRY/OWNER/charts/NAME"]',
        )
    reference = _default_reference(found, repository)
    for refusal in oci.reference(reference):
        raise Unresolved(
            f"the chart {found.name} cannot be published: {refusal}",
            f"name it in {found.folder}/Chart.yaml with small letters, digits and `-`",
        )
    return reference


def _chart(
    project: Project, reference: str, table: ChartTable, found: _Found
) -> Chart:
    manifest = found.manifest
    version = manifest.version.removeprefix("v")
    template = table.app_version
    if template is None:
        template = FOLLOWS
        if manifest.app_version:
            template = _app_version(project, reference, found)
    return Chart(
        reference,
        project.root / found.folder,
        template,
        version=version,
        is_library=manifest.is_library,
        values=_values(project, found.folder),
    )


def _app_version(project: Project, reference: str, found: _Found) -> str:
    manifest = found.manifest
    own = {manifest.version.removeprefix("v")}
    if _is_alone(project, reference):
        return app_version_template(manifest.app_version, own, False)
    own.update(crate.version for crate in project.crates)
    packages = python_packages.packages(
        project.root, project.files, project.settings
    )
    own.update(package.version for package in resolved_or_empty(packages))
    template = app_version_template(manifest.app_version, own, False)
    if FOLLOWS in template:
        return template
    for tag in git.tags(project.root):
        tagged = earlier_tags.version_of(tag, (project.name, found.name))
        if tagged:
            own.add(str(tagged.version))
    uses_our_image = _uses_our_image(project, found.folder)
    return app_version_template(manifest.app_version, own, uses_our_image)


def _is_alone(project: Project, reference: str) -> bool:
    """Tell whether a chart's component has charts only: its version is none of what it runs."""
    for component in project.settings.components.values():
        if reference in component.charts:
            others = (component.crates, component.python, component.images)
            return not any((*others, component.binaries))
    return False


def _uses_our_image(project: Project, folder: str) -> bool:
    """Tell whether a file of a chart names an image that this repository may ship."""
    keys = [*project.settings.images]
    for component in project.settings.components.values():
        keys += component.images
    names = {oci.split_tag(key)[0] for key in keys}
    if project.repository:
        names.add(f"{HOST}/{project.repository.lower()}")
    if not names:
        return False
    pattern = re.compile(
        rf"({'|'.join(map(re.escape, sorted(names)))})(?![\w/-])"
    )
    start = f"{folder}/" if folder else ""
    texts = []
    for path in project.files:
        if path.startswith(start) and path.endswith((".yaml", ".yml", ".tpl")):
            texts.append(read(project.root, path))
    return any(map(pattern.search, texts))


def _values(project: Project, folder: str) -> tuple[str, ...]:
    """Return the files that chart-testing renders a chart with: ci/*-values.yaml."""
    start = f"{folder}/ci/" if folder else "ci/"
    return tuple(
        path
        for path in project.files
        if path.startswith(start)
        and path.endswith("-values.yaml")
        and "/" not in path.removeprefix(start)
    )

"""The components that a project with several versions needs, as lines for its settings.

They are read from versions, names and tags: what has one version is released together, and a chart
with tags of its own is a component of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from release_tasks.errors import ReleaseError
from release_tasks.project import python_packages
from release_tasks.project.candidates import (
    Ships,
    chosen,
    forms_of,
    has_own_version,
    is_on_its_own,
    is_real,
    packages_with_own_tags,
    released,
    unpublishable,
)
from release_tasks.project.kinds import NAMED
from release_tasks.project.model import (
    Project,
    PythonPackage,
    SeveralCandidates,
    normal_name,
    resolved_or_empty,
)
from release_tasks.project.settings import FILE
from release_tasks.project.tag_forms import (
    DEFAULT,
    RECENT,
    TagOwner,
    has_versions,
    last_version,
    read_forms,
)
from release_tasks.rules import pypi

PARTS = {"crates": "crates", "python": "Python packages", "charts": "charts"}


class SeveralVersions(ReleaseError):
    """What is shipped has several versions; `lines` are the components that solve it."""

    def __init__(self, problem: str, lines: list[str]) -> None:
        self.lines = tuple(lines)
        super().__init__(
            problem,
            "give them one version, leave some out with [crates] ignore, "
            f"or add components to {FILE}:\n" + "\n".join(lines),
        )


@dataclass
class _Group:
    """What is released together: public names by kind, its own names, and its folders."""

    version: str = ""
    names: dict[str, list[str]] = field(default_factory=dict)
    called: list[str] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)
    has_own_tags: bool = False  # tags without a name are of something else

    def add(self, kind: str, public_name: str, name: str, folder: Path) -> None:
        """Add one thing, which tags call by its name."""
        self.names.setdefault(kind, []).append(public_name)
        self.called.append(name)
        self.folders.append(folder)


@dataclass(frozen=True)
class _Table:
    """A component as it is suggested."""

    name: str
    tag: str
    names: Mapping[str, list[str]]

    @property
    def only_crate(self) -> str:
        """Return the crate that is all it ships, "" for any other component."""
        crates = self.names.get("crates", ())
        return crates[0] if len(self.names) == 1 and len(crates) == 1 else ""


def ambiguity(project: Project, ships: Ships) -> SeveralVersions:
    """Return the error for several versions, with the lines of components that solve it.

    The main component has the package at the root, the repository's name, or the tags without a
    name; images and charts without tags of their own go with it.
    """
    groups = _groups(project, ships)
    kinds = {kind for group in groups for kind in group.names}
    what = " and ".join(word for kind, word in PARTS.items() if kind in kinds)
    shipped = {group.version for group in groups}
    shipped |= {crate.version for crate in resolved_or_empty(ships["crates"])}
    versions = ", ".join(sorted(shipped - {""}))
    fact = f"the {what} have different versions: {versions}"
    if "," not in versions:
        fact = f"the {what} have tags of their own for {versions}"
    if not resolved_or_empty(ships["crates"]) and "python" not in kinds:
        fact = f"the {what} have tags and versions of their own: {versions}"
    lines = ignored_crates(project) if len(groups) == 1 else []
    return SeveralVersions(fact, lines or _lines(project, groups))


def ignored_crates(project: Project) -> list[str]:
    """Return the lines that leave out what crates.io would refuse."""
    refused = unpublishable(project)
    if not refused:
        return []
    names = json.dumps(list(refused))
    why = next(iter(refused.values()))
    return ["[crates]", f"ignore = {names}  # {why}"]


def are_several(project: Project, ships: Ships) -> bool:
    """Tell whether a project without components needs some.

    Its crates and packages have several versions, or packages have tags of their own, or a chart
    has, beside others.
    """
    packages = resolved_or_empty(ships["python"])
    versions = set(python_packages.versions(project, packages).values())
    versions |= {crate.version for crate in resolved_or_empty(ships["crates"])}
    if len(versions) > 1 or packages_with_own_tags(project, ships):
        return True
    charts = resolved_or_empty(ships["charts"])
    own = [chart for chart in charts if is_on_its_own(project, ships, chart)]
    others = any(ships[kind] for kind in ("crates", "python", "images"))
    return bool(own) and (others or len(charts) > 1)


def lines_of_candidates(project: Project) -> list[str]:
    """Return the tables that name those of several candidates which the history speaks for.

    They are components where these have several versions.
    """
    [component] = project.components
    ships = {kind.name: getattr(component, kind.name) for kind in NAMED}
    groups = _groups(project, ships)
    lines = []
    for kind in NAMED:
        if isinstance(ships[kind.name], SeveralCandidates):
            for thing in chosen(project, ships, kind.name):
                lines.append(
                    f"[{kind.name}.{json.dumps(kind.public_name(thing))}]"
                )
    if lines and len(groups) > 1:
        return _lines(project, groups)
    return lines


def _groups(project: Project, ships: Ships) -> list[_Group]:
    """Return what is released together, the main component first."""
    groups = _by_version(project, ships)
    with_main: dict[str, list[str]] = {}
    for chart in chosen(project, ships, "charts"):
        if is_on_its_own(project, ships, chart):
            alone = _Group(chart.version, has_own_tags=True)
            alone.add("charts", chart.reference, chart.name, chart.folder)
            groups.append(alone)
        else:
            with_main.setdefault("charts", []).append(chart.reference)
    for image in resolved_or_empty(ships["images"]):
        with_main.setdefault("images", []).append(image.name)
    if with_main and not any("charts" not in group.names for group in groups):
        groups.append(_Group(folders=[project.root]))
    groups.sort(key=lambda group: _importance(project, group), reverse=True)
    if with_main:
        groups[0].names |= with_main
    return groups


def _is_never_on_pypi(project: Project, package: PythonPackage) -> bool:
    """Tell whether a package of a project with releases has no tag, and no name that PyPI gives."""
    if not has_versions(project.tags) or not pypi.new_name(package.name):
        return False
    return not forms_of(project, "python", package).known


def _by_version(project: Project, ships: Ships) -> list[_Group]:
    groups: dict[str, _Group] = {}
    refused = unpublishable(project)
    crates = resolved_or_empty(ships["crates"])
    is_any_left = any(crate.name not in refused for crate in crates)
    has_own = {one.name for one in crates if has_own_version(project, one)}
    # where every tag has a name, a crate without tags gets its own when it is released
    is_each_alone = bool(has_own) and not _bare_tags(project)
    for crate in crates:
        if crate.name not in refused or not is_any_left:
            is_alone = is_each_alone or crate.name in has_own
            key = crate.name if is_alone else crate.version
            group = groups.setdefault(key, _Group(crate.version))
            group.add("crates", crate.name, crate.name, crate.folder)
    packages = chosen(project, ships, "python")
    versions = python_packages.versions(project, packages)
    own = {package.name for package in packages_with_own_tags(project, ships)}
    for package in packages:
        if groups and _is_never_on_pypi(project, package):
            continue
        version = versions.get(package.name, "")
        is_alone = package.name in own or package.is_from_tags
        is_placeholder = bool(groups) and not is_real(version)
        if package.is_from_tags or (version and not is_placeholder):
            key = f"python {package.name}" if is_alone else version
            group = groups.setdefault(key, _Group(version))
            group.add("python", package.name, package.name, package.folder)
    return list(groups.values())


def _importance(
    project: Project, group: _Group
) -> tuple[bool, bool, bool, bool, int]:
    own = normal_name(project.name)
    bare = _bare_tags(project)
    # tags of long ago say nothing of a crate that has their version by chance
    recent = project.tags[-max(RECENT, 2 * len(project.crates)) :]
    return (
        group.version == last_version(recent, bare),
        project.root in group.folders,
        any(normal_name(name) == own for name in group.called),
        group.version in released(project, bare),
        len(group.names.get("crates", ())),
    )


def _bare_tags(project: Project) -> tuple[str, ...]:
    """Return the forms of the tags without a name."""
    owner = TagOwner((), (), is_main=True, is_only=False)
    return read_forms(project.tags, owner).known


def _lines(project: Project, groups: list[_Group]) -> list[str]:
    """Return the tables of the components, the main one first."""
    main, *others = groups
    name = project.name
    if len(main.names.get("crates", ())) <= 1 and main.called:
        name = main.called[0]
    tag = _tag(project, main, name, is_main=not main.has_own_tags)
    if tag is None:
        tag = f"{name}-v{{version}}" if main.has_own_tags else DEFAULT
    tables = [_Table(name, tag, main.names)]
    style = _style(project, groups)
    for group in others:
        tables.append(_other_table(project, group, tables, style))
    each = [table for table in tables[1:] if table.only_crate]
    is_one_form = {
        table.tag.replace(table.name, "{crate}") for table in each
    } == {style.replace("{name}", "{crate}")}
    lines = list(_table_lines(tables[0]))
    is_proven = any(_importance(project, main)[:4]) or not main.called
    if is_proven or "crates" in main.names:
        lines.append("latest = true")
    for table in tables[1:]:
        if not (is_one_form and len(each) > 1 and table in each):
            lines += _table_lines(table)
    if is_one_form and len(each) > 1:
        lines = [*ignored_crates(project), *lines]
        crate_tag = style.replace("{name}", "{crate}")
        lines += ['[components."{crate}"]', f'tag = "{crate_tag}"']
    return lines


def _other_table(
    project: Project, group: _Group, tables: list[_Table], style: str
) -> _Table:
    """Return a component that is not the main one; `tables` are those before it."""
    name = group.called[0]
    taken = {table.name for table in tables}
    # a crate and a wheel, or an image and a chart, with the same name
    if name in taken:
        name += "-chart" if "charts" in group.names else "-python"
    tag = _tag(project, group, name, is_main=False)
    if tag is None:
        tag = style.replace("{name}", name)
        if "crates" not in group.names and "python" in group.names:
            tag = "py-v{version}"
    if tag in {table.tag for table in tables}:
        tag = f"{name}-v{{version}}"
    return _Table(name, tag, group.names)


def _tag(
    project: Project, group: _Group, name: str, is_main: bool
) -> str | None:
    """Return the form of a component's tags, None where there are none."""
    names = tuple(dict.fromkeys((name, *group.called)))
    owner = TagOwner(names, tuple(group.names), is_main, is_only=False)
    forms = read_forms(project.tags, owner)
    return forms.current if forms.known else None


def _style(project: Project, groups: list[_Group]) -> str:
    """Return how tags with a name are written here, with `{name}` for it."""
    for group in groups:
        for name in group.called:
            owner = TagOwner((name,), (), is_main=False, is_only=False)
            forms = read_forms(project.tags, owner)
            if forms.known and name in forms.current:
                return forms.current.replace(name, "{name}")
    return "{name}-v{version}"


def _table_lines(table: _Table) -> Iterable[str]:
    key = table.name
    if not re.fullmatch(r"[\w-]+", key):
        key = json.dumps(key)
    yield f"[components.{key}]"
    yield f'tag = "{table.tag}"'
    for kind, found in table.names.items():
        yield f"{kind} = {json.dumps(found)}"

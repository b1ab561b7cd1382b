"""Which of several candidates the history speaks for: tags, names, and versions of releases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from release_tasks.formats.text_files import read
from release_tasks.manifests import chart_yaml, toml_values
from release_tasks.manifests.toml_values import table_at
from release_tasks.project import python_packages
from release_tasks.project.kinds import NAMED
from release_tasks.project.model import (
    Chart,
    Component,
    Crate,
    Project,
    PythonPackage,
    SeveralCandidates,
    resolved_or_empty,
)
from release_tasks.project.tag_forms import (
    TagForms,
    TagOwner,
    has_versions,
    read_forms,
    version_in_form,
)
from release_tasks.tools import git
from release_tasks.versions.numbers import is_lower, parse

Ships = Mapping[str, Any]  # what was found, by the name of its kind
PLACEHOLDER = "0.0.0"  # the version of what is not meant for a release


def chosen(project: Project, ships: Ships, kind: str) -> tuple[Any, ...]:
    """Return what is shipped of a kind; of several candidates those that the history speaks for.

    These have the version of the last release, of a crate that is not older, or of a tag with their
    name; or all of them have one version. Nothing is chosen without such a proof.
    """
    found = ships[kind]
    if not isinstance(found, SeveralCandidates):
        return resolved_or_empty(found)
    versions = versions_of(project, kind, found.candidates)
    real = {
        name: version for name, version in versions.items() if is_real(version)
    }
    proven = set(real.values())
    if len(proven) > 1:
        proven = _of_last_release(project, ships)
    picked = []
    for thing in found.candidates:
        own = forms_of(project, kind, thing)
        version = real.get(thing.name)
        if version is None:
            if own.known and getattr(thing, "is_from_tags", False):
                picked.append(thing)
        elif version in proven or version in released(project, own.known):
            picked.append(thing)
    return tuple(picked)


def _of_last_release(project: Project, ships: Ships) -> set[str]:
    """Return the version of the last release, and those of crates that are not older."""
    crates = {crate.version for crate in project.crates if crate.publish}
    forms = main_forms(project, ships).known
    public = released_before_head(project, forms)
    if not public:
        return crates
    highest = max(public, key=parse)
    return {highest, *(one for one in crates if not is_lower(one, highest))}


def versions_of(
    project: Project, kind: str, things: tuple[Any, ...]
) -> Mapping[str, str]:
    """Return the version of each package or chart that has one, by its name."""
    if kind == "python":
        return python_packages.versions(project, things)
    return {thing.name: thing.version for thing in things if thing.version}


def forms_of(project: Project, kind: str, thing: Any) -> TagForms:
    """Return the forms of the tags that have the name of one thing."""
    owner = TagOwner((thing.name,), (kind,), is_main=False, is_only=False)
    return read_forms(project.tags, owner)


def main_forms(project: Project, ships: Ships) -> TagForms:
    """Return the forms of the tags of a project that is one component."""
    kinds = tuple(
        kind.name for kind in NAMED if resolved_or_empty(ships[kind.name])
    )
    names = [project.name]
    names += [crate.name for crate in resolved_or_empty(ships["crates"])]
    owner = TagOwner(tuple(names), kinds, is_main=True, is_only=True)
    return read_forms(project.tags, owner)


def released(project: Project, forms: Iterable[str]) -> set[str]:
    """Return the versions of all tags of these forms."""
    found = {
        version_in_form(form, tag) for form in forms for tag in project.tags
    }
    return {version for version in found if version}


def released_before_head(project: Project, forms: Iterable[str]) -> set[str]:
    """Return the versions of the tags of these forms that HEAD comes after; of all where none is.

    A branch for an older line knows nothing of later versions.
    """
    found: dict[str, str] = {}
    for form in forms:
        for tag in project.tags:
            if version := version_in_form(form, tag):
                found[version] = tag
    highest = found.get(max(found, key=parse, default=""), "")
    commit = git.tags(project.root).get(highest)
    if git.commit_of(project.root, "HEAD") is None:
        return set(found)
    if commit is None or git.is_ancestor(project.root, commit, "HEAD"):
        return set(found)
    merged = git.merged_tags(project.root)
    before = {version for version, tag in found.items() if tag in merged}
    return before or set(found)


def is_of_its_own(
    component: Component, tags: Iterable[str], version: str
) -> bool:
    """Tell whether a version in a manifest was never meant to be a component's.

    It is below all of the component's releases that there are, and none of them had it.
    """
    if component.version is None or version == component.version:
        return False
    forms = (component.tag, *component.former_tags)
    found = {version_in_form(form, tag) for form in forms for tag in tags}
    public = {one for one in found if one}
    if not public or version in public:
        return False
    return all(is_lower(version, one) for one in public)


def is_on_its_own(project: Project, ships: Ships, chart: Chart) -> bool:
    """Tell whether a chart has versions of its own, and none of the project's.

    Its version is that of a tag which is no tag of the project; or it is above all releases of the
    project, and `appVersion` is one of them: `version: 4.6.0`, `appVersion: 1.6.0`.
    """
    form = forms_of(project, "charts", chart)
    main = main_forms(project, ships)
    if form.known and form.current not in main.known:
        return chart.version in released(project, (form.current,))
    public = released(project, main.known)
    if not public or not is_lower(max(public, key=parse), chart.version):
        return False
    path = "Chart.yaml"
    manifest = chart_yaml.read(read(chart.folder, path), path)
    runs = manifest.app_version.removeprefix("v")
    return runs != chart.version and runs in public


def packages_with_own_tags(
    project: Project, ships: Ships
) -> tuple[PythonPackage, ...]:
    """Return the Python packages that are released by themselves, although crates have the version.

    Their tags have a word for Python or their name, the crates have other ones, and the last
    release of such a package is not behind that of the crates: `rust-v1.2.0`, `python-v1.2.0`.
    """
    crates = resolved_or_empty(ships["crates"])
    if not crates:
        return ()
    names = (project.name, *(crate.name for crate in crates))
    owner = TagOwner(names, ("crates",), is_main=True, is_only=False)
    main = read_forms(project.tags, owner)
    latest = max(released(project, main.known), key=parse, default="")
    found = []
    for package in resolved_or_empty(ships["python"]):
        names = () if package.name in names else (package.name,)
        owner = TagOwner(names, ("python",), is_main=False, is_only=False)
        form = read_forms(project.tags, owner)
        if not latest or not form.known or form.current in main.known:
            continue
        own = max(released(project, (form.current,)), key=parse)
        if not is_lower(own, latest):
            found.append(package)
    return tuple(found)


def unpublishable(project: Project) -> dict[str, str]:
    """Return each crate that crates.io would refuse, and why, as a sentence.

    It needs a private crate of the workspace, or one that does (the Cargo book: publishing). In a
    project with releases a crate without description or license is for itself, unless one that
    has them needs it: crates.io has never taken it.
    """
    found = _without_metadata(project) if has_versions(project.tags) else {}
    refused = {crate.name for crate in project.crates if not crate.publish}
    refused |= set(found)
    while True:
        more = {}
        for crate in project.crates:
            needed = [name for name in crate.needs if name in refused]
            if not needed or crate.name in refused:
                continue
            if not _is_new_need(project, crate, needed):
                more[crate.name] = (
                    f"{crate.name} needs {needed[0]}, which is private"
                )
        if not more:
            return found
        found |= more
        refused |= set(more)


def _is_new_need(project: Project, crate: Crate, needed: list[str]) -> bool:
    """Tell whether a crate's last release, by its tag, needed none of some crates.

    What keeps the next version from crates.io is then for `check` to say.
    """
    owner = TagOwner(
        (crate.name,),
        ("crates",),
        is_main=crate.name == project.name,
        is_only=False,
    )
    commits = {
        version: commit
        for form in read_forms(project.tags, owner).known
        for tag, commit in git.tags(project.root).items()
        if (version := version_in_form(form, tag))
    }
    commit = commits.get(max(commits, key=parse, default=""))
    if commit is None or not crate.folder.is_relative_to(project.root):
        return False
    path = (crate.folder / "Cargo.toml").relative_to(project.root).as_posix()
    before = git.at_commit(project.root, commit, path)
    return before is not None and not any(
        name.encode() in before for name in needed
    )


def _without_metadata(project: Project) -> dict[str, str]:
    """Return the crates without what crates.io requires, if none that has it needs them."""
    packages = project.workspace.packages if project.workspace else {}
    found = {}
    for crate in project.crates:
        about = packages.get(crate.name)
        if about is None or not crate.publish:
            continue
        has_license = about["license"] or about["license_file"]
        needed = {"description": about["description"], "license": has_license}
        missing = [key for key, value in needed.items() if not value]
        if missing:
            found[crate.name] = (
                f"{crate.name} has no {' and no '.join(missing)}"
            )
    required = {
        name
        for crate in project.crates
        if crate.publish and crate.name not in found
        for name in crate.needs
    }
    while required & set(found):
        taken = required & set(found)
        required = {
            name
            for crate in project.crates
            if crate.name in taken
            for name in crate.needs
        }
        for name in taken:
            del found[name]
    return found


def has_own_version(project: Project, crate: Crate) -> bool:
    """Tell whether a crate is released by itself: its last tag has its name and its version.

    Crates that inherit the workspace's version are released together, however their tags are.
    """
    forms = forms_of(project, "", crate)
    if not forms.known:
        return False
    public = released(project, forms.known)
    is_behind = is_lower(crate.version, max(public, key=parse))
    is_current = crate.version in public or not is_behind
    return is_current and not _inherits_version(crate)


def _inherits_version(crate: Crate) -> bool:
    path = f"{crate.folder.name}/Cargo.toml"
    text = read(crate.folder, "Cargo.toml")
    package = table_at(toml_values.load(text, path), "package")
    return not isinstance(package.get("version"), str)


def is_real(version: str) -> bool:
    """Tell whether a version is one of a release, and does not stand for a later one."""
    return bool(version) and version.partition("-")[0] != PLACEHOLDER

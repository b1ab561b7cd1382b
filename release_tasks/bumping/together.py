"""Components that are kept at one version, as `[project] together` asks for."""

from __future__ import annotations

from collections.abc import Mapping

from release_tasks.errors import ReleaseError
from release_tasks.project.model import Project
from release_tasks.release import Release
from release_tasks.versions.numbers import parse


def left_behind(release: Release) -> list[ReleaseError]:
    """Return an error where the components would have different versions after this release."""
    versions = present(release.project)
    versions |= {part.component.name: part.version for part in release.parts}
    if not _differ(release.project, versions):
        return []
    highest = max((part.version for part in release.parts), key=parse)
    return [
        ReleaseError(
            f"together is set in [project], and versions would differ: {listed(versions)}",
            f"--version {highest}, which is for all components",
        )
    ]


def present(project: Project) -> dict[str, str]:
    """Return the version that the manifests of each component have, by its name."""
    return {one.name: one.version or "none" for one in project.components}


def are_apart(project: Project) -> bool:
    """Tell whether manifests have different versions that are to be kept equal."""
    return _differ(project, present(project))


def listed(versions: Mapping[str, str]) -> str:
    """Return the versions by component, as a person would list them."""
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def _differ(project: Project, versions: Mapping[str, str]) -> bool:
    return project.settings.project.together and len({*versions.values()}) > 1

"""PyPI: nothing but its page yanks a version, so the page is named."""

from __future__ import annotations

from release_tasks import endpoints
from release_tasks.channels import pypi
from release_tasks.channels.pypi_files import normalized
from release_tasks.project.artifacts import ArtifactStatus, State
from release_tasks.rollback.actions import Action, Progress, Request


def back(request: Request) -> list[Action]:
    """Return what is to do with each package that has a file of this version."""
    found = []
    for name, statuses in _packages(request).items():
        states = {status.state for status in statuses} - {State.MISSING}
        if states:
            is_done = states == {State.YANKED}
            found.append(_action(name, statuses, "yank", is_done))
    return found


def forward(request: Request) -> list[Action]:
    """Return what is to do with each package whose version is yanked."""
    found = []
    for name, statuses in _packages(request).items():
        if State.YANKED in {status.state for status in statuses}:
            found.append(_action(name, statuses, "unyank", is_done=False))
    return found


def _packages(request: Request) -> dict[str, list[ArtifactStatus]]:
    found: dict[str, list[ArtifactStatus]] = {}
    for status in request.on(pypi.NAME):
        found.setdefault(status.artifact.package, []).append(status)
    return found


def _action(
    package: str, statuses: list[ArtifactStatus], what: str, is_done: bool
) -> Action:
    version = statuses[0].artifact.version
    name = f"{package} {version}"
    if is_done:
        return Action(pypi.NAME, name, what, Progress.DONE)
    page = (
        f"{endpoints.PYPI}/manage/project/{normalized(package)}"
        f"/release/{version}/"
    )
    remark = f"{page} (Options, {what.capitalize()})"
    return Action(pypi.NAME, name, what, Progress.BY_HAND, remark)

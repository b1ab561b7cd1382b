"""crates.io: each crate of the version is yanked, the last one first."""

from __future__ import annotations

from invoke.context import Context

from release_tasks import shell, terminal
from release_tasks.channels import crates_index, crates_io
from release_tasks.project.artifacts import Artifact, ArtifactStatus, State
from release_tasks.release import Release
from release_tasks.rollback.actions import Action, Progress, Request
from release_tasks.tools.cargo import yank as cargo_yank

DEADLINE = 300.0  # seconds until the index must show a yank


def back(request: Request) -> list[Action]:
    """Return what is to do with each crate, those that need others first."""
    found = []
    for status in reversed(request.on(crates_io.NAME)):
        if status.state is not State.MISSING:
            found.append(_yank(request.release, status))
    return found


def forward(request: Request) -> list[Action]:
    """Return what is to do with each yanked crate, those that others need first."""
    found = []
    for status in request.on(crates_io.NAME):
        if status.state is State.YANKED:
            found.append(_action(request.release, status, "unyank"))
    return found


def _yank(release: Release, status: ArtifactStatus) -> Action:
    artifact = status.artifact
    name = f"{artifact.name} {artifact.version}"
    if status.state is State.YANKED:
        return Action(crates_io.NAME, name, "yank", Progress.DONE)
    if status.state is State.DIFFERENT:
        why = f"not of this release: {status.why}"
        return Action(crates_io.NAME, name, "yank", Progress.STAYS, why)
    return _action(release, status, "yank")


def _action(release: Release, status: ArtifactStatus, what: str) -> Action:
    artifact = status.artifact
    is_undo = what == "unyank"

    def act(c: Context) -> None:
        cargo_yank.yank(
            c, release.cargo_tree, artifact.name, artifact.version, is_undo
        )
        if not shell.is_dry(c):
            terminal.wait_for(lambda: _unseen(artifact, not is_undo), DEADLINE)

    name = f"{artifact.name} {artifact.version}"
    remark = "who has it in a Cargo.lock keeps it"
    if is_undo:
        remark = ""
    return Action(crates_io.NAME, name, what, Progress.TO_DO, remark, act)


def _unseen(artifact: Artifact, is_yanked: bool) -> str:
    """Return what is waited for, "" when the index shows it."""
    line = crates_index.find(artifact.name, artifact.version) or {}
    if bool(line.get("yanked")) == is_yanked:
        return ""
    return f"crates.io to show it of {artifact.name} {artifact.version}"

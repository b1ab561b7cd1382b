"""Every task with `--version` takes the same words, and refuses the same ones in the same way."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest
from invoke.exceptions import Exit
from support.contexts import context
from support.tiny_project import TWO, TinyProject, tiny_project

import release_tasks
from release_tasks import memo
from release_tasks.errors import ReleaseError

TASKS = {
    name: task.body
    for name, task in release_tasks.ns.tasks.items()
    if "version" in inspect.signature(task.body).parameters
}
REFUSED = {
    "v0.2.0": (
        "`v0.2.0` is not a valid version: drop the `v`",
        "--version 0.2.0, or a level: ",
    ),
    "core=v0.2.0,other=minor": (
        "`v0.2.0` is not a valid version: drop the `v`",
        "--version 0.2.0, or a level: ",
    ),
    "core=0.2.0,third=minor": (
        "there is no component third",
        "available: core, other",
    ),
    "core=0.2.0,0.5.0": (
        "`0.5.0` has no component name",
        "--version core=0.5.0,python=minor",
    ),
    "1!0.2.0": (
        "`1!0.2.0` is not a valid version: SemVer has no epochs",
        "--version 0.2.0, or a level: ",
    ),
}
TAKEN = ("core=minor,other=0.5.0", "other=patch", "core=0.2.0")
# takes them as `plan` does, and releases then; waits for a run on GitHub Actions
LONG = ("rehearse", "watch")


@pytest.fixture
def two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TinyProject]:
    settings = TWO["release-tasks.toml"] + '[github]\nrelease = "promote"\n'
    files = TWO | {"release-tasks.toml": settings}
    with tiny_project(tmp_path, monkeypatch, files) as made:
        yield made


def said(task: str, version: str) -> tuple[str, str]:
    """Return the fact and the fix with which a task ends, two empty texts when it does not."""
    more = {}
    if "folders" in inspect.signature(TASKS[task]).parameters:
        more["folders"] = "."
    with memo.memoizing():
        try:
            TASKS[task](context(dry=True), version=version, **more)
        except ReleaseError as error:
            return error.problem, error.fix
        except Exit as error:
            return str(error.message), ""
    return "", ""


@pytest.mark.tools("gh")
def test_every_task_refuses_the_same_versions_with_the_same_words(
    two: TinyProject,
) -> None:
    for task in TASKS:
        for version, (fact, fix) in REFUSED.items():
            found = said(task, version)
            assert found[0] == fact, (task, version)
            assert found[1].startswith(fix), (task, version)


@pytest.mark.sample(3)
@pytest.mark.tools("gh")
@pytest.mark.parametrize("version", TAKEN)
def test_every_task_takes_numbers_and_levels_by_component(
    two: TinyProject, version: str
) -> None:
    for task in TASKS:
        if task not in LONG:
            fact, _ = said(task, version)
            assert "version:" not in fact, (task, fact)
            assert "component" not in fact.partition("\n")[0], (task, fact)

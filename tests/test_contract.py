"""What every step of the order promises: its name, its file, its words, and the programs it calls."""

from __future__ import annotations

import inspect
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from support.hosted_project import hosted_project

from release_tasks import order
from release_tasks.order import Step
from release_tasks.tasks import PARAMETER_HELP
from release_tasks.tools.programs import PROGRAMS

STEPS = order.steps(order.RELEASE)
WIDTH = 58  # what `inv --list` shows in one line of 80 columns
ids = [step.name for step in STEPS]


@pytest.mark.parametrize("step", STEPS, ids=ids)
def test_file_function_and_step_have_one_name(step: Step) -> None:
    assert step.name == step.body.__name__ == Path(inspect.getfile(step.body)).stem


@pytest.mark.parametrize("step", STEPS, ids=ids)
def test_every_step_begins_with_the_same_parameters(step: Step) -> None:
    parameters = list(inspect.signature(step.body).parameters.values())
    assert [p.name for p in parameters[:3]] == ["c", "version", "component"]
    assert all(
        p.default is None or (p.default is False and p.annotation == "bool") for p in parameters[1:]
    )
    assert set(step.help) == {p.name for p in parameters[1:]} <= set(PARAMETER_HELP)


@pytest.mark.parametrize("step", STEPS, ids=ids)
def test_the_docstring_is_one_clear_line(step: Step) -> None:
    text = inspect.getdoc(step.body) or ""
    first = text.splitlines()[0]
    assert first == first.strip()
    assert first.endswith(".")
    assert first[0].isupper()
    assert len(first) <= WIDTH


def test_no_two_tasks_differ_by_dash_and_underscore() -> None:
    names = [order.name(step).replace("-", "_") for step in STEPS]
    assert len(set(names)) == len(names)


@pytest.mark.statement("B3.32")
def test_list_shows_each_task_in_one_line_and_loads_nothing_heavy(tmp_path: Path) -> None:
    (tmp_path / "tasks.py").write_text("from release_tasks import ns\n")
    done = subprocess.run(
        [sys.executable, "-m", "invoke", "--list"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    rows = [line for line in done.stdout.splitlines() if line.startswith("  ")]
    assert all(re.match(r"  [a-z]\S+ +\S", row) for row in rows), done.stdout
    assert {"bump", "notes", "check"} <= {row.split()[0] for row in rows}
    probe = (
        "import sys; from release_tasks import ns; "
        "print(sorted({'requests','nox','trustme','rich','msgspec','tomlkit','ruamel'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_before_after_and_without_are_pure() -> None:
    from release_tasks.order import RELEASE, after, before, without
    from release_tasks.steps.check import check
    from release_tasks.steps.gh_release import gh_release
    from release_tasks.steps.verify import verify

    grown = after(gh_release, check)
    assert grown[[gh_release in stage for stage in grown].index(True) + 1] == (check,)
    assert before(check, verify)[0] == (verify,)
    assert all(verify not in stage for stage in without(verify))
    assert RELEASE[-1] == (verify,)


@pytest.mark.slow
@pytest.mark.tools("cargo", "gh", "docker", "helm")
def test_every_step_calls_only_the_programs_that_it_names(tmp_path: Path) -> None:
    with hosted_project(tmp_path) as kit:
        rows = kit.inv(kit.clone(), "plan", "--version", "0.2.0", "--json").json()["steps"]
    needs = {
        order.name(step): getattr(sys.modules[step.body.__module__], "NEEDS", {}) for step in STEPS
    }
    for row in rows:
        named = {PROGRAMS[name].probe[0] for name in needs[row["step"]]} | {"git", "python"}
        called = {program(line) for line in row["commands"]}
        assert called <= named | ({"cargo"} if row["step"] in ("check", "bump") else set()), row[
            "step"
        ]


def program(line: str) -> str:
    """Return the program of a printed command, without its environment and folder."""
    words = shlex.split(line)
    if words[0] == "env":
        words = [word for word in words[1:] if "=" not in word or word.startswith("-")]
    return re.sub(r"[\d.]+$", "", Path(words[0]).name)

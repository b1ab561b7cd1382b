"""`action.yml` and the workflow that can be called, for those who write their own YAML.

Each step of the action runs as a runner of GitHub runs it: bash, its `env`, a file of outputs.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from support.pythons import python_with_libraries
from support.tiny_project import TINY, TinyProject, tiny_project

ROOT = Path(__file__).parents[2]
ACTION = ROOT / "action.yml"
CALLED = ROOT / ".github" / "workflows" / "task.yml"
PAGE = ROOT / "docs" / "how-to" / "own-workflow.md"
EXPRESSION = re.compile(r"\$\{\{ (.+?) \}\}")
VALUE = re.compile(r"(inputs|steps|github)\.([a-z.-]+)")
# two components, of which one is a crate
PROJECT = TINY | {
    "Cargo.toml": """[package]
name = "tiny-crate"
version = "0.4.0"
edition = "2021"
license = "MIT"
description = "Does nothing"
""",
    "Cargo.lock": """version = 4

[[package]]
name = "tiny-crate"
version = "0.4.0"
""",
    "src/lib.rs": "",
    ".gitignore": "/target/\n/dist/\n__pycache__/\n",
    "release-tasks.toml": """[components.core]
python = ["tiny-plain"]
latest = true
[components.other]
tag = "other-v{version}"
crates = ["tiny-crate"]
changelog = "CHANGELOG-other.md"
""",
    "CHANGELOG-other.md": TINY["CHANGELOG.md"],
}


@dataclass
class Run:
    """How an action ended: its status, its outputs, and what it printed."""

    status: int
    outputs: dict[str, str]
    printed: str


@dataclass
class Runner:
    """A job on a machine that has checked out a project."""

    project: TinyProject
    folder: Path
    temporary: Path  # of the job
    env: dict[str, str]
    outside: dict[str, str]  # where pip reads the real PyPI
    values: dict[str, str] = field(default_factory=dict)

    def use(self, **inputs: str) -> Run:
        """Run the steps of the action one after the other."""
        action = load(ACTION)
        token = self.env["GH_TOKEN"]
        self.values = {"github.token": token}
        for name, about in action["inputs"].items():
            given = inputs.pop(name.replace("-", "_"), None)
            if given is None:
                given = self.fill(about["default"])
            self.values[f"inputs.{name}"] = given
        assert not inputs
        printed, status = "", 0
        for step in action["runs"]["steps"]:
            if not self.is_run(step.get("if", "success()"), status):
                continue
            done = self.step(step)
            printed += done.stdout
            goes_on = self.fill(str(step.get("continue-on-error", False)))
            if done.returncode and goes_on.lower() != "true":
                status = done.returncode
        outputs = {
            name: self.fill(about["value"])
            for name, about in action["outputs"].items()
        }
        return Run(status, outputs, printed)

    def step(self, step: Any) -> subprocess.CompletedProcess[str]:
        """Run one step, and keep its outputs."""
        assert "${{" not in step["run"]
        assert step["shell"] == "bash"
        script = self.folder / "script.sh"
        script.write_text(step["run"])
        file = self.folder / "outputs"
        file.write_text("")
        env = {name: self.fill(text) for name, text in step["env"].items()}
        is_install = step["name"] == "Install release-tasks"
        outside = self.outside if is_install else self.env
        words = ["bash", "--noprofile", "--norc", "-eo", "pipefail"]
        done = subprocess.run(
            [*words, str(script)],
            cwd=self.project.root,
            env=outside | env | {"GITHUB_OUTPUT": str(file)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        for line in file.read_text().splitlines():
            name, _, value = line.partition("=")
            self.values[f"steps.{step.get('id')}.outputs.{name}"] = value
        return done

    def fill(self, text: str) -> str:
        """Put values in the place of expressions, as far as the action has such."""

        def value(found: re.Match[str]) -> str:
            names = found[1].split(" || ")
            assert all(VALUE.fullmatch(name) for name in names), found[1]
            known = [self.values.get(name, "") for name in names]
            return next(filter(None, known), "")

        return EXPRESSION.sub(value, text)

    def is_run(self, condition: str, status: int) -> bool:
        """Tell whether a step runs after those before it have ended with `status`."""
        inputs = self.values
        if "cancelled()" in condition:
            is_asked = inputs["inputs.states"] == "true"
            is_asked |= inputs["inputs.task"] == "status"
            is_known = inputs.get("steps.release.outputs.version", "") != ""
            assert "success() || steps.release.outputs.version" in condition
            return is_asked and (status == 0 or is_known)
        if condition == "inputs.task != ''":
            return status == 0 and inputs["inputs.task"] != ""
        assert condition == "success()"
        return status == 0


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return python_with_libraries(tmp_path_factory.mktemp("python"))


@pytest.fixture
def runner(
    tmp_path: Path, python: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Runner]:
    outside = dict(os.environ)
    with tiny_project(tmp_path, monkeypatch, PROJECT) as made:
        folder = tmp_path / "runner"
        folder.mkdir()
        temporary = python / "temporary"
        temporary.mkdir(exist_ok=True)
        job = {
            "PATH": os.pathsep.join((str(python / "bin"), os.environ["PATH"])),
            "RUNNER_TEMP": str(temporary),
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_ACTIONS": "true",
            "GIT_CONFIG_GLOBAL": os.environ["GIT_CONFIG_GLOBAL"],
        }
        env = dict(os.environ) | job
        yield Runner(made, folder, temporary, env, outside | job)


def load(path: Path) -> Any:
    return YAML(typ="safe").load(path.read_text())


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.tools("cargo", "git", "gh")
def test_tasks_run_one_after_the_other_and_tell_what_is_released(
    runner: Runner, python: Path
) -> None:
    """Each use of the action sees what those before it have done."""
    done = runner.use(task="bump", version="minor", component="other")
    assert done.status == 0, done.printed
    assert done.outputs["version"] == "other=0.5.0"
    assert done.outputs["component"] == "other"
    assert done.outputs["tag"] == "other-v0.5.0"
    assert json.loads(done.outputs["matrix"])["tags"] == ["other-v0.5.0"]
    assert done.outputs["states"] == ""  # nobody asked
    # exactly what `uses` names, for all that follow in this job
    installed = list(python.glob("lib/*/site-packages/release_tasks"))
    assert [folder.is_dir() for folder in installed] == [True]
    line = f"{python} {ROOT}\n"
    marker = runner.temporary / "release-tasks-installed"
    assert marker.read_text() == line
    version = done.outputs["version"]
    done = runner.use(task="tag", version=version)
    assert done.status == 0, done.printed
    runner.project.git("push", "--quiet", "origin", "main", "other-v0.5.0")
    # with the tag there, a checkout says itself what it is
    done = runner.use(task="status", component="other")
    assert done.status == 3
    assert states(done, "crates.io") == {"missing"}
    assert runner.project.inv("package-crates").returncode == 0
    done = runner.use(
        task="publish-crates",
        version=version,
        options="--new=all\n",
        states="true",
    )
    assert done.status == 0, done.printed
    assert states(done, "crates.io") == {"same"}
    assert done.outputs["version"] == "other=0.5.0"
    assert marker.read_text() == line  # once for all steps


@pytest.mark.slow
@pytest.mark.tools("git", "gh")
def test_no_value_becomes_a_command_or_another_output(runner: Runner) -> None:
    evil = "$(touch stolen)`touch stolen`'; touch stolen; '\"; touch stolen #"
    lines = "0.2.0\ntag=stolen\n::add-path::stolen"
    for inputs in (
        {"task": "check", "version": lines, "component": evil},
        {"task": f"check {evil}"},
        {"task": "check", "options": f"--json\n{evil}"},
        {"task": "", "version": evil, "component": lines},
    ):
        done = runner.use(**inputs)
        assert done.status not in (0, 127), inputs
        assert "stolen" not in "".join(done.outputs.values())
        commands = [
            line
            for line in done.printed.splitlines()
            if line.startswith("::") and not line.startswith("::error")
        ]
        assert commands == []
    assert not list(runner.project.folder.rglob("stolen"))
    # what is wrong is said once: by the task, or without one by the action
    for task in ("check", "status", ""):
        for asked in ("true", "false"):
            done = runner.use(task=task, version="v0.2", states=asked)
            assert done.status == 1
            assert done.printed.count("::error") == 1, done.printed


@pytest.mark.tools("zizmor")
def test_nothing_is_to_say_about_the_files(tmp_path: Path) -> None:
    """zizmor knows no tag as a pin; ours is that of the version that the files are of."""
    for path in (ACTION, CALLED):
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(path.read_text())
    assert linted(tmp_path) == []
    copy = tmp_path / CALLED.relative_to(ROOT)
    for number, text in enumerate(workflows_of(PAGE)):
        copy.with_name(f"{number}.yml").write_text(text)
    assert number == 4
    assert set(linted(tmp_path)) == {"unpinned-uses"}


def test_the_action_and_the_workflow_have_the_same_inputs_and_outputs() -> None:
    action, called = load(ACTION), load(CALLED)
    call = called["on"]["workflow_call"]
    assert list(call["outputs"]) == list(action["outputs"])
    [job] = called["jobs"].values()
    [step] = [step for step in job["steps"] if step.get("id") == "task"]
    own = {"token", "working-directory"}
    assert set(step["with"]) == set(action["inputs"]) - own
    assert set(step["with"]) < set(call["inputs"])
    page = PAGE.read_text()
    for name in {*action["inputs"], *call["inputs"], *action["outputs"]}:
        assert f"`{name}`" in page


def test_jobs_that_run_the_projects_code_may_only_read() -> None:
    """A called workflow that names permissions would ask each caller for all of them."""
    assert "permissions" not in load(CALLED)["jobs"]["task"]
    for text in workflows_of(PAGE):
        data = YAML(typ="safe").load(text)
        assert data["permissions"] == {}
        for name, job in data["jobs"].items():
            rights = job["permissions"]
            if name in ("check", "build", "images", "assemble", "verify"):
                assert rights == {"contents": "read"}
            assert "secrets" not in job
            for step in job.get("steps", []):
                assert "${{" not in step.get("run", "")


def workflows_of(page: Path) -> list[str]:
    """Return each complete workflow that a page shows."""
    blocks = re.findall(r"```yaml\n(.*?)```", page.read_text(), re.S)
    return [block for block in blocks if block.startswith("name: ")]


def linted(root: Path) -> list[str]:
    """Return the rules of zizmor's strictest persona that files break; actionlint must be quiet."""
    program = str(Path(sys.executable).with_name("zizmor"))
    words = [program, "--offline", "--persona=pedantic", "--no-exit-codes"]
    done = subprocess.run(
        [*words, "--format=json", "--no-progress", str(root)],
        capture_output=True,
        text=True,
        check=True,
    )
    if shutil.which("actionlint"):
        files = [str(path) for path in root.rglob("workflows/*.yml")]
        subprocess.run(["actionlint", *files], cwd=root, check=True)
    return [
        finding["ident"]
        for finding in json.loads(done.stdout)
        if not finding["ignored"]
    ]


def states(done: Run, channel: str) -> set[str]:
    rows = json.loads(done.outputs["states"])["artifacts"]
    return {row["state"] for row in rows if row["channel"] == channel}

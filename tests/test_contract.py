"""What every task promises: its name, its file, its help, and the programs that it calls."""

from __future__ import annotations

import inspect
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from support.hosted_project import hosted_project

import release_tasks
from release_tasks import order
from release_tasks.tasks import PARAMETER_HELP
from release_tasks.tools.programs import PROGRAMS

ROOT = Path(__file__).parents[1]
STEPS = order.steps(order.RELEASE)
TASKS = release_tasks.ns.tasks
WIDTH = 58  # what `inv --list` shows in one line of 80 columns
PUBLIC = {"after", "before", "collection", "ns", "without"}


def inv(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "invoke", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a tasks.py and nothing else."""
    (tmp_path / "tasks.py").write_text("from release_tasks import ns\n")
    return tmp_path


def test_file_function_and_step_have_the_same_name() -> None:
    for step in STEPS:
        assert (
            step.name
            == step.body.__name__
            == Path(inspect.getfile(step.body)).stem
        )


def test_the_first_parameters_of_every_step_are_version_and_component() -> None:
    for step in STEPS:
        names = list(inspect.signature(step.body).parameters)
        assert names[:3] == ["c", "version", "component"], step.name


def test_no_task_has_a_parameter_without_a_default() -> None:
    """invoke makes such a parameter positional, and then `inv TASK --help` runs the task."""
    for name, task in TASKS.items():
        for parameter in list(inspect.signature(task.body).parameters.values())[
            1:
        ]:
            assert parameter.default in (None, "", False), (
                f"{name} --{parameter.name}"
            )


def test_every_parameter_has_a_help_text() -> None:
    for name, task in TASKS.items():
        parameters = list(inspect.signature(task.body).parameters)[1:]
        assert set(task.help) == set(parameters), name
    used = {parameter for task in TASKS.values() for parameter in task.help}
    assert used == set(PARAMETER_HELP)


def test_the_docstring_of_every_task_is_one_line_of_the_list() -> None:
    for name, task in TASKS.items():
        line = inspect.getdoc(task.body) or ""
        assert re.fullmatch(r"[A-Z][^\n]*\.", line), name
        assert len(line) <= WIDTH, name


def test_no_two_tasks_differ_only_by_dash_and_underscore() -> None:
    names = [name.replace("-", "_") for name in TASKS]
    assert len(set(names)) == len(names)


@pytest.mark.statement("B3.32")
def test_list_shows_each_task_once_and_loads_nothing_heavy(
    project: Path,
) -> None:
    done = inv(project, "--list")
    rows = [line for line in done.stdout.splitlines() if line.startswith("  ")]
    assert all(re.match(r"  [a-z]\S+ +\S", row) for row in rows), done.stdout
    assert sorted(row.split()[0] for row in rows) == sorted(TASKS)
    probe = (
        "import sys; from release_tasks import ns; heavy = {'requests', 'nox', 'trustme', 'rich', "
        "'msgspec', 'tomlkit', 'ruamel'}; print(sorted(heavy & set(sys.modules)))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", probe],
        capture_output=True,
        text=True,
        check=True,
    )
    assert loaded.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "name", ["collect", "publish-crates", "publish_crates", "rehearse"]
)
def test_help_shows_the_help_and_creates_nothing(
    project: Path, name: str
) -> None:
    before = sorted(project.iterdir())
    done = inv(project, name, "--help")
    task = TASKS[name.replace("_", "-")]
    assert done.returncode == 0, done.stderr
    assert str(inspect.getdoc(task.body)) in done.stdout
    after = [path for path in project.iterdir() if path.name != "__pycache__"]
    assert sorted(after) == before


def test_every_task_with_a_dash_is_also_called_with_underscores() -> None:
    """`inv publish_crates` runs `publish-crates`; the parser gets both names of each task."""
    names = {}
    for context in release_tasks.ns.to_contexts():
        for name in (context.name, *context.aliases):
            names[name] = context.name
    for name in TASKS:
        assert names[name] == names[name.replace("-", "_")] == name


def test_an_underscored_task_runs(project: Path) -> None:
    dashed = inv(project, "publish-crates", "--version", "0.1.0")
    underscored = inv(project, "publish_crates", "--version", "0.1.0")
    assert "git repository" in dashed.stderr
    assert (underscored.returncode, underscored.stderr) == (
        dashed.returncode,
        dashed.stderr,
    )


def test_collect_without_folders_is_an_error_with_a_fix(project: Path) -> None:
    done = inv(project, "collect")
    assert done.returncode == 1
    assert (
        done.stderr
        == "error: no folders given\n  help: inv collect --folders FOLDER,FOLDER\n"
    )


def test_before_after_and_without_return_a_new_order() -> None:
    from release_tasks.order import RELEASE, after, before, without
    from release_tasks.steps.check import check
    from release_tasks.steps.gh_release import gh_release
    from release_tasks.steps.verify import verify

    longer = after(gh_release, check)
    index = longer.index((gh_release,))
    assert longer[index + 1] == (check,)
    assert before(check, verify)[0] == (verify,)
    assert all(verify not in stage for stage in without(verify))
    assert RELEASE[-1] == (verify,)


def test_a_step_that_is_not_in_the_order_is_an_error() -> None:
    from release_tasks.errors import ReleaseError
    from release_tasks.steps.verify import verify

    shorter = order.without(verify)
    with pytest.raises(
        ReleaseError, match="verify is not a step of this order"
    ):
        order.without(verify, order=shorter)


def test_the_public_api_exists() -> None:
    from release_tasks.sessions import preflight

    assert set(release_tasks.__all__) == PUBLIC
    assert all(getattr(release_tasks, name) for name in PUBLIC)
    assert callable(preflight)


def test_the_docs_import_nothing_but_the_public_api() -> None:
    modules = {
        f"release_tasks.steps.{step.name}": {step.name} for step in STEPS
    }
    modules |= {
        "release_tasks": PUBLIC,
        "release_tasks.sessions": {"preflight"},
    }
    pages = [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *sorted((ROOT / "docs").glob("*.md")),
    ]
    offenders = []
    for page in pages:
        for module, names in re.findall(
            r"from (release_tasks[\w.]*) import (.+)", page.read_text()
        ):
            for name in re.split(r"[,\s]+", names.strip()):
                if name.strip("`") not in modules.get(module, ()):
                    offenders.append(f"{page.name}: {name} from {module}")
        offenders += re.findall(
            r"^import release_tasks.*", page.read_text(), re.M
        )
    assert offenders == []


@pytest.mark.slow
@pytest.mark.tools("cargo", "gh", "docker", "helm")
def test_every_step_calls_only_the_programs_that_it_names(
    tmp_path: Path,
) -> None:
    with hosted_project(tmp_path) as kit:
        rows = kit.inv(
            kit.clone(), "plan", "--version", "0.2.0", "--json"
        ).json()["steps"]
    needs = {
        order.name(step): getattr(
            sys.modules[step.body.__module__], "NEEDS", {}
        )
        for step in STEPS
    }
    for row in rows:
        named = {PROGRAMS[name].probe[0] for name in needs[row["step"]]} | {
            "git",
            "python",
        }
        called = {program(line) for line in row["commands"]}
        assert called <= named | (
            {"cargo"} if row["step"] in ("check", "bump") else set()
        ), row["step"]


def program(line: str) -> str:
    """Return the program of a printed command, without its environment and folder."""
    words = shlex.split(line)
    if words[0] == "env":
        words = [
            word
            for word in words[1:]
            if "=" not in word or word.startswith("-")
        ]
    return re.sub(r"[\d.]+$", "", Path(words[0]).name)

"""The gates of a project are those of its runbook, chosen by the kind of release."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from support.repositories import commit_all
from support.sample_projects import RUNBOOKS, git, sample

from release_tasks.errors import ReleaseError
from release_tasks.project.discovery import outline
from release_tasks.project.gates import chosen, gates
from release_tasks.project.model import Gate

RUST = {"Cargo.toml": '[package]\nname = "a"\nversion = "0.1.0"\n'}
PACKAGE = (
    '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n[project]\n'
    'name = "tiny-x"\nversion = "0.1.0"\n'
)
CONFIGURED = (
    "[tool.pytest.ini_options]\n[tool.ruff]\n[tool.mypy]\nstrict = true\n"
)


def made(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    commit_all(folder, "Begin")
    return folder


def of(root: Path) -> dict[str, Gate]:
    return {one.name: one for one in gates(outline(root))}


@pytest.mark.statement(
    "B1.16", "B2.10", "B2.33", "B3.1", "B4.13", "B5.5", "B5.26"
)
@pytest.mark.parametrize("name", RUNBOOKS)
def test_the_gates_of_a_sample_project_are_those_that_its_runbook_names(
    name: str, tmp_path: Path
) -> None:
    assert {
        one.name: one.line for one in of(sample(name, tmp_path, name)).values()
    } == RUNBOOKS[name]


@pytest.mark.statement("B4.58")
@pytest.mark.parametrize(
    ("version", "branch", "wanted"),
    [
        ("1.2.0", "main", None),
        ("2.0.0", "main", None),
        ("1.1.4", "main", None),
        ("1.1.4", None, None),
        ("1.1.4", "hotfix/v1.1.4", ("test",)),
        ("1.2.0", "hotfix/v1.1.4", None),
    ],
)
def test_a_hotfix_of_caro_has_to_pass_its_critical_path_only(
    version: str,
    branch: str | None,
    wanted: tuple[str, ...] | None,
    tmp_path: Path,
) -> None:
    assert (
        chosen(outline(sample("caro", tmp_path, "caro")), [version], branch)
        == wanted
    )


def test_of_two_components_the_gates_of_both_kinds_are_chosen(
    tmp_path: Path,
) -> None:
    lists = 'patch = ["test"]\nminor = ["doc", "rustfmt"]\nmajor = []\n'
    project = outline(
        made(tmp_path, RUST | {"release-tasks.toml": f"[gates]\n{lists}"})
    )
    assert chosen(project, ["0.1.1", "0.2.0-rc.1"], "hotfix-x") == (
        "rustfmt",
        "test",
        "doc",
    )
    assert chosen(project, ["1.0.0"], "main") == ()


def test_a_default_is_dropped_by_false_and_replaced_by_a_command(
    tmp_path: Path,
) -> None:
    settings = (
        '[gates]\ndoc = false\ntest = "cargo nextest run"\nmore = "true"\n'
    )
    root = made(tmp_path, RUST | {"release-tasks.toml": settings})
    assert {one.name: one.line for one in of(root).values()} == {
        "rustfmt": "cargo fmt --all --check",
        "clippy": "cargo clippy --all-targets --quiet -- -D warnings",
        "test": "cargo nextest run",
        "more": "true",
    }


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("docs = false", ": there is no gate docs"),
        ('hotfix = ["tests"]', ": there is no gate tests"),
        (
            'odd = "echo \'"',
            ": echo ' is not a valid command: No closing quotation",
        ),
        ('run = [""]', ": a command is empty"),
        ('preflight = "true"', " preflight: that is the session of all gates"),
    ],
)
def test_what_is_no_gate_is_refused(
    text: str, problem: str, tmp_path: Path
) -> None:
    with pytest.raises(ReleaseError) as caught:
        of(made(tmp_path, RUST | {"release-tasks.toml": f"[gates]\n{text}\n"}))
    assert caught.value.problem == f"release-tasks.toml: [gates]{problem}"
    assert caught.value.fix


def test_a_command_that_is_listed_twice_gets_two_names(tmp_path: Path) -> None:
    root = made(
        tmp_path,
        {
            "release-tasks.toml": '[gates]\nrun = ["make test", "make  test", "make test"]\n'
        },
    )
    assert list(of(root)) == ["make-test", "make-test-2", "make-test-3"]


def test_a_python_package_is_tested_as_its_wheel_with_the_group_that_has_pytest(
    tmp_path: Path,
) -> None:
    groups = (
        '[dependency-groups]\nlint = ["ruff==0.9", "other"]\n'
        'tests = ["pytest>=8", "hypothesis"]\n'
    )
    root = made(
        tmp_path,
        {
            "pyproject.toml": PACKAGE + CONFIGURED + groups,
            "tests/test_x.py": "",
        },
    )
    found = of(root)
    assert list(found) == ["pytest", "ruff", "mypy"]
    assert found["pytest"].installs == (
        "{copy}/.",
        f"--group={root}/pyproject.toml:tests",
    )
    assert found["ruff"].installs == ("ruff==0.9",)
    assert found["mypy"].installs == ("{copy}/.", "mypy")
    assert found["pytest"].commands == (
        ("python", "-m", "pytest", "--import-mode=append"),
    )


def test_an_extra_that_has_pytest_is_installed_with_the_wheel(
    tmp_path: Path,
) -> None:
    root = made(
        tmp_path,
        {
            "pyproject.toml": f'{PACKAGE}optional-dependencies.dev = ["pytest"]\n',
            "test_x.py": "",
        },
    )
    assert of(root)["pytest"].installs == ("{copy}/.[dev]",)


def test_without_tests_or_configuration_there_is_no_gate_of_python(
    tmp_path: Path,
) -> None:
    assert (
        of(
            made(
                tmp_path / "a",
                {"pyproject.toml": PACKAGE, "tests/test_x.py": ""},
            )
        )
        == {}
    )
    assert list(
        of(made(tmp_path / "b", {"pyproject.toml": PACKAGE + CONFIGURED}))
    ) == [
        "ruff",
        "mypy",
    ]


def test_a_private_pyproject_at_the_root_tests_the_packages_below_it(
    tmp_path: Path,
) -> None:
    maturin = PACKAGE.replace("hatchling.build", "maturin").replace(
        "hatchling", "maturin"
    )
    top = "[tool.pytest.ini_options]\n"
    root = made(
        tmp_path,
        {
            "pyproject.toml": top,
            "python/pyproject.toml": maturin,
            "tests/test_x.py": "",
        },
    )
    [gate] = of(root).values()
    assert (gate.folder, gate.installs) == (
        root,
        (str(root / "python"), "pytest"),
    )


def test_each_python_that_the_project_names_and_that_is_installed_is_tested(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = f"3.{sys.version_info.minor}"
    for name in ("python3.8", "python3.99"):
        (tmp_path / name).symlink_to(sys.executable)
    monkeypatch.setenv(
        "PATH", f"{tmp_path}:{Path(shutil.which('git') or '').parent}"
    )
    monkeypatch.setattr(
        "release_tasks.project.python_gates.is_installed",
        lambda name: shutil.which(name, path=str(tmp_path)),
    )
    tests = {"tests/test_x.py": ""}
    for number, (said, wanted) in enumerate(
        {
            "": (),
            'requires-python = ">=3.8"\n': ("3.8", here),
            'requires-python = ">=3.9"\n': (),
            (
                f'classifiers = ["Programming Language :: Python :: {here}", "Programming '
                f'Language :: Python :: 3.99"]\n'
            ): (
                here,
                "3.99",
            ),
        }.items()
    ):
        root = made(
            tmp_path / str(number),
            tests
            | {"pyproject.toml": f"{PACKAGE}{said}[tool.pytest.ini_options]\n"},
        )
        assert of(root)["pytest"].pythons == wanted


def test_an_outline_asks_cargo_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """nox reads the noxfile again for each session that runs beside another one."""
    root = sample("edgequake-llm", tmp_path, "edgequake-llm")
    only = tmp_path / "bin"
    only.mkdir()
    (only / "git").symlink_to(shutil.which("git") or "")
    monkeypatch.setenv("PATH", str(only))
    assert git(root, "status", "--short") == ""
    assert "clippy" in of(root)


@pytest.mark.parametrize(
    ("files", "asked"),
    [
        ({}, {"test"}),
        ({"rustfmt.toml": ""}, {"test", "rustfmt"}),
        (
            {".github/workflows/ci.yml": "- run: cargo fmt --check\n"},
            {"test", "rustfmt"},
        ),
        (
            {".github/workflows/ci.yml": "- run: cargo clippy\n"},
            {"test", "clippy"},
        ),
        (
            {"justfile": "lint:\n  cargo clippy\n  cargo doc\n"},
            {"test", "clippy", "doc"},
        ),
        ({"docs.md": "Run cargo clippy.\n"}, {"test"}),
    ],
)
def test_a_lint_is_asked_for_by_what_the_project_runs(
    files: dict[str, str], asked: set[str], tmp_path: Path
) -> None:
    found = of(made(tmp_path, RUST | files))
    assert {gate.name for gate in found.values() if gate.is_asked} == asked


def test_the_settings_ask_for_each_gate_that_they_name(tmp_path: Path) -> None:
    text = '[gates]\nrun = ["cargo clippy"]\n'
    found = of(made(tmp_path, RUST | {"release-tasks.toml": text}))
    assert [gate.is_asked for gate in found.values()] == [True]


LOCK = '[[package]]\nname = "ruff"\nversion = "0.6.3"\n'
HOOKS = (
    "repos:\n  - repo: https://github.com/astral-sh/ruff-pre-commit\n    rev: v0.4.2\n"
    "    hooks: [{id: ruff}]\n"
)


@pytest.mark.parametrize(
    ("files", "ruff"),
    [
        ({}, "ruff"),
        ({"uv.lock": LOCK}, "ruff==0.6.3"),
        ({".pre-commit-config.yaml": HOOKS}, "ruff==0.4.2"),
        ({"uv.lock": LOCK, ".pre-commit-config.yaml": HOOKS}, "ruff==0.6.3"),
        ({"requirements-dev.txt": "ruff==0.5.0\n"}, "ruff==0.5.0"),
    ],
)
def test_a_tool_has_the_version_that_the_project_uses(
    files: dict[str, str], ruff: str, tmp_path: Path
) -> None:
    package = {"pyproject.toml": PACKAGE + CONFIGURED}
    assert of(made(tmp_path, package | files))["ruff"].installs == (ruff,)


def test_a_requirement_that_is_pinned_goes_before_hooks(tmp_path: Path) -> None:
    groups = '[dependency-groups]\nlint = ["ruff>=0.5"]\n'
    files = {
        "pyproject.toml": PACKAGE + groups,
        ".pre-commit-config.yaml": HOOKS,
    }
    assert of(made(tmp_path, files))["ruff"].installs == ("ruff>=0.5",)


def test_ignored_paths_do_not_switch_off_the_tests(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": PACKAGE + CONFIGURED,
        "tests/test_it.py": "",
        "release-tasks.toml": '[project]\nignore = ["tests"]\n',
    }
    assert "pytest" in of(made(tmp_path, files))

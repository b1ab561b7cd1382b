"""What we install ourselves: each program has the bytes that somebody looked at."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from invoke.context import Context

from release_tasks import files
from release_tasks.formats import yaml_texts
from release_tasks.tools import programs
from release_tasks.tools.programs import PROGRAMS

BUILT = [program for program in PROGRAMS.values() if program.module]
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("program", BUILT, ids=lambda program: program.name)
def test_every_module_has_its_sums(program: programs.Program) -> None:
    package, _, version = program.module.rpartition("@")
    for line, suffix in zip(program.sums, ("", "/go.mod"), strict=True):
        module, numbered, sum_ = line.split()
        assert package.startswith(f"{module}/")
        assert numbered == f"{version}{suffix}"
        assert re.fullmatch(r"h1:[A-Za-z0-9+/]{43}=", sum_)


def test_go_has_the_sums_before_it_downloads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def do(c: object, argv: tuple[str, ...], cwd: Path, env: object) -> None:
        seen.append((argv[1:3], (cwd / "go.sum").read_text().splitlines()))
        (cwd / "compiled").write_bytes(b"a program")

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(programs.go, "compiler", lambda folder: "go")
    monkeypatch.setattr(programs.shell, "do", do)
    monkeypatch.setattr(
        programs, "_installed_path", lambda program: tmp_path / "x"
    )
    program = PROGRAMS["helm"]
    programs.install(Context(), program)
    assert [lines for _words, lines in seen] == [list(program.sums)] * 3
    kept = programs.cache() / "helm-v3.22.0"
    assert programs.is_as_built(kept)
    programs.install(Context(), program)
    assert len(seen) == 3, "it was built again"
    kept.write_bytes(b"another program")
    programs.install(Context(), program)
    assert len(seen) == 6, "what somebody changed was installed"
    assert (tmp_path / "x").read_bytes() == b"a program"


@pytest.mark.parametrize("recorded", [None, "", "0" * 64, "\xff", "x" * 10_000])
def test_a_program_without_its_sum_is_not_used(
    tmp_path: Path, recorded: str | None
) -> None:
    path = tmp_path / "helm"
    path.write_bytes(b"x")
    if recorded is not None:
        (tmp_path / "helm.sha256").write_text(recorded)
    assert not programs.is_as_built(path)
    (tmp_path / "helm.sha256").write_text(files.sha256(path))
    assert programs.is_as_built(path)


@pytest.mark.parametrize("name", ["invoke", "requests", "urllib3"])
def test_a_library_whose_inside_we_use_has_an_upper_major(name: str) -> None:
    data = tomllib.loads((ROOT / "pyproject.toml").read_text())
    [line] = [
        line
        for line in data["project"]["dependencies"]
        if line.startswith(f"{name}>")
    ]
    assert ",<" in line


def workflows_of_the_docs() -> dict[str, str]:
    """Return each workflow that a page shows, by a name of its own."""
    found = {}
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        blocks = re.findall(r"```ya?ml\n(.*?)```", page.read_text(), re.S)
        for number, block in enumerate(blocks):
            if re.search(r"(?m)^jobs:$", block):
                found[f"{page.stem}-{number}"] = block
    return found


@pytest.mark.tools("zizmor")
def test_a_workflow_that_we_show_is_safe_to_copy(tmp_path: Path) -> None:
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    for name, text in workflows_of_the_docs().items():
        (folder / f"{name}.yml").write_text(text)
    argv = ["zizmor", "--offline", "--no-exit-codes", "--format=json"]
    done = subprocess.run(
        [*argv, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    rules = {finding["ident"] for finding in json.loads(done.stdout)}
    assert rules <= {"unpinned-uses"}  # the page says so
    assert list(folder.iterdir())


def test_a_workflow_that_we_show_builds_without_secrets() -> None:
    for text in workflows_of_the_docs().values():
        data = yaml_texts.load(text, "a.yml")
        assert data["permissions"] == {}
        for name, job in data["jobs"].items():
            if name == "publish":
                continue
            assert "permissions" not in job
            assert "secrets." not in str(job)
            assert "github.token" not in str(job)
            checkouts = [
                step["with"]["persist-credentials"]
                for step in job["steps"]
                if "checkout" in step.get("uses", "")
            ]
            assert checkouts == [False]

"""The pages of five projects: their settings and commands are those that work in each project.

Commands run word by word in the sample project. Those that publish are only read here, as invoke
reads them; `nox -s projects` releases the projects.
"""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest
from invoke.parser import Parser
from support.project_pages import FOLDER, publishing_lines
from support.sample_projects import PROJECTS, SETTINGS, git, sample

import release_tasks
from manual import console, pages

TASKS = "tasks.py"
PAGES = sorted(FOLDER.glob("*.md"))
JOBS = re.compile(r"^## Job by job\n(.*?)(?=^## )", re.M | re.S)
INLINE = re.compile(r"`(inv [a-z][^`]*)`")
JOB = re.compile(r"^  ([a-z-]+):$", re.M)
by_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def place(page: Path) -> tuple[str, str]:
    """Return the names of the project and of the settings that a page is about."""
    project, settings = str(pages.option(page.read_text(), "sample")).split()
    return project, settings


def test_each_project_has_a_page() -> None:
    names = {path.stem for path in PAGES}
    assert names == {"llmtrace", "llmcc", "llm-proxy", "caro", "edgequake-llm"}


@by_page
def test_a_page_shows_the_settings_of_its_project(page: Path) -> None:
    _, settings = place(page)
    shown = {
        block.file: block.body
        for block in pages.blocks(page.read_text())
        if block.file
    }
    assert TASKS in shown
    assert (
        shown["release-tasks.toml"]
        == (SETTINGS / f"{settings}.toml").read_text()
    )
    for name in shown.keys() - {TASKS, "release-tasks.toml"}:
        assert shown[name] == (SETTINGS / str(name)).read_text()


@pytest.mark.sample(5)
@pytest.mark.tools("git", "cargo")
@by_page
def test_commands_do_what_a_page_shows(page: Path, tmp_path: Path) -> None:
    text = page.read_text()
    project, settings = place(page)
    root = sample(project, tmp_path / "made", settings)
    for block in pages.blocks(text):
        if block.file == TASKS:
            (root / TASKS).write_text(block.body)
    git(root, "commit", "--quiet", "--all", "--message=Tasks")
    results = console.run(commands(text), tmp_path, root)
    if os.environ.get("GOLDEN") == "write":
        page.write_text(rendered(text, results))
        return
    console.compare(results)


def commands(text: str) -> str:
    """Return the console blocks of a page that are run, without its files."""
    blocks = [block for block in pages.blocks(text) if not block.file]
    return "\n".join(f"```console\n{block.body}```\n" for block in blocks)


def rendered(text: str, results: list[tuple[pages.Block, list[str]]]) -> str:
    """Return a page with what its commands have printed."""
    blocks = [block for block in pages.blocks(text) if not block.file]
    printed = [outputs for _, outputs in results]
    return console.rendered(text, list(zip(blocks, printed, strict=True)))


@by_page
def test_every_command_of_a_page_is_one_that_invoke_reads(page: Path) -> None:
    text = page.read_text()
    lines = [*INLINE.findall(text), *publishing_lines(page)]
    assert len(lines) > 10
    parser = Parser(contexts=release_tasks.ns.to_contexts())
    for line in lines:
        program, *words = shlex.split(line.replace(" NAME", " name"))
        assert program == "inv"
        parsed = parser.parse_argv(words)
        assert not parsed.unparsed, line


@by_page
def test_every_job_of_a_page_is_one_of_its_workflow(page: Path) -> None:
    _, settings = place(page)
    workflow = PROJECTS / "shown" / "workflows" / f"{settings}.yml"
    made = {*JOB.findall(workflow.read_text().partition("\njobs:\n")[2])}
    section = JOBS.findall(page.read_text())[0]
    rows = re.findall(r"^\| (?!its job|-)(.*?) \| (.*) \|$", section, re.M)
    named = {
        name for _, cell in rows for name in re.findall(r"`([a-z-]+)`", cell)
    }
    assert named <= made
    # what follows from the order for everybody
    assert made - named <= {"provenance"}

"""Layouts of real projects: what `inv init` writes, what is found and checked, what a bump edits.

Ten of them are looked at in every run, all of them in `nox -s layouts`, or with GOLDEN=write,
which writes tests/projects/shown/found/NAME.txt anew.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support import found_projects
from support.contexts import context
from support.local_registries import local_registries
from support.repositories import commit_all, git

from release_tasks.commands.init import init
from release_tasks.commands.settings import settings
from release_tasks.errors import ReleaseError
from release_tasks.rehearsal.registries import LocalRegistries
from release_tasks.steps.bump import bump
from release_tasks.steps.check import check

EPOCH = "1767323045"  # the second of January 2026
SEVERAL_LINES = 10  # of a release-tasks.toml that can be read at a glance
IMAGES = (
    "docker.io/acme/minnow",
    "docker.io/acme/quartz",
    "docker.io/acme/statica",
)
IN_EVERY_RUN = (
    "audit-program",
    "chart-collection",
    "crates-with-own-tags",
    "crypto-with-rust-inside",
    "go-controller-with-chart",
    "hatch-two-packages",
    "image-with-version-file",
    "lake-workspace",
    "linter-in-a-wheel",
    "proxy-of-tags",
)
OFFERED = "as a download on GitHub"
NAMES = found_projects.names()
IS_WHOLE = "LAYOUTS" in os.environ or os.environ.get("GOLDEN") == "write"


@pytest.fixture(scope="module")
def machine(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[LocalRegistries]:
    """Local registries with the crates that layouts need, and one date and toolchain."""
    folder = tmp_path_factory.mktemp("layouts")
    with (
        pytest.MonkeyPatch.context() as patch,
        local_registries(folder, patch, references=IMAGES) as running,
    ):
        patch.setenv("SOURCE_DATE_EPOCH", EPOCH)
        patch.setenv("RUSTUP_TOOLCHAIN", "stable")
        patch.setenv("DOCKER_HOST", "unix:///no/daemon.sock")
        patch.delenv("GITHUB_ACTIONS", raising=False)
        patch.setenv("CI", "true")  # whatever targets this machine can build
        found_projects.publish_foreign_crates(running)
        yield running


@pytest.mark.tools("git", "cargo", "gh", "docker", "helm")
@pytest.mark.parametrize("name", NAMES if IS_WHOLE else IN_EVERY_RUN)
def test_a_layout_is_found_checked_and_bumped_as_a_reader_of_it_would(
    machine: LocalRegistries,
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    project = found_projects.read(name)
    found_projects.publish_crates(machine, project)
    root = found_projects.build(project, tmp_path / name)
    monkeypatch.chdir(root)
    init(context())
    commit_all(root, "Release with tasks")
    machine.github.create(*project.repository.split("/"), root)
    git(root, "fetch", "--quiet", "origin")
    version = project.next_version

    def said(command: Callable[[], None]) -> str:
        capsys.readouterr()
        try:
            command()
        except ReleaseError as error:
            printed = capsys.readouterr()
            return f"{printed.out}{printed.err}{error.message}\n"
        printed = capsys.readouterr()
        lines = (printed.out + printed.err).splitlines(keepends=True)
        # what cargo has in its cache decides whether it is asked
        return "".join(line for line in lines if not line.startswith("$ "))

    shown = {
        "release-tasks.toml": (root / "release-tasks.toml").read_text(),
        "inv settings": said(lambda: settings(context())).partition("\n\n[")[0]
        + "\n",
        f"inv check --fast --version {version}": findings(
            said(
                lambda: check(
                    context(), version, new="all", fast=True, json=True
                )
            )
        ),
        f"inv bump --version {version}": said(lambda: bump(context(), version)),
        "git diff": changes(root),
    }
    text = "".join(f"-- {title} --\n{part}" for title, part in shown.items())
    assert text == found_projects.golden(name, text)


def test_most_layouts_need_few_settings_and_every_one_has_its_golden_file() -> (
    None
):
    lines = {}
    for name in NAMES:
        _, _, rest = found_projects.golden(name).partition(
            "-- release-tasks.toml --\n"
        )
        written = rest.partition("-- inv settings --\n")[0].split("\n\n")
        # a program may be offered as a download, which no project needs
        needed = [part for part in written if OFFERED not in part]
        lines[name] = "\n\n".join(needed).count("\n")
    assert len(lines) >= 30
    few = [name for name, count in lines.items() if count <= SEVERAL_LINES]
    assert len(few) * 6 >= len(lines) * 5, lines


def findings(printed: str) -> str:
    """Return what `inv check --json` found as lines: severity, place, name, fact, fix."""
    try:
        rows = json.JSONDecoder().raw_decode(printed)[0]["findings"]
    except ValueError:  # it stopped before anything was looked at
        return printed
    text = ""
    for row in rows:
        place = f"{row['file']}:{row['line']}" if row["line"] else row["file"]
        text += (
            f"{row['severity']}: {place} {row['area']}/{row['name']}: ".replace(
                ":  ", ": "
            )
        )
        text += f"{row['fact']}\n  fix: {row['fix']}\n"
    return text


def changes(root: Path) -> str:
    """Return the lines that a bump removed and added, below the path of each file."""
    text = ""
    for line in git(root, "diff", "--unified=0", "--no-prefix").splitlines():
        if line.startswith("+++ "):
            text += f"{line[4:]}\n"
        elif line.startswith(("+", "-")) and not line.startswith("---"):
            text += f"{line}\n"
    return text

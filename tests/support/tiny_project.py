"""A small Python project with an origin on the local GitHub."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from release_tasks.checks import check
from release_tasks.checks.check import Check, CheckContext, Finding
from release_tasks.rehearsal.registries import LocalRegistries
from release_tasks.release import Release
from support import repositories
from support.contexts import context
from support.local_registries import local_registries
from support.sample_projects import inv

ORIGIN = "git@github.com:example/tiny.git"
LOG = "# Changelog\n\n## [Unreleased]\n\n- More.\n\n## [0.1.0] - 2026-01-01\n\n- All.\n"
PYPROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "tiny-plain"
version = "0.1.0"
readme = {text = "Tiny", content-type = "text/plain"}
"""
TINY = {
    "pyproject.toml": PYPROJECT,
    "tiny_plain/__init__.py": "",
    "CHANGELOG.md": LOG,
    "tasks.py": "from release_tasks import ns\n",
    ".gitignore": "__pycache__/\n",
}
TWO_COMPONENTS = """\
[components.core]
python = ["tiny-plain"]
latest = true
[components.other]
tag = "other-v{version}"
python = ["tiny-other"]
"""
TWO = TINY | {
    "other/pyproject.toml": PYPROJECT.replace(
        "tiny-plain", "tiny-other"
    ).replace("0.1.0", "0.4.0"),
    "release-tasks.toml": TWO_COMPONENTS,
}


@dataclass
class TinyProject:
    """A checkout of the project, and the registries that have its origin."""

    registries: LocalRegistries
    root: Path
    folder: Path

    def git(self, *words: str, folder: Path | None = None) -> str:
        """Run git in the checkout, or in another folder."""
        return repositories.git(folder or self.root, *words)

    def commit(self, name: str, text: str = "more\n") -> str:
        """Write one file, commit it and return the commit."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        self.git("add", name)
        self.git("commit", "--quiet", f"--message=Change {name}")
        return self.head()

    def head(self) -> str:
        return self.git("rev-parse", "HEAD").strip()

    def reset(self, commit: str) -> None:
        """Make the checkout what it was at a commit, with its origin, for the next test.

        What was pushed stays where it is.
        """
        self.git("reset", "--quiet", "--hard", commit)
        self.git("clean", "-ffdxq")
        self.git("config", "remote.origin.url", ORIGIN)

    def tag(self, name: str, *, push: bool = True) -> None:
        self.git("tag", "--annotate", f"--message={name}", name)
        if push:
            self.git("push", "--quiet", "origin", "main", name)

    def release(
        self,
        version: str | None = None,
        component: str | None = None,
        *,
        dry: bool = False,
    ) -> Release:
        """Return the release of the project in the current folder."""
        return Release.at(context(dry), version, component)

    def upload(self, name: str, data: bytes) -> None:
        """Upload a file to PyPI, as somebody does by hand."""
        (self.folder / name).write_bytes(data)
        argv = ["twine", "upload", name]
        subprocess.run(argv, cwd=self.folder, check=True, capture_output=True)

    def release_by_hand(self, tag: str, notes: str = "") -> None:
        """Make the GitHub release of a tag without our tasks."""
        argv = ["gh", "release", "create", tag, "--notes", notes]
        subprocess.run(
            [*argv, "--repo", "example/tiny"], check=True, capture_output=True
        )

    def inv(
        self, *words: str, folder: Path | None = None, **env: str
    ) -> subprocess.CompletedProcess[str]:
        """Run `inv` in the checkout, or in another folder; it may not print a traceback."""
        return inv(folder or self.root, *words, **env)

    def clone(self, *words: str) -> Path:
        """Make another checkout of origin."""
        number = len(list(self.folder.glob("clone-*")))
        target = self.folder / f"clone-{number}"
        self.git("clone", "--quiet", *words, ORIGIN, str(target))
        return target


@contextmanager
def tiny_project(
    folder: Path, monkeypatch: pytest.MonkeyPatch, files: Mapping[str, str]
) -> Iterator[TinyProject]:
    """Run local registries, commit and push `files`, and make the checkout the current folder."""
    with local_registries(folder, monkeypatch) as registries:
        root = repositories.commit_files(folder / "project", files)
        registries.github.create("example", "tiny", root)
        repositories.git(root, "remote", "add", "origin", ORIGIN)
        repositories.git(root, "fetch", "--quiet", "origin")
        monkeypatch.chdir(root)
        yield TinyProject(registries, root, folder)


def run_checks(case: CheckContext, area: ModuleType) -> list[Finding]:
    """Return what the checks of one module find; each finding must have a fix."""
    checks = [
        value for value in vars(area).values() if isinstance(value, Check)
    ]
    found = [finding for each in checks for finding in each(case)]
    assert all(finding.fix for finding in found)
    return found


def problems(
    tiny: TinyProject,
    area: ModuleType,
    version: str = "0.2.0",
    new: str | None = None,
) -> list[str]:
    """Return the facts of the problems that one module finds; each must have a fix."""
    found = check.problems(
        CheckContext(context(), tiny.release(version), new), area
    )
    assert all(problem.fix for problem in found)
    return [problem.fact for problem in found]

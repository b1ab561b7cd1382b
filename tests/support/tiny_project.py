"""A small Python project with an origin on the GitHub stand-in; this process is a client of that world."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest
from invoke.context import Context

from release_tasks.checks import check
from release_tasks.checks.check import Check, CheckContext, Finding
from release_tasks.order import RELEASE
from release_tasks.rehearsal.registries import LocalRegistries
from release_tasks.release import Release
from support.local_registries import local_registries
from support.python_projects import git, write
from support.sample_projects import inv

ORIGIN = "git@github.com:example/tiny.git"
LOG = "# Changelog\n\n## [Unreleased]\n\n- More.\n\n## [0.1.0] - 2026-01-01\n\n- All.\n"
TINY = {
    "pyproject.toml": '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
    '[project]\nname = "tiny-plain"\nversion = "0.1.0"\nreadme = {text = "Tiny", content-type = "text/plain"}\n',
    "tiny_plain/__init__.py": "",
    "CHANGELOG.md": LOG,
    "tasks.py": "from release_tasks import ns\n",
    ".gitignore": "__pycache__/\n",
}
TWO = TINY | {
    "other/pyproject.toml": TINY["pyproject.toml"]
    .replace("tiny-plain", "tiny-other")
    .replace("0.1.0", "0.4.0"),
    "release-tasks.toml": '[components.core]\npython = ["tiny-plain"]\nlatest = true\n'
    '[components.other]\ntag = "other-v{version}"\npython = ["tiny-other"]\n',
}


@dataclass
class TinyProject:
    """The project's checkout, and the world in which its origin is."""

    registries: LocalRegistries
    root: Path
    folder: Path

    def git(self, *words: str, folder: Path | None = None) -> str:
        return git(folder or self.root, *words)

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

    def tag(self, name: str, *, push: bool = True) -> None:
        self.git("tag", "--annotate", f"--message={name}", name)
        if push:
            self.git("push", "--quiet", "origin", "main", name)

    def release(
        self, version: str | None = None, component: str | None = None, *, dry: bool = False
    ) -> Release:
        return Release.at(context(dry), version, component)

    def inv(
        self, *words: str, folder: Path | None = None, **env: str
    ) -> subprocess.CompletedProcess[str]:
        """Run `inv` in the checkout, or in another folder; no traceback may come of it."""
        return inv(folder or self.root, *words, **env)

    def clone(self, *words: str) -> Path:
        """Make another checkout of origin."""
        target = self.folder / f"clone-{len(list(self.folder.glob('clone-*')))}"
        self.git("clone", "--quiet", *words, ORIGIN, str(target))
        return target


def context(dry: bool = False) -> Context:
    c = Context()
    c.config.run.dry = dry
    c.config.release_tasks = {"order": RELEASE}
    return c


def run_checks(case: CheckContext, area: ModuleType) -> list[Finding]:
    """Return what one area finds; each finding has a way out."""
    found = [one for kind in vars(area).values() if isinstance(kind, Check) for one in kind(case)]
    assert all(one.fix for one in found)
    return found


def problems(
    tiny: TinyProject, area: ModuleType, version: str = "0.2.0", new: str | None = None
) -> list[str]:
    """Return the problems of one area, as facts."""
    found = check.problems(CheckContext(context(), tiny.release(version), new), area)
    assert all(one.fix for one in found)
    return [one.problem for one in found]


@contextmanager
def tiny_project(
    folder: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str]
) -> Iterator[TinyProject]:
    """Commit `files`, put them on GitHub, and go to the checkout."""
    with local_registries(folder, monkeypatch) as running:
        root = write(folder / "project", files)
        running.github.create("example", "tiny", root)
        git(root, "remote", "add", "origin", ORIGIN)
        git(root, "fetch", "--quiet", "origin")
        monkeypatch.chdir(root)
        yield TinyProject(running, root, folder)

"""What is said about a repository is typed in it as it is said, and then the same call works."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.contexts import context
from support.help_texts import comes_from, helped
from support.repositories import commit_files, git, write_files
from support.sample_projects import inv
from support.tiny_project import LOG, PYPROJECT, TINY

from release_tasks import errors, files, memo, order, shell
from release_tasks.bumping import bump
from release_tasks.changelogs import changelog
from release_tasks.checks.artifacts import incoming
from release_tasks.formats import text_files, wheels
from release_tasks.pipelines import github, jobs, written
from release_tasks.project import tags, version_levels
from release_tasks.project.discovery import discover
from release_tasks.project.model import Project
from release_tasks.release import Release
from release_tasks.steps.bump import bump as bump_step
from release_tasks.tasks import step
from release_tasks.tools import ci
from release_tasks.tools.cargo import rustflags
from release_tasks.tools.docker import login
from release_tasks.tools.git import head, top

pytestmark = pytest.mark.quick
FILE = "release-tasks.toml"
TWO = (
    '[components.core]\npython = ["tiny-plain"]\n'
    '[components.other]\npython = ["tiny-other"]\ntag = "o{version}"\n'
)
OTHER = {"other/pyproject.toml": PYPROJECT.replace("plain", "other")}
Act = Callable[["Here"], object]


@dataclass
class Here:
    """A repository without a remote, which is the current folder, and the variables of a user."""

    root: Path
    env: pytest.MonkeyPatch

    @property
    def project(self) -> Project:
        return discover(self.root)

    def write(self, name: str, text: str) -> None:
        write_files(self.root, {name: text})

    def commit(self, name: str, text: str) -> None:
        commit_files(self.root, {name: text})

    def replace(self, name: str, old: str, new: str) -> None:
        text = (self.root / name).read_text()
        assert old in text
        self.commit(name, text.replace(old, new))

    def type(self, line: str) -> None:
        done = subprocess.run(
            line, shell=True, cwd=self.root, capture_output=True, check=False
        )
        assert done.returncode == 0, (line, done.stderr)

    def bump(self) -> None:
        """Compute the bump to 0.2.0 and write it, as `inv bump` does."""
        bump.write(context(), Release.at(context(), "0.2.0"))


@dataclass(frozen=True)
class Case:
    """What breaks a project, what fails then, what of the help is followed, and how."""

    place: str
    breaks: Act
    fails: Act
    help: str
    follow: Callable[[Here, str], object]


def commits(name: str, text: str) -> Act:
    return lambda here: here.commit(name, text)


def types(line: str) -> Act:
    return lambda here: here.type(line)


def typed(here: Here, fix: str) -> None:
    here.type(fix)


def writes(name: str, text: str) -> Callable[[Here, str], object]:
    return lambda here, fix: here.commit(name, text)


def replaces(name: str, old: str, new: str) -> Callable[[Here, str], object]:
    return lambda here, fix: here.replace(name, old, new)


def nothing(here: Here) -> None:
    """Leave the project as it is: the call itself was wrong."""


def bumps(here: Here) -> None:
    here.bump()


def without_git(here: Here) -> None:
    shutil.rmtree(here.root / ".git")


def without_commit(here: Here) -> None:
    without_git(here)
    git(here.root, "init", "--quiet")


def section(here: Here) -> object:
    text = (here.root / "CHANGELOG.md").read_text()
    return changelog.section(text, "0.2.0")


def wheel_twice(here: Here) -> None:
    write_files(here.root, {"out/a.whl": "", "out/b.whl": ""})


def workflow(here: Here) -> object:
    return github.release(here.project, jobs.jobs(here.project, order.RELEASE))


def present(here: Here) -> str:
    return text_files.peek(here.root, "release.yml")


@step
def other_step(c: object, version: str | None = None) -> None:
    """Do something else."""


def settings(text: str) -> Act:
    return commits(FILE, text)


CASES = [
    Case("tools/git/__init__.py:_repository", without_git, lambda here: top(here.root), "git init", lambda here, fix: here.type(fix.partition(",")[0])),
    Case("tools/git/__init__.py:head", without_commit, lambda here: head(here.root), "commit the project first", lambda here, fix: here.commit("more.txt", "")),
    Case("files.py:inside", types("ln -s /etc/hostname host"), lambda here: files.inside(here.root, "host"), "replace host with a copy", lambda here, fix: here.type("cp --remove-destination /etc/hostname host")),
    Case("files.py:refuse_links", types("mkdir ../out && ln -s ../out dist"), lambda here: files.refuse_links(here.root, here.root / "dist" / "v1"), "rm ", typed),
    Case("files.py:refuse_settings_of_others", lambda here: (here.type("mkdir open && chmod 777 open && touch open/rust-toolchain"), os.chown("open/rust-toolchain", 65534, -1)), lambda here: files.refuse_settings_of_others(Path(os.environ.get("PLACE", "open"))), "set TMPDIR to a folder of your own", lambda here, fix: (here.type("mkdir own && chmod 700 own"), here.env.setenv("PLACE", "own"))),
    Case("formats/text_files.py:unreadable", types("rm CHANGELOG.md"), bumps, "git restore CHANGELOG.md", lambda here, fix: here.type(fix.partition(",")[0])),
    Case("formats/text_files.py:content", types("rm CHANGELOG.md && mkfifo CHANGELOG.md"), lambda here: text_files.content(here.root / "CHANGELOG.md"), "ls -l ", lambda here, fix: (here.type(fix), here.type("rm CHANGELOG.md && git restore CHANGELOG.md"))),
    Case("formats/wheels.py:only_file", wheel_twice, lambda here: wheels.only_file(here.root / "out", ".tar.gz"), "run the build by hand", lambda here, fix: here.type("tar -czf out/a.tar.gz tasks.py")),
    Case("formats/wheels.py:only_file", types("mkdir out && touch out/a.tar.gz"), lambda here: wheels.only_file(here.root / "out", ".tar.gz"), "run the build again", lambda here, fix: here.type("tar -czf out/a.tar.gz tasks.py")),
    Case("changelogs/changelog.py:section", nothing, section, "inv bump --version 0.2.0", lambda here, fix: here.bump()),
    Case("changelogs/changelog.py:find", commits("CHANGELOG.md", f"{LOG}\n## [0.2.0]\n\n- A.\n\n## [0.2.0]\n\n- B.\n"), section, "merge them", replaces("CHANGELOG.md", "\n## [0.2.0]\n\n- B.\n", "- B.\n")),
    Case("changelogs/new_section.py:_check", commits("CHANGELOG.md", "# Changelog\n\n<!-- open\n\n## [Unreleased]\n\n- More.\n"), bumps, "close it", replaces("CHANGELOG.md", "open", "closed -->")),
    Case("bumping/bump.py:pending", types("touch scribble.txt"), lambda here: bump.pending(Release.at(context(), "0.2.0")), "add generated files to .gitignore", writes(".gitignore", "__pycache__/\nscribble.txt\n")),
    Case("bumping/file_edits.py:read_bytes", types("mv pyproject.toml all.toml && ln -s all.toml pyproject.toml && git add . && git commit -qm Link"), bumps, "or replace the link with a copy", lambda here, fix: (here.type("cp --remove-destination all.toml pyproject.toml"), here.commit("more.txt", ""))),
    Case("bumping/file_edits.py:read_bytes", types("chmod 400 CHANGELOG.md"), bumps, "chmod u+w ", typed),
    Case("bumping/listed_files.py:_refuse_empty", settings("[files]\n\"*.md\" = 'tiny = {version}'\n"), bumps, "correct `*.md` in [files]", writes(FILE, "[files]\n\"*.toml\" = 'version = \"{version}\"'\n")),
    Case("bumping/version_copies.py:listed_paths", lambda here: (here.write(".git/info/exclude", "VERSION\n"), here.commit(FILE, "[files]\n\"VERSION\" = '{version}'\n"), here.write("VERSION", "0.1.0\n")), bumps, "git add VERSION", lambda here, fix: (here.write(".git/info/exclude", ""), here.type(fix.partition(",")[0]), here.type("git commit -qm Version"))),
    Case("project/tags.py:read", nothing, lambda here: tags.read(here.project, os.environ.get("TAG", "1.0.0")), "the form of its tags is v{version}", lambda here, fix: here.env.setenv("TAG", fix.split()[-1].replace("{version}", "1.0.0"))),
    Case("project/model.py:component", lambda here: (here.commit("other/pyproject.toml", OTHER["other/pyproject.toml"]), here.commit(FILE, TWO)), lambda here: here.project.component(os.environ.get("COMPONENT")), "--component NAME", lambda here, fix: here.env.setenv("COMPONENT", fix.partition("=")[0].split()[1])),
    Case("project/version_levels.py:_first_version", nothing, lambda here: version_levels.resolve(os.environ.get("WANTED", "auto"), None), "--version X.Y.Z", lambda here, fix: here.env.setenv("WANTED", "0.2.0")),
    Case("project/checkout_versions.py:_refuse_without_version", commits("pyproject.toml", PYPROJECT.replace('version = "0.1.0"', 'dynamic = ["version"]') + '[tool.hatch.version]\nsource = "vcs"\n'), lambda here: Release.at(context()), "check out a tag", lambda here, fix: here.type("git tag v0.1.0 && git checkout -q v0.1.0")),
    Case("order.py:_stage_of", nothing, lambda here: order.without(bump_step if "STEP" in os.environ else other_step), "use one of: check, bump, ", lambda here, fix: here.env.setenv("STEP", "bump")),
    Case("tools/ci.py:output", lambda here: here.env.delenv("GITHUB_OUTPUT", raising=False), lambda here: ci.output("a", "b") if "LEFT_OUT" not in os.environ else None, "leave out --github-output", lambda here, fix: here.env.setenv("LEFT_OUT", "1")),
    Case("tools/docker/login.py:_config", lambda here: (here.write("docker/config.json", "{"), here.env.setenv("DOCKER_CONFIG", str(here.root / "docker"))), lambda here: login.is_known("ghcr.io"), "fix ", lambda here, fix: here.write(str(Path(fix.partition(" ")[2]).relative_to(here.root)), "{}")),
    Case("tools/docker/login.py:_stored", lambda here: (here.write("docker/config.json", json.dumps({"auths": {"ghcr.io": {"auth": "gA=="}}})), here.env.setenv("DOCKER_CONFIG", str(here.root / "docker"))), lambda here: login.is_known("ghcr.io"), "docker login ghcr.io", lambda here, fix: here.write("docker/config.json", json.dumps({"auths": {"ghcr.io": {"auth": "YTpi"}}}))),
    Case("tools/cargo/rustflags.py:_read", lambda here: here.write(".cargo/config.toml", "["), lambda here: rustflags.target_tables(here.root), "fix ", lambda here, fix: here.write(".cargo/config.toml", "")),
    Case("tools/cargo/rustflags.py:_invalid", nothing, lambda here: rustflags.applies(os.environ.get("CONDITION", "cfg(all(unix)"), ()), "fix it in .cargo/config.toml", lambda here, fix: here.env.setenv("CONDITION", "cfg(all(unix))")),
    Case("checks/artifacts/incoming.py:find", types("mkdir empty"), lambda here: incoming.find([here.root / os.environ.get("FOLDER", "empty")]), "a folder that contains several", lambda here, fix: (here.write("dists/one/release.json", "[]"), here.env.setenv("FOLDER", "dists"))),
    Case("pipelines/job_settings.py:_refuse", lambda here: (here.type("git remote add origin git@github.com:example/tiny.git"), here.commit(FILE, '[ci.environments]\npublish = "live"\n')), workflow, "use one of: ", lambda here, fix: here.replace(FILE, "publish", fix.split(", ")[-1])),
    Case("pipelines/written.py:refuse_edited", lambda here: here.write("release.yml", "on: push\n"), lambda here: written.refuse_edited("release.yml", present(here), False), "move it away", lambda here, fix: here.type("mv release.yml other.yml")),
    Case("pipelines/written.py:refuse_edited", lambda here: here.write("release.yml", written.with_header("on: push\n") + "# mine\n"), lambda here: written.refuse_edited("release.yml", present(here), "FORCE" in os.environ), "or run this with --force", lambda here, fix: here.env.setenv("FORCE", "1")),
    Case("shell.py:_not_started", lambda here: here.write("program", "#!/bin/sh\n"), lambda here: shell.ask(["./program"], cwd=here.root), "ls -l ", lambda here, fix: (here.type(fix), (here.root / "program").chmod(0o755))),
]  # fmt: skip


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Here:
    root = commit_files(tmp_path / "tiny", TINY)
    monkeypatch.chdir(root)
    for name in ("TAG", "COMPONENT", "WANTED", "STEP", "FOLDER", "PLACE"):
        monkeypatch.delenv(name, raising=False)
    return Here(root, monkeypatch)


@pytest.mark.parametrize(
    "case",
    CASES,
    ids=[f"{case.place}-{number}" for number, case in enumerate(CASES)],
)
def test_what_is_said_is_typed_and_then_it_works(
    case: Case, here: Here
) -> None:
    case.breaks(here)
    fix = helped(lambda: case.fails(here), case.help)
    assert comes_from(case.place, fix), fix
    case.follow(here, fix)
    memo.invalidate()  # what is typed next is another process
    case.fails(here)


@pytest.mark.parametrize("number", [28, 13])
def test_a_disk_that_is_full_or_closed_is_looked_at(
    number: int, here: Here
) -> None:
    error = errors.of_disk(OSError(number, os.strerror(number), "tasks.py"))
    assert error is not None
    assert comes_from("errors.py:of_disk", error.fix)
    here.type(error.fix)


@pytest.mark.parametrize(
    ("before", "word"),
    [("", "add"), ("git remote add origin /nowhere", "set-url")],
)
def test_origin_is_made_or_changed_by_the_command_that_is_said(
    before: str, word: str, here: Here
) -> None:
    here.type(before)
    said = inv(here.root, "generate-ci")
    assert said.returncode == 1
    command = f"git remote {word} origin https://github.com/OWNER/NAME.git"
    assert comes_from("project/model.py:github_repository", command)
    assert f"help: {command}\n" in said.stderr
    here.type(command.replace("OWNER/NAME", "example/tiny"))
    assert inv(here.root, "generate-ci").returncode == 0

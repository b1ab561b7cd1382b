"""The written workflow, executed by act on this machine against local registries.

`nox -s actions` builds act and actionlint and runs these tests.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.repositories import git
from support.sample_projects import inv

from release_tasks.pipelines import actions
from release_tasks.pipelines.github import PATH
from release_tasks.rehearsal.registries import LocalRegistries, run_registries

pytestmark = [
    pytest.mark.long,
    pytest.mark.tools("act", "actionlint", "cargo", "docker", "helm", "gh"),
]
ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "polyglot"
STAND_INS = Path(__file__).parent / "actions"
REPOSITORY = "example/polyglot"
ADDRESS = f"https://github.com/{REPOSITORY}.git"
# what a job of GitHub Actions does not have
LOGINS = ("CARGO_REGISTRY_TOKEN", "TWINE_PASSWORD", "GH_TOKEN", "GITHUB_TOKEN")
ONE_MACHINE = (
    ('aarch64-unknown-linux-gnu = "hello-{version}-linux-arm64.tar.gz"\n', ""),
    (', "manylinux2014_aarch64"', ""),
    (', "linux/arm64"', ""),
)


@dataclass
class Runner:
    """A repository on the local GitHub, and act beside it."""

    root: Path
    folder: Path
    registries: LocalRegistries

    def run(self, event: str, **data: object) -> str:
        """Let an event start the workflow, which must succeed; return what act prints."""
        env = self.registries.environment()
        env |= self.registries.job(REPOSITORY)
        env["ARTIFACTS"] = str(self.folder / "artifacts")
        for name in LOGINS:
            env.pop(name, None)
        given = self.folder / "env"
        names = {*self.registries.env, "PATH", "HOME", "ARTIFACTS"}
        names |= {name for name in env if name.startswith("ACTIONS_ID_TOKEN")}
        given.write_text(
            "".join(f"{name}={env[name]}\n" for name in names if name in env)
        )
        payload = self.folder / "event.json"
        payload.write_text(json.dumps(data))
        words = ["act", event, "--workflows", PATH, "--eventpath", str(payload)]
        words += ["--env-file", str(given), "--action-offline-mode"]
        words += ["--secret", f"GITHUB_TOKEN={self.registries.tokens.github}"]
        for label in ("ubuntu-24.04", "ubuntu-latest"):
            words += ["--platform", f"{label}=-self-hosted"]
        for action in (actions.PYTHON, actions.UPLOAD, actions.DOWNLOAD):
            stand_in = self.folder / action.repository.partition("/")[2]
            words += ["--local-repository", f"{action.uses}={stand_in}"]
        done = subprocess.run(
            words,
            cwd=self.root,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-20000:]
        return done.stdout

    def states(self, version: str) -> dict[str, str]:
        """Return the state of each artifact that is not the same as here, by its name."""
        env = self.registries.environment()
        done = inv(self.root, "status", "--version", version, "--json", **env)
        rows = json.loads(done.stdout)["artifacts"]
        return {
            row["name"]: row["state"] for row in rows if row["state"] != "same"
        }


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runner]:
    for stand_in in STAND_INS.iterdir():
        copy = tmp_path / stand_in.name
        subprocess.run(["cp", "-r", stand_in, copy], check=True)
        commit(copy)
    root = tmp_path / "polyglot"
    subprocess.run(["cp", "-r", EXAMPLE, root], check=True)
    settings = (root / "release-tasks.toml").read_text()
    for old, new in ONE_MACHINE:
        assert old in settings
        settings = settings.replace(old, new)
    (root / "release-tasks.toml").write_text(
        f'{settings}\n[gates]\nrun = ["true"]\n'
    )
    commit(root)
    git(root, "remote", "add", "origin", ADDRESS)
    assert inv(root, "generate-ci").returncode == 0
    subprocess.run(["actionlint"], cwd=root, check=True)
    commit(root)
    references = ["ghcr.io/example/polyglot", "ghcr.io/example/charts/polyglot"]
    with run_registries(
        tmp_path / "registries", references=references
    ) as registries:
        for name in registries.removed:
            monkeypatch.delenv(name, raising=False)
        for name, value in registries.env.items():
            monkeypatch.setenv(name, value)
        registries.github.create(*REPOSITORY.split("/"))
        offer_ourselves(tmp_path / "own")
        git(root, "push", "--quiet", "origin", "HEAD:main")
        yield Runner(root, tmp_path, registries)


def commit(root: Path) -> None:
    if not (root / ".git").exists():
        git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message=Work")


def offer_ourselves(folder: Path) -> None:
    """Upload this project to the local PyPI, from which the jobs install it."""
    build = ("build", "--wheel", "--outdir", str(folder), str(ROOT))
    subprocess.run([sys.executable, "-m", *build], check=True)
    words = ("twine", "upload", "--disable-progress-bar", *folder.iterdir())
    subprocess.run([sys.executable, "-m", *words], check=True, env=os.environ)


def publish_first_crates(runner: Runner) -> None:
    """Publish version 0.1.0 of the crates as a person does: crates.io lets no job create one."""
    git(runner.root, "tag", "--annotate", "--message=v0.1.0", "v0.1.0")
    git(runner.root, "push", "--quiet", "origin", "v0.1.0")
    for step in ("package-crates", "publish-crates"):
        words = ["--new", "all"] if step == "publish-crates" else []
        done = inv(runner.root, step, *words)
        assert done.returncode == 0, done.stderr


def test_a_dispatch_bumps_builds_publishes_and_verifies(runner: Runner) -> None:
    publish_first_crates(runner)
    given = {"version": "0.2.0", "new": "all"}
    printed = runner.run("workflow_dispatch", inputs=given)
    assert "Job failed" not in printed
    git(runner.root, "pull", "--quiet", "origin", "main", "--tags")
    assert runner.states("0.2.0") == {}
    before = len(runner.registries.log.writes())
    assert "Job failed" not in runner.run("workflow_dispatch", inputs=given)
    written = runner.registries.log.writes()[before:]
    assert [entry for entry in written if entry.app == "crates.io"] == []


def test_a_tag_made_by_hand_is_released(runner: Runner) -> None:
    publish_first_crates(runner)
    for step in ("bump", "tag", "push"):
        done = inv(runner.root, step, "--version", "0.2.0")
        assert done.returncode == 0, done.stderr
    runner.run("push", ref="refs/tags/v0.2.0")
    assert runner.states("0.2.0") == {}

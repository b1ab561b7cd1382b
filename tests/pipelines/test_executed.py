"""The written workflow, executed by act on this machine against local registries.

`nox -s actions` builds act and actionlint and runs these tests.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from support.pythons import python_with_libraries
from support.repositories import git
from support.sample_projects import inv

from release_tasks.pipelines import actions
from release_tasks.pipelines.github import REHEARSAL, RELEASE
from release_tasks.rehearsal.registries import LocalRegistries, run_registries

pytestmark = [
    pytest.mark.long,
    pytest.mark.tools("act", "actionlint", "cargo", "gh"),
]
ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "polyglot"
STAND_INS = Path(__file__).parent / "actions"
CALLED = ROOT / ".github" / "workflows" / "task.yml"
REPOSITORY = "example/polyglot"
OURS = re.findall(r"uses: (release-tasks/\S+)", CALLED.read_text())[0]
# what a job of GitHub Actions does not have
LOGINS = ("CARGO_REGISTRY_TOKEN", "TWINE_PASSWORD", "GH_TOKEN", "GITHUB_TOKEN")
FORK = {"full_name": "somebody/fork", "fork": True}
PULL_REQUEST = {
    "number": 1,
    "head": {"ref": "mine", "repo": FORK},
    "base": {"ref": "main"},
}
# a crate with a program, and a package for Python
SMALL = {
    "Cargo.toml": """[package]
name = "small-tool"
version = "0.1.0"
edition = "2021"
license = "MIT"
description = "Says its version"
""",
    "src/main.rs": 'fn main() { println!("small-tool {}", env!("CARGO_PKG_VERSION")); }\n',
    "pyproject.toml": """[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "small-tool"
version = "0.1.0"
[tool.hatch.build.targets.wheel]
packages = ["small_tool"]
""",
    "small_tool/__init__.py": "",
    "CHANGELOG.md": "# Changelog\n\n## [Unreleased]\n\n- All.\n",
    "tasks.py": "from release_tasks import ns\n",
    ".gitignore": "/target/\n__pycache__/\n",
    "release-tasks.toml": """[binaries.small-tool]
x86_64-unknown-linux-gnu = "small-tool-{version}-linux-amd64"
[gates]
run = ["true"]
""",
}
# an image for two platforms, which runs nothing while it is built
IMAGE = {
    "Dockerfile": "FROM scratch\nCOPY small_tool/__init__.py /\n",
    ".dockerignore": "dist\ntarget\n",
    "release-tasks.toml": """[images."ghcr.io/example/small"]
platforms = ["linux/amd64", "linux/arm64"]
[gates]
run = ["true"]
""",
}
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
    repository: str = REPOSITORY
    # the programs of the jobs' Python; "": each job installs us from the local PyPI
    python_bin: str = ""

    def run(self, event: str, path: str = RELEASE, **data: object) -> str:
        """Let an event start a workflow, which must succeed; return what act prints."""
        done = self.attempt(event, path, **data)
        assert done.returncode == 0, done.stdout[-20000:]
        return done.stdout

    def attempt(
        self, event: str, path: str = RELEASE, **data: object
    ) -> subprocess.CompletedProcess[str]:
        """Let an event start a workflow, and return how it ended."""
        env = self.registries.environment()
        env |= self.registries.job(self.repository)
        env["ARTIFACTS"] = str(self.folder / "artifacts")
        env["PYTHON_BIN"] = self.python_bin
        for name in LOGINS:
            env.pop(name, None)
        given = self.folder / "env"
        names = {*self.registries.env, "PATH", "HOME", "ARTIFACTS"}
        names.add("PYTHON_BIN")
        names |= {name for name in env if name.startswith("ACTIONS_ID_TOKEN")}
        given.write_text(
            "".join(f"{name}={env[name]}\n" for name in names if name in env)
        )
        payload = self.folder / "event.json"
        # GitHub signs only what is of a public repository
        data["repository"] = {"private": True, "default_branch": "main"}
        payload.write_text(json.dumps({"ref": "refs/heads/main", **data}))
        file = self.folder / Path(path).name
        limit_rights(self.root / path, file)
        words = ["act", event, "--workflows", str(file)]
        words += ["--eventpath", str(payload)]
        words += ["--secret", f"READ={self.registries.tokens.github_read}"]
        words += ["--env-file", str(given), "--action-offline-mode"]
        words += ["--secret", f"GITHUB_TOKEN={self.registries.tokens.github}"]
        # this machine is all of them
        for label in ("ubuntu-24.04", "ubuntu-latest", "ubuntu-24.04-arm"):
            words += ["--platform", f"{label}=-self-hosted"]
        for action in (actions.PYTHON, actions.UPLOAD, actions.DOWNLOAD):
            stand_in = self.folder / action.repository.partition("/")[2]
            words += ["--local-repository", f"{action.uses}={stand_in}"]
        if (ours := self.folder / "ours").exists():
            words += ["--local-repository", f"{OURS}={ours}"]
        log = self.folder / "act.log"
        with log.open("w") as out:
            done = subprocess.run(
                words,
                cwd=self.root,
                env=env,
                stdout=out,
                stderr=out,
                check=False,
            )
        return subprocess.CompletedProcess(
            words, done.returncode, log.read_text()
        )

    def states(self, version: str) -> dict[str, str]:
        """Return the state of each artifact that is not public, by its name.

        What this checkout has not built is there, and not compared.
        """
        env = self.registries.environment()
        done = inv(self.root, "status", "--version", version, "--json", **env)
        rows = json.loads(done.stdout)["artifacts"]
        return {
            row["name"]: row["state"]
            for row in rows
            if row["state"] not in ("same", "present")
        }


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runner]:
    root = tmp_path / "polyglot"
    subprocess.run(["cp", "-r", EXAMPLE, root], check=True)
    settings = (root / "release-tasks.toml").read_text()
    for old, new in ONE_MACHINE:
        assert old in settings
        settings = settings.replace(old, new)
    (root / "release-tasks.toml").write_text(
        f'{settings}\n[gates]\nrun = ["true"]\n'
    )
    with serve(tmp_path, root, monkeypatch, REPOSITORY) as made:
        yield made


@pytest.fixture
def small(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> Iterator[Runner]:
    root = tmp_path / "small"
    for name, text in {**SMALL, **getattr(request, "param", {})}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    lock = ["cargo", "generate-lockfile", "--offline"]
    subprocess.run(lock, cwd=root, check=True)
    with serve(tmp_path, root, monkeypatch, "example/small") as made:
        made.python_bin = str(Path(sys.executable).parent)
        yield made


@contextmanager
def serve(
    folder: Path, root: Path, monkeypatch: pytest.MonkeyPatch, repository: str
) -> Iterator[Runner]:
    """Write the workflows, and offer the repository on the local GitHub."""
    for stand_in in STAND_INS.iterdir():
        copy = folder / stand_in.name
        subprocess.run(["cp", "-r", stand_in, copy], check=True)
        commit(copy)
    commit(root)
    git(root, "remote", "add", "origin", git_address(repository))
    done = inv(root, "generate-ci", "--pull-requests")
    assert done.returncode == 0, done.stderr
    subprocess.run(["actionlint"], cwd=root, check=True)
    commit(root)
    references = [f"ghcr.io/{repository}", "ghcr.io/example/charts/polyglot"]
    with run_registries(
        folder / "registries", references=references
    ) as registries:
        # GHCR takes the token of a job with `packages: write`
        registries.oci.tokens.others += (registries.tokens.github_read,)
        for name in registries.removed:
            monkeypatch.delenv(name, raising=False)
        for name, value in registries.env.items():
            monkeypatch.setenv(name, value)
        registries.github.create(*repository.split("/"))
        offer_ourselves(folder / "own")
        git(root, "push", "--quiet", "origin", "HEAD:main")
        yield Runner(root, folder, registries, repository)


@contextmanager
def local_release(
    folder: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Offer a clone's commit and tag on registries that have nothing of it."""
    references = [f"ghcr.io/{REPOSITORY}", "ghcr.io/example/charts/polyglot"]
    with run_registries(folder, references=references) as registries:
        for name, value in registries.env.items():
            monkeypatch.setenv(name, value)
        registries.github.create(*REPOSITORY.split("/"))
        git(root, "push", "--quiet", "origin", "HEAD:main", "--tags")
        yield


def inventory(folder: Path) -> dict[str, str]:
    """Return what identifies each file and image of an inventory, by its name."""
    rows = json.loads((folder / "release.json").read_text())["files"]
    return {row["name"]: row.get("digest") or row["sha256"] for row in rows}


def git_address(repository: str) -> str:
    return f"https://github.com/{repository}.git"


def limit_rights(path: Path, copy: Path) -> None:
    """Give each job what its permissions say, which act does not look at."""
    yaml = YAML(typ="safe")
    workflow = yaml.load(path.read_text())
    for job in workflow["jobs"].values():
        rights = job["permissions"]
        if "id-token" not in rights and "steps" in job:
            job.setdefault("env", {})["ACTIONS_ID_TOKEN_REQUEST_URL"] = ""
        may_write = rights["contents"] == "write"
        for step in job.get("steps", []):
            if "GH_TOKEN" in step.get("env", {}) and not may_write:
                step["env"]["GH_TOKEN"] = "${{ secrets.READ }}"
    with copy.open("w") as file:
        yaml.dump(workflow, file)


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


@pytest.mark.tools("docker", "helm")
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


@pytest.mark.tools("docker", "helm")
def test_a_tag_made_by_hand_is_released_with_the_bytes_of_a_local_release(
    runner: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_first_crates(runner)
    for step in ("bump", "tag", "push"):
        done = inv(runner.root, step, "--version", "0.2.0")
        assert done.returncode == 0, done.stderr
    tag = "refs/tags/v0.2.0"
    # names that are new are confirmed by who starts it, and a tag says none
    refused = runner.attempt("push", ref=tag)
    assert refused.returncode != 0
    assert "has never been published; confirm the name" in refused.stdout
    given = {"version": "0.2.0", "new": "all"}
    runner.run("workflow_dispatch", ref=tag, inputs=given)
    assert runner.states("0.2.0") == {}
    published = inventory(runner.folder / "artifacts" / "dist" / "v0.2.0")
    # once more for the tag alone: all of it is public, and nothing is built
    runner.run("push", ref=tag)
    assert runner.states("0.2.0") == {}
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(runner.root), str(clone))
    git(clone, "remote", "set-url", "origin", git_address(REPOSITORY))
    with local_release(tmp_path / "others", clone, monkeypatch):
        words = ("--version", "0.2.0", "--new", "all")
        done = inv(clone, "release", *words)
        assert done.returncode == 0, done.stderr
    assert inventory(clone / "dist" / "v0.2.0") == published


@pytest.mark.statement("B3.31", "B1.34")
def test_a_small_project_is_released_with_what_each_job_may_do(
    small: Runner,
) -> None:
    publish_first_crates(small)
    (small.root / "small_tool/more.py").write_text("")
    commit(small.root)
    git(small.root, "push", "--quiet", "origin", "HEAD:main")
    given = {"version": "0.2.0", "new": "all"}
    before = git(small.root, "rev-parse", "HEAD").strip()
    small.run("workflow_dispatch", inputs=given)
    assert small.states("0.2.0") == {}
    assert git(small.root, "rev-parse", "HEAD").strip() == before
    count = len(small.registries.log.writes())
    # all jobs again, as GitHub does it: at the commit of the first run
    small.run("workflow_dispatch", inputs=given)
    again = small.registries.log.writes()[count:]
    assert [entry.target for entry in again if entry.app != "github"] == []


@pytest.mark.tools("docker", "buildkitd", "runc")
@pytest.mark.parametrize("small", [IMAGE], indirect=True)
def test_each_platform_of_an_image_is_built_by_a_job_and_joined_by_digest(
    small: Runner,
) -> None:
    publish_first_crates(small)
    (small.root / "small_tool/more.py").write_text("")
    commit(small.root)
    git(small.root, "push", "--quiet", "origin", "HEAD:main")
    given = {"version": "0.2.0", "new": "all"}
    printed = small.run("workflow_dispatch", inputs=given)
    for platform in ("linux/amd64", "linux/arm64"):
        assert f"docker-buildx --target {platform}" in printed
    assert small.states("0.2.0") == {}
    words = ("docker", "buildx", "imagetools", "inspect", "--raw")
    manifest = subprocess.run(
        (*words, "ghcr.io/example/small:0.2.0"),
        check=True,
        capture_output=True,
    ).stdout
    platforms = [
        "{os}/{architecture}".format(**row["platform"])
        for row in json.loads(manifest)["manifests"]
    ]
    assert sorted(platforms) == ["linux/amd64", "linux/arm64"]


def test_a_workflow_of_ones_own_calls_single_tasks(small: Runner) -> None:
    """The first complete file of the page is executed as it stands."""
    publish_first_crates(small)
    page = ROOT / "docs" / "how-to" / "own-workflow.md"
    block = page.read_text().partition("### A crate\n\n```yaml\n")[2]
    (small.root / RELEASE).write_text(block.partition("```")[0])
    (small.root / "release-tasks.toml").write_text('[gates]\nrun = ["true"]\n')
    git(small.root, "rm", "--quiet", "-r", "pyproject.toml", "small_tool")
    commit(small.root)
    git(small.root, "push", "--quiet", "origin", "HEAD:main")
    ours = small.folder / "ours"
    ours.mkdir()
    files = ("action.yml", ".github", "release_tasks", "pyproject.toml")
    for name in (*files, "README.md", "LICENSE"):
        subprocess.run(["cp", "-r", ROOT / name, ours], check=True)
    commit(ours)
    python = python_with_libraries(small.folder / "python")
    small.python_bin = str(python / "bin")
    for step in ("bump", "tag", "push"):
        done = inv(small.root, step, "--version", "0.2.0")
        assert done.returncode == 0, done.stderr
    small.run("push", ref="refs/tags/v0.2.0")
    assert small.states("0.2.0") == {}


def test_a_pull_request_of_a_fork_is_rehearsed(small: Runner) -> None:
    """Its commit is nowhere on origin, and its jobs may only read."""
    (small.root / "small_tool/more.py").write_text("")
    commit(small.root)
    count = len(small.registries.log.writes())
    printed = small.run("pull_request", REHEARSAL, pull_request=PULL_REQUEST)
    assert "rehearsal passed" in printed
    assert len(small.registries.log.writes()) == count

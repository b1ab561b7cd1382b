"""The written workflow, executed by act on this machine against local registries."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from release_tasks.pipelines import actions
from release_tasks.pipelines.github import RELEASE
from release_tasks.rehearsal.registries import LocalRegistries, run_registries
from support.repositories import git
from support.sample_projects import inv

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "polyglot"
STAND_INS = ROOT / "tests" / "pipelines" / "actions"
CALLED = ROOT / ".github" / "workflows" / "task.yml"
REPOSITORY = "example/polyglot"
OURS = re.findall(r"uses: (release-tasks/\S+)", CALLED.read_text())[0]
FORK = {"full_name": "somebody/fork", "fork": True}
PULL_REQUEST = {
    "number": 1,
    "head": {"ref": "mine", "repo": FORK},
    "base": {"ref": "main"},
}
IDENTITY = ("ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN")
GIVEN = (
    *("PATH", "HOME", "ARTIFACTS", "SEEN", "PYTHON_BIN"),
    "GITHUB_RUN_ATTEMPT",
)
ENDED = re.compile(r"^\[\w+/([\w-]+)[^]]*\] .*Job (succeeded|failed)", re.M)
OUTPUT = re.compile(r"^\[\w+/plan *\] .*::set-output:: (\w+)=(.*)$", re.M)
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
# an image and a chart, whose tags move when all else is public
CHART = {
    "Dockerfile": IMAGE["Dockerfile"],
    ".dockerignore": IMAGE[".dockerignore"],
    "chart/Chart.yaml": """apiVersion: v2
name: small
description: Says its version
version: 0.1.0
appVersion: "0.1.0"
""",
    "chart/values.yaml": "{}\n",
    "chart/templates/config.yaml": """apiVersion: v1
kind: ConfigMap
metadata:
  name: small
data:
  image: ghcr.io/example/small:{{ .Chart.AppVersion }}
""",
    "release-tasks.toml": """[images."ghcr.io/example/small"]
tags = ["{version}", "latest"]
[charts."ghcr.io/example/charts/small"]
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
class Run:
    """How a run ended: its status, what act printed, and where the run is repeated from."""

    status: int
    printed: str
    event: str
    path: str
    data: Mapping[str, object]
    attempt: int = 1
    ended: Mapping[str, bool] = field(default_factory=dict)  # jobs, earlier too
    outputs: Mapping[str, str] = field(default_factory=dict)  # of `plan`

    @property
    def failed(self) -> list[str]:
        """Return the jobs that began and failed."""
        return [name for name, is_good in self.ended.items() if not is_good]


@dataclass
class Runner:
    """A repository on the local GitHub, and act beside it."""

    root: Path
    folder: Path
    registries: LocalRegistries
    repository: str = REPOSITORY
    # the programs of the jobs' Python; "": each job installs us from the local PyPI
    python_bin: str = ""

    @property
    def artifacts(self) -> Path:
        """Return where the runs keep what one job leaves for others."""
        return self.folder / "artifacts"

    def run(self, event: str, path: str = RELEASE, **data: object) -> str:
        """Let an event start a workflow, which must succeed; return what act prints."""
        done = self.attempt(event, path, **data)
        assert done.status == 0, done.printed[-20000:]
        return done.printed

    def attempt(self, event: str, path: str = RELEASE, **data: object) -> Run:
        """Let an event start a workflow, and return how it ended."""
        return self._finish(self.begin(event, path, **data))

    def rerun_failed(self, run: Run) -> Run:
        """Run what failed and what has not begun again: others keep their outputs."""
        words = self._words(run.event, run.path, run.data, run)
        again = Run(0, "", run.event, run.path, run.data, run.attempt + 1)
        again.ended, again.outputs = run.ended, run.outputs
        return self._finish((self._start(words, again.attempt), again))

    def begin(
        self, event: str, path: str = RELEASE, **data: object
    ) -> tuple[subprocess.Popen[str], Run]:
        """Let an event start a workflow, and return it while it runs."""
        words = self._words(event, path, data)
        return self._start(words, 1), Run(0, "", event, path, data)

    def cancel(self, begun: tuple[subprocess.Popen[str], Run]) -> Run:
        """Let a run end as somebody cancels it: its processes are interrupted, then killed."""
        os.killpg(begun[0].pid, signal.SIGINT)
        try:
            begun[0].wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(begun[0].pid, signal.SIGKILL)
        return self._finish(begun)

    def _words(
        self,
        event: str,
        path: str,
        data: Mapping[str, object],
        before: Run | None = None,
    ) -> list[str]:
        """Write the workflow and the event, and return how act is called."""
        payload = self.folder / "event.json"
        # GitHub signs only what is of a public repository
        about = {"private": True, "default_branch": "main"}
        whole = {"ref": "refs/heads/main", "repository": about, **data}
        payload.write_text(json.dumps(whole))
        file = self.folder / Path(path).name
        copy_workflow(self.root / path, file, before)
        words = ["act", event, "--workflows", str(file)]
        words += ["--eventpath", str(payload)]
        words += ["--secret", f"READ={self.registries.tokens.github_read}"]
        words += ["--env-file", str(self.folder / "env")]
        words += ["--action-offline-mode"]
        words += ["--secret", f"GITHUB_TOKEN={self.registries.tokens.github}"]
        # this machine is all of them
        for label in ("ubuntu-24.04", "ubuntu-latest", "ubuntu-24.04-arm"):
            words += ["--platform", f"{label}=-self-hosted"]
        for action in (actions.PYTHON, actions.UPLOAD, actions.DOWNLOAD):
            stand_in = self.folder / action.repository.partition("/")[2]
            words += ["--local-repository", f"{action.uses}={stand_in}"]
        if (ours := self.folder / "ours").exists():
            words += ["--local-repository", f"{OURS}={ours}"]
        return words

    def _start(self, words: list[str], attempt: int) -> subprocess.Popen[str]:
        env = self.registries.environment()
        env |= self.registries.job(self.repository)
        env["ARTIFACTS"] = str(self.artifacts)
        env["SEEN"] = str(self.folder / "seen")
        env["PYTHON_BIN"] = self.python_bin
        env["GITHUB_RUN_ATTEMPT"] = str(attempt)
        # a job of GitHub Actions has no login of a person
        tokens = asdict(self.registries.tokens)
        del tokens["proxy"]
        for name in list(env):
            if any(one in env[name] for one in tokens.values()):
                del env[name]
        names = {*self.registries.env, *GIVEN}
        names |= {name for name in env if name.startswith("ACTIONS_ID_TOKEN")}
        (self.folder / "env").write_text(
            "".join(f"{name}={env[name]}\n" for name in names if name in env)
        )
        shutil.rmtree(self.folder / "seen", ignore_errors=True)
        with (self.folder / "act.log").open("w") as out:
            return subprocess.Popen(
                words,
                cwd=self.root,
                env=env,
                stdout=out,
                stderr=out,
                text=True,
                start_new_session=True,
            )

    def printed(self) -> str:
        """Return what the run has printed until now."""
        return (self.folder / "act.log").read_text()

    def _finish(self, begun: tuple[subprocess.Popen[str], Run]) -> Run:
        process, run = begun
        run.status = process.wait()
        run.printed = self.printed()
        ended: dict[str, bool] = {}
        for name, word in ENDED.findall(run.printed):
            ended[name] = ended.get(name, True) and word == "succeeded"
        run.ended = {**run.ended, **ended}
        run.outputs = {**run.outputs, **dict(OUTPUT.findall(run.printed))}
        return run

    def secrets_seen(self) -> dict[str, dict[str, str]]:
        """Return what the scripts of each job could see of secrets: names, and whose they are."""
        tokens = asdict(self.registries.tokens)
        found: dict[str, dict[str, str]] = {}
        for file in sorted((self.folder / "seen").iterdir()):
            job = found.setdefault(file.name.rpartition("-")[0], {})
            for line in file.read_text().split("\0"):
                name, _, value = line.partition("=")
                if name.startswith("ACTIONS_ID_TOKEN") and value:
                    job[name] = "identity"
                for whose, token in tokens.items():
                    if token in value and whose != "proxy":
                        job[name] = whose
        return found

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


def git_address(repository: str) -> str:
    return f"https://github.com/{repository}.git"


def copy_workflow(path: Path, copy: Path, before: Run | None = None) -> None:
    """Give each job what its permissions say, which act does not look at.

    Each script keeps first what it sees in its environment. Of a run that was before, what it has
    done is left out, with its outputs in place.
    """
    yaml = YAML(typ="safe")
    workflow = yaml.load(path.read_text())
    if before is not None:
        leave_out(workflow, before)
    for name, job in workflow["jobs"].items():
        rights = job["permissions"]
        may_write = rights["contents"] == "write"
        for number, step in enumerate(job.get("steps", [])):
            if "GH_TOKEN" in step.get("env", {}) and not may_write:
                step["env"]["GH_TOKEN"] = "${{ secrets.READ }}"
            if "run" in step:
                keep = f'mkdir -p "$SEEN"; env --null > "$SEEN/{name}-{number}"'
                lines = [keep, step["run"]]
                if "id-token" not in rights:
                    lines.insert(0, f"unset {' '.join(IDENTITY)}")
                step["run"] = "\n".join(lines)
    with copy.open("w") as file:
        yaml.dump(workflow, file)


def leave_out(workflow: Any, before: Run) -> None:
    """Leave out the jobs that have succeeded, as GitHub does when failed ones run again."""
    jobs = workflow["jobs"]
    for name in [name for name in jobs if before.ended.get(name)]:
        del jobs[name]
    for name, job in jobs.items():
        job["needs"] = [other for other in job["needs"] if other in jobs]
        text = json.dumps(job)
        for output, value in before.outputs.items():
            quoted = "'" + value.replace("'", "''") + "'"
            place = f"needs.plan.outputs.{output} "
            text = text.replace(place, f"{json.dumps(quoted)[1:-1]} ")
            place = f"needs.plan.outputs.{output})"
            text = text.replace(place, f"{json.dumps(quoted)[1:-1]})")
        jobs[name] = json.loads(text)


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

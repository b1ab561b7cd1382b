"""The written workflow, executed by act on this machine against local registries.

`nox -s actions` builds act and actionlint and runs these tests.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support import act
from support.act import Runner, commit, publish_first_crates, serve
from support.file_server import FileServer
from support.pythons import python_with_libraries
from support.repositories import git
from support.sample_projects import inv
from support.waiting import HeldRequest, wait_until

from release_tasks.pipelines.github import REHEARSAL, RELEASE
from release_tasks.rehearsal.faults import Fault
from release_tasks.rehearsal.github.runs import set_runs
from release_tasks.rehearsal.identity import Publisher
from release_tasks.rehearsal.registries import run_registries
from release_tasks.rehearsal.server import Servers

pytestmark = [
    pytest.mark.long,
    pytest.mark.tools("act", "actionlint", "cargo", "gh"),
]
GIVEN = {"version": "0.2.0", "new": "all"}
# a token that may read the repository, and what proves who the job is
READ = {"GH_TOKEN": "github_read"}
IDENTITY = dict.fromkeys(act.IDENTITY, "identity")
# the first crate was there before; our own wheel, then a wheel and an sdist
ONCE = ["crates", "crates", "pypi", "pypi", "pypi"]
OTHER = (Publisher("example/other", "release.yml"),)
OURS = (Publisher("example/small", "release.yml"),)
# each build of this one is another program
NEVER_THE_SAME = {
    "build.rs": """use std::time::{SystemTime, UNIX_EPOCH};
fn main() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    println!("cargo:rustc-env=BUILT={}", now.as_nanos());
}
""",
    "src/main.rs": """fn main() {
    let about = option_env!("BUILT").unwrap_or_default();
    if std::env::args().nth(1).as_deref() == Some("--built") {
        println!("{about}");
        return;
    }
    println!("small-tool {}", env!("CARGO_PKG_VERSION"));
}
""",
}


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runner]:
    root = tmp_path / "polyglot"
    subprocess.run(["cp", "-r", act.EXAMPLE, root], check=True)
    settings = (root / "release-tasks.toml").read_text()
    for old, new in act.ONE_MACHINE:
        assert old in settings
        settings = settings.replace(old, new)
    (root / "release-tasks.toml").write_text(
        f'{settings}\n[gates]\nrun = ["true"]\n'
    )
    with serve(tmp_path, root, monkeypatch, act.REPOSITORY) as made:
        yield made


@pytest.fixture
def small(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> Iterator[Runner]:
    root = tmp_path / "small"
    for name, text in {**act.SMALL, **getattr(request, "param", {})}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    lock = ["cargo", "generate-lockfile", "--offline"]
    subprocess.run(lock, cwd=root, check=True)
    with serve(tmp_path, root, monkeypatch, "example/small") as made:
        made.python_bin = str(Path(sys.executable).parent)
        yield made


@contextmanager
def local_release(
    folder: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Offer a clone's commit and tag on registries that have nothing of it."""
    references = [
        f"ghcr.io/{act.REPOSITORY}",
        "ghcr.io/example/charts/polyglot",
    ]
    with run_registries(folder, references=references) as registries:
        for name, value in registries.env.items():
            monkeypatch.setenv(name, value)
        registries.github.create(*act.REPOSITORY.split("/"))
        git(root, "push", "--quiet", "origin", "HEAD:main", "--tags")
        yield


def inventory(folder: Path) -> dict[str, str]:
    """Return what identifies each file and image of an inventory, by its name."""
    rows = json.loads((folder / "release.json").read_text())["files"]
    return {row["name"]: row.get("digest") or row["sha256"] for row in rows}


@pytest.mark.tools("docker", "helm")
def test_a_dispatch_bumps_builds_publishes_and_verifies(runner: Runner) -> None:
    publish_first_crates(runner)
    printed = runner.run("workflow_dispatch", inputs=GIVEN)
    assert "Job failed" not in printed
    git(runner.root, "pull", "--quiet", "origin", "main", "--tags")
    assert runner.states("0.2.0") == {}
    before = len(runner.registries.log.writes())
    assert "Job failed" not in runner.run("workflow_dispatch", inputs=GIVEN)
    written = runner.registries.log.writes()[before:]
    assert [entry for entry in written if entry.app == "crates"] == []


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
    assert refused.failed == ["plan"]
    assert "has never been published; confirm the name" in refused.printed
    runner.run("workflow_dispatch", ref=tag, inputs=GIVEN)
    assert runner.states("0.2.0") == {}
    published = inventory(runner.folder / "artifacts" / "dist" / "v0.2.0")
    # once more for the tag alone: all of it is public, and nothing is built
    runner.run("push", ref=tag)
    assert runner.states("0.2.0") == {}
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(runner.root), str(clone))
    git(clone, "remote", "set-url", "origin", act.git_address(act.REPOSITORY))
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
    before = git(small.root, "rev-parse", "HEAD").strip()
    small.run("workflow_dispatch", inputs=GIVEN)
    assert small.states("0.2.0") == {}
    assert small.secrets_seen() == {
        **dict.fromkeys(("plan", "build", "assemble", "test"), READ),
        "draft": {"GH_TOKEN": "github"},
        "publish-pypi": READ | IDENTITY,
        "publish-crates": READ | IDENTITY,
        "gh-release": {"GH_TOKEN": "github"},
        "verify": READ,
    }
    assert git(small.root, "rev-parse", "HEAD").strip() == before
    count = len(small.registries.log.writes())
    # all jobs again, as GitHub does it: at the commit of the first run
    small.run("workflow_dispatch", inputs=GIVEN)
    again = small.registries.log.writes()[count:]
    assert [entry.target for entry in again if entry.app != "github"] == []


@pytest.mark.tools("docker", "buildkitd", "runc")
@pytest.mark.parametrize("small", [act.IMAGE], indirect=True)
def test_each_platform_of_an_image_is_built_by_a_job_and_joined_by_digest(
    small: Runner,
) -> None:
    publish_first_crates(small)
    (small.root / "small_tool/more.py").write_text("")
    commit(small.root)
    git(small.root, "push", "--quiet", "origin", "HEAD:main")
    refused = Fault("PUT", r".*/manifests/.*", status=500, times=1000)
    small.registries.faults.add(refused)
    run = small.attempt("workflow_dispatch", inputs=GIVEN)
    assert run.failed == ["publish-images"], run.printed[-9000:]
    for platform in ("linux/amd64", "linux/arm64"):
        assert f"docker-buildx --target {platform}" in run.printed
    refused.times = 0
    run = small.rerun_failed(run)
    assert (run.status, run.failed) == (0, []), run.printed[-9000:]
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


@pytest.mark.statement("B4.23")
def test_bundles_are_packed_once_somebody_has_tried_the_programs(
    small: Runner, tmp_path: Path
) -> None:
    """The run waits in a job whose environment has reviewers, and goes on with what they tried."""
    program = "small-tool-0.2.0-linux-amd64"
    publish_first_crates(small)
    models = FileServer(files={"model.gguf": b"weights" * 999})
    sha256 = hashlib.sha256(models.files["model.gguf"]).hexdigest()
    folder = tmp_path / "models"
    folder.mkdir()
    with Servers([models], folder) as servers:
        url = f"{servers.urls['files']}/model.gguf"
        with (small.root / "release-tasks.toml").open("a") as settings:
            settings.write(
                'sign-off = ["bundles"]\n'
                '[github]\nassets = ["binaries", "bundles"]\n'
                '[bundles."{asset}-with-{variant}.tar.gz"]\n'
                f'small = {{ url = "{url}", sha256 = "{sha256}", license = "MIT" }}\n'
            )
        done = inv(small.root, "generate-ci")
        assert done.returncode == 0, done.stderr
        subprocess.run(["actionlint"], cwd=small.root, check=True)
        commit(small.root)
        git(small.root, "push", "--quiet", "origin", "HEAD:main")
        github = small.registries.github.repository("example", "small")
        github.settings.environments = {"sign-off": False}
        run = small.attempt("workflow_dispatch", inputs=GIVEN)
        assert run.failed == ["plan"], run.printed[-9000:]
        assert "so that nobody would sign off" in run.printed
        github.settings.environments = {"sign-off": True}
        set_runs(github, [{"id": 1, "status": "in_progress"}])
        # as GitHub does for an environment that was made just now: it asks nobody
        run = small.attempt("workflow_dispatch", inputs=GIVEN)
        assert run.failed == ["sign-off"], run.printed[-9000:]
        assert "nobody has signed the programs off" in run.printed
        [tried] = small.artifacts.glob(f"built-*/v0.2.0/{program}")
        sha256 = hashlib.sha256(tried.read_bytes()).hexdigest()
        assert models.sent == []
        github.runs[1]["approvals"] = [
            approval("rejected", "somebody", "sign-off"),
            approval("approved", "octocat", "Sign-Off"),
            approval("approved", "somebody", "release"),
        ]
        run = small.rerun_failed(run)
        assert (run.status, run.failed) == (0, []), run.printed[-9000:]
    assert small.states("0.2.0") == {}
    released = assets(small, "v0.2.0")
    assert f"{program}-with-small.tar.gz" in released
    assert released[program] == sha256
    word = small.artifacts / "dist" / "v0.2.0" / "sign-off.txt"
    assert word.read_text() == "octocat signed v0.2.0 off\n"


def approval(state: str, login: str, environment: str) -> dict[str, Any]:
    """Return a review of a run, as GitHub shows it."""
    named = [{"name": environment}]
    return {
        "state": state,
        "user": {"login": login},
        "environments": named,
        "comment": "",
    }


def test_a_workflow_of_ones_own_calls_single_tasks(small: Runner) -> None:
    """The first complete file of the page is executed as it stands."""
    publish_first_crates(small)
    page = act.ROOT / "docs" / "how-to" / "own-workflow.md"
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
        subprocess.run(["cp", "-r", act.ROOT / name, ours], check=True)
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
    printed = small.run(
        "pull_request", REHEARSAL, pull_request=act.PULL_REQUEST
    )
    assert "rehearsal passed" in printed
    assert len(small.registries.log.writes()) == count


def test_each_job_that_publishes_fails_once_and_runs_again(
    small: Runner,
) -> None:
    """Each by what its registry answers; the jobs before it keep what they have done."""
    publish_first_crates(small)
    pypi, crates = small.registries.pypi, small.registries.crates.trusted
    pypi.publishers = crates.publishers = OTHER
    refused = Fault("PATCH", r".*/releases/\d+", status=500, times=1000)
    small.registries.faults.add(refused)
    run = small.attempt("workflow_dispatch", inputs=GIVEN)
    assert run.failed == ["publish-pypi"], run.printed[-9000:]
    assert "`invalid-publisher`" in run.printed
    pypi.publishers = OURS
    run = small.rerun_failed(run)
    assert run.failed == ["publish-crates"], run.printed[-9000:]
    assert "No Trusted Publishing config found for" in run.printed
    # a new machine for each job, which has nothing but what others have kept
    crates.publishers = OURS
    run = small.rerun_failed(run)
    assert run.failed == ["gh-release"], run.printed[-9000:]
    refused.times = 0
    run = small.rerun_failed(run)
    assert (run.status, run.failed) == (0, []), run.printed[-9000:]
    assert small.states("0.2.0") == {}
    assert sorted(uploads(small)) == ONCE


@pytest.mark.tools("docker", "buildkitd", "runc", "helm")
@pytest.mark.parametrize("small", [act.CHART], indirect=True)
def test_images_charts_and_pointers_fail_once_and_run_again(
    small: Runner,
) -> None:
    """A job that is repeated finds what those before it have published, and publishes that once."""
    publish_first_crates(small)
    (small.root / "small_tool/more.py").write_text("")
    commit(small.root)
    git(small.root, "push", "--quiet", "origin", "HEAD:main")
    faults = {
        job: Fault("PUT", f"/v2/example/{place}", status=500, times=1000)
        for job, place in (
            ("publish-images", r"small/manifests/0\.2\.0$"),
            ("publish-charts", r"charts/small/manifests/0\.2\.0$"),
            ("move-pointers", "small/manifests/latest$"),
        )
    }
    for fault in faults.values():
        small.registries.faults.add(fault)
    run = small.attempt("workflow_dispatch", inputs=GIVEN)
    for job, fault in faults.items():
        assert run.failed == [job], run.printed[-9000:]
        assert fault.times < 1000
        fault.times = 0
        run = small.rerun_failed(run)
    assert (run.status, run.failed) == (0, []), run.printed[-9000:]
    assert small.states("0.2.0") == {}
    taken = Counter(
        entry.target.removeprefix("/v2/example/")
        for entry in small.registries.log.writes()
        if "/manifests/" in entry.target and entry.status < 300
    )
    for name in (
        "small/manifests/0.2.0",
        "charts/small/manifests/0.2.0",
        "small/manifests/latest",
    ):
        assert taken[name] == 1, taken
    assert sorted(uploads(small)) == ONCE


@pytest.mark.parametrize("small", [NEVER_THE_SAME], indirect=True)
def test_a_cancelled_run_is_finished_with_the_files_of_its_draft(
    small: Runner,
) -> None:
    """A month later, when what its jobs have kept is gone."""
    publish_first_crates(small)
    slow = HeldRequest("PUT", ".*/crates/new", times=1000)
    small.registries.faults.add(slow)
    begun = small.begin("workflow_dispatch", inputs=GIVEN)
    wait_until(lambda: slow.arrived.is_set() or begun[0].poll() is not None)
    assert slow.arrived.is_set(), small.printed()[-9000:]
    run = small.cancel(begun)
    assert run.status != 0
    assert not run.ended.get("publish-crates")
    slow.times = 0
    slow.released.set()
    drafted = assets(small, "v0.2.0")
    assert "small-tool-0.2.0-linux-amd64" in drafted
    shutil.rmtree(small.artifacts)
    git(small.root, "pull", "--quiet", "origin", "main", "--tags")
    small.run("workflow_dispatch", inputs=GIVEN)
    assert small.states("0.2.0") == {}
    published = assets(small, "v0.2.0")
    assert (
        published["small-tool-0.2.0-linux-amd64"]
        == (drafted["small-tool-0.2.0-linux-amd64"])
    )
    assert sorted(uploads(small)) == ONCE


def test_of_two_runs_at_once_one_is_released(
    small: Runner, tmp_path: Path
) -> None:
    """The other one stops before anything of it is public."""
    publish_first_crates(small)
    second = copy_of(small, tmp_path / "second")
    runs = {}

    def dispatch(runner: Runner, version: str) -> None:
        given = {"version": version, "new": "all"}
        runs[version] = runner.attempt("workflow_dispatch", inputs=given)

    workers = [
        threading.Thread(target=dispatch, args=words)
        for words in ((small, "0.2.0"), (second, "0.3.0"))
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    [won] = [version for version, run in runs.items() if run.status == 0]
    [lost] = {"0.2.0", "0.3.0"} - {won}
    assert runs[lost].failed == ["draft"], runs[lost].printed[-9000:]
    assert "begin a new run of the workflow if main" in runs[lost].printed
    git(small.root, "fetch", "--quiet", "origin", "--tags")
    assert git(small.root, "tag", "--list").split() == ["v0.1.0", f"v{won}"]
    assert small.states(won) == {}
    assert sorted(uploads(small)) == ONCE


def copy_of(runner: Runner, folder: Path) -> Runner:
    """Return another machine for runs of the same repository at the same time."""
    folder.mkdir()
    for name in ("setup-python", "upload-artifact", "download-artifact"):
        shutil.copytree(runner.folder / name, folder / name)
    shutil.copytree(runner.root, folder / "small")
    return Runner(
        folder / "small",
        folder,
        runner.registries,
        runner.repository,
        runner.python_bin,
    )


def uploads(runner: Runner) -> list[str]:
    """Return where each upload went that PyPI or crates.io has taken."""
    return [
        entry.app
        for entry in runner.registries.log.writes()
        if entry.target.endswith(("/legacy/", "/crates/new"))
        and entry.status == 200
    ]


def assets(runner: Runner, tag: str) -> dict[str, str]:
    """Return the hash of each file of a GitHub release or its draft, by its name."""
    folder = runner.folder / "assets"
    shutil.rmtree(folder, ignore_errors=True)
    words = ("gh", "release", "download", tag, "--dir", str(folder))
    subprocess.run(
        [*words, "--repo", runner.repository],
        env=runner.registries.environment(),
        check=True,
    )
    return {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.iterdir()
    }

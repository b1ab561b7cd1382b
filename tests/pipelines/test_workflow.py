"""The workflow for GitHub Actions: which jobs, with which rights, and what linters say of it."""

from __future__ import annotations

import json
import os
import shutil
import string
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from support import found_projects
from support.contexts import context
from support.repositories import git
from support.sample_projects import PROJECTS, inv, sample
from support.tiny_project import TINY, TWO, TinyProject, tiny_project

from release_tasks import order
from release_tasks.commands.generate_ci import generate_ci
from release_tasks.errors import ReleaseError
from release_tasks.pipelines import jobs, tag_filters, written
from release_tasks.pipelines.github import REHEARSAL
from release_tasks.pipelines.github import RELEASE as PATH
from release_tasks.project import workflows
from release_tasks.project.discovery import discover
from release_tasks.rules import git as git_rules
from release_tasks.steps.push import push

SAMPLES = {
    "llmtrace": "llmtrace",
    "llmcc-workspace": "llmcc",
    "llm-proxy": "llm-proxy",
    "caro": "caro",
    "edgequake-llm": "edgequake-llm",
}
# layouts whose workflow is compared; shapes that the samples above do not have come first
SHOWN_IN_EVERY_RUN = ("chart-only", "crates-with-own-tags")
SHOWN = (
    *SHOWN_IN_EVERY_RUN,
    *("file-server", "go-controller-with-chart", "hatch-two-packages"),
    *("image-only", "library-and-derive", "linter-in-a-wheel"),
    *("setuptools-of-tags", "tokens-in-subfolders"),
)
READS = {"contents": "read"}
CARGO_TOML = """[package]
name = "tiny"
version = "0.1.0"
edition = "2021"
publish = false
[lib]
crate-type = ["cdylib"]
[dependencies]
pyo3 = "0.30"
"""


@pytest.fixture
def alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TinyProject]:
    """Make a project for a test that pushes."""
    with tiny_project(tmp_path, monkeypatch, TINY) as made:
        yield made


@pytest.fixture(scope="module")
def standing(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[TinyProject, str]]:
    """Make one project for all tests that only write: most of their time would go there."""
    with (
        pytest.MonkeyPatch.context() as patch,
        tiny_project(tmp_path_factory.mktemp("tiny"), patch, TINY) as made,
    ):
        yield made, made.head()


@pytest.fixture
def tiny(standing: tuple[TinyProject, str]) -> TinyProject:
    made, first = standing
    made.reset(first)
    return made


@pytest.fixture(scope="module")
def generated(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str], Path]:
    """Return a function that makes a sample project with its workflows, once."""

    @cache
    def make(settings: str) -> Path:
        folder = tmp_path_factory.mktemp(settings)
        root = sample(SAMPLES[settings], folder, settings)
        done = inv(root, "generate-ci", "--pull-requests")
        assert done.returncode == 0, done.stderr
        return root

    return make


def load(root: Path, path: str = PATH) -> dict[str, Any]:
    return YAML(typ="safe").load((root / path).read_text())


def linted(root: Path, path: str) -> str:
    """Return what the strictest persona of zizmor finds, and actionlint where there is one."""
    program = str(Path(sys.executable).with_name("zizmor"))
    commands = [
        [program, "--offline", "--persona=pedantic", "--no-progress", path]
    ]
    if shutil.which("actionlint"):
        commands.append(["actionlint", path])
    found = ""
    for words in commands:
        done = subprocess.run(
            words, cwd=root, capture_output=True, text=True, check=False
        )
        if done.returncode:
            found += done.stdout + done.stderr
    return found


@pytest.mark.statement("B1.34", "B3.31", "B4.16", "B5.21")
@pytest.mark.parametrize("settings", SAMPLES)
def test_the_workflows_of_the_sample_projects(
    generated: Callable[[str], Path], settings: str
) -> None:
    root = generated(settings)
    for path, name in ((PATH, settings), (REHEARSAL, f"{settings}-rehearse")):
        text = (root / path).read_text()
        golden = PROJECTS / "shown" / "workflows" / f"{name}.yml"
        if os.environ.get("GOLDEN") == "write":
            golden.write_text(written.body(text))
        assert written.body(text) == golden.read_text()
        assert linted(root, path) == ""


@pytest.mark.parametrize("name", SHOWN_IN_EVERY_RUN)
def test_the_workflow_of_a_layout_after_init(tmp_path: Path, name: str) -> None:
    judge_layout(name, tmp_path)


@pytest.mark.long
@pytest.mark.tools("actionlint")
@pytest.mark.parametrize("name", found_projects.names())
def test_the_workflows_of_all_layouts_after_init(
    tmp_path: Path, name: str
) -> None:
    judge_layout(name, tmp_path)


def judge_layout(name: str, folder: Path) -> None:
    """Let the linters look at the workflows of a layout, and compare that of ten with a golden."""
    root = found_projects.build(found_projects.read(name), folder)
    done = subprocess.run(
        [sys.executable, "-m", "release_tasks", "init"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    git(root, "add", "--all")
    done = inv(root, "generate-ci", "--pull-requests", "--force")
    if done.returncode and name not in SHOWN:
        # a question that init could not answer: which of several images
        assert "  help: " in done.stderr
        assert not (root / PATH).exists() or not written.is_ours(
            (root / PATH).read_text()
        )
        return
    assert done.returncode == 0, done.stderr
    for path in (PATH, REHEARSAL):
        assert linted(root, path) == ""
    if name in SHOWN:
        text = written.body((root / PATH).read_text())
        golden = PROJECTS / "shown" / "workflows" / f"found-{name}.yml"
        if os.environ.get("GOLDEN") == "write":
            golden.write_text(text)
        assert text == golden.read_text()

    only_what_publishes_may_write(root)


def only_what_publishes_may_write(root: Path) -> None:
    """Require that no job has more rights than it needs, and that none holds a secret."""
    workflow = load(root)
    assert workflow["permissions"] == {}
    assert "secrets." not in (root / PATH).read_text()
    for name in ("plan", "build", "images", "assemble", "verify"):
        rights = workflow["jobs"].get(name, {}).get("permissions", READS)
        assert set(rights.values()) == {"read"}
    for name, job in workflow["jobs"].items():
        rights = job["permissions"]
        assert ("id-token" in rights) == (
            name in ("publish-pypi", "publish-crates", "provenance")
        )
        for step in job["steps"]:
            assert "${{" not in step.get("run", "")
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("settings", SAMPLES)
def test_each_job_sees_its_own_secret_alone(
    generated: Callable[[str], Path], settings: str
) -> None:
    """What act prints of a job's environment is compared in test_executed.py."""
    lines = [
        f"{name}: {', '.join(seen_by(job))}\n"
        for name, job in load(generated(settings))["jobs"].items()
    ]
    golden = PROJECTS / "shown" / "workflows" / f"{settings}-environment.txt"
    if os.environ.get("GOLDEN") == "write":
        golden.write_text("".join(lines))
    assert "".join(lines) == golden.read_text()


def seen_by(job: dict[str, Any]) -> list[str]:
    """Return the names in the environment of a job's scripts, tokens with what they may do."""
    names = set(job.get("env", {}))
    for step in job["steps"]:
        for name, value in step.get("env", {}).items():
            assert "secrets." not in value
            if "github.token" in value:
                assert name == "GH_TOKEN"
            else:
                names.add(name)
    rights = dict(job["permissions"])
    found = sorted(names)
    if rights.pop("id-token", "") == "write":
        found.append("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
    kinds = ", ".join(f"{name}: {right}" for name, right in rights.items())
    return [*found, f"GH_TOKEN ({kinds})"]


def test_a_job_has_the_right_that_its_channel_needs(
    generated: Callable[[str], Path],
) -> None:
    root = generated("llmtrace")
    rights = {
        name: {
            key for key, right in job["permissions"].items() if right == "write"
        }
        for name, job in load(root)["jobs"].items()
    }
    assert {name: found for name, found in rights.items() if found} == {
        "draft": {"contents"},
        "provenance": {"id-token", "attestations"},
        "publish-images": {"packages"},
        "publish-pypi": {"id-token"},
        "publish-crates": {"id-token"},
        "gh-release": {"contents"},
        "move-pointers": {"contents", "packages"},
    }


def test_an_order_of_ones_own_has_jobs_of_its_own(tiny: TinyProject) -> None:
    tiny.commit(
        "tasks.py",
        "from release_tasks import before, collection\n"
        "from release_tasks.steps.push import push\n"
        "from release_tasks.steps.verify import verify\n"
        "from release_tasks.tasks import step\n\n\n"
        "@step\ndef smoke(c, version=None, component=None):\n"
        '    """Try it."""\n\n\n'
        "@step\ndef announce(c, version=None, component=None):\n"
        '    """Say it."""\n\n\n'
        "ns = collection(before(verify, announce, before(push, smoke)))\n",
    )
    assert tiny.inv("generate-ci").returncode == 0
    workflow = load(tiny.root)["jobs"]
    assert list(workflow) == [
        *("plan", "build", "assemble", "test", "draft", "provenance"),
        *("publish-pypi", "gh-release", "announce", "verify"),
    ]
    lines = [step.get("run", "") for step in workflow["assemble"]["steps"]]
    assert 'release-tasks smoke --version "$VERSION"' in lines
    assert workflow["announce"]["permissions"] == READS


def test_an_order_without_push_cannot_be_divided(tiny: TinyProject) -> None:
    project = discover(tiny.root)
    with pytest.raises(ReleaseError, match="this order has no push"):
        jobs.jobs(project, order.without(push))


@pytest.mark.long
@pytest.mark.statement("B5.21", "B5.23")
def test_reviewers_of_an_environment_approve_before_anything_is_public(
    tiny: TinyProject,
) -> None:
    tiny.commit("release-tasks.toml", '[github]\nenvironment = "release"\n')
    generate_ci(context())
    workflow = load(tiny.root)["jobs"]
    assert workflow["approve"]["environment"] == "release"
    assert workflow["approve"]["needs"] == ["plan", "assemble", "test"]
    assert workflow["draft"]["needs"] == ["plan", "approve"]
    assert [name for name in workflow if "environment" in workflow[name]] == [
        "approve"
    ]
    # GitHub would make a missing one that asks nobody
    assert workflow["plan"]["permissions"] == READS | {"actions": "read"}
    tiny.git("add", "--all")
    tiny.git("commit", "--quiet", "--message=CI")
    words = ("check", "--version", "0.2.0", "--new", "all", "--fast")
    fact = "GitHub has no environment release, so that nobody would approve"
    assert fact in tiny.inv(*words).stderr
    token = tiny.registries.tokens.github_read
    assert fact in tiny.inv(*words, GH_TOKEN=token).stderr
    repository = tiny.registries.github.repository("example", "tiny")
    # names of environments are the same in other cases
    repository.settings.environments = {"Release": True}
    assert fact not in tiny.inv(*words).stderr
    assert (
        "environment release: has reviewers"
        in tiny.inv("doctor", "--ci").stdout
    )


def test_the_environment_of_approve_is_one_of_ci(tiny: TinyProject) -> None:
    tiny.commit(
        "release-tasks.toml", '[ci.environments]\napprove = "release"\n'
    )
    generate_ci(context())
    workflow = load(tiny.root)["jobs"]
    assert workflow["approve"]["environment"] == "release"
    assert workflow["draft"]["needs"] == ["plan", "approve"]
    repository = tiny.registries.github.repository("example", "tiny")
    repository.settings.environments = {}
    tiny.git("add", "--all")
    tiny.git("commit", "--quiet", "--message=CI")
    words = ("check", "--version", "0.2.0", "--new", "all", "--fast")
    assert "remove approve from [ci.environments]" in tiny.inv(*words).stderr


@pytest.mark.long
def test_programs_are_signed_off_before_bundles_are_packed_from_them(
    tiny: TinyProject,
) -> None:
    bundles = (
        '[binaries.tiny]\nx86_64-unknown-linux-gnu = "tiny-{version}-linux"\n'
        '[bundles."{asset}-with-{variant}.tar.gz"]\nsmall = '
        f'{{ url = "https://example.org/a.bin", sha256 = "{"0" * 64}", '
        'license = "MIT" }\n'
        '[github]\nassets = ["bundles"]\n'
    )
    tiny.commit("Cargo.toml", CARGO_TOML.partition("[lib]")[0])
    tiny.commit("src/main.rs", "fn main() {}\n")
    tiny.commit("release-tasks.toml", bundles)
    generate_ci(context())
    assert "sign-off" not in load(tiny.root)["jobs"]
    gates = '[gates]\nsign-off = ["bundles"]\n'
    named = '[ci.environments]\nsign-off = "qa"\n'
    tiny.commit("release-tasks.toml", bundles + gates + named)
    done = tiny.inv("generate-ci")
    assert "reviewers of the environment qa" in done.stderr
    assert linted(tiny.root, PATH) == ""
    workflow = load(tiny.root)["jobs"]
    assert workflow["sign-off"]["environment"] == "qa"
    assert workflow["sign-off"]["needs"] == ["plan", "build", "test"]
    assert workflow["assemble"]["needs"] == ["plan", "build", "sign-off"]
    assert workflow["draft"]["needs"] == ["plan", "assemble"]
    repository = tiny.registries.github.repository("example", "tiny")
    repository.settings.environments = {}
    done = tiny.inv("doctor", "--ci")
    assert "environment qa: missing" in done.stdout
    repository.settings.environments = {"QA": False}
    done = tiny.inv("doctor", "--ci")
    assert "environment qa: has no reviewers, so that" in done.stdout
    tiny.git("add", "--all")
    tiny.git("commit", "--quiet", "--message=CI")
    words = ("check", "--version", "0.2.0", "--new", "all", "--fast")
    fact = "the environment qa has no required reviewers"
    assert fact in tiny.inv(*words).stderr
    repository.settings.environments = {"QA": True}
    assert "environment qa" not in tiny.inv(*words).stderr


def test_what_the_project_needs_is_set_up_where_its_code_runs(
    tiny: TinyProject,
) -> None:
    line = "sudo apt-get install --yes protobuf-compiler"
    tiny.commit(
        "release-tasks.toml",
        f'[ci]\nsetup = ["{line}"]\nrunner = "big"\nminutes = 90\n',
    )
    generate_ci(context())
    workflow = load(tiny.root)["jobs"]
    having = [
        name
        for name, job in workflow.items()
        if any(step.get("run") == line for step in job["steps"])
    ]
    assert having == ["plan", "build", "assemble", "test"]
    assert workflow["plan"]["runs-on"] == "big"
    assert workflow["plan"]["timeout-minutes"] == 90
    assert workflow["draft"]["timeout-minutes"] == 360


@pytest.mark.statement("B1.32", "B5.37")
def test_each_job_has_its_own_machine_limit_and_set_up(
    tiny: TinyProject,
) -> None:
    tiny.commit(
        "release-tasks.toml",
        "[ci]\n"
        'runners = { assemble = "ubuntu-22.04", publish-pypi = "macos-15" }\n'
        "minutes = { build = 90, publish-pypi = 20 }\n"
        "[ci.setup]\n"
        'linux = ["sudo apt-get install --yes protobuf-compiler"]\n'
        'macos = ["brew install protobuf"]\n'
        'publish-pypi = ["echo ready"]\n',
    )
    generate_ci(context())
    assert linted(tiny.root, PATH) == ""
    workflow = load(tiny.root)["jobs"]
    for name, label, limit in (
        ("plan", "ubuntu-24.04", 60),
        ("build", "${{ matrix.runner }}", 90),
        ("assemble", "ubuntu-22.04", 60),
        ("publish-pypi", "macos-15", 20),
        ("gh-release", "ubuntu-24.04", 360),
    ):
        job = workflow[name]
        assert (job["runs-on"], job["timeout-minutes"]) == (label, limit)
    lines = {
        name: [
            (step.get("if"), step["run"])
            for step in job["steps"]
            if step["name"] == "Set up what the project needs"
        ]
        for name, job in workflow.items()
    }
    systems = [
        (
            "runner.os == 'Linux'",
            "sudo apt-get install --yes protobuf-compiler",
        ),
        ("runner.os == 'macOS'", "brew install protobuf"),
    ]
    assert {name: found for name, found in lines.items() if found} == {
        **dict.fromkeys(("plan", "build", "assemble", "test"), systems),
        "publish-pypi": [(None, "echo ready")],
    }


@pytest.mark.parametrize(
    ("settings", "fact", "fix"),
    [
        (
            "minutes = { publish = 5 }",
            "[ci.minutes] names publish, and the workflow has no such job",
            "use one of: plan, build, assemble, test, draft, provenance, "
            "publish-pypi, gh-release, verify",
        ),
        (
            'setup = { osx = ["true"] }',
            "[ci.setup] names osx, and the workflow has no such job",
            "use one of: linux, macos, windows, plan, build",
        ),
        (
            'runners = { build = "big" }',
            "[ci.runners] names build, whose machines differ by target",
            "in [build.runners], by target: x86_64-pc-windows-msvc = ",
        ),
    ],
)
def test_settings_of_a_job_that_there_is_not_are_refused(
    tiny: TinyProject, settings: str, fact: str, fix: str
) -> None:
    tiny.commit("release-tasks.toml", f"[ci]\n{settings}\n")
    done = tiny.inv("generate-ci")
    assert done.returncode == 1
    assert f"error: {fact}\n  help: {fix}" in done.stderr
    assert not (tiny.root / PATH).exists()


def test_releases_can_wait_for_each_other(tiny: TinyProject) -> None:
    generate_ci(context())
    each = load(tiny.root)["concurrency"]
    assert each["group"] == "release-${{ inputs.version || github.ref_name }}"
    tiny.commit("release-tasks.toml", '[ci]\nconcurrency = "repository"\n')
    generate_ci(context())
    assert load(tiny.root)["concurrency"] == {
        "group": "release",
        "cancel-in-progress": False,
    }


def test_a_schedule_rehearses_the_branch_and_caches_are_never_a_releases(
    tiny: TinyProject,
) -> None:
    tiny.commit(
        "release-tasks.toml",
        '[ci]\nschedule = ["17 4 * * 1"]\ncaches = ["~/.cargo/registry", "target"]\n',
    )
    alone = tiny.inv("generate-ci")
    assert "[ci] schedule and caches are of rehearse.yml" in alone.stderr
    assert "inv generate-ci --pull-requests" in alone.stderr
    generate_ci(context(), pull_requests=True)
    assert linted(tiny.root, REHEARSAL) == ""
    rehearsal = load(tiny.root, REHEARSAL)
    assert rehearsal["on"]["schedule"] == [{"cron": "17 4 * * 1"}]
    kept = [
        name
        for name, job in rehearsal["jobs"].items()
        for step in job["steps"]
        if step.get("uses", "").startswith("actions/cache@")
    ]
    assert kept == ["build", "rehearse"]
    assert "actions/cache@" not in (tiny.root / PATH).read_text()


def test_the_files_of_the_draft_are_what_later_jobs_get(
    tiny: TinyProject,
) -> None:
    """They were built before by somebody else, where a release is run again."""
    generate_ci(context())
    steps = load(tiny.root)["jobs"]["draft"]["steps"]
    last = [step.get("run", step.get("uses")) for step in steps][-2:]
    assert last[0] == 'release-tasks gh-draft --version "$VERSION"'
    assert last[1].startswith("actions/upload-artifact@")


@pytest.mark.statement("B1.30", "B1.32")
def test_images_of_several_platforms_are_built_on_machines_of_their_own(
    generated: Callable[[str], Path],
) -> None:
    root = generated("llmtrace")
    job = load(root)["jobs"]["images"]
    assert job["runs-on"] == "${{ matrix.runner }}"
    assert job["needs"] == ["plan", "build"]  # images contain the binaries
    assert "images" in load(root)["jobs"]["assemble"]["needs"]
    done = inv(root, "matrix", "--version", "0.2.0")
    assert done.returncode == 0, done.stderr
    found = {
        row["platform"]: (row["name"], row["runner"], row["commands"])
        for row in json.loads(done.stdout)["images"]
    }
    assert found == {
        "linux/amd64": (
            "linux-amd64",
            "ubuntu-latest",
            ["inv docker-buildx --target linux/amd64 --version 0.2.0"],
        ),
        "linux/arm64": (
            "linux-arm64",
            "ubuntu-24.04-arm",
            ["inv docker-buildx --target linux/arm64 --version 0.2.0"],
        ),
    }


def test_an_environment_belongs_to_a_job(tiny: TinyProject) -> None:
    tiny.commit(
        "release-tasks.toml", '[ci.environments]\npublish-pypi = "pypi"\n'
    )
    generate_ci(context())
    workflow = load(tiny.root)["jobs"]
    assert workflow["publish-pypi"]["environment"] == "pypi"
    tiny.commit("release-tasks.toml", '[ci.environments]\npypi = "pypi"\n')
    refused = tiny.inv("generate-ci", "--force")
    assert refused.returncode == 1
    assert "names pypi, and the workflow has no such job" in refused.stderr
    assert "use one of: plan, build, assemble, test, draft" in refused.stderr


def test_a_private_project_can_do_without_signatures(tiny: TinyProject) -> None:
    generate_ci(context())
    job = load(tiny.root)["jobs"]["provenance"]
    assert job["if"] == "!github.event.repository.private"
    tiny.commit("release-tasks.toml", "[ci]\nprovenance = false\n")
    generate_ci(context())
    assert "provenance" not in load(tiny.root)["jobs"]


@pytest.mark.parametrize("status", [0, 1])
def test_a_signature_that_does_not_verify_stops_the_workflow(
    tiny: TinyProject, tmp_path: Path, status: int
) -> None:
    """Sigstore cannot be had here: the script runs with a gh that says yes, or no."""
    generate_ci(context())
    steps = load(tiny.root)["jobs"]["provenance"]["steps"]
    [script] = [one["run"] for one in steps if "Verify" in one["name"]]
    folder = tmp_path / "job"
    for name in ("v1/a.whl", "v1/bundles/b c.tar.gz", "v1/other.txt"):
        (folder / "dist" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "dist" / name).write_text(name)
    lines = "00  a.whl\n11  bundles/b c.tar.gz\n22  ghcr.io/example/tiny\n"
    (folder / "subjects").write_text(lines)
    gh = folder / "bin" / "gh"
    gh.parent.mkdir()
    gh.write_text(f'#!/bin/sh\necho "$@" >> asked\nexit {status}\n')
    gh.chmod(0o755)
    env = {
        "PATH": f"{gh.parent}{os.pathsep}{os.environ['PATH']}",
        "RUNNER_TEMP": str(folder),
        "GITHUB_REPOSITORY": "example/tiny",
    }
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", script],
        cwd=folder,
        env=env,
        check=False,
    )
    asked = (folder / "asked").read_text().splitlines()
    verify = "attestation verify --repo example/tiny dist/v1"
    if status:
        assert done.returncode != 0
        assert asked == [f"{verify}/a.whl"]
    else:
        assert done.returncode == 0
        assert asked == [f"{verify}/a.whl", f"{verify}/bundles/b c.tar.gz"]


def test_a_tag_says_itself_which_version_it_is(
    alone: TinyProject, tmp_path: Path
) -> None:
    """The first step of `plan` runs as for a push of a tag, which has no inputs."""
    assert alone.inv("generate-ci").returncode == 0
    alone.tag("v0.1.0")
    first = ["version=0.1.0", "tag=v0.1.0"]
    assert find_version(alone, tmp_path, "v0.1.0") == first


def find_version(tiny: TinyProject, tmp_path: Path, tag: str) -> list[str]:
    """Return the first outputs of `plan`, of a run that a tag has begun."""
    steps = load(tiny.root)["jobs"]["plan"]["steps"]
    [script] = [step["run"] for step in steps if step.get("id") == "release"]
    env = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "RUNNER_TEMP": str(tmp_path),
        "GITHUB_OUTPUT": str(tmp_path / "outputs"),
        "GITHUB_ACTIONS": "true",
        "GITHUB_REF": f"refs/tags/{tag}",
        "WANTED": "",
    }
    words = ["bash", "-e", "-o", "pipefail", "-c", script]
    subprocess.run(words, cwd=tiny.root, env=env, check=True)
    return (tmp_path / "outputs").read_text().splitlines()[:2]


def test_tags_that_wait_for_ci_begin_the_workflow(tiny: TinyProject) -> None:
    """GitHub starts no workflow for what another one pushes with its own token."""
    tiny.commit("release-tasks.toml", '[gates]\nci = ["ci.yml"]\n')
    done = tiny.inv("generate-ci")
    assert done.returncode == 0
    assert "it begins with a tag only" in done.stderr
    workflow = load(tiny.root)
    inputs = workflow["on"]["workflow_dispatch"]["inputs"]
    assert list(inputs) == ["new"]
    plan = workflow["jobs"]["plan"]
    refusal = next(step for step in plan["steps"] if "if" in step)
    assert refusal["if"] == "github.ref_type == 'branch'"
    assert "exit 1" in refusal["run"]
    for job in ("plan", "draft"):
        rights = workflow["jobs"][job]["permissions"]
        assert {"actions", "checks", "statuses"} < set(rights)


def test_the_pythons_of_wheels_are_set_up_where_they_are_built(
    tiny: TinyProject,
) -> None:
    tiny.commit("Cargo.toml", CARGO_TOML)
    tiny.commit("src/lib.rs", "")
    pyproject = (tiny.root / "pyproject.toml").read_text()
    tiny.commit(
        "pyproject.toml",
        pyproject.replace("hatchling.build", "maturin").replace(
            "hatchling", "maturin>=1.9"
        ),
    )
    tiny.commit(
        "release-tasks.toml",
        '[python.tiny-plain]\npythons = ["3.11", "3.12"]\n',
    )
    generate_ci(context())
    pythons = {
        name: step["with"]["python-version"]
        for name, job in load(tiny.root)["jobs"].items()
        for step in job["steps"]
        if step.get("uses", "").startswith("actions/setup-python@")
    }
    assert pythons["build"] == "3.11\n3.12\n3.13"
    assert pythons["plan"] == "3.13"


def test_a_pull_request_is_rehearsed_without_any_right(
    tiny: TinyProject,
) -> None:
    generate_ci(context(), pull_requests=True)
    workflow = load(tiny.root, REHEARSAL)
    assert list(workflow["jobs"]) == ["plan", "build", "test", "rehearse"]
    assert workflow["on"] == {"pull_request": None}
    for job in workflow["jobs"].values():
        assert job["permissions"] == READS
    assert "secrets." not in (tiny.root / REHEARSAL).read_text()
    # once it is there, it is kept as the settings are
    tiny.commit("release-tasks.toml", "[ci]\nminutes = 5\n")
    checked = tiny.inv("generate-ci", "--check")
    assert checked.returncode == 1
    assert f"also: {REHEARSAL}" in checked.stderr
    generate_ci(context())
    job = load(tiny.root, REHEARSAL)["jobs"]["rehearse"]
    assert job["timeout-minutes"] == 5


# --- the file


def test_the_file_is_written_once_and_checked(tiny: TinyProject) -> None:
    absent = tiny.inv("generate-ci", "--check")
    assert absent.returncode == 1
    assert "help: inv generate-ci" in absent.stderr
    assert not (tiny.root / PATH).exists()
    assert tiny.inv("--dry", "generate-ci").returncode == 0
    assert not (tiny.root / PATH).exists()
    assert tiny.inv("generate-ci").returncode == 0
    assert tiny.inv("generate-ci", "--check").returncode == 0
    again = tiny.inv("generate-ci")
    assert f"nothing to do, {PATH} is what the settings say" in again.stderr


def test_settings_that_change_are_shown_as_a_difference(
    tiny: TinyProject,
) -> None:
    tiny.inv("generate-ci")
    tiny.commit("release-tasks.toml", "[ci]\nminutes = 5\n")
    checked = tiny.inv("generate-ci", "--check")
    assert checked.returncode == 1
    assert "+    timeout-minutes: 5" in checked.stdout
    assert tiny.inv("generate-ci").returncode == 0
    assert load(tiny.root)["jobs"]["plan"]["timeout-minutes"] == 5


@pytest.mark.sample(3)
@pytest.mark.parametrize(
    ("change", "fact"),
    [
        (lambda text: text + "# mine\n", "was edited by hand"),
        (lambda text: "name: Mine\n", "was not written by generate-ci"),
        (
            lambda text: text.replace(
                "release-tasks==", "release-tasks==99!", 1
            ),
            "was written by release-tasks 99!",
        ),
    ],
)
def test_a_file_of_somebody_else_is_overwritten_only_by_force(
    tiny: TinyProject, change: Any, fact: str
) -> None:
    tiny.inv("generate-ci")
    mine = change((tiny.root / PATH).read_text())
    (tiny.root / PATH).write_text(mine)
    tiny.commit("release-tasks.toml", "[ci]\nminutes = 5\n")
    refused = tiny.inv("generate-ci")
    assert (refused.returncode, fact in refused.stderr) == (1, True)
    assert (tiny.root / PATH).read_text() == mine
    assert tiny.inv("generate-ci", "--force").returncode == 0
    assert load(tiny.root)["jobs"]["plan"]["timeout-minutes"] == 5


def test_a_written_workflow_is_no_second_publisher_and_has_no_old_version(
    alone: TinyProject,
) -> None:
    alone.inv("generate-ci")
    alone.commit("more.txt")
    alone.git("add", PATH)
    alone.git("commit", "--quiet", "--message=CI")
    alone.git("push", "--quiet", "origin", "HEAD")
    done = alone.inv(*("check", "--version", "0.2.0", "--new", "all", "--fast"))
    assert done.returncode == 0, done.stderr
    assert PATH not in done.stderr


def test_a_project_that_is_not_on_github_has_no_workflow(
    tiny: TinyProject,
) -> None:
    tiny.git("remote", "set-url", "origin", "https://gitlab.com/o/r.git")
    done = tiny.inv("generate-ci")
    assert (done.returncode, "is not a GitHub repository" in done.stderr) == (
        1,
        True,
    )
    tiny.git("remote", "remove", "origin")
    done = tiny.inv("generate-ci")
    assert "error: this repository has no remote" in done.stderr
    # the help works as typed, with the names filled in
    fix = done.stderr.partition("help: ")[2].strip()
    assert fix == "git remote add origin https://github.com/OWNER/NAME.git"
    tiny.git(*fix.replace("OWNER/NAME", "example/tiny").split()[1:])
    assert tiny.inv("generate-ci").returncode == 0


def test_a_target_without_a_machine_of_github_needs_one(
    tiny: TinyProject,
) -> None:
    cargo = CARGO_TOML.partition("[lib]")[0]
    tiny.commit("Cargo.toml", cargo)
    tiny.commit("src/main.rs", "fn main() {}\n")
    settings = '[binaries.tiny]\nx86_64-unknown-freebsd = "tiny-bsd"\n'
    tiny.commit("release-tasks.toml", settings)
    done = tiny.inv("generate-ci")
    assert done.returncode == 1
    fact = "GitHub has no machine for x86_64-unknown-freebsd of tiny"
    assert f"error: {fact}" in done.stderr
    # the help works as typed, with a label of their own
    runners = "\n" + done.stderr.partition("release-tasks.toml:\n")[2]
    assert 'x86_64-unknown-freebsd = "LABEL"' in runners
    runners = runners.replace("LABEL", "our-bsd").replace("\n  ", "\n")
    tiny.commit("release-tasks.toml", settings + runners)
    assert tiny.inv("generate-ci").returncode == 0


def test_what_is_not_decided_is_asked_before_a_job_is_left_out(
    tiny: TinyProject,
) -> None:
    settings = '[binaries.tiny]\nx86_64-unknown-linux-gnu = "tiny"\n'
    tiny.commit("release-tasks.toml", settings)
    done = tiny.inv("generate-ci")
    assert done.returncode == 1
    assert "[binaries.tiny]: no crate has that binary" in done.stderr
    assert not (tiny.root / PATH).exists()


# --- tags


def named(**forms: str) -> Any:
    class Component:
        prereleases, promotes = True, False

        def __init__(self, name: str, tag: str) -> None:
            self.name, self.tag = name, tag

    class Project:
        components = tuple(Component(*item) for item in forms.items())

    return Project()


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("v{version}", "v[0-9]*"),
        ("{version}", "[0-9]*"),
        ("py-v{version}", "py-v[0-9]*"),
        ("release/{version}", "release/[0-9]*"),
        ("c++-{version}", r"c\+\+-[0-9]*"),
        ("{version}-linux", "[0-9]*-linux"),
    ],
)
def test_the_form_of_a_tag_is_a_filter(form: str, expected: str) -> None:
    assert list(tag_filters.filters(named(one=form))) == [expected]


def test_each_form_that_git_takes_is_a_filter_for_such_tags_alone(
    tmp_path: Path,
) -> None:
    """Those with a character that means something in filters, too."""
    found = []
    for letter in string.punctuation + "é":
        for form in (f"a{letter}b-{{version}}", f"{{version}}{letter}x"):
            tag = form.format(version="1.2.3") if letter not in "{}" else "\\"
            if git_rules.tag(tag):
                continue
            [pattern] = tag_filters.filters(named(one=form))
            found.append(pattern)
            assert workflows.passes(tag, (pattern,)), form
            assert not workflows.passes(tag.replace(letter, ""), (pattern,))
            assert not workflows.passes(tag.replace(letter, "w"), (pattern,))
    assert len(found) > 40
    data = {
        "on": {"push": {"tags": found}},
        "jobs": {"a": {"runs-on": "ubuntu-24.04", "steps": [{"run": "true"}]}},
    }
    file = tmp_path / "a.yml"
    with file.open("w") as stream:
        YAML(typ="safe").dump(data, stream)
    if shutil.which("actionlint"):
        subprocess.run(["actionlint", str(file)], check=True)


def test_two_components_whose_filters_overlap_begin_what_the_tag_says(
    alone: TinyProject, tmp_path: Path
) -> None:
    text = TWO["release-tasks.toml"]
    alone.commit("other/pyproject.toml", TWO["other/pyproject.toml"])
    # no number can be made of what follows the `v`
    alone.commit("release-tasks.toml", text.replace("other-v{", "v0-{"))
    assert alone.inv("generate-ci").returncode == 0
    filters = load(alone.root)["on"]["push"]["tags"]
    assert filters == ["v[0-9]*", "v0-[0-9]*"]
    alone.tag("v0-0.4.0")
    assert find_version(alone, tmp_path, "v0-0.4.0") == [
        "version=other=0.4.0",
        "tag=v0-0.4.0",
    ]
    # a tag that could be of both is refused with the settings
    both = text.replace("other-v{version}", "v{version}-o")
    alone.commit("release-tasks.toml", both)
    with pytest.raises(ReleaseError, match="would be a tag of both") as raised:
        discover(alone.root)
    component = '[components.other]\ntag = "other-v{version}"'
    assert raised.value.fix == component
    alone.commit("release-tasks.toml", text)
    assert len(discover(alone.root).components) == 2


# --- outputs


def test_the_outputs_of_plan_are_lines_of_a_file(
    tiny: TinyProject, tmp_path: Path
) -> None:
    file = tmp_path / "outputs"
    done = inv(
        tiny.root,
        *("matrix", "--version", "minor", "--github-output"),
        GITHUB_OUTPUT=str(file),
    )
    assert done.returncode == 0, done.stderr
    version, tag, found, *others = file.read_text().splitlines()
    assert (version, tag) == ("version=0.2.0", "tag=v0.2.0")
    *others, component, matrix = others
    assert component == "component=tiny"
    assert matrix.startswith('matrix={"version": "0.2.0", "tags": ["v0.2.0"]')
    assert others == [
        "images=[]",
        'tests=[{"runner": "ubuntu-latest", "python": "3.13"}]',
        'systems=[{"runner": "ubuntu-24.04", "here": ""}]',
    ]
    assert found.startswith('jobs=[{"target": "any"')
    assert "--version 0.2.0" in found  # not `minor`, which moves with the tag


def test_outputs_need_github_actions(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_OUTPUT", raising=False)
    done = tiny.inv("matrix", "--github-output")
    assert (done.returncode, "GITHUB_OUTPUT is not set" in done.stderr) == (
        1,
        True,
    )

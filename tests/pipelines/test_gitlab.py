"""The pipeline for GitLab: which jobs, on which machines, and what GitLab's schema says of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from support import act
from support.local_registries import local_registries
from support.repositories import git
from support.sample_projects import PROJECTS, inv
from support.tiny_project import TINY, TWO

from release_tasks.pipelines import gitlab, written
from release_tasks.pipelines.gitlab import INCLUDED, PIPELINE
from release_tasks.pipelines.gitlab_rehearsal import MERGE_REQUEST
from release_tasks.rehearsal.identity import Publisher
from release_tasks.rehearsal.registries import LocalRegistries

EXAMPLE = Path(__file__).parents[2] / "examples" / "polyglot"
LOCK = """version = 4

[[package]]
name = "small-tool"
version = "0.1.0"
"""
ADDRESS = "https://gitlab.com/example/polyglot.git"
ON_GITLAB = (
    ("ghcr.io/example/polyglot", "registry.gitlab.com/example/polyglot"),
    (
        "[files]",
        '[charts."registry.gitlab.com/example/polyglot/charts/polyglot"]\n[files]',
    ),
)


def on_gitlab(folder: Path, files: dict[str, str] | None = None) -> Path:
    """Make a repository in a folder whose origin git finds under an address on GitLab."""
    root = folder / "project"
    if files is None:
        shutil.copytree(EXAMPLE, root)
        settings = (root / "release-tasks.toml").read_text()
        for old, new in ON_GITLAB:
            assert old in settings
            settings = settings.replace(old, new)
        (root / "release-tasks.toml").write_text(settings)
    for name, text in (files or {}).items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message=Work")
    bare = folder / "origin.git"
    git(root, "clone", "--quiet", "--bare", str(root), str(bare))
    git(root, "config", f"url.{bare}.insteadOf", ADDRESS)
    git(root, "remote", "add", "origin", ADDRESS)
    git(root, "fetch", "--quiet", "origin")
    return root


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = on_gitlab(tmp_path_factory.mktemp("example"))
    done = inv(root, "generate-ci", "--on", "gitlab")
    assert done.returncode == 0, done.stderr
    return root


def load(root: Path, path: str = PIPELINE) -> dict[str, Any]:
    return YAML(typ="safe").load((root / path).read_text())


def jobs(root: Path) -> dict[str, Any]:
    return {
        name: job
        for name, job in load(root).items()
        if isinstance(job, dict) and "script" in job
    }


def refused(root: Path, path: str = PIPELINE) -> str:
    """Return what GitLab's published schema does not take, "" for nothing."""
    words = ["check_jsonschema", "--builtin-schema", "vendor.gitlab-ci"]
    done = subprocess.run(
        [sys.executable, "-m", *words, path],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr if done.returncode else ""


def compare(root: Path, name: str) -> None:
    """Compare a pipeline with its golden file, and let GitLab's schema judge it."""
    assert refused(root) == ""
    text = written.body((root / PIPELINE).read_text())
    golden = PROJECTS / "shown" / "workflows" / f"gitlab-{name}.yml"
    if os.environ.get("GOLDEN") == "write":
        golden.write_text(text)
    assert text == golden.read_text()


def test_the_pipeline_of_the_example(example: Path) -> None:
    compare(example, "example")


def test_the_pipeline_of_a_package_for_python(tmp_path: Path) -> None:
    root = on_gitlab(tmp_path, TINY)
    done = inv(root, "generate-ci", "--on", "gitlab")
    assert done.returncode == 0, done.stderr
    compare(root, "python")
    # what releases is the same where merge requests are rehearsed
    done = inv(root, "generate-ci", "--on", "gitlab", "--pull-requests")
    assert done.returncode == 0, done.stderr
    compare(root, "python-rehearse")
    # and stays so
    assert inv(root, "generate-ci", "--on", "gitlab", "--check").returncode == 0
    # the schema does judge
    text = (root / PIPELINE).read_text()
    (root / PIPELINE).write_text(text.replace("script:\n", "scripts:\n"))
    assert "scripts" in refused(root)


def test_the_jobs_are_those_of_the_order_without_what_github_has(
    example: Path,
) -> None:
    found = jobs(example)
    assert list(found) == [
        "plan",
        "build x86_64-unknown-linux-gnu",
        "build aarch64-unknown-linux-gnu",
        "images linux-amd64",
        "images linux-arm64",
        "assemble",
        "test linux, Python 3.13",
        "test saas-linux-small-arm64, Python 3.13",
        "publish-images",
        "publish-charts",
        "publish-pypi",
        "publish-crates",
        "move-pointers",
        "verify",
        "verify saas-linux-small-arm64",
    ]
    tags = {name: job["tags"] for name, job in found.items() if "tags" in job}
    arm = ["saas-linux-small-arm64"]
    assert tags == {
        name: arm for name in found if "arm64" in name or "aarch64" in name
    }
    for name, job in found.items():
        for need in job["needs"]:
            each = need if isinstance(need, str) else need["job"]
            assert list(found).index(each) < list(found).index(name)


def test_a_merge_request_is_rehearsed_with_what_each_machine_builds(
    tmp_path: Path,
) -> None:
    root = on_gitlab(tmp_path)
    settings = (root / "release-tasks.toml").read_text()
    settings += '[ci.environments]\nplan = "internal"\n'
    (root / "release-tasks.toml").write_text(settings)
    done = inv(root, "generate-ci", "--on", "gitlab", "--pull-requests")
    assert done.returncode == 0, done.stderr
    assert refused(root) == ""
    names = {
        name: job
        for name, job in jobs(root).items()
        if job["rules"] == [{"if": MERGE_REQUEST}]
    }
    builds = [
        "rehearse build x86_64-unknown-linux-gnu",
        "rehearse build aarch64-unknown-linux-gnu",
    ]
    assert list(names) == [
        "rehearse plan",
        *builds,
        "rehearse test linux, Python 3.13",
        "rehearse test saas-linux-small-arm64, Python 3.13",
        "rehearse",
    ]
    assert names["rehearse"]["needs"] == ["rehearse plan", *builds]
    assert names["rehearse"]["script"][-1].endswith("--collect built")
    for job in names.values():
        assert not {"environment", "id_tokens"} & set(job)
        assert "CI_REGISTRY_PASSWORD" not in str(job)
    assert jobs(root)["plan"]["environment"]["name"] == "internal"


def test_somebody_approves_before_anything_is_public(tmp_path: Path) -> None:
    settings = '[ci.environments]\napprove = "production"\n'
    root = on_gitlab(tmp_path, {**TINY, "release-tasks.toml": settings})
    done = inv(root, "generate-ci", "--on", "gitlab")
    assert done.returncode == 0, done.stderr
    assert refused(root) == ""
    found = jobs(root)
    approve = found["approve"]
    assert [rule["when"] for rule in approve["rules"]] == ["manual"]
    assert approve["environment"] == {"name": "production"}
    before = {need["job"] for need in approve["needs"] if "job" in need}
    assert before == {"plan", "test linux, Python 3.13"}
    assert "assemble" in approve["needs"]
    waiting = {"job": "approve", "artifacts": False}
    assert waiting in found["publish-pypi"]["needs"]
    assert "assemble" in found["publish-pypi"]["needs"]


def test_a_job_sees_the_variables_of_its_channel_alone(example: Path) -> None:
    """Those of an environment, or the token that is made for the job."""
    found = jobs(example)
    publishing = [name for name in found if name.startswith("publish-")]
    environments = {
        name: job["environment"]["name"]
        for name, job in found.items()
        if "environment" in job
    }
    names = [*publishing, "move-pointers"]
    assert environments == dict(zip(names, names, strict=True))
    tokens = {
        name: job["id_tokens"]
        for name, job in found.items()
        if "id_tokens" in job
    }
    assert tokens == {"publish-pypi": {"PYPI_ID_TOKEN": {"aud": "pypi"}}}
    logged_in = [
        name
        for name, job in found.items()
        if any("CI_REGISTRY_PASSWORD" in line for line in job["before_script"])
    ]
    assert logged_in == ["publish-images", "publish-charts", "move-pointers"]


@pytest.mark.parametrize(
    ("form", "tag", "others"),
    [
        ("v{version}", "v1.2.3", ["1.2.3", "av1.2.3", "vx"]),
        ("c++/{version}", "c++/1.2.3-rc.1", ["cc/1.2.3", "c++/1.2/3"]),
        ("{version}.x", "1.2.3.x", ["1.2.3yx"]),
    ],
)
def test_the_form_of_a_tag_is_an_expression(
    form: str, tag: str, others: list[str]
) -> None:
    import re

    pattern = gitlab._pattern(form)
    assert pattern[0] == pattern[-1] == "/"
    assert re.search(pattern[1:-1], tag)
    assert not any(re.search(pattern[1:-1], other) for other in others)


def test_settings_change_the_jobs(tmp_path: Path) -> None:
    settings = """[ci]
image = "registry.example.com/tools:1"
concurrency = "repository"
minutes = { plan = 5 }
runners = { plan = "our-machine" }
[ci.setup]
linux = ["echo linux"]
macos = ["echo macos"]
publish-pypi = ["echo ready"]
[ci.environments]
publish-pypi = "pypi"
[ci.tests]
"macos-15" = ["3.12"]
"macos-15-intel" = ["3.12"]
"""
    root = on_gitlab(tmp_path, {**TINY, "release-tasks.toml": settings})
    done = inv(root, "generate-ci", "--on", "gitlab")
    assert done.returncode == 0, done.stderr
    assert refused(root) == ""
    found = jobs(root)
    # GitLab has no Mac with an Intel processor
    assert [name for name in found if name.startswith("test ")] == [
        "test saas-macos-medium-m1, Python 3.12"
    ]
    assert found["plan"]["tags"] == ["our-machine"]
    assert found["plan"]["timeout"] == "5 minutes"
    assert found["plan"]["image"] == "registry.example.com/tools:1"
    assert "echo linux" in found["plan"]["before_script"]
    mac = found["test saas-macos-medium-m1, Python 3.12"]
    assert "echo macos" in mac["before_script"]
    assert "echo linux" not in mac["before_script"]
    pypi = found["publish-pypi"]
    assert pypi["environment"]["name"] == "pypi"
    assert pypi["resource_group"] == "release"
    assert "echo ready" in pypi["before_script"]
    wrong = settings.replace("plan = 5", "plam = 5")
    (root / "release-tasks.toml").write_text(wrong)
    done = inv(root, "generate-ci", "--on", "gitlab")
    assert (
        "[ci.minutes] names plam, and the workflow has no such job"
        in done.stderr
    )


def test_a_pipeline_of_ones_own_stays_and_includes_it(tmp_path: Path) -> None:
    own = "test:\n  script: [make]\n"
    root = on_gitlab(tmp_path, {**TWO, PIPELINE: own})
    done = inv(root, "generate-ci", "--on", "gitlab")
    assert done.returncode == 0, done.stderr
    assert (
        f"let it `include` /{INCLUDED}, and have the stage release"
        in done.stderr
    )
    assert (root / PIPELINE).read_text() == own
    assert refused(root, INCLUDED) == ""
    conditions = {
        rule["if"]
        for job in load(root, INCLUDED).values()
        if "script" in job
        for rule in job["rules"]
    }
    [condition] = conditions
    assert "/^v[0-9]" in condition
    assert " || $CI_COMMIT_TAG =~ /^other-v[0-9]" in condition
    assert inv(root, "generate-ci", "--on", "gitlab", "--check").returncode == 0
    text = (root / INCLUDED).read_text()
    (root / INCLUDED).write_text(text + "# mine\n")
    (root / "release-tasks.toml").write_text(
        TWO["release-tasks.toml"] + "[ci]\nminutes = 5\n"
    )
    checked = inv(root, "generate-ci", "--on", "gitlab", "--check")
    assert checked.returncode == 1
    assert "help: inv generate-ci --on gitlab" in checked.stderr
    edited = inv(root, "generate-ci", "--on", "gitlab")
    assert f"{INCLUDED} was edited by hand" in edited.stderr


def test_a_target_without_a_machine_of_gitlab_needs_one(tmp_path: Path) -> None:
    root = on_gitlab(tmp_path)
    settings = (root / "release-tasks.toml").read_text()
    settings = settings.replace("manylinux2014_aarch64", "win_arm64")
    (root / "release-tasks.toml").write_text(settings)
    done = inv(root, "generate-ci", "--on", "gitlab")
    fact = "error: GitLab has no machine for aarch64-pc-windows-msvc"
    assert fact in done.stderr
    assert not (root / PIPELINE).exists()
    # the help works as typed, with a tag of their own
    runners = "\n" + done.stderr.partition("release-tasks.toml:\n")[2]
    runners = runners.replace('"TAG"', '"our-windows"').replace("\n  ", "\n")
    (root / "release-tasks.toml").write_text(settings + runners)
    done = inv(root, "generate-ci", "--on", "gitlab")
    assert done.returncode == 0, done.stderr
    job = jobs(root)["build aarch64-pc-windows-msvc"]
    assert job["tags"] == ["our-windows"]
    assert "image" not in job


def test_what_gitlab_cannot_do_is_refused(tmp_path: Path) -> None:
    root = on_gitlab(tmp_path, TINY)
    done = inv(root, "generate-ci", "--on", "jenkins")
    assert "error: --on cannot be jenkins" in done.stderr
    assert "help: available: github, gitlab" in done.stderr
    git(root, "remote", "set-url", "origin", "git@github.com:example/tiny.git")
    done = inv(root, "generate-ci", "--on", "gitlab")
    assert "origin is on GitHub, where GitLab runs no pipeline" in done.stderr
    assert "help: inv generate-ci" in done.stderr
    git(root, "remote", "remove", "origin")
    done = inv(root, "generate-ci", "--on", "gitlab")
    assert "this repository has no remote, so none on GitLab" in done.stderr
    fix = done.stderr.partition("help: ")[2].strip()
    git(root, *fix.replace("URL", ADDRESS).split()[1:])
    assert inv(root, "generate-ci", "--on", "gitlab").returncode == 0


@pytest.mark.long
@pytest.mark.tools("gitlab-ci-local", "rsync", "cargo")
def test_a_tag_is_released_by_its_pipeline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """gitlab-ci-local runs the jobs on this machine, each in a copy of the repository."""
    files = {**act.SMALL, "release-tasks.toml": '[gates]\nrun = ["true"]\n'}
    root = on_gitlab(tmp_path, {**files, "Cargo.lock": LOCK})
    done = inv(root, "generate-ci", "--on", "gitlab")
    assert done.returncode == 0, done.stderr
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message=CI")
    git(root, "tag", "--annotate", "--message=v0.1.0", "v0.1.0")
    git(root, "push", "--quiet", "origin", "HEAD:main", "v0.1.0")
    env, home = machine(tmp_path)
    folder = tmp_path / "registries"
    # hatchling is read from the real PyPI
    with local_registries(folder, monkeypatch, offline=False) as registries:
        registries.pypi.publishers = (
            Publisher("example/polyglot", PIPELINE, "publish-pypi"),
        )
        for name, value in registries.env.items():
            if name.endswith(("_TOKEN", "_PASSWORD", "_USERNAME")):
                env.pop(name, None)
            else:
                env[name] = value
        pipeline = partial(run_pipeline, root, home, env, registries)
        # a tag confirms no new names
        refused = pipeline()
        assert refused.returncode != 0
        assert "has never been published" in refused.stdout
        assert registries.log.writes() == ()
        done = pipeline("NEW=all")
        assert done.returncode == 0, done.stdout + done.stderr
        count = len(registries.log.writes())
        shown = inv(root, "status", "--version", "0.1.0", "--json")
        rows = json.loads(shown.stdout)["artifacts"]
        states = {row["name"]: row["state"] for row in rows}
        assert set(states.values()) <= {"same", "present"}
        assert len(states) == 4
        # all jobs again: nothing is to do
        done = pipeline()
        assert done.returncode == 0, done.stdout + done.stderr
        assert len(registries.log.writes()) == count


@pytest.mark.long
@pytest.mark.tools("gitlab-ci-local", "rsync", "cargo")
def test_a_merge_request_is_rehearsed_by_its_pipeline(tmp_path: Path) -> None:
    files = {**act.SMALL, "release-tasks.toml": '[gates]\nrun = ["true"]\n'}
    root = on_gitlab(tmp_path, {**files, "Cargo.lock": LOCK})
    done = inv(root, "generate-ci", "--on", "gitlab", "--pull-requests")
    assert done.returncode == 0, done.stderr
    git(root, "switch", "--quiet", "--create", "mine")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message=CI")
    env, home = machine(tmp_path)
    pipeline = partial(
        run_jobs,
        *(root, home, env),
        "CI_PIPELINE_SOURCE=merge_request_event",
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main",
    )
    done = pipeline()
    assert done.returncode == 0, done.stdout[-9000:] + done.stderr
    assert "rehearsal passed" in done.stderr
    # crates.io takes no crate without a description
    text = (root / "Cargo.toml").read_text()
    line = 'description = "Says its version"\n'
    assert line in text
    (root / "Cargo.toml").write_text(text.replace(line, ""))
    git(root, "commit", "--quiet", "--all", "--message=Break the release")
    done = pipeline()
    assert done.returncode != 0
    assert "description" in done.stderr
    assert "rehearsal passed" not in done.stderr


def machine(folder: Path) -> tuple[dict[str, str], Path]:
    """Return the environment and the home of jobs; Rust is here, Pythons of uv cannot be had."""
    programs = folder / "programs"
    for name, line in (("curl", "echo true"), ("uv", "command -v python3")):
        programs.mkdir(exist_ok=True)
        (programs / name).write_text(f"#!/bin/sh\n{line}\n")
        (programs / name).chmod(0o755)
    home = folder / "home"
    (home / ".cargo").mkdir(parents=True)
    (home / ".cargo" / "env").write_text("")
    env = dict(os.environ)
    # the compilers of rustup, where cargo is its
    env.setdefault("RUSTUP_HOME", str(Path.home() / ".rustup"))
    path = (str(programs), str(Path(sys.executable).parent), env["PATH"])
    env["PATH"] = os.pathsep.join(path)
    return env, home


def run_pipeline(
    root: Path,
    home: Path,
    env: dict[str, str],
    registries: LocalRegistries,
    *variables: str,
) -> subprocess.CompletedProcess[str]:
    """Run the pipeline of the tag v0.1.0, with the variables that GitLab gives its jobs."""
    claims = ("example/polyglot", PIPELINE, "publish-pypi", "pypi")
    return run_jobs(
        *(root, home, env),
        "CI_COMMIT_TAG=v0.1.0",
        f"PYPI_ID_TOKEN={registries.issuer.gitlab_job(*claims)}",
        f"CARGO_REGISTRY_TOKEN={registries.tokens.crates}",
        *variables,
    )


def run_jobs(
    root: Path, home: Path, env: dict[str, str], *variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the jobs of a pipeline with variables."""
    words = ["gitlab-ci-local", "--force-shell-executor", "--shell-isolation"]
    for text in variables:
        words += ["--variable", text]
    return subprocess.run(
        words,
        cwd=root,
        env={**env, "HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )

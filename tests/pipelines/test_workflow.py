"""The workflow for GitHub Actions: which jobs, with which rights, and what linters say of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from support.sample_projects import PROJECTS, inv, sample
from support.tiny_project import TINY, TinyProject, tiny_project

from release_tasks import order
from release_tasks.errors import ReleaseError
from release_tasks.pipelines import jobs, tag_filters, written
from release_tasks.pipelines.github import PATH
from release_tasks.project.discovery import discover
from release_tasks.steps.push import push

SAMPLES = {
    "llmtrace": "llmtrace",
    "llmcc-workspace": "llmcc",
    "llm-proxy": "llm-proxy",
    "caro": "caro",
    "edgequake-llm": "edgequake-llm",
}
READS = {"contents": "read"}


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with tiny_project(tmp_path, monkeypatch, TINY) as made:
        yield made


def load(root: Path) -> dict[str, Any]:
    return YAML(typ="safe").load((root / PATH).read_text())


def zizmor(root: Path) -> str:
    """Return what the strictest persona of zizmor finds."""
    program = Path(sys.executable).with_name("zizmor")
    words = (program, "--offline", "--persona=pedantic", "--no-progress", PATH)
    done = subprocess.run(
        words, cwd=root, capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.parametrize("settings", SAMPLES)
def test_the_workflows_of_the_sample_projects(
    tmp_path: Path, settings: str
) -> None:
    root = sample(SAMPLES[settings], tmp_path, settings)
    done = inv(root, "generate-ci")
    assert done.returncode == 0, done.stderr
    text = (root / PATH).read_text()
    golden = PROJECTS / "shown" / "workflows" / f"{settings}.yml"
    if os.environ.get("GOLDEN") == "write":
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(written.body(text))
    assert written.body(text) == golden.read_text()
    assert zizmor(root) == ""


@pytest.mark.parametrize("settings", SAMPLES)
def test_only_jobs_that_publish_may_write_and_none_holds_a_secret(
    tmp_path: Path, settings: str
) -> None:
    root = sample(SAMPLES[settings], tmp_path, settings)
    inv(root, "generate-ci")
    workflow = load(root)
    assert workflow["permissions"] == {}
    assert "secrets." not in (root / PATH).read_text()
    for name in ("plan", "build", "assemble", "verify"):
        if name in workflow["jobs"]:
            assert workflow["jobs"][name]["permissions"] == READS
    for name, job in workflow["jobs"].items():
        rights = job["permissions"]
        assert ("id-token" in rights) == (
            name in ("publish-pypi", "publish-crates")
        )
        for step in job["steps"]:
            assert "${{" not in step.get("run", "")
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


def test_a_job_has_the_right_that_its_channel_needs(tmp_path: Path) -> None:
    root = sample("llmtrace", tmp_path, "llmtrace")
    inv(root, "generate-ci")
    rights = {
        name: {
            key for key, right in job["permissions"].items() if right == "write"
        }
        for name, job in load(root)["jobs"].items()
    }
    assert {name: found for name, found in rights.items() if found} == {
        "draft": {"contents"},
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
        *("plan", "build", "assemble", "draft", "publish-pypi"),
        *("gh-release", "announce", "verify"),
    ]
    lines = [step.get("run", "") for step in workflow["assemble"]["steps"]]
    assert 'release-tasks smoke --version "$VERSION"' in lines
    assert workflow["announce"]["permissions"] == READS


def test_an_order_without_push_cannot_be_divided(tiny: TinyProject) -> None:
    project = discover(tiny.root)
    with pytest.raises(ReleaseError, match="this order has no push"):
        jobs.jobs(project, order.without(push))


def test_reviewers_of_an_environment_approve_before_anything_is_public(
    tiny: TinyProject,
) -> None:
    tiny.commit("release-tasks.toml", '[github]\nenvironment = "release"\n')
    assert tiny.inv("generate-ci").returncode == 0
    workflow = load(tiny.root)["jobs"]
    assert workflow["approve"]["environment"] == "release"
    assert workflow["draft"]["needs"] == ["plan", "approve"]
    assert [name for name in workflow if "environment" in workflow[name]] == [
        "approve"
    ]


def test_what_the_project_needs_is_set_up_where_its_code_runs(
    tiny: TinyProject,
) -> None:
    line = "sudo apt-get install --yes protobuf-compiler"
    tiny.commit(
        "release-tasks.toml",
        f'[ci]\nsetup = ["{line}"]\nrunner = "big"\nminutes = 90\n',
    )
    assert tiny.inv("generate-ci").returncode == 0
    workflow = load(tiny.root)["jobs"]
    having = [
        name
        for name, job in workflow.items()
        if any(step.get("run") == line for step in job["steps"])
    ]
    assert having == ["plan", "build", "assemble"]
    assert workflow["plan"]["runs-on"] == "big"
    assert workflow["plan"]["timeout-minutes"] == 90
    assert workflow["draft"]["timeout-minutes"] == 360


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
    tiny: TinyProject,
) -> None:
    tiny.inv("generate-ci")
    tiny.commit("more.txt")
    tiny.git("add", PATH)
    tiny.git("commit", "--quiet", "--message=CI")
    tiny.git("push", "--quiet", "origin", "HEAD")
    done = tiny.inv(*("check", "--version", "0.2.0", "--new", "all", "--fast"))
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


# --- tags


def named(**forms: str) -> Any:
    class Component:
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


def test_two_components_whose_filters_overlap_are_refused() -> None:
    both = named(core="{version}", wide="{version}-wide")
    with pytest.raises(ReleaseError, match=r"1\.2\.3-wide of wide looks like"):
        list(tag_filters.filters(both))


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
    version, found = file.read_text().splitlines()
    assert version == "version=0.2.0"
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

"""The tags wait for the CI runs of the release commit, and are pushed only when all are green."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.contexts import context
from support.tiny_project import (
    TINY,
    TinyProject,
    problems,
    run_checks,
    tiny_project,
)

from release_tasks.channels import git, git_runs
from release_tasks.checks.check import CheckContext
from release_tasks.checks.preflight import github_gates
from release_tasks.converge import converge
from release_tasks.errors import MultipleErrors, ReleaseError
from release_tasks.release import Release
from release_tasks.steps.tag import tag

pytestmark = pytest.mark.tools("gh")
AWAITED = '[gates]\nci = "release-commit"\n'
TAGS_ALONE = '[project]\nversion = "tag"\n'
FAILED = {
    "conclusion": "failure",
    "jobs": [
        {"name": "lint", "conclusion": "success"},
        {"name": "test", "conclusion": "failure"},
    ],
}


@pytest.fixture
def tiny(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TinyProject]:
    monkeypatch.setattr(git_runs, "EVERY", 0.2)
    with tiny_project(
        tmp_path, monkeypatch, TINY | {"release-tasks.toml": AWAITED}
    ) as made:
        made.commit("more.txt")
        made.tag("v0.2.0", push=False)
        yield made


def runs(tiny: TinyProject, *some: dict[str, Any]) -> None:
    """Let GitHub have these runs, of the release commit unless they say another one."""
    tiny.registries.github.set_runs(
        "example",
        "tiny",
        [
            {"head_sha": tiny.head(), "head_branch": "main"} | one
            for one in some
        ],
    )


def push(tiny: TinyProject) -> None:
    converge(context(), tiny.release("0.2.0"), git)


def tagged(tiny: TinyProject) -> bool:
    return "refs/tags/v0.2.0" in tiny.git("ls-remote", "origin")


@pytest.mark.statement("B5.18")
def test_the_tag_is_pushed_when_every_run_of_the_commit_is_green(
    tiny: TinyProject,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    read = git_runs.commit_checks
    times_read = 0

    def commit_checks(release: Release) -> object:
        """Read the runs, which are all green from then on."""
        nonlocal times_read
        times_read += 1
        found = read(release)
        runs(tiny, {"workflow": "ci.yml"}, {"workflow": "python-ci.yml"})
        return found

    runs(
        tiny,
        {"workflow": "ci.yml"},
        {"workflow": "python-ci.yml", "status": "in_progress"},
    )
    monkeypatch.setattr(git_runs, "commit_checks", commit_checks)
    push(tiny)
    assert tagged(tiny)
    said = capsys.readouterr().err
    assert (
        f"waiting for .github/workflows/python-ci.yml of {tiny.head()[:7]} to be green"
        in said
    )
    assert f"the runs of {tiny.head()[:7]} are green" in said
    # a workflow may begin after the others are green, so that is read twice
    assert times_read == 3


def test_a_failed_run_is_named_with_its_job_and_address_and_no_tag_is_pushed(
    tiny: TinyProject,
) -> None:
    runs(tiny, {}, FAILED | {"workflow": "test.yml"})
    with pytest.raises(ReleaseError) as reported:
        push(tiny)
    assert reported.value.problem.startswith(
        f".github/workflows/test.yml / test of {tiny.head()[:7]} ended with failure: "
        "https://github.com/example/tiny/actions/runs/"
    )
    assert not tagged(tiny)
    assert tiny.head() in tiny.git("ls-remote", "origin", "main")
    subprocess.run(
        ["sh", "-c", reported.value.fix.split("`")[1]],
        cwd=tiny.root,
        check=True,
        capture_output=True,
    )
    push(tiny)
    assert tagged(tiny)


def test_runs_of_another_commit_of_a_tag_and_on_a_schedule_do_not_count(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git_runs, "BEGIN", 0.5)
    before = tiny.git("rev-parse", "HEAD~1").strip()
    runs(
        tiny,
        {"head_sha": before},
        {"event": "schedule", "workflow": "nightly.yml"},
        {"head_branch": "v0.2.0", "workflow": "cd.yml"},
    )
    with pytest.raises(
        ReleaseError, match=f"no CI run of {tiny.head()[:7]} started"
    ) as stopped:
        push(tiny)
    assert not tagged(tiny)
    assert stopped.value.fix == (
        "let a workflow run on pushes to this branch, or remove ci from [gates]"
    )
    tiny.commit("release-tasks.toml", TAGS_ALONE)
    tag(context(), "0.2.0")
    push(tiny)
    assert tagged(tiny)


def test_after_a_failed_run_the_tag_moves_to_the_commit_that_fixes_it(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git_runs, "BEGIN", 0.5)
    tiny.commit("release-tasks.toml", TAGS_ALONE + AWAITED)
    tiny.git("tag", "--force", "v0.2.0")
    runs(tiny, FAILED)
    with pytest.raises(ReleaseError) as stopped:
        push(tiny)
    assert stopped.value.fix.startswith("fix it and commit, or rerun it")
    assert stopped.value.fix.endswith("; then run the release again")
    # a tag that only this machine has moves with the commit
    tiny.commit("fixed.txt")
    tag(context(), "0.2.0")
    runs(tiny, {})
    push(tiny)
    assert tagged(tiny)


def test_only_the_newest_run_of_a_workflow_counts(tiny: TinyProject) -> None:
    runs(tiny, {"conclusion": "cancelled"}, {})
    push(tiny)
    assert tagged(tiny)


def test_a_workflow_that_did_not_start_has_failed(tiny: TinyProject) -> None:
    runs(tiny, {"conclusion": "startup_failure", "jobs": []})
    with pytest.raises(
        ReleaseError, match=r"ci\.yml of \w+ ended with startup_failure"
    ):
        push(tiny)


def test_checks_and_statuses_of_other_services_count_too(
    tiny: TinyProject,
) -> None:
    tiny.git("push", "--quiet", "origin", "main")
    tiny.registries.github.set_checks(
        "example",
        "tiny",
        [
            {
                "name": "elsewhere",
                "app": {"slug": "other"},
                "conclusion": "timed_out",
            }
        ],
    )
    status(tiny, "failure")
    with pytest.raises(MultipleErrors) as reported:
        push(tiny)
    assert [
        error.problem.partition(" of ")[0] for error in reported.value.errors
    ] == [
        "elsewhere",
        "builds/tiny",
    ]
    tiny.registries.github.set_checks("example", "tiny", [])
    status(tiny, "success")
    push(tiny)
    assert tagged(tiny)


def status(tiny: TinyProject, state: str) -> None:
    fields = (
        "-f",
        f"state={state}",
        "-f",
        "context=builds/tiny",
        "-f",
        "target_url=https://builds.invalid/1",
    )
    subprocess.run(
        ["gh", "api", f"repos/example/tiny/statuses/{tiny.head()}", *fields],
        check=True,
        capture_output=True,
    )


def test_a_dry_run_says_that_it_would_wait(
    tiny: TinyProject, capsys: pytest.CaptureFixture[str]
) -> None:
    converge(context(dry=True), tiny.release("0.2.0", dry=True), git)
    assert (
        "would wait for the CI runs of the commit before pushing tags\n$ git push"
        in capsys.readouterr().err
    )


def found(tiny: TinyProject) -> list[str]:
    return [
        problem.replace(tiny.head()[:7], "HEAD").partition(": ")[0]
        for problem in problems(tiny, github_gates)
    ]


@pytest.mark.statement("B4.4")
def test_check_reports_failed_and_running_runs_of_head(
    tiny: TinyProject,
) -> None:
    tiny.git("tag", "--delete", "v0.2.0")
    assert found(tiny) == []  # nobody has seen this commit yet
    tiny.git("push", "--quiet", "origin", "main")
    runs(tiny, FAILED | {"workflow": "test.yml"}, {"status": "queued"})
    assert found(tiny) == [
        ".github/workflows/test.yml / test of HEAD ended with failure",
        ".github/workflows/ci.yml of HEAD is still running",
    ]
    runs(tiny, {}, {"workflow": "test.yml"})
    assert found(tiny) == []
    runs(tiny, FAILED)
    tiny.commit("release-tasks.toml", "")
    runs(tiny, FAILED)
    assert found(tiny) == []


def test_waiting_for_runs_needs_a_project_on_github(tiny: TinyProject) -> None:
    tiny.git("init", "--quiet", "--bare", str(tiny.folder / "bare.git"))
    tiny.git("remote", "set-url", "origin", str(tiny.folder / "bare.git"))
    tiny.git("tag", "--delete", "v0.2.0")
    assert found(tiny) == [
        "[gates] ci needs CI runs, and origin is not on GitHub"
    ]
    tiny.git("tag", "v0.2.0")
    with pytest.raises(
        ReleaseError, match="needs CI runs, and origin is not on GitHub"
    ):
        push(tiny)
    assert not tagged(tiny)


def test_runs_are_read_without_a_token(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GH_TOKEN")
    assert git_runs.commit_checks(tiny.release("0.2.0")) == ()
    tiny.git("push", "--quiet", "origin", "main")
    runs(tiny, {})
    assert [
        one.verdict for one in git_runs.commit_checks(tiny.release("0.2.0"))
    ] == ["success"]


NAMED = '[gates]\nci = ["ci.yml", "Python CI"]\n'
PYTHON_CI = """\
name: Python CI
on: {push: {branches: [main]}, workflow_dispatch: {}}
jobs: {}
"""


@pytest.fixture
def named(tiny: TinyProject) -> TinyProject:
    """A project whose tags wait for two workflows, one by file and one by name."""
    tiny.commit(".github/workflows/ci.yml", "on: push\njobs: {}\n")
    tiny.commit(".github/workflows/python.yml", PYTHON_CI)
    tiny.commit("release-tasks.toml", NAMED)
    tiny.git("tag", "--force", "v0.2.0")
    tiny.git("push", "--quiet", "origin", "main")
    return tiny


@pytest.mark.statement("B5.3")
def test_the_tag_waits_for_the_named_workflows_alone(
    named: TinyProject,
) -> None:
    runs(
        named,
        {},
        {"workflow": "python.yml", "event": "workflow_dispatch"},
        FAILED | {"workflow": "nightly.yml"},
    )
    status(named, "failure")
    push(named)
    assert tagged(named)


@pytest.mark.statement("B5.3")
@pytest.mark.parametrize(
    ("workflow", "rows", "fix"),
    [
        (
            "Python CI",
            [{}],
            "gh workflow run python.yml --ref main, then run this again, "
            "or remove Python CI from [gates] ci",
        ),
        (
            "ci.yml",
            [{"workflow": "python.yml"}, {"workflow": "cd.yml"}],
            "let ci.yml run on pushes to main, or remove ci.yml from [gates] ci",
        ),
    ],
)
def test_a_named_workflow_that_has_not_begun_is_not_green(
    named: TinyProject,
    monkeypatch: pytest.MonkeyPatch,
    workflow: str,
    rows: list[dict[str, Any]],
    fix: str,
) -> None:
    monkeypatch.setattr(git_runs, "BEGIN", 0.5)
    runs(named, *rows)
    with pytest.raises(ReleaseError) as reported:
        push(named)
    assert reported.value.problem.startswith(f"{workflow} has not begun for ")
    assert reported.value.fix == fix
    assert not tagged(named)


@pytest.mark.sample(3)
@pytest.mark.parametrize(
    ("names", "fact"),
    [
        ('["CI.yml", "python ci"]', None),
        ('[".github/workflows/ci.yml"]', None),
        ("true", None),
        (
            '["lint.yml"]',
            "waits for lint.yml, and no workflow of the project is called so",
        ),
        (
            '["cd.yml"]',
            "waits for cd.yml, and a push to main does not start it",
        ),
        (
            '["old.yml"]',
            "waits for old.yml, and a push to main does not start it",
        ),
    ],
)
def test_a_workflow_that_no_push_starts_is_found_before(
    named: TinyProject, names: str, fact: str | None
) -> None:
    named.commit(
        ".github/workflows/cd.yml", "on: {push: {tags: ['v*']}}\njobs: {}\n"
    )
    named.commit(
        ".github/workflows/old.yml", "on: {push: {branches: [v1]}}\njobs: {}\n"
    )
    named.commit("release-tasks.toml", f"[gates]\nci = {names}\n")
    case = CheckContext(context(), named.release("0.3.0"))
    found = [one.fact for one in run_checks(case, github_gates)]
    assert found == ([f"[gates] ci {fact}"] if fact else [])

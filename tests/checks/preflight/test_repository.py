"""The repository: each finding fires, and is silent where all is well."""

from __future__ import annotations

import os
import shlex
import subprocess

import pytest
from support.contexts import context
from support.tiny_project import TINY, TinyProject, problems, run_checks

from release_tasks.checks.check import CheckContext
from release_tasks.checks.preflight import repository


def found(tiny: TinyProject) -> list[str]:
    return problems(tiny, repository)


def test_a_clean_checkout_of_a_branch_is_well(tiny: TinyProject) -> None:
    assert found(tiny) == []
    tiny.commit("ahead.txt")
    assert found(tiny) == []


def test_a_repository_without_origin_cannot_be_released(
    tiny: TinyProject,
) -> None:
    tiny.git("remote", "remove", "origin")
    assert found(tiny) == ["the repository has no remote called origin"]


def test_a_detached_head_has_no_branch(tiny: TinyProject) -> None:
    tiny.git("checkout", "--quiet", "--detach")
    assert found(tiny) == [
        "HEAD is detached, so there is no branch to release from"
    ]


def test_releases_are_made_from_the_branch_of_the_settings(
    tiny: TinyProject,
) -> None:
    tiny.commit("release-tasks.toml", '[project]\nbranch = "main"\n')
    assert found(tiny) == []
    tiny.git("switch", "--quiet", "--create", "feature")
    assert found(tiny) == [
        "HEAD is on feature, but releases are made from main"
    ]


@pytest.mark.statement("B4.57", "B4.58")
def test_a_hotfix_is_released_from_its_own_branch_once_it_has_all_of_the_release_branch(
    tiny: TinyProject,
) -> None:
    def reported_of(version: str) -> list[tuple[str, str]]:
        return [
            (one.fact, one.fix)
            for one in run_checks(
                CheckContext(context(), tiny.release(version)), repository
            )
        ]

    tiny.commit("release-tasks.toml", '[project]\nbranch = "main"\n')
    tiny.git("push", "--quiet", "origin", "main")
    tiny.git("switch", "--quiet", "--create", "hotfix-glare")
    tiny.commit("fix.txt")
    assert reported_of("0.1.1") == []
    assert reported_of("0.2.0") == [
        (
            "HEAD is on hotfix-glare, but releases are made from main",
            "git switch main",
        )
    ]
    tiny.git("switch", "--quiet", "main")
    tiny.commit("feature.txt")
    tiny.git("push", "--quiet", "origin", "main")
    tiny.git("switch", "--quiet", "hotfix-glare")
    [(fact, fix)] = reported_of("0.1.1")
    assert fact == "main on origin has commits that are not here"
    tiny.git(*shlex.split(fix)[1:])
    assert reported_of("0.1.1") == []
    # where its runbook merges instead, the merge is released from there
    tiny.git("switch", "--quiet", "main")
    tiny.git(
        "merge", "--quiet", "--no-ff", "-m", "Merge the hotfix", "hotfix-glare"
    )
    assert {one for one, _ in reported_of("0.1.1")} == {
        "2 commits are on main but not on origin yet"
    }


@pytest.mark.statement("B4.57")
def test_the_branch_of_a_hotfix_may_leave_the_release_branch_behind(
    tiny: TinyProject,
) -> None:
    tiny.commit("release-tasks.toml", '[project]\nbranch = "main"\n')
    tiny.tag("v0.1.0")
    tiny.git("switch", "--quiet", "--create", "hotfix/v0.1.1")
    tiny.commit(
        "pyproject.toml", TINY["pyproject.toml"].replace("0.1.0", "0.1.1")
    )
    tiny.git("switch", "--quiet", "main")
    tiny.commit("feature.txt")
    tiny.git("push", "--quiet", "origin", "main")
    tiny.git("switch", "--quiet", "hotfix/v0.1.1")
    assert problems(tiny, repository, "0.1.1") == []
    assert "main on origin has commits that are not here" in problems(
        tiny, repository, "0.1.2"
    )
    # on another machine, with only the tag
    tiny.git("tag", "-m", "0.1.1", "v0.1.1")
    tiny.git("push", "--quiet", "origin", "HEAD", "v0.1.1")
    tiny.git("switch", "--quiet", "--detach", "v0.1.1")
    assert problems(tiny, repository, "0.1.1") == []
    tiny.git("push", "--quiet", "origin", ":hotfix/v0.1.1")
    [lost] = problems(tiny, repository, "0.1.1")
    assert lost.endswith("which is not on main of origin")


def test_changes_that_are_not_committed_are_named(tiny: TinyProject) -> None:
    for number in range(7):
        (tiny.root / f"new-{number}.txt").write_text("")
    (tiny.root / "dist").mkdir()
    (tiny.root / "dist" / "ours").write_text("")
    listed = ", ".join(f"new-{number}.txt" for number in range(5))
    assert found(tiny) == [f"uncommitted changes: {listed} and 2 more"]


@pytest.mark.statement("B3.1", "B4.7", "B5.4")
def test_commits_on_origin_that_are_not_here_are_found(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tiny.clone()
    (other / "theirs.txt").write_text("")
    tiny.git("add", "--all", folder=other)
    tiny.git("commit", "--quiet", "--message=Theirs", folder=other)
    tiny.git("push", "--quiet", "origin", "main", folder=other)
    assert found(tiny) == ["main on origin has commits that are not here"]
    tiny.git("pull", "--quiet", "origin", "main")
    assert found(tiny) == []


def test_a_tag_that_is_public_makes_all_of_this_irrelevant(
    tiny: TinyProject,
) -> None:
    tiny.commit(
        "pyproject.toml", TINY["pyproject.toml"].replace("0.1.0", "0.2.0")
    )
    tiny.tag("v0.2.0")
    tiny.git("checkout", "--quiet", "--detach")
    (tiny.root / "new.txt").write_text("")
    assert found(tiny) == []


def reported(tiny: TinyProject) -> dict[str, tuple[str, str]]:
    return {
        one.name: (one.fact, one.fix)
        for one in run_checks(
            CheckContext(context(), tiny.release("0.2.0")), repository
        )
    }


def test_commits_that_origin_lacks_are_a_note_until_they_are_pushed(
    tiny: TinyProject,
) -> None:
    assert reported(tiny) == {}
    tiny.commit("ahead.txt")
    fact, fix = reported(tiny)["ahead-of-origin"]
    assert fact == "1 commit is on main but not on origin yet"
    tiny.git(*shlex.split(fix.partition(" to ")[0])[1:])
    assert reported(tiny) == {}


def test_a_clone_with_a_part_of_the_history_is_found_and_completed(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.commit("more.txt")
    tiny.git("push", "--quiet", "origin", "main")
    copy = tiny.clone("--depth=1")
    monkeypatch.chdir(copy)
    [(name, (fact, fix))] = reported(tiny).items()
    assert (name, fact) == (
        "shallow-clone",
        "this clone has only a part of the history",
    )
    tiny.git(*shlex.split(fix)[1:], folder=copy)
    assert reported(tiny) == {}


def test_a_submodule_whose_commit_nobody_else_can_have_is_found(
    tiny: TinyProject,
) -> None:
    bare = tiny.folder / "sub.git"
    tiny.git("clone", "--quiet", "--bare", str(tiny.root), str(bare))
    tiny.git(
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        str(bare),
        "vendor/sub",
    )
    tiny.git("commit", "--quiet", "--message=Add a submodule")
    tiny.git("push", "--quiet", "origin", "main")
    assert reported(tiny) == {}
    sub = tiny.root / "vendor/sub"
    tiny.git(
        "commit", "--quiet", "--allow-empty", "--message=Only here", folder=sub
    )
    tiny.git("commit", "--quiet", "--all", "--message=Take it")
    tiny.git("push", "--quiet", "origin", "main")
    [(name, (fact, fix))] = reported(tiny).items()
    assert (name, fact.startswith("submodule vendor/sub is at ")) == (
        "unpushed-submodule",
        True,
    )
    tiny.git(*shlex.split(fix)[1:])
    assert reported(tiny) == {}


def test_an_empty_submodule_is_found_before_anything_is_built_without_it(
    tiny: TinyProject,
) -> None:
    allowed = ("-c", "protocol.file.allow=always")
    bare = tiny.folder / "sub.git"
    tiny.git("clone", "--quiet", "--bare", str(tiny.root), str(bare))
    tiny.git(*allowed, "submodule", "--quiet", "add", str(bare), "vendor/sub")
    tiny.git("commit", "--quiet", "--message=Add a submodule")
    tiny.git("push", "--quiet", "origin", "main")
    tiny.git("submodule", "--quiet", "deinit", "--force", "vendor/sub")
    [(name, (fact, fix))] = reported(tiny).items()
    assert (name, fact) == (
        "incomplete-checkout",
        "the submodule vendor/sub is empty here",
    )
    tiny.git(*allowed, *shlex.split(fix)[1:])
    assert reported(tiny) == {}


@pytest.mark.tools("cargo")
def test_a_target_folder_that_git_does_not_ignore_is_named(
    tiny: TinyProject,
) -> None:
    tiny.commit("src/lib.rs", "")
    tiny.commit("Cargo.toml", '[package]\nname = "tiny"\nversion = "0.1.0"\n')
    case = CheckContext(context(), tiny.release("0.2.0"), None)
    [finding] = [
        one
        for one in run_checks(case, repository)
        if one.name == "unignored-output"
    ]
    assert finding.fact == "target/, where cargo builds, is not in .gitignore"
    subprocess.run(finding.fix, shell=True, cwd=tiny.root, check=True)
    case = CheckContext(context(), tiny.release("0.2.0"), None)
    names = [one.name for one in run_checks(case, repository)]
    assert "unignored-output" not in names


def test_what_setuptools_leaves_is_named_until_git_ignores_it(
    tiny: TinyProject,
) -> None:
    for name in ("build/lib", "tiny_plain.egg-info", "notes/build"):
        (tiny.root / name).mkdir(parents=True)
        (tiny.root / name / "file").write_text("")
    (tiny.root / "__pycache__").mkdir(exist_ok=True)
    fixes = []
    case = CheckContext(context(), tiny.release("0.2.0"), None)
    for one in run_checks(case, repository):
        if one.name == "unignored-output":
            assert one.fact.endswith(
                ", where setuptools builds, is not in .gitignore"
            )
            fixes.append(one.fix)
    assert len(fixes) == 2
    for fix in fixes:
        subprocess.run(fix, shell=True, cwd=tiny.root, check=True)
    case = CheckContext(context(), tiny.release("0.2.0"), None)
    assert "unignored-output" not in [
        one.name for one in run_checks(case, repository)
    ]


FORKS = [
    ("", "", ""),
    ("Source = 'https://github.com/other/tiny'", "", "names other/tiny as its"),
    (
        "Homepage = 'https://github.com/other/tiny#readme'",
        "",
        "names other/tiny as",
    ),
    ("Source = 'https://github.com/Example/Tiny.git'", "", ""),
    ("Source = 'https://github.com/example/tiny/tree/main/x'", "", ""),
    (
        "Source = 'https://github.com/example/tiny'",
        "git@github.com:other/tiny",
        "",
    ),
    ("Documentation = 'https://github.com/other/docs'", "", ""),
    ("Source = 'https://gitlab.com/other/tiny'", "", ""),
    ("", "https://github.com/other/tiny.git", "a fork of other/tiny"),
    ("", "https://github.com/EXAMPLE/tiny", ""),
    ("", "https://git.example.org/other/tiny", ""),
]


@pytest.mark.parametrize(("urls", "upstream", "fact"), FORKS)
@pytest.mark.sample(3)
def test_a_fork_is_known_by_the_manifests_and_the_remotes(
    tiny: TinyProject, urls: str, upstream: str, fact: str
) -> None:
    manifest = TINY["pyproject.toml"] + f"[project.urls]\n{urls}\n"
    tiny.commit("pyproject.toml", manifest)
    if upstream:
        tiny.git("remote", "add", "upstream", upstream)
    case = CheckContext(context(), tiny.release("0.2.0"))
    facts = [
        one.fact
        for one in run_checks(case, repository)
        if one.name == "fork-as-origin"
    ]
    assert bool(facts) is bool(fact)
    assert all(fact in one for one in facts)


@pytest.mark.parametrize(
    ("branch", "is_named"),
    [
        ("main", False),
        ("release/1.2", False),
        ("hotfix-tls", False),
        ("1.x", False),
        ("v2", False),
        ("team/backport_3", False),
        ("feature", True),
        ("release-notes-draft", False),
        ("fix/version-2", True),
    ],
)
@pytest.mark.sample(3)
def test_another_branch_than_the_usual_one_is_said(
    tiny: TinyProject, branch: str, is_named: bool
) -> None:
    def facts() -> list[str]:
        checked = CheckContext(context(), tiny.release("0.2.0"))
        found = run_checks(checked, repository)
        return [one.fix for one in found if one.name == "other-branch"]

    if branch != "main":
        tiny.git("switch", "--quiet", "--create", branch)
    fix = f'git switch main, or set branch = "{branch}" in [project] of release-tasks.toml'
    assert facts() == [fix] * is_named
    tiny.git("push", "--quiet", "origin", "HEAD:refs/heads/master")
    # no clone, so nobody knows which of both it is
    assert facts() == []
    tiny.git("remote", "set-head", "origin", "main")
    assert facts() == [fix] * is_named
    tiny.commit("release-tasks.toml", f'[project]\nbranch = "{branch}"\n')
    assert facts() == []


def test_a_machine_where_git_knows_nobody_cannot_commit(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fixes() -> list[str]:
        found = run_checks(
            CheckContext(context(), tiny.release("0.2.0")), repository
        )
        return [one.fix for one in found if one.name == "no-identity"]

    assert fixes() == []
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.delenv(f"GIT_{role}_NAME")
        monkeypatch.delenv(f"GIT_{role}_EMAIL")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    tiny.git("config", "user.useConfigOnly", "true")
    [fix] = fixes()
    for line in fix.replace("--global ", "").split(" && "):
        tiny.git(*shlex.split(line)[1:])
    assert fixes() == []

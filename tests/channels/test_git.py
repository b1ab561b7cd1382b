"""origin: branch and tags are pushed together, once, and never overwrite anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.contexts import context
from support.tiny_project import TINY, TinyProject, tiny_project

from release_tasks.channels import git
from release_tasks.converge import converge
from release_tasks.errors import ReleaseError
from release_tasks.project.artifacts import State


@pytest.fixture
def tiny(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TinyProject]:
    with tiny_project(tmp_path, monkeypatch, TINY) as made:
        yield made


def on_origin(tiny: TinyProject) -> dict[str, str]:
    lines = tiny.git(
        "ls-remote", "origin", "refs/heads/*", "refs/tags/*"
    ).splitlines()
    refs = dict(reversed(line.split("\t")) for line in lines)
    return {
        name: refs.get(f"{name}^{{}}", commit)
        for name, commit in refs.items()
        if not name.endswith("^{}")
    }


def test_branch_and_tag_are_pushed_once(tiny: TinyProject) -> None:
    commit = tiny.commit("more.txt")
    tiny.tag("v0.2.0", push=False)
    converge(context(), tiny.release("0.2.0"), git)
    assert on_origin(tiny) == {
        "refs/heads/main": commit,
        "refs/tags/v0.2.0": commit,
    }
    writes = len(tiny.registries.log.writes())
    converge(context(), tiny.release("0.2.0"), git)
    assert len(tiny.registries.log.writes()) == writes


def test_a_commit_that_was_merged_is_not_pushed_again(
    tiny: TinyProject, capsys: pytest.CaptureFixture[str]
) -> None:
    commit = tiny.commit("more.txt")
    tiny.tag("v0.2.0", push=False)
    tiny.commit("later.txt")
    tiny.git("push", "--quiet", "origin", "main")
    tiny.git("checkout", "--quiet", "v0.2.0")
    tiny.git("checkout", "--quiet", "-B", "main")
    converge(context(), tiny.release("0.2.0"), git)
    assert "main on origin already has the commit" in capsys.readouterr().err
    assert on_origin(tiny)["refs/tags/v0.2.0"] == commit


def test_without_the_tag_nothing_is_pushed(tiny: TinyProject) -> None:
    before = on_origin(tiny)
    tiny.commit("more.txt")
    with pytest.raises(
        ReleaseError, match=r"there is no tag v0\.2\.0"
    ) as reported:
        converge(context(), tiny.release("0.2.0"), git)
    assert reported.value.fix == "inv tag --version 0.2.0"
    assert on_origin(tiny) == before


def test_a_file_that_a_build_has_changed_is_named_and_not_the_tag(
    tiny: TinyProject,
) -> None:
    """Maturin writes a Cargo.lock anew that somebody has written by hand."""
    commit = tiny.commit("Cargo.lock", "version = 4\n")
    tiny.tag("v0.2.0", push=False)
    (tiny.root / "Cargo.lock").write_text("# made by cargo\nversion = 4\n")
    with pytest.raises(ReleaseError) as reported:
        converge(context(), tiny.release("0.2.0"), git)
    assert reported.value.problem.startswith(
        "Cargo.lock changed after v0.2.0 was made here"
    )
    stash, _, again = reported.value.fix.partition("; or commit it, then ")
    assert again == "inv release --version 0.2.0"
    tiny.git(*stash.split()[1:])
    converge(context(), tiny.release("0.2.0"), git)
    assert on_origin(tiny)["refs/tags/v0.2.0"] == commit


def test_a_tag_of_another_commit_on_origin_stops_the_release(
    tiny: TinyProject,
) -> None:
    tiny.tag("v0.2.0")
    tiny.commit("more.txt")
    tiny.git("tag", "--force", "-m", "again", "v0.2.0")
    release = tiny.release("0.2.0")
    [seen] = git.state(release, git.expected(release))
    assert seen.state is State.DIFFERENT
    with pytest.raises(ReleaseError, match=" differs: "):
        converge(context(), release, git)


def test_a_branch_that_moved_on_is_an_error_with_a_fix(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.commit("theirs.txt")
    tiny.git("push", "--quiet", "origin", "main")
    tiny.git("reset", "--quiet", "--hard", "HEAD~1")
    tiny.commit("ours.txt")
    tiny.tag("v0.2.0", push=False)
    with pytest.raises(ReleaseError) as reported:
        converge(context(), tiny.release("0.2.0"), git)
    assert "git pull --rebase origin main" in reported.value.fix
    assert "refs/tags/v0.2.0" not in on_origin(tiny)
    # no job can do that
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    with pytest.raises(ReleaseError, match="ended with status 1") as reported:
        converge(context(), tiny.release("0.2.0"), git)
    assert reported.value.fix.startswith(
        "begin a new run of the workflow if main has moved on"
    )


def test_a_dry_run_pushes_nothing(
    tiny: TinyProject, capsys: pytest.CaptureFixture[str]
) -> None:
    before = on_origin(tiny)
    tiny.commit("more.txt")
    converge(context(dry=True), tiny.release("0.2.0", dry=True), git)
    said = capsys.readouterr().err
    assert "$ git push --quiet --atomic origin HEAD:refs/heads/main" in said
    assert "$ git push --quiet --atomic origin refs/tags/v0.2.0" in said
    assert on_origin(tiny) == before


def test_more_than_three_tags_are_pushed_in_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GitHub starts no workflow where more than three tags arrive at once."""
    names = ("a", "b", "c", "d")
    files = {
        f"{n}/pyproject.toml": TINY["pyproject.toml"].replace(
            "tiny-plain", f"tiny-{n}"
        )
        for n in names
    }
    settings = "".join(
        f'[components.{n}]\ntag = "{n}-v{{version}}"\npython = ["tiny-{n}"]\n'
        for n in names
    )
    with tiny_project(
        tmp_path, monkeypatch, TINY | files | {"release-tasks.toml": settings}
    ) as four:
        commit = four.commit("more.txt")
        for n in names:
            four.tag(f"{n}-v0.1.0", push=False)
        pushed = len(
            [
                e
                for e in four.registries.log.writes()
                if "git-receive-pack" in e.target
            ]
        )
        converge(
            context(), four.release(",".join(f"{n}=0.1.0" for n in names)), git
        )
        assert on_origin(four) == {"refs/heads/main": commit} | dict.fromkeys(
            (f"refs/tags/{n}-v0.1.0" for n in names), commit
        )
        assert (
            len(
                [
                    e
                    for e in four.registries.log.writes()
                    if "git-receive-pack" in e.target
                ]
            )
            - pushed
            == 3
        )


def test_two_components_have_two_tags_on_one_commit(two: TinyProject) -> None:
    commit = two.commit("more.txt")
    two.tag("v0.5.0", push=False)
    two.tag("other-v0.4.1", push=False)
    converge(context(), two.release("core=0.5.0,other=0.4.1"), git)
    assert on_origin(two) == dict.fromkeys(
        ("refs/heads/main", "refs/tags/v0.5.0", "refs/tags/other-v0.4.1"),
        commit,
    )


def test_a_tag_is_withdrawn_here_and_on_origin(tiny: TinyProject) -> None:
    tiny.tag("v0.2.0")
    release = tiny.release("0.2.0")
    git.withdraw(context(), release, git.expected(release)[0])
    assert "refs/tags/v0.2.0" not in on_origin(tiny)
    assert tiny.git("tag") == ""

"""git's answers become nouns, and what is changed is exactly what was meant."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from support.contexts import context
from support.tiny_project import TINY, TinyProject

from release_tasks.errors import ReleaseError
from release_tasks.tools import git
from release_tasks.tools.git import clones, origin


def test_outside_of_a_repository_there_is_a_way_out(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="is not in a git repository"):
        git.top(tmp_path)


@pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can give a folder away"
)
def test_a_checkout_of_somebody_else_is_not_called_no_repository(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    subprocess.run(["chown", "-R", "12345", tiny.root], check=True)
    with pytest.raises(ReleaseError, match="dubious ownership") as reported:
        git.top(tiny.root)
    assert (
        reported.value.fix
        == f"git config --global --add safe.directory {tiny.root}"
    )


def test_changes_are_paths_from_the_top_and_never_those_of_dist(
    tiny: TinyProject,
) -> None:
    (tiny.root / "CHANGELOG.md").write_text("changed")
    (tiny.root / "tiny_plain" / "ünt ested\t.py").write_text("")
    (tiny.root / "dist" / "v0.2.0").mkdir(parents=True)
    (tiny.root / "dist" / "v0.2.0" / "file").write_text("")
    assert set(git.changed(tiny.root)) == {
        "CHANGELOG.md",
        "tiny_plain/ünt ested\t.py",
    }


def test_a_file_that_is_as_a_checkout_writes_it_is_not_changed(
    tiny: TinyProject,
) -> None:
    tiny.commit("crlf.txt", "one\r\ntwo\r\n")
    tiny.commit("other.txt", "one\r\n")
    tiny.commit(".gitattributes", "*.txt text\n")
    for name in ("crlf.txt", "other.txt"):
        os.utime(tiny.root / name, (1, 1))
    assert git.changed(tiny.root) == ()
    assert git.as_checked_out(tiny.root) == ("crlf.txt", "other.txt")
    assert git.is_at(tiny.root, tiny.head())
    with clones.clone(tiny.root, "HEAD") as copy:
        assert git.changed(copy) == ()
        assert (copy / "crlf.txt").read_bytes() == b"one\r\ntwo\r\n"
    (tiny.root / "other.txt").write_bytes(b"one\r\nmore\r\n")
    assert git.changed(tiny.root) == ("other.txt",)
    (tiny.root / "crlf.txt").chmod(0o755)
    assert git.changed(tiny.root) == ("crlf.txt", "other.txt")


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("Signature: 8a477f597d28d172789f06886806bc55\n# cargo", ()),
        ("Signature: something else\n", ("target/",)),
    ],
)
def test_a_folder_that_says_it_is_a_cache_is_not_a_change(
    tiny: TinyProject, text: str, changed: tuple[str, ...]
) -> None:
    (tiny.root / "target").mkdir()
    (tiny.root / "target" / "CACHEDIR.TAG").write_text(text)
    assert git.changed(tiny.root) == changed
    assert not git.is_ignored(tiny.root, "target/")
    tiny.commit(".gitignore", "/target/\n__pycache__/\n")
    assert git.is_ignored(tiny.root, "target/")


def test_a_fingerprint_changes_with_every_change(tiny: TinyProject) -> None:
    seen = {git.fingerprint(tiny.root)}
    (tiny.root / "new.txt").write_text("a")
    seen.add(git.fingerprint(tiny.root))
    os.utime(tiny.root / "new.txt", (1, 1))
    seen.add(git.fingerprint(tiny.root))
    tiny.commit("new.txt")
    seen.add(git.fingerprint(tiny.root))
    assert len(seen) == 4


def test_tags_stand_for_commits_whether_annotated_or_not(
    tiny: TinyProject,
) -> None:
    tiny.git("tag", "light")
    tiny.tag("v0.2.0")
    assert git.tags(tiny.root) == {"light": tiny.head(), "v0.2.0": tiny.head()}
    assert origin.tag(tiny.root, "v0.2.0") == tiny.head()
    assert origin.tag(tiny.root, "v0.2") is None
    refs = origin.refs(tiny.root)
    assert refs == {
        "refs/tags/v0.2.0": tiny.head(),
        "refs/heads/main": tiny.head(),
    }


def test_a_remote_that_cannot_be_read_is_an_error_with_gits_own_reason(
    tiny: TinyProject,
) -> None:
    tiny.git("remote", "set-url", "origin", str(tiny.folder / "nowhere"))
    with pytest.raises(
        ReleaseError,
        match=r"the remote origin cannot be read: fatal: .* does not appear to be",
    ):
        origin.refs(tiny.root)


def test_a_file_of_a_commit_comes_byte_for_byte(tiny: TinyProject) -> None:
    data = b"\xff\xfe\r\nno text\x00"
    (tiny.root / "raw").write_bytes(data)
    tiny.git("add", "raw")
    tiny.git("commit", "--quiet", "--message=Raw")
    assert git.at_commit(tiny.root, "HEAD", "raw") == data
    assert git.at_commit(tiny.root, "HEAD~1", "raw") is None


def test_a_commit_has_exactly_the_named_paths_whatever_else_is_staged(
    tiny: TinyProject,
) -> None:
    (tiny.root / "staged.txt").write_text("")
    tiny.git("add", "staged.txt")
    (tiny.root / "ours.txt").write_text("")
    (tiny.root / "CHANGELOG.md").write_text("changed")
    git.commit(context(), tiny.root, ["ours.txt", "CHANGELOG.md"], "Ours")
    assert set(tiny.git("show", "--name-only", "--format=").split()) == {
        "ours.txt",
        "CHANGELOG.md",
    }
    assert git.changed(tiny.root) == ("staged.txt",)


def test_a_push_is_all_or_nothing(tiny: TinyProject) -> None:
    tiny.tag("v0.1.0")
    tiny.commit("more.txt")
    tiny.git("tag", "--force", "-m", "x", "v0.1.0")
    tiny.git("tag", "-m", "x", "v0.2.0")
    with pytest.raises(ReleaseError, match="git push"):
        origin.push(
            context(), tiny.root, "refs/tags/v0.2.0", "refs/tags/v0.1.0"
        )
    assert origin.tag(tiny.root, "v0.2.0") is None


def test_an_export_has_the_files_and_no_history(tiny: TinyProject) -> None:
    clones.export(tiny.root, "HEAD", tiny.folder / "export")
    assert {path.name for path in (tiny.folder / "export").iterdir()} == {
        name.split("/")[0] for name in TINY
    }


def test_a_clean_tree_is_the_checkout_or_a_clone_that_goes(
    tiny: TinyProject,
) -> None:
    with clones.clean(tiny.root, tiny.head()) as tree:
        assert tree == tiny.root
    (tiny.root / "scribble").write_text("")
    with clones.clean(tiny.root, tiny.head()) as tree:
        assert not (tree / "scribble").exists()
        assert (tree / "tasks.py").exists()
    assert not tree.exists()

"""Every copy of a commit has all of its files: submodules, Git LFS, whatever attributes say."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from support.repositories import commit_all, commit_files, git, write_files

from release_tasks.errors import ReleaseError
from release_tasks.files import remove
from release_tasks.tools.git import clones, whole, worktree

POINTER = (
    "version https://git-lfs.github.com/spec/v1\noid sha256:"
    + "0" * 64
    + "\nsize 5\n"
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Make a repository with a submodule that has one of its own."""
    inner = commit_files(tmp_path / "inner", {"deep.txt": "deep"})
    outer = commit_files(tmp_path / "outer", {"file.txt": "file"})
    add_submodule(outer, inner, "in side")
    root = commit_files(tmp_path / "root", {"README.md": "Text"})
    add_submodule(root, outer, "vendor/outer")
    git(
        root,
        *ALLOWED,
        "submodule",
        "--quiet",
        "update",
        "--init",
        "--recursive",
    )
    return root


ALLOWED = ("-c", "protocol.file.allow=always")


def add_submodule(root: Path, other: Path, path: str) -> None:
    git(root, *ALLOWED, "submodule", "--quiet", "add", str(other), path)
    commit_all(root)


def head(root: Path) -> str:
    return git(root, "rev-parse", "HEAD").strip()


DEEP = Path("vendor", "outer", "in side", "deep.txt")


def test_a_clone_has_submodules_within_submodules(project: Path) -> None:
    with clones.clone(project, "HEAD") as copy:
        assert (copy / DEEP).read_text() == "deep"
        assert git(copy, "status", "--porcelain") == ""
        with clones.clone(copy, "HEAD") as second:
            assert (second / DEEP).read_text() == "deep"


def test_submodules_come_from_here_though_their_remote_is_gone(
    project: Path,
) -> None:
    remove(project.parent / "inner")
    remove(project.parent / "outer")
    with clones.clone(project, "HEAD") as copy:
        assert (copy / DEEP).read_text() == "deep"


def test_an_export_has_submodules_and_no_history(
    project: Path, tmp_path: Path
) -> None:
    clones.export(project, "HEAD", tmp_path / "export")
    assert (tmp_path / "export" / DEEP).read_text() == "deep"
    assert list((tmp_path / "export").rglob(".git")) == []


def test_an_export_has_what_an_archive_leaves_out_or_replaces(
    tmp_path: Path,
) -> None:
    files = {
        ".gitattributes": "left.txt export-ignore\nid.txt export-subst\n",
        "left.txt": "left",
        "id.txt": "$Format:%H$",
    }
    root = commit_files(tmp_path / "root", files)
    clones.export(root, "HEAD", tmp_path / "export")
    assert (tmp_path / "export" / "left.txt").read_text() == "left"
    assert (tmp_path / "export" / "id.txt").read_text() == "$Format:%H$"


def test_an_export_has_the_time_of_the_commit(tmp_path: Path) -> None:
    root = commit_files(tmp_path / "root", {"a/b.txt": "b"})
    os.symlink("b.txt", root / "a" / "link")
    commit_all(root)
    seconds = int(git(root, "log", "-1", "--format=%ct"))
    clones.export(root, "HEAD", tmp_path / "export")
    paths = [tmp_path / "export", *(tmp_path / "export").rglob("*")]
    assert {int(path.lstat().st_mtime) for path in paths} == {seconds}


def test_a_work_tree_of_an_earlier_commit_has_the_submodule_of_that_commit(
    project: Path,
) -> None:
    earlier = head(project)
    outer = project / "vendor" / "outer"
    write_files(outer, {"file.txt": "later"})
    commit_all(outer)
    commit_all(project)
    tree = worktree.at(project, "v0.1.0", earlier)
    assert (tree / "vendor" / "outer" / "file.txt").read_text() == "file"
    assert (tree / DEEP).read_text() == "deep"


def test_an_empty_submodule_is_missing_and_a_copy_fetches_it(
    project: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    allow_files(monkeypatch)
    git(tmp_path, "clone", "--quiet", str(project), "fresh")
    fresh = tmp_path / "fresh"
    [found] = whole.missing(fresh)
    assert found.fact == "the submodule vendor/outer is empty here"
    assert found.fix == "git submodule update --init --recursive"
    with clones.clean(fresh, head(fresh)) as copy:
        assert copy != fresh
        assert (copy / DEEP).read_text() == "deep"
    said = capfd.readouterr().err
    assert said.count("fetching the submodule ") == 2
    assert "fetching the submodule vendor/outer from " in said
    with clones.clean(fresh, head(fresh)):
        assert "fetching" not in capfd.readouterr().err  # its objects stayed
    git(
        fresh,
        *ALLOWED,
        "submodule",
        "--quiet",
        "update",
        "--init",
        "--recursive",
    )
    assert whole.missing(fresh) == ()


def test_twenty_empty_submodules_are_one_finding(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow_files(monkeypatch)
    commit = head(project / "vendor" / "outer")
    modules = project / ".gitmodules"
    text = modules.read_text()
    for number in range(19):
        path = f"vendor/{number:02}"
        text += f'[submodule "{path}"]\n\tpath = {path}\n\turl = {project.parent}/outer\n'
        git(
            project,
            "update-index",
            "--add",
            "--cacheinfo",
            f"160000,{commit},{path}",
        )
    modules.write_text(text)
    git(project, "commit", "--quiet", "--message=More", "--", ".gitmodules")
    git(project, "commit", "--quiet", "--message=Modules")
    git(tmp_path, "clone", "--quiet", str(project), "fresh")
    [found] = whole.missing(tmp_path / "fresh")
    names = (
        "vendor/outer, vendor/00, vendor/01, vendor/02, vendor/03 and 15 more"
    )
    assert found.fact == f"20 submodules are empty here: {names}"


def test_a_submodule_that_nobody_has_is_an_error(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow_files(monkeypatch)
    git(tmp_path, "clone", "--quiet", str(project), "fresh")
    outer = tmp_path / "outer"
    outer.rename(tmp_path / "moved")
    fresh = tmp_path / "fresh"
    with pytest.raises(
        ReleaseError, match="submodule vendor/outer is not here"
    ) as stopped:
        clones.export(fresh, "HEAD", tmp_path / "export")
    command, _, rest = stopped.value.fix.partition("; if that fails, too, ")
    assert (
        rest == "push the commit there, or correct the address in .gitmodules"
    )
    assert subprocess.run(command.split(), cwd=fresh, check=False).returncode
    with pytest.raises(
        ReleaseError, match="submodule vendor/outer is not here"
    ):
        worktree.at(fresh, "v0.1.0", head(fresh))
    with clones.manifests_at(fresh, "HEAD") as copy:
        assert (copy / "README.md").exists()
    modules = fresh / ".gitmodules"
    text = modules.read_text().replace(str(outer), str(tmp_path / "moved"))
    commit_files(fresh, {".gitmodules": text})
    clones.export(fresh, "HEAD", tmp_path / "again")
    assert (tmp_path / "again" / DEEP).read_text() == "deep"


def test_a_submodule_that_git_passes_over_may_be_empty(project: Path) -> None:
    git(
        project,
        "config",
        "--file",
        ".gitmodules",
        "submodule.vendor/outer.update",
        "none",
    )
    commit_all(project)
    git(project, "submodule", "--quiet", "deinit", "--force", "vendor/outer")
    assert whole.missing(project) == ()
    with clones.clone(project, "HEAD") as copy:
        assert list((copy / "vendor" / "outer").iterdir()) == []


def test_a_pointer_of_git_lfs_is_missing(tmp_path: Path) -> None:
    files = {
        ".gitattributes": "*.bin filter=lfs\n",
        "a.bin": POINTER,
        "b.txt": POINTER,
    }
    root = commit_files(tmp_path / "root", files)
    [found] = whole.missing(root)
    assert found.path == "a.bin"
    assert found.fix == "git lfs install --local && git lfs pull"
    with pytest.raises(ReleaseError, match=r"a\.bin: the file is in Git LFS"):
        clones.export(root, "HEAD", tmp_path / "export")


def test_a_copy_uses_the_filter_that_only_this_repository_has(
    tmp_path: Path,
) -> None:
    root = commit_files(
        tmp_path / "root", {".gitattributes": "*.bin filter=lfs\n"}
    )
    git(root, "config", "filter.lfs.clean", f"echo '{POINTER.strip()}'")
    git(root, "config", "filter.lfs.smudge", "echo large")
    commit_files(root, {"a.bin": "large\n"})
    clones.export(root, "HEAD", tmp_path / "export")
    assert (tmp_path / "export" / "a.bin").read_text() == "large\n"
    with clones.clone(root, "HEAD") as copy:
        assert git(copy, "status", "--porcelain") == ""
        storage = git(copy, "config", "lfs.storage").strip()
        assert storage == str(root.resolve() / ".git" / "lfs")


def test_a_sparse_checkout_is_not_whole(tmp_path: Path) -> None:
    root = commit_files(tmp_path / "root", {"a/x.txt": "x", "b/y.txt": "y"})
    git(root, "sparse-checkout", "set", "a")
    [found] = whole.missing(root)
    assert found.fact == "b/y.txt is not checked out: this is a sparse checkout"
    with clones.clean(root, head(root)) as copy:
        assert (copy / "b" / "y.txt").read_text() == "y"


@pytest.mark.parametrize(
    ("url", "origin", "expected"),
    [
        (
            "https://a.example/x.git",
            "https://b.example/o/r",
            "https://a.example/x.git",
        ),
        ("../x.git", "https://a.example/o/r.git", "https://a.example/o/x.git"),
        ("./sub.git", "https://a.example/o/r", "https://a.example/o/r/sub.git"),
        ("../../p/x", "https://a.example/o/r", "https://a.example/p/x"),
        ("../x", "git@a.example:o/r.git", "git@a.example:o/x"),
        ("../x", "/srv/git/r", "/srv/git/x"),
    ],
)
def test_the_url_of_a_submodule_may_be_relative(
    url: str, origin: str, expected: str
) -> None:
    assert whole.absolute_url(url, origin) == expected


def allow_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let git clone from folders, which is what the URLs of these submodules are."""
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "protocol.file.allow")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "always")

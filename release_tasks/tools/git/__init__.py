"""git: what a repository has, and the few things that a release changes there."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from invoke.context import Context

from release_tasks.errors import ReleaseError
from release_tasks.files import TEMPORARY, scratch
from release_tasks.memo import On, changing, memoized_on
from release_tasks.printable import word
from release_tasks.shell import Failed, ask, ask_bytes, do, is_dry

LINK = "120000"  # the mode of a symbolic link in git's index
ROLES = ("AUTHOR", "COMMITTER")  # in the names of git's variables
SUBMODULE = "160000"  # the mode of a submodule in git's index
SPARSE = "S"  # how `git ls-files -t` marks what a sparse checkout leaves out
CACHE_SIGNATURE = b"Signature: 8a477f597d28d172789f06886806bc55"
# How many fields come before the path, by the kind of entry (git-status, porcelain format 2).
COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
MIN_HASH = 40  # hex digits of an object's name
FIELDS_BEFORE_PATH = {"1": 7, "u": 9, "?": 0, "!": 0}


class Commit(NamedTuple):
    """A commit and its message."""

    sha: str  # 40 hex digits
    subject: str
    body: str


class _Repository(NamedTuple):
    """Where a repository is, and whether its history is incomplete."""

    top: Path
    common: Path
    is_shallow: bool
    hooks: Path


class _Entry(NamedTuple):
    """A path in the index: its mode, its object, and how `git ls-files -t` marks it."""

    mode: str
    name: str
    status: str


class _Status(NamedTuple):
    """What is checked out, and what differs from it."""

    commit: str | None  # 40 hex digits, None before the first commit
    branch: str | None  # None for a detached HEAD
    changed: tuple[str, ...]
    untracked: frozenset[str]
    staged: tuple[str, ...]
    # that git shows as changed in every fresh clone
    as_checked_out: tuple[str, ...]


def top(folder: Path) -> Path:
    """Return the root of the work tree around `folder`; raise `ReleaseError` outside of one."""
    return _repository(folder).top


def common_dir(tree: Path) -> Path:
    """Return the folder in which git keeps what all work trees of a repository share."""
    return _repository(tree).common


def is_shallow(tree: Path) -> bool:
    """Tell whether the clone has only a part of the history."""
    return _repository(tree).is_shallow


def hooks(tree: Path) -> Path:
    """Return the folder with the repository's hooks."""
    return _repository(tree).hooks


def has_hooks(tree: Path) -> bool:
    """Tell whether git runs hooks of the project or of this machine (githooks)."""
    folder = _repository(tree).hooks
    if not folder.is_dir():
        return False
    return any(path.suffix != ".sample" for path in folder.iterdir())


def is_commit(text: str) -> bool:
    """Tell whether a text is the whole name of a commit: 40 hex digits, 64 with SHA-256."""
    return COMMIT.fullmatch(text) is not None


@memoized_on(On.GIT)
def commit_of(tree: Path, ref: str) -> str | None:
    """Return the commit (40 hex digits) of a ref, or None where there is no such ref."""
    try:
        return ask(
            ["git", "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}"],
            cwd=tree,
        ).strip()
    except Failed:
        return None


def head(tree: Path) -> str:
    """Return the commit at HEAD; raise `ReleaseError` where there is none yet."""
    commit = _status(tree).commit
    if commit is None:
        raise ReleaseError(
            "the repository has no commits", "commit the project first"
        )
    return commit


@memoized_on(On.GIT)
def commit_time(tree: Path, ref: str = "HEAD") -> int:
    """Return when a commit was made, in seconds since 1970 (UTC)."""
    return int(ask(["git", "log", "-1", "--format=%ct", ref], cwd=tree))


def log(tree: Path, since: str, paths: Iterable[str]) -> tuple[Commit, ...]:
    """Return the commits of HEAD that `since` does not have ("": all), the newest first.

    With `paths` from the root, those that change one of them.
    """
    ends = f"{since}..HEAD" if since else "HEAD"
    argv = ["git", "log", "--format=%H%x00%s%x00%b%x01", ends, "--"]
    found = []
    for entry in ask([*argv, *literal(paths)], cwd=tree).split("\x01\n"):
        if entry.strip():
            found.append(Commit(*entry.split("\0")))
    return tuple(found)


def branch(tree: Path) -> str | None:
    """Return the current branch, or None for a detached HEAD."""
    return _status(tree).branch


def changed(tree: Path) -> tuple[str, ...]:
    """Return the paths that differ from HEAD, untracked ones included.

    What is in `dist/`, what a killed edit has left, caches, and files that git shows as changed
    in every fresh clone do not count.
    """
    return _status(tree).changed


def as_checked_out(tree: Path) -> tuple[str, ...]:
    """Return the paths that git shows as changed although they are as a checkout writes them."""
    return _status(tree).as_checked_out


def is_at(tree: Path, commit: str) -> bool:
    """Tell whether a work tree is complete and at a commit, whatever is untracked in it."""
    # not remembered: other processes make work trees, too
    status = _read_status(tree)
    return (
        status.commit == commit and not set(status.changed) - status.untracked
    )


@memoized_on(On.FILES, On.GIT)
def is_ignored(tree: Path, path: str) -> bool:
    """Tell whether git ignores a path, which need not exist; a folder ends in `/`."""
    try:
        ask(["git", "check-ignore", "--quiet", "--", path], cwd=tree)
    except Failed as error:
        if error.status == 1:
            return False
        raise
    return True


def fingerprint(tree: Path) -> str:
    """Return a text that differs whenever the commit or a changed file of the tree differs."""
    paths = changed(tree)
    times = [
        str((tree / path).lstat().st_mtime_ns)
        for path in paths
        if (tree / path).exists()
    ]
    return "\n".join([str(_status(tree).commit), *paths, *times])


def tracked(tree: Path) -> tuple[str, ...]:
    """Return the tracked files, without submodules."""
    index = _index(tree).items()
    return tuple(path for path, entry in index if entry.mode != SUBMODULE)


def links(tree: Path) -> tuple[str, ...]:
    """Return the tracked symbolic links."""
    index = _index(tree).items()
    return tuple(path for path, entry in index if entry.mode == LINK)


def sparse(tree: Path) -> tuple[str, ...]:
    """Return the tracked files that a sparse checkout leaves out."""
    index = _index(tree).items()
    return tuple(path for path, entry in index if entry.status == SPARSE)


def submodules(tree: Path) -> Mapping[str, str]:
    """Return the path of each submodule and the commit that the index has of it."""
    return {
        path: entry.name
        for path, entry in _index(tree).items()
        if entry.mode == SUBMODULE
    }


@memoized_on(On.GIT)
def at_commit(tree: Path, ref: str, path: str) -> bytes | None:
    """Return a file as a checkout of a commit has it, line endings included, or None."""
    try:
        return ask_bytes(
            ["git", "cat-file", "--filters", f"{ref}:{path}"], cwd=tree
        )
    except Failed:
        return None


def tags(tree: Path) -> Mapping[str, str]:
    """Return the commit of each local tag."""
    return {name: commit for name, commit, _ in _tags(tree)}


@memoized_on(On.GIT)
def merged_tags(tree: Path) -> frozenset[str]:
    """Return the local tags whose commits are in the history of HEAD."""
    output = ask(["git", "tag", "--merged", "HEAD"], cwd=tree)
    return frozenset(lines(output))


def tags_by_age(tree: Path) -> tuple[str, ...]:
    """Return the local tags, the oldest first."""
    found = sorted(_tags(tree), key=lambda tag: tag[2])
    return tuple(name for name, _, _ in found)


@memoized_on(On.GIT)
def is_ancestor(tree: Path, commit: str, of: str) -> bool:
    """Tell whether a commit is in the history of another one, or is that one."""
    if commit == of:
        return True
    try:
        ask(["git", "merge-base", "--is-ancestor", commit, of], cwd=tree)
    except Failed as error:
        if error.status == 1:
            return False
        raise
    return True


def commit(c: Context, tree: Path, paths: Iterable[str], message: str) -> None:
    """Commit exactly these paths, whatever else is staged or changed, and what hooks stage.

    Hooks work on an index of that commit (git-commit, `--only`); what they staged is then taken
    over into the index of the work tree.
    """
    names = sorted(paths)
    untracked = sorted(set(names) - set(tracked(tree)))
    with changing(On.FILES, On.GIT):  # its hooks may edit files
        if untracked:
            do(c, ["git", "add", "--", *literal(untracked)], cwd=tree)
        argv = [
            "git",
            "commit",
            "--quiet",
            f"--message={message}",
            "--only",
            "--",
            *literal(names),
        ]
        do(c, argv, cwd=tree)
    if not is_dry(c) and has_hooks(tree):
        _take_over_commit(c, tree, _status(tree).staged)


def _take_over_commit(c: Context, tree: Path, staged: tuple[str, ...]) -> None:
    """Let the index have what the commit at HEAD has of the files that it changed."""
    if not staged:
        return
    options = ["--no-commit-id", "--name-only", "-r", "--root", "-z"]
    committed = ask(["git", "diff-tree", *options, "HEAD"], cwd=tree).split(
        "\0"
    )
    paths = sorted(set(staged) & set(committed))
    if paths:
        with changing(On.FILES, On.GIT):
            do(c, ["git", "reset", "--quiet", "--", *literal(paths)], cwd=tree)


def lines(output: str) -> list[str]:
    """Return the lines that git prints, as the names in them may have other ends of lines.

    For `str.splitlines` some letters of Unicode are such ends, which a branch may have.
    """
    return [line for line in output.split("\n") if line]


def literal(paths: Iterable[str]) -> list[str]:
    """Return paths from the root as pathspecs that match nothing else (gitglossary, pathspec)."""
    return [f":(top,literal){path}" for path in paths]


def create_tag(
    c: Context, tree: Path, name: str, message: str, commit: str = "HEAD"
) -> None:
    """Make or move a tag: annotated, and signed where git is configured so.

    Without a message it is a lightweight tag.
    """
    kind = ["--no-sign"]
    if message:
        kind = ["--annotate", f"--message={message}"]
    with changing(On.GIT):
        do(c, ["git", "tag", "--force", *kind, name, commit], cwd=tree)


def delete_tag(c: Context, tree: Path, name: str) -> None:
    """Delete a tag of this repository."""
    with changing(On.GIT):
        do(c, ["git", "tag", "--delete", name], cwd=tree)


def today(epoch: str | None) -> str:
    """Return today's date in UTC as YYYY-MM-DD, or that of `epoch` (SOURCE_DATE_EPOCH)."""
    if epoch:
        return datetime.fromtimestamp(int(epoch), UTC).date().isoformat()
    return datetime.now(UTC).date().isoformat()


def has_identity(tree: Path) -> bool:
    """Tell whether git knows whose name and address to write into a commit."""
    names = [f"GIT_{who}_{what}" for who in ROLES for what in ("NAME", "EMAIL")]
    if all(os.environ.get(name) for name in names):
        return True
    try:
        # without these variables, git finds an author where it finds a committer
        ask(["git", "var", "GIT_AUTHOR_IDENT"], cwd=tree)
    except Failed:
        return False
    return True


@memoized_on(On.GIT)
def _tags(tree: Path) -> tuple[tuple[str, str, int], ...]:
    """Return name, commit and time (seconds since 1970) of each local tag, sorted by name."""
    form = "%(refname:strip=2) %(creatordate:unix) %(objectname) %(*objectname)"
    output = ask(
        ["git", "for-each-ref", "refs/tags", f"--format={form}"], cwd=tree
    )
    found = []
    for line in lines(output):
        name, *rest = line.split(" ")
        rest = [field for field in rest if field]
        # an annotated tag is an object of its own, before its commit; one of a tree has no time
        seconds = int(rest[0]) if len(rest[0]) < MIN_HASH else 0
        found.append((name, rest[-1], seconds))
    return tuple(found)


@memoized_on()
def _repository(folder: Path) -> _Repository:
    options = (
        *("--show-toplevel", "--git-common-dir", "--is-shallow-repository"),
        *("--git-path", "hooks"),
    )
    try:
        output = ask(["git", "rev-parse", *options], cwd=folder)
    except Failed as error:
        if "not a git repository" in error.output:
            fact = f"{folder} is not in a git repository"
            raise ReleaseError(
                fact, "git init, or go to the project's folder"
            ) from error
        # such as: another user owns it
        said = error.output.strip().splitlines()[0]
        fix = f"git config --global --add safe.directory {word(folder)}"
        raise ReleaseError(f"git refuses {folder}: {said}", fix) from error
    top, common, is_shallow, hooks = lines(output)
    return _Repository(
        Path(top),
        (folder / common).resolve(),
        is_shallow == "true",
        folder / hooks,
    )


@memoized_on(On.FILES, On.GIT)
def _status(tree: Path) -> _Status:
    return _read_status(tree)


def _read_status(tree: Path) -> _Status:
    """Ask for the commit, the branch and all changes at once (git-status, porcelain format 2)."""
    options = (
        "--branch",
        "--no-ahead-behind",
        "--untracked-files=normal",
        "--no-renames",
    )
    text = ask(["git", "status", "--porcelain=v2", "-z", *options], cwd=tree)
    headers: dict[str, str] = {}
    paths: list[str] = []
    modified: list[str] = []
    untracked: set[str] = set()
    staged: list[str] = []
    for entry in filter(None, text.split("\0")):
        kind, _, rest = entry.partition(" ")
        if kind == "#":
            key, _, value = rest.partition(" ")
            headers[key] = value
            continue
        *fields, path = rest.split(" ", FIELDS_BEFORE_PATH[kind])
        paths.append(path)
        if kind == "?":
            untracked.add(path)
        elif not fields[0].startswith("."):
            staged.append(path)
        elif kind == "1" and fields[0] == ".M" and fields[3] == fields[4]:
            modified.append(path)
    same = _as_checked_out(tree, modified)
    changed = [
        path for path in paths if path not in same and _counts(tree, path)
    ]
    commit = headers["branch.oid"]
    branch = headers["branch.head"]
    return _Status(
        None if commit == "(initial)" else commit,
        None if branch == "(detached)" else branch,
        tuple(changed),
        frozenset(untracked),
        tuple(staged),
        tuple(path for path in modified if path in same),
    )


def _as_checked_out(tree: Path, modified: Iterable[str]) -> set[str]:
    """Return the modified files that have exactly what a checkout writes.

    With attributes that convert (gitattributes, `text`, `filter`) git shows a file as changed
    that was committed without the conversion, in every fresh clone.
    """
    paths = [path for path in modified if _has_attributes(tree, path)]
    if not paths:
        return set()
    with scratch("checkout") as folder:
        argv = ["git", "checkout-index", "-z", "--stdin", f"--prefix={folder}/"]
        try:
            env = {"GIT_LFS_SKIP_SMUDGE": "1"}
            ask(argv, cwd=tree, env=env, stdin="\0".join(paths).encode())
        except Failed:  # a filter that is not installed
            return set()
        return {path for path in paths if _is_same(tree / path, folder / path)}


def _has_attributes(tree: Path, path: str) -> bool:
    if (common_dir(tree) / "info" / "attributes").is_file():
        return True
    folders = Path(path).parents
    return any(
        (tree / folder / ".gitattributes").is_file() for folder in folders
    )


def _is_same(here: Path, checked_out: Path) -> bool:
    if not here.is_file() or not checked_out.is_file():
        return False
    return here.read_bytes() == checked_out.read_bytes()


def _counts(tree: Path, path: str) -> bool:
    """Tell whether a changed path is the project's: not in dist/, not left by a killed edit.

    A folder that says it is a cache (CACHEDIR.TAG, bford.info/cachedir) is none, such as cargo's
    target/ where .gitignore does not name it.
    """
    if path.endswith("/") and _is_cache(tree / path):
        return False
    return not path.startswith("dist/") and not path.endswith(TEMPORARY)


def _is_cache(folder: Path) -> bool:
    try:
        with (folder / "CACHEDIR.TAG").open("rb") as tag:
            return tag.read(len(CACHE_SIGNATURE)) == CACHE_SIGNATURE
    except OSError:
        return False


@memoized_on(On.FILES, On.GIT)
def _index(tree: Path) -> Mapping[str, _Entry]:
    """Return what the index has of each path."""
    found: dict[str, _Entry] = {}
    output = ask(["git", "ls-files", "-z", "--stage", "-t"], cwd=tree)
    for entry in filter(None, output.split("\0")):
        about, _, path = entry.partition("\t")
        status, mode, name, _ = about.split(" ")
        found[path] = _Entry(mode, name, status)
    return found

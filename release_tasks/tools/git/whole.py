"""Whole trees: a commit's files with those of its submodules and of Git LFS, from what is here."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from release_tasks import environment, files, masking, terminal
from release_tasks.errors import ReleaseError, shorten
from release_tasks.formats.text_files import peek
from release_tasks.memo import On, memoized_on
from release_tasks.shell import Failed, ask
from release_tasks.tools import git
from release_tasks.tools.git import origin

MODULES = ".gitmodules"
# A submodule of what comes from a server is no folder of this machine, as git itself has it
# (git-config(1), protocol.allow; CVE-2022-39253).
NO_FILES = {"GIT_PROTOCOL_FROM_USER": "0"}
POINTER = b"version https://git-lfs"  # Git LFS, "The Pointer"
FETCH_SUBMODULES = "git submodule update --init --recursive"
# what stands for one on a command line
WITH_LOGIN = "the-address-with-a-login:"
FETCH_LFS = "git lfs install --local && git lfs pull"


@dataclass(frozen=True)
class Submodule:
    """A submodule as a commit has it; `commit` are 40 hex digits."""

    name: str
    path: str
    url: str
    commit: str


@dataclass(frozen=True)
class Missing:
    """Files of a commit that a tree does not have: what is wrong with them, and the fix."""

    path: str
    fact: str
    fix: str


@memoized_on(On.FILES, On.GIT)
def missing(tree: Path) -> tuple[Missing, ...]:
    """Return what a tree does not have of its commit, though git calls it unchanged."""
    found = list(_missing(tree, ""))
    empty = [one.path for one in found if one.fix == FETCH_SUBMODULES]
    rest = [one for one in found if one.fix != FETCH_SUBMODULES]
    if empty:
        subject = f"the submodule {empty[0]} is"
        if len(empty) > 1:
            subject = f"{len(empty)} submodules are"
        names = f": {shorten(empty)}" if len(empty) > 1 else ""
        rest.append(
            Missing(empty[0], f"{subject} empty here{names}", FETCH_SUBMODULES)
        )
    return tuple(rest)


def submodules(tree: Path) -> tuple[Submodule, ...]:
    """Return the submodules that a checkout has: those with a URL, and without `update = none`."""
    if not (tree / MODULES).exists():
        return ()
    commits = git.submodules(tree)
    found = []
    for name, keys in _modules(tree).items():
        path = keys.get("path", name)
        if path in commits:
            _refuse_outside(name)
        if path in commits and "url" in keys and keys.get("update") != "none":
            found.append(Submodule(name, path, keys["url"], commits[path]))
    return tuple(found)


def _refuse_outside(name: str) -> None:
    """Raise `ReleaseError` for a submodule whose name is a path out of the folder of all of them.

    git passes over such a one (git-submodule(1); CVE-2018-11235).
    """
    if not name or ".." in name.replace("\\", "/").split("/"):
        raise ReleaseError(
            f"{MODULES} has a submodule named {name!r}, which is a path out of .git/modules",
            f"give it a name without `..` in {MODULES}",
        )


def fill(copy: Path, source: Path, only_local: bool = False) -> None:
    """Check out the submodules of a copy; their objects are those of `source` where it has them.

    With `only_local` the others stay empty. Raises `ReleaseError` where one cannot be cloned.
    """
    if (copy / MODULES).exists():
        base_url = origin.url(source) or ""
        _fill(copy, source, git.common_dir(source), base_url, only_local)


def refuse_missing(tree: Path) -> None:
    """Raise `ReleaseError` where a tree does not have all files of its commit."""
    for found in missing(tree):
        raise ReleaseError(found.fact, found.fix)


def clone_options(source: Path, store: Path | None = None) -> list[str]:
    """Return options of `git clone` that let Git LFS find its files where `source` keeps them.

    `store` is the repository of `source`, where that is not its own.
    """
    if not (source / ".git").exists() or not _uses_lfs(source):
        return []
    options = ["-c", f"lfs.storage={(store or git.common_dir(source)) / 'lfs'}"]
    # else the checkout ends in git's words; `refuse_missing` finds the pointers that stay
    options += ["-c", "lfs.skipdownloaderrors=true"]
    for line in _config(source, "--get-regexp", r"^filter\.lfs\."):
        key, _, value = line.partition("\n")
        options += ["-c", f"{key}={value}"]
    return options


def _missing(tree: Path, prefix: str) -> Iterator[Missing]:
    for path in git.sparse(tree):
        fact = f"{prefix}{path} is not checked out: this is a sparse checkout"
        yield Missing(prefix + path, fact, "git sparse-checkout disable")
        break  # the others are missing for the same reason
    pointers = _pointers(tree)
    if pointers:
        shown = shorten([prefix + path for path in pointers])
        fact = f"{shown}: the file is in Git LFS, and only its pointer is here"
        yield Missing(prefix + pointers[0], fact, FETCH_LFS)
    for module in submodules(tree):
        path = f"{prefix}{module.path}"
        if (tree / module.path / ".git").exists():
            yield from _missing(tree / module.path, f"{path}/")
        else:
            fact = f"the submodule {path} is empty here"
            yield Missing(path, fact, FETCH_SUBMODULES)


def _fill(
    copy: Path, source: Path, git_dir: Path, base_url: str, only_local: bool
) -> None:
    """Check out submodules; `git_dir` has the objects of `source`, `base_url` is its remote."""
    for module in submodules(copy):
        url = absolute_url(module.url, base_url)
        store = _store(source, git_dir, module)
        if store is None:
            if only_local:
                continue
            store = _fetched(git_dir, module, url, base_url)
        folder = copy / module.path
        place = source / module.path
        argv: list[str | Path] = ["git", "clone", "--quiet", "--shared"]
        argv += ["--no-checkout", *clone_options(place, store), store, folder]
        ask(argv)
        ask(
            ["git", "checkout", "--quiet", "--detach", module.commit],
            cwd=folder,
        )
        _fill(folder, place, store, url, only_local)


def _store(source: Path, git_dir: Path, module: Submodule) -> Path | None:
    """Return a repository that is here and has the submodule's commit, None where none has."""
    candidates = [git_dir / "modules" / module.name]
    if (source / module.path / ".git").exists():
        candidates.insert(0, git.common_dir(source / module.path))
    candidates.append(_own_store(git_dir, module))
    for candidate in candidates:
        if candidate.exists() and _has(candidate, module.commit):
            return candidate
    return None


def _fetched(git_dir: Path, module: Submodule, url: str, base_url: str) -> Path:
    """Clone a submodule into a store that later copies use, too; raise `ReleaseError`."""
    store = _own_store(git_dir, module)
    name, env = _without_login(url)
    if not _is_here(base_url):
        env = env | NO_FILES
    try:
        if not store.exists():
            terminal.notice(f"fetching the submodule {module.path} from {url}")
            argv: list[str | Path] = [
                "git",
                "clone",
                "--quiet",
                "--bare",
                "--",
                name,
                store,
            ]
            ask(argv, env=env, secrets=origin.TOKENS)
        if not _has(store, module.commit):
            argv = ["git", "fetch", "--quiet", "--", name, module.commit]
            ask(argv, cwd=store, env=env, secrets=origin.TOKENS)
    except Failed as error:
        raise ReleaseError(
            f"the submodule {module.path} is not here, "
            f"and its commit {module.commit[:7]} cannot be fetched from {url}",
            f"{FETCH_SUBMODULES}; if that fails, too, push the commit there, "
            f"or correct the address in {MODULES}",
        ) from error
    return store


def _is_here(address: str) -> bool:
    """Tell whether a remote is a folder of this machine, or there is none."""
    return not address or address.startswith(("/", ".", "~", "file://"))


def _without_login(url: str) -> tuple[str, dict[str, str]]:
    """Return what a command line may name an address with a login, and git's variables for it.

    Everybody on this machine can read command lines.
    """
    if not masking.has_login(url):
        return url, {}
    pairs = (*environment.NO_PROGRAMS, (f"url.{url}.insteadOf", WITH_LOGIN))
    return WITH_LOGIN, environment.git_settings(pairs, os.environ)


def _own_store(git_dir: Path, module: Submodule) -> Path:
    return git_dir / "release-tasks" / "modules" / f"{module.name}.git"


def _has(repository: Path, commit: str) -> bool:
    try:
        ask(
            [
                "git",
                "--git-dir",
                repository,
                "cat-file",
                "-e",
                f"{commit}^{{commit}}",
            ]
        )
    except Failed:
        return False
    return True


def absolute_url(url: str, base_url: str) -> str:
    """Return a submodule's URL; one that begins with a dot is relative to the remote's."""
    if not url.startswith(("./", "../")):
        return url
    start, separator, path = base_url.rpartition("://")
    if not separator:
        start, separator, path = base_url.rpartition(":")
    return f"{start}{separator}{posixpath.normpath(posixpath.join(path, url))}"


def _modules(tree: Path) -> dict[str, dict[str, str]]:
    """Return the keys of each submodule in .gitmodules, by name."""
    found: dict[str, dict[str, str]] = {}
    argv = ("--file", MODULES, "--get-regexp", r"^submodule\.")
    for line in _config(tree, *argv):
        key, _, value = line.partition("\n")
        name, _, last = key.removeprefix("submodule.").rpartition(".")
        found.setdefault(name, {})[last] = value
    return found


def _config(tree: Path, *options: str) -> list[str]:
    """Return settings of git, each as its key, a line feed and its value."""
    try:
        output = ask(["git", "config", "-z", *options], cwd=tree)
    except Failed:
        return []
    return [line for line in output.split("\0") if line]


@memoized_on(On.FILES, On.GIT)
def _uses_lfs(tree: Path) -> bool:
    """Tell whether a .gitattributes of the tree gives files to Git LFS."""
    for path in git.tracked(tree):
        if path.rpartition("/")[2] != ".gitattributes":
            continue
        if "filter=lfs" in peek(tree, path):
            return True
    return False


def _pointers(tree: Path) -> list[str]:
    """Return the files of Git LFS of which the tree has only the pointer."""
    if not _uses_lfs(tree):
        return []
    names = ask(["git", "ls-files", "-z", ":(attr:filter=lfs)"], cwd=tree)
    found = []
    for name in filter(None, names.split("\0")):
        path = tree / name
        if path.is_file() and not path.is_symlink() and _is_pointer(path):
            found.append(name)
    return found


def _is_pointer(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(POINTER)) == POINTER
    except OSError:
        return False  # whoever wants its content says so


def remove_git(tree: Path) -> None:
    """Remove what makes a copy and its submodules repositories, so that only files are left."""
    for module in submodules(tree):
        remove_git(tree / module.path)
    files.remove(tree / ".git")

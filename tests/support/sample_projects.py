"""The sample projects as repositories: five real layouts, with their histories, tags and an origin.

tests/projects/<name>/ has the files of a project's main branch, tests/projects/settings/ its
release-tasks.toml, and tests/projects/before/<name>/ the files that it had while its own workflows
released it. All are plain files, of which `sample` makes a repository.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from release_tasks.rehearsal.upstream import Upstream

PROJECTS = Path(__file__).parents[1] / "projects"
SETTINGS = PROJECTS / "settings"


@dataclass(frozen=True)
class History:
    """The repository of a project, and its tags by commit, oldest commit first."""

    repository: str
    tags: tuple[tuple[str, ...], ...] = ()
    annotated: bool = True
    rewritten: bool = False  # main has a new history, without any of the tags
    submodules: tuple[str, ...] = ()


HISTORIES = {
    "llmtrace": History(
        "epappas/llmtrace",
        (("v0.1.1",), ("v0.1.2",), ("v0.1.3",), ("v0.1.4",), ("v0.1.5",)),
        annotated=False,
    ),
    "llmcc": History(
        "allenanswerzq/llmcc",
        (("v0.2.28",), ("0.2.29",), ("v0.2.30",), ("v0.2.65",)),
        rewritten=True,
        submodules=("corpus/cpp", "corpus/rust", "corpus/ts"),
    ),
    "llmcc-runbook": History("allenanswerzq/llmcc"),
    "llm-proxy": History(
        "sofatutor/llm-proxy",
        (
            ("v0.1.0",),
            ("v0.1.1", "v0.1.1-stable"),
            ("v0.1.2", "v0.1.2-stable"),
            ("v0.1.3", "v0.1.3-stable"),
        ),
    ),
    "caro": History(
        "wildcard/caro",
        (
            ("v1.0.4",),
            ("v1.1.0-beta.1",),
            ("v1.1.0-beta.2",),
            ("v1.1.0",),
            ("v1.1.1",),
            ("v1.1.2",),
            ("v1.1.3",),
        ),
    ),
    "edgequake-llm": History(
        "raphaelmansuy/edgequake-llm",
        (("v0.5.0", "py-v0.4.0"), ("py-v0.6.12",), ("v0.6.26",)),
    ),
}
RUNBOOKS = {  # the gates of each project's runbook, by name
    "llmtrace": {
        "rustfmt": "cargo fmt --all --check",
        "clippy": "cargo clippy --locked --all-targets --quiet -- -D warnings",
        "test": "cargo test --locked --quiet",
    },
    "llmcc-runbook": {
        "test": "cargo test --locked --quiet",
        "build": "cargo build --release",
        "pytest": "python -m pytest --import-mode=append",
    },
    "llm-proxy": {
        "make-test": "make test",
        "make-lint": "make lint",
        "scripts-validate-helm-chart.sh": "./scripts/validate-helm-chart.sh",
    },
    "caro": {
        "rustfmt": "cargo fmt --all --check",
        "clippy": "cargo clippy --locked --all-targets --quiet -- -D warnings",
        "test": "cargo test --locked --quiet",
    },
    "edgequake-llm": {
        "rustfmt": "cargo fmt --all --check",
        "clippy": "cargo clippy --all-targets --all-features -- -D warnings",
        "test": "cargo test --locked --quiet",
        "doc": "cargo doc --no-deps --all-features",
        "ruff": "python -m ruff check .",
        "mypy": "python -m mypy .",
        "audit": "cargo audit",
    },
}

NEXT = {  # the version that tests release, by settings file
    "llmtrace": "0.2.0",
    "llmcc-workspace": "0.2.66",
    "llmcc-runbook": "llmcc-core=0.2.0,python=0.2.15",
    "llm-proxy": "0.2.0",
    "caro": "1.2.0",
    "edgequake-llm": "edgequake-llm=0.6.27,edgequake-litellm=0.6.13",
}


def sample(
    name: str, folder: Path, settings: str | None = None, before: bool = False
) -> Path:
    """Make a sample project's repository in `folder` and return its root.

    `settings` is the name of a file in tests/projects/settings, None a project without settings.
    With `before` it has the files of its own workflows as well. The checkout is on main, clean, and
    one commit after the last tag. Origin is a bare repository beside it, which git finds under the
    project's address on GitHub.
    """
    history, root = HISTORIES[name], folder / name
    branch = "main"
    if history.rewritten:
        branch = "before"
    shutil.copytree(PROJECTS / name, root)
    if before:
        shutil.copytree(PROJECTS / "before" / name, root, dirs_exist_ok=True)
    git(root, "init", "--quiet", f"--initial-branch={branch}")
    git(root, "config", "user.name", "Tester")
    git(root, "config", "user.email", "tester@localhost")
    git(root, "add", "--all")
    for path in history.submodules:
        (root / path).mkdir(parents=True)  # not checked out
        git(
            root,
            "update-index",
            "--add",
            "--cacheinfo",
            f"160000,{'1' * 40},{path}",
        )
    for tags in history.tags:
        message = f"--message=Work towards {tags[0]}"
        git(root, "commit", "--quiet", "--allow-empty", message)
        for tag in tags:
            _tag(root, tag, history.annotated)
    if history.rewritten:
        git(root, "checkout", "--quiet", "--orphan", "main")
        git(root, "branch", "--quiet", "--delete", "--force", branch)
    (root / "tasks.py").write_text("from release_tasks import ns\n")
    if settings:
        shutil.copy(SETTINGS / f"{settings}.toml", root / "release-tasks.toml")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message=Release with tasks")
    _publish(root, history.repository)
    return root


def _tag(root: Path, tag: str, is_annotated: bool) -> None:
    if is_annotated:
        git(root, "tag", "--annotate", f"--message={tag}", tag)
    else:
        git(root, "tag", tag)


def _publish(root: Path, repository: str) -> None:
    address = f"git@github.com:{repository}.git"
    bare = root.parent / f"{root.name}-origin.git"
    git(root, "clone", "--quiet", "--bare", str(root), str(bare))
    git(root, "config", f"url.{bare}.insteadOf", address)
    git(root, "remote", "add", "origin", address)
    git(root, "fetch", "--quiet", "origin")


@contextmanager
def unpublished(names: Collection[str]) -> Iterator[None]:
    """Let local registries find none of these crates and packages in the real registries."""

    class WithoutNames(Upstream):
        def page(
            self, url: str, name: str, headers: Mapping[str, str] | None = None
        ) -> bytes | None:
            if name in names:
                return None
            return super().page(url, name, headers)

    with patch("release_tasks.rehearsal.registries.Upstream", WithoutNames):
        yield


def inv(
    root: Path, *words: str, **env: str
) -> subprocess.CompletedProcess[str]:
    """Run `inv` in a repository; it may not print a traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "invoke", *words],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | env,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def shown(root: Path) -> dict[str, Any]:
    """Return what `inv settings --json` shows, without empty values and without defaults."""
    done = inv(root, "settings", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    found["settings"] = [
        row for row in found["settings"] if row["source"] != "default"
    ]
    return _without_empty(found)


def _without_empty(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_empty(item) for item in value]
    if not isinstance(value, dict):
        return value
    inner = {key: _without_empty(item) for key, item in value.items()}
    return {
        key: item
        for key, item in inner.items()
        if item not in (None, "", [], {})
    }


def golden(name: str, found: dict[str, Any]) -> dict[str, Any]:
    """Return what tests/projects/shown/NAME.json holds.

    With GOLDEN=write in the environment, write `found` into that file first.
    """
    path = PROJECTS / "shown" / f"{name}.json"
    if os.environ.get("GOLDEN") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(found, indent=2) + "\n")
    known: dict[str, Any] = json.loads(path.read_text())
    return known


def git(root: Path, *words: str) -> str:
    """Run git, which must succeed, and return what it prints."""
    done = subprocess.run(
        ["git", *words], cwd=root, check=True, capture_output=True, text=True
    )
    return done.stdout


def changed(root: Path) -> list[str]:
    """Return the paths that differ from HEAD."""
    status = git(root, "status", "--porcelain", "--untracked-files=all")
    return [line[3:] for line in status.splitlines()]


def added(root: Path) -> dict[str, list[str]]:
    """Return the lines that the working tree has and HEAD does not have, by file."""
    found: dict[str, list[str]] = {}
    diff = git(root, "diff", "--unified=0", "--no-prefix", "--no-ext-diff")
    for line in diff.splitlines():
        if line.startswith("+++ "):
            rows = found[line[4:]] = []
        elif line.startswith("+"):
            rows.append(line[1:])
    return found

"""The sample projects as repositories: five real layouts, with their histories, tags and an origin.

tests/projects/<name>/ holds the files of a project's main branch; tests/projects/settings/ what it
would say in release-tasks.toml; tests/projects/before/<name>/ what it had besides while it was released by
its own workflows, and what stood in the way. All are plain files: a repository is made of them where a test wants one.
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
    """Where a project lives, and its tags: those of one commit together, oldest commit first."""

    repository: str
    tags: tuple[tuple[str, ...], ...] = ()
    annotated: bool = True
    rewritten: bool = False  # main was written anew since: no tag is part of it
    submodules: tuple[str, ...] = ()


HISTORIES = {
    "llmtrace": History("epappas/llmtrace", tuple((f"v0.1.{n}",) for n in range(1, 6)), annotated=False),
    "llmcc": History(
        "allenanswerzq/llmcc", (("v0.2.28",), ("0.2.29",), ("v0.2.30",), ("v0.2.65",)), rewritten=True,
        submodules=("corpus/cpp", "corpus/rust", "corpus/ts"),
    ),
    "llmcc-runbook": History("allenanswerzq/llmcc"),
    "llm-proxy": History("sofatutor/llm-proxy", (
        ("v0.1.0",), ("v0.1.1", "v0.1.1-stable"), ("v0.1.2", "v0.1.2-stable"), ("v0.1.3", "v0.1.3-stable"),
    )),
    "caro": History("wildcard/caro", (
        ("v1.0.4",), ("v1.1.0-beta.1",), ("v1.1.0-beta.2",), ("v1.1.0",), ("v1.1.1",), ("v1.1.2",), ("v1.1.3",),
    )),
    "edgequake-llm": History("raphaelmansuy/edgequake-llm", (("v0.5.0", "py-v0.4.0"), ("py-v0.6.12",), ("v0.6.26",))),
}  # fmt: skip
RUNBOOKS = {  # the gates that each project's runbook asks for, by name
    "llmtrace": {
        "rustfmt": "cargo fmt --all --check",
        "clippy": "cargo clippy --locked --all-targets --quiet -- -D warnings",
        "test": "cargo test --locked --quiet",
    },
    "llmcc-runbook": {
        "test": "cargo test --locked --quiet", "build": "cargo build --release",
        "pytest": "python -m pytest --import-mode=append",
    },
    "llm-proxy": {
        "make-test": "make test", "make-lint": "make lint",
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
}  # fmt: skip

NEXT = {  # the version that each settings file is tried with
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

    `settings` names a file of tests/projects/settings without `.toml`; None means a project that says
    nothing. With `before` it has what it had before its releases were tasks. The checkout is on main, clean, one commit after its last tag; origin, under the project's own
    address on GitHub, is a bare repository beside it.
    """
    history, root = HISTORIES[name], folder / name
    shutil.copytree(PROJECTS / name, root)
    if before:
        shutil.copytree(PROJECTS / "before" / name, root, dirs_exist_ok=True)
    git(
        root,
        "init",
        "--quiet",
        f"--initial-branch={'before' if history.rewritten else 'main'}",
    )
    git(root, "config", "user.name", "Tester")
    git(root, "config", "user.email", "tester@localhost")
    git(root, "add", "--all")
    for path in history.submodules:
        (root / path).mkdir(parents=True)  # not checked out
        git(root, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},{path}")
    for tags in history.tags:
        git(
            root,
            "commit",
            "--quiet",
            "--allow-empty",
            f"--message=Work towards {tags[0]}",
        )
        for tag in tags:
            git(
                root,
                "tag",
                *(("--annotate", f"--message={tag}") if history.annotated else ()),
                tag,
            )
    if history.rewritten:
        git(root, "checkout", "--quiet", "--orphan", "main")
        git(root, "branch", "--quiet", "--delete", "--force", "before")
    (root / "tasks.py").write_text("from release_tasks import ns\n")
    if settings:
        shutil.copy(SETTINGS / f"{settings}.toml", root / "release-tasks.toml")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message=Release with tasks")
    _publish(root, history.repository)
    return root


@contextmanager
def unheard_of(names: Collection[str]) -> Iterator[None]:
    """Let the local registries find none of these crates and packages in the real ones."""

    class Unaware(Upstream):
        def page(
            self, url: str, name: str, headers: Mapping[str, str] | None = None
        ) -> bytes | None:
            return None if name in names else super().page(url, name, headers)

    with patch("release_tasks.rehearsal.registries.Upstream", Unaware):
        yield


def inv(root: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run `inv` in a repository; no traceback may come of it."""
    argv = [sys.executable, "-m", "invoke", *words]
    done = subprocess.run(
        argv,
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | env,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def shown(root: Path) -> dict[str, Any]:
    """Return what `inv settings --json` shows, without what is empty and without the settings that are defaults."""
    done = inv(root, "settings", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    found["settings"] = [row for row in found["settings"] if row["source"] != "default"]
    return _filled(found)


def golden(name: str, found: dict[str, Any]) -> dict[str, Any]:
    """Return what tests/projects/shown/NAME.json holds; with GOLDEN=write in the environment, write `found` there first."""
    path = PROJECTS / "shown" / f"{name}.json"
    if os.environ.get("GOLDEN") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(found, indent=2) + "\n")
    known: dict[str, Any] = json.loads(path.read_text())
    return known


def git(root: Path, *words: str) -> str:
    """Run git and return what it says."""
    return subprocess.run(
        ["git", *words], cwd=root, check=True, capture_output=True, text=True
    ).stdout


def changed(root: Path) -> list[str]:
    """Return the paths that differ from HEAD."""
    return [
        line[3:]
        for line in git(
            root, "status", "--porcelain", "--untracked-files=all"
        ).splitlines()
    ]


def added(root: Path) -> dict[str, list[str]]:
    """Return the lines that the tree has and HEAD has not, by file."""
    found: dict[str, list[str]] = {}
    for line in git(
        root, "diff", "--unified=0", "--no-prefix", "--no-ext-diff"
    ).splitlines():
        if line.startswith("+++ "):
            rows = found[line[4:]] = []
        elif line.startswith("+"):
            rows.append(line[1:])
    return found


def _filled(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: inner
            for key, one in value.items()
            if (inner := _filled(one)) not in (None, "", [], {})
        }
    return [_filled(one) for one in value] if isinstance(value, list) else value


def _publish(root: Path, repository: str) -> None:
    address = f"git@github.com:{repository}.git"
    bare = root.parent / f"{root.name}-origin.git"
    git(root, "clone", "--quiet", "--bare", str(root), str(bare))
    git(root, "config", f"url.{bare}.insteadOf", address)
    git(root, "remote", "add", "origin", address)
    git(root, "fetch", "--quiet", "origin")

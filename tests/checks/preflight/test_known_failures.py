"""Failures that cost the sample projects a version or a day: `check` finds each before the tag."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.contexts import context
from support.python_projects import sdist
from support.sample_projects import HISTORIES, NEXT, PROJECTS, git, sample

from release_tasks.checks.check import CheckContext, Finding
from release_tasks.checks.preflight.all import check_release
from release_tasks.rehearsal.registries import LocalRegistries
from release_tasks.release import Release

pytestmark = pytest.mark.tools("git", "cargo", "gh", "docker", "helm")
Change = Callable[[Path], object]


def edit(*rows: tuple[str, str, str]) -> Change:
    """Put one text in the place of another in each of some files, and commit that."""

    def change(root: Path) -> None:
        for path, old, new in rows:
            text = (root / path).read_text()
            assert old in text
            (root / path).write_text(text.replace(old, new))
        commit(root)

    return change


def write(path: str, text: str) -> Change:
    """Write a new file and commit it."""

    def change(root: Path) -> None:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
        commit(root)

    return change


def as_before(path: str) -> Change:
    """Take a file as it was before the project's releases were tasks."""
    return lambda root: write(
        path, (PROJECTS / "before" / root.name / path).read_text()
    )(root)


def commit(root: Path) -> None:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message=Fail")
    git(root, "push", "--quiet", "origin", "main")


def nothing(root: Path) -> None:
    """Leave the project as it is: the failure is that of the version, or of the machine."""


def by_hand(root: Path) -> None:
    """Type the tag, on manifests that nobody bumped."""
    git(root, "tag", "v0.2.0")


def half_bumped(root: Path) -> None:
    """Bump what cargo reads and not what Python reads, and type the tag."""
    for path in ("Cargo.lock", "edgequake-litellm/Cargo.toml"):
        (root / path).write_text(
            (root / path)
            .read_text()
            .replace('version = "0.6.12"', 'version = "0.6.13"')
        )
    commit(root)
    git(root, "tag", "py-v0.6.13")


def overtaken(root: Path) -> None:
    """Let a job push a changelog of its own to origin."""
    git(
        root,
        "commit",
        "--quiet",
        "--allow-empty",
        "--message=changelog: update for v0.1.5",
    )
    git(root, "push", "--quiet", "origin", "main")
    git(root, "reset", "--quiet", "--hard", "HEAD~1")


def shallow(root: Path) -> None:
    """Have what a job has that fetched one commit."""
    git(root, "fetch", "--quiet", "--depth=1", "origin", "main")


def dirty(root: Path) -> None:
    """Let cargo write a lock that nobody commits."""
    path = root / "Cargo.lock"
    path.write_text(
        path.read_text() + '\n[[package]]\nname = "home"\nversion = "0.5.12"\n'
    )


def ignored(root: Path) -> None:
    """Leave the lock to each machine."""
    git(root, "rm", "--quiet", "--cached", "Cargo.lock")
    (root / ".gitignore").write_text(
        (root / ".gitignore").read_text() + "Cargo.lock\n"
    )
    commit(root)


def uploads(name: str) -> Change:
    """Publish an sdist of 0.2.0 from a machine elsewhere."""

    def change(root: Path) -> None:
        path = root.parent / f"{name.replace('-', '_')}-0.2.0.tar.gz"
        path.write_bytes(sdist(name))
        subprocess.run(
            [sys.executable, "-m", "twine", "upload", path],
            check=True,
            capture_output=True,
        )

    return change


@dataclass(frozen=True)
class Failure:
    """What happened in which project, what is changed to repeat it, and what `check` finds."""

    what: str
    settings: str
    change: Change
    finding: str
    fact: str
    version: str = ""
    new: str = "all"
    without: tuple[str, ...] = ()  # variables


FAILURES = (
    Failure(
        "79b0dc2: a crate that only its path names",
        "llmtrace",
        edit(
            (
                "crates/llmtrace-sdk/Cargo.toml",
                "llmtrace-core.workspace = true",
                'llmtrace-core = { path = "../llmtrace-core" }',
            )
        ),
        "dependency-without-version",
        "llmtrace-sdk/Cargo.toml depends on llmtrace-core by a path only",
    ),
    Failure(
        "5609937: no protoc on the runners",
        "llmtrace",
        edit(("release-tasks.toml", '"protoc"', '"protoc-elsewhere"')),
        "missing-program",
        "protoc-elsewhere is not installed, and [build] needs it",
    ),
    Failure(
        "0daa0da: nobody asked whose name it is on PyPI",
        "llmtrace",
        nothing,
        "new-name",
        "`llmtracing` has never been published to PyPI",
        new="llmtrace,llmtrace-core,llmtrace-sdk,llmtrace-security,llmtrace-storage,ghcr.io/epappas/llmtrace-proxy",
    ),
    Failure(
        "68b1444: a tag on manifests of another version",
        "llmtrace",
        by_hand,
        "tag-without-version",
        "has 0.1.5, expected 0.2.0",
    ),
    Failure(
        "no commit: a layer that never worked",
        "llmtrace",
        as_before("Dockerfile"),
        "dockerfile-missing-member",
        "without the manifest of crates/llmtrace-wasm",
    ),
    Failure(
        "bbeed06: the changelog went on elsewhere",
        "llmtrace",
        overtaken,
        "behind-origin",
        "main on origin has commits that are not here",
    ),
    Failure(
        "884db5e8: a crate without a license",
        "llmcc-workspace",
        edit(
            ("crates/llmcc-error/Cargo.toml", "license.workspace = true\n", "")
        ),
        "crate-metadata",
        "crates/llmcc-error/Cargo.toml has no license",
    ),
    Failure(
        "7ab622b1: a new crate that is not published",
        "llmcc-workspace",
        edit(
            (
                "crates/llmcc-resolver/Cargo.toml",
                "publish.workspace = true",
                "publish = false",
            )
        ),
        "dependency-not-published",
        "needs llmcc-resolver, which is not published",
    ),
    Failure(
        "cdce48df: a version that goes back",
        "caro",
        nothing,
        "version-not-higher",
        "1.0.5 is not higher than 1.1.3",
        version="1.0.5",
    ),
    Failure(
        "0a47a88c: a stray line in the workflow",
        "llmcc-workspace",
        write(
            ".github/workflows/release.yml",
            'on:\n  push:\n    tags: ["v*"]\nlicense = "Apache-2.0"A\n',
        ),
        "unreadable-workflow",
        "release.yml is not valid YAML",
    ),
    Failure(
        "d167be8a: two that make one release",
        "llmcc-workspace",
        as_before(".github/workflows/release.yml"),
        "second-publisher",
        "release.yml runs on tag v0.2.66 and also publishes",
    ),
    Failure(
        "6553c8bb: tags that no workflow waits for",
        "llmcc-runbook",
        write(
            ".github/workflows/audit.yml",
            "on:\n  push:\n    tags: ['release-[0-9]*']\njobs: {}\n",
        ),
        "tag-filter-too-narrow",
        "audit.yml waits for tags, but not for",
    ),
    Failure(
        "964be5b: a chart in the place of the image",
        "llm-proxy",
        edit(("release-tasks.toml", "/charts/llm-proxy", "/llm-proxy")),
        "reference-collision",
        "ghcr.io/sofatutor/llm-proxy is the reference of both an image and a chart",
    ),
    Failure(
        "no commit: a default image with a v",
        "llm-proxy",
        edit(
            (
                "release-tasks.toml",
                'app-version = "{version}"',
                'app-version = "v{version}"',
            ),
            (
                "deploy/helm/llm-proxy/values.yaml",
                "repository: llm-proxy",
                "repository: ghcr.io/sofatutor/llm-proxy",
            ),
        ),
        "chart-image-unpublished",
        "llm-proxy:v0.2.0, which is not published",
    ),
    Failure(
        "d1cac6f: a linter that is not on the path",
        "llm-proxy",
        edit(
            (
                "release-tasks.toml",
                '"make lint"',
                '"golangci-lint-elsewhere run"',
            )
        ),
        "missing-program",
        "golangci-lint-elsewhere is not installed, and [gates] needs it",
    ),
    Failure(
        "v1.0.4: nothing in the changelog",
        "caro",
        edit(("CHANGELOG.md", "- Remembers what was asked before.\n", "")),
        "missing-changelog-entry",
        "CHANGELOG.md has no entry for 1.2.0",
    ),
    Failure(
        "no commit: an image without a benchmark",
        "caro",
        as_before("Dockerfile"),
        "dockerfile-missing-target",
        "benches/cache.rs",
    ),
    Failure(
        "49a4efa9: a token that may not write",
        "caro",
        write(
            ".github/workflows/release.yml",
            (PROJECTS / "before/caro/.github/workflows/release.yml")
            .read_text()
            .replace("contents: write", "contents: read"),
        ),
        "token-without-permission",
        "needs `contents: write`",
    ),
    Failure(
        "89f34a2f: a lock that changed by itself",
        "caro",
        dirty,
        "uncommitted-changes",
        "Cargo.lock",
    ),
    Failure(
        "1729030a: formatting, found on the tag",
        "llmcc-runbook",
        edit(
            (
                "release-tasks.toml",
                'build = "cargo build --release"\nrustfmt = false',
                'rustfmt = "cargo fmt --all --check"\ntest = false\npytest = false',
            ),
            ("crates/llmcc-core/src/lib.rs", "    env!", "env!"),
        ),
        "failing-gate",
        "cargo fmt",
    ),
    Failure(
        "packages.yml: no earlier tag to be seen",
        "caro",
        shallow,
        "shallow-clone",
        "only a part of the history",
    ),
    Failure(
        "04c240f: one version in Cargo.toml, another in pyproject.toml",
        "edgequake-llm",
        half_bumped,
        "tag-without-version",
        "has 0.6.12, expected 0.6.13",
        version="edgequake-litellm=0.6.13",
    ),
    Failure(
        "a4de23e: a lock that git ignores",
        "edgequake-llm",
        ignored,
        "untracked-lock",
        "Cargo.lock is not in git",
    ),
    Failure(
        "e6ba297: a lock that the bump left behind",
        "llmtrace",
        edit(
            (
                "Cargo.lock",
                'name = "llmtrace-core"\nversion = "0.1.5"',
                'name = "llmtrace-core"\nversion = "0.1.4"',
            )
        ),
        "stale-lock",
        "cargo refuses --locked",
    ),
    Failure(
        "acf1c9e: a Rust that is too old for what is built with it",
        "llmtrace",
        edit(
            (
                "crates/llmtrace-proxy/Cargo.toml",
                "[lib]",
                'rust-version = "1.60"\n[lib]',
            ),
            (
                "crates/llmtrace-core/Cargo.toml",
                "[package]",
                '[package]\nrust-version = "1.83"',
            ),
        ),
        "rust-version-too-low",
        "llmtrace promises Rust 1.60, but llmtrace-core 0.1.5 needs 1.83",
    ),
    Failure(
        "v0.6.8: one version, two sections",
        "edgequake-llm",
        edit(
            (
                "CHANGELOG.md",
                "## [0.6.0] - 2026-06-15",
                "## [0.6.27] - 2026-06-15",
            ),
            (
                "CHANGELOG.md",
                "## [0.6.11] - 2026-05-28",
                "## [0.6.27] - 2026-05-28",
            ),
        ),
        "double-section",
        "CHANGELOG.md has 2 sections for 0.6.27",
    ),
    Failure(
        "d0b64c1: a stale copy",
        "edgequake-llm",
        edit(
            (
                "release-tasks.toml",
                "[project]\n",
                '[versions]\nstale = "error"\n[project]\n',
            ),
            ("docs/releasing.md", "`Cargo.toml`.", "`Cargo.toml`: 0.6.26."),
        ),
        "stale-version",
        "docs/releasing.md",
    ),
    Failure(
        "cdf3169: nothing to sign in with",
        "edgequake-llm",
        nothing,
        "missing-credential",
        "no token to upload edgequake-litellm to PyPI",
        without=(
            "TWINE_PASSWORD",
            "PYPI_API_TOKEN",
            "ACTIONS_ID_TOKEN_REQUEST_URL",
        ),
    ),
    Failure(
        "no commit: build.rs reads what no tarball has",
        "llmtrace",
        as_before("crates/llmtrace-proxy/build.rs"),
        "file-outside-crate",
        "llmtrace.proto",
    ),
    # from here on PyPI has files
    Failure(
        "bf270dc: published by hand before",
        "edgequake-llm",
        uploads("edgequake-litellm"),
        "untagged-version",
        "edgequake_litellm-0.2.0.tar.gz",
        version="edgequake-llm=0.6.27,edgequake-litellm=0.2.0",
    ),
    Failure(
        "b2cd3d4: a name on PyPI that somebody else has",
        "llmtrace",
        uploads("llmtracing"),
        "foreign-name",
        "llmtracing",
        version="0.3.0",
    ),
)


# what a project has as it is, looked for once
KNOWN: dict[tuple[str, str], set[tuple[str, str]]] = {}


@pytest.mark.parametrize("failure", FAILURES, ids=lambda one: one.what)
@pytest.mark.sample(3)
def test_a_failure_that_happened_is_found_before_the_tag(
    failure: Failure,
    samples: LocalRegistries,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = failure.settings.removesuffix("-workspace")
    root = sample(name, tmp_path, failure.settings)
    samples.github.create(*HISTORIES[name].repository.split("/"), root)
    monkeypatch.chdir(root)
    version = failure.version or NEXT[failure.settings]
    usual = (
        failure.settings,
        NEXT[failure.settings] if failure.change is nothing else version,
    )
    before = KNOWN[usual] = KNOWN.get(usual) or {
        (one.name, one.fact) for one in reported(usual[1], "all")
    }
    failure.change(root)
    for variable in failure.without:
        monkeypatch.delenv(variable, raising=False)
    found = reported(
        version, failure.new, fast=failure.finding != "failing-gate"
    )
    new = [
        one
        for one in found
        if (one.name, one.fact) not in before and one.severity != "note"
    ]
    assert {one.name for one in new} == {failure.finding}
    assert failure.fact in new[0].fact


def reported(version: str, new: str, fast: bool = True) -> list[Finding]:
    return check_release(
        CheckContext(context(), Release.at(context(), version), new), fast
    )

"""A tagged release with files in dist/, and what GitHub has of it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from release_tasks import dist
from release_tasks.channels import github, github_draft
from release_tasks.release import Release
from support.tiny_project import TINY, TinyProject, tiny_project

ASSETS = '[github]\nassets = ["wheels", "sdist"]\n'
WHEEL, SDIST, KEPT = "tiny_plain-0.2.0-py3-none-any.whl", "tiny_plain-0.2.0.tar.gz", "tiny.oci.tar"
KINDS = {WHEEL: "wheel", SDIST: "sdist", KEPT: "image"}


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TinyProject]:
    with tiny_project(tmp_path, monkeypatch, TINY | {"release-tasks.toml": ASSETS}) as made:
        made.commit("pyproject.toml", TINY["pyproject.toml"].replace("0.1.0", "0.2.0"))
        made.commit(
            "CHANGELOG.md", TINY["CHANGELOG.md"].replace("[Unreleased]", "[0.2.0] - 2026-01-02")
        )
        yield made


def built(tiny: TinyProject, version: str = "0.2.0", **text: str) -> Release:
    """Tag HEAD and put files into dist/, as the build steps would."""
    if f"v{version}" not in tiny.git("tag"):
        tiny.tag(f"v{version}")
    release = tiny.release(version)
    for name, kind in KINDS.items():
        path = dist.folder(release.parts[0]) / name
        path.write_text(text.get(kind, f"bytes of {name}"))
        dist.record(
            release.parts[0],
            kind,
            [dist.describe(release, release.parts[0], kind, path, package="tiny-plain")],
        )
    return release


def releases(tiny: TinyProject) -> list[dict[str, object]]:
    return tiny.registries.github.releases("example", "tiny")


def assets(tiny: TinyProject) -> set[str]:
    [one] = releases(tiny)
    return set(one["assets"])


def elsewhere(tiny: TinyProject, monkeypatch: pytest.MonkeyPatch) -> Release:
    """Return the release as a fresh clone sees it, its dist/ filled from the draft."""
    monkeypatch.chdir(tiny.clone())
    release = tiny.release("0.2.0")
    github_draft.fill(release)
    return release


def states(release: Release) -> dict[str, str]:
    return {
        one.artifact.name: str(one.state) for one in github.state(release, github.expected(release))
    }


def gh(*words: str) -> None:
    subprocess.run(["gh", *words, "--repo", "example/tiny"], check=True, capture_output=True)

"""A tagged release with files in dist/, and what the local GitHub has of it."""

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
WHEEL, SDIST, KEPT = (
    "tiny_plain-0.2.0-py3-none-any.whl",
    "tiny_plain-0.2.0.tar.gz",
    "tiny.oci.tar",
)
KINDS = {WHEEL: "wheel", SDIST: "sdist", KEPT: "image"}


@pytest.fixture
def tiny(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TinyProject]:
    """The project at version 0.2.0, with assets and a changelog section for it."""
    pyproject = TINY["pyproject.toml"].replace("0.1.0", "0.2.0")
    changelog = TINY["CHANGELOG.md"].replace(
        "[Unreleased]", "[0.2.0] - 2026-01-02"
    )
    with tiny_project(
        tmp_path, monkeypatch, TINY | {"release-tasks.toml": ASSETS}
    ) as made:
        made.commit("pyproject.toml", pyproject)
        made.commit("CHANGELOG.md", changelog)
        yield made


def built(tiny: TinyProject, version: str = "0.2.0", **texts: str) -> Release:
    """Tag HEAD, and add files to dist/ as the steps that build them do; `texts` are by kind."""
    if f"v{version}" not in tiny.git("tag"):
        tiny.tag(f"v{version}")
    release = tiny.release(version)
    part = release.parts[0]
    for name, kind in KINDS.items():
        path = dist.folder(part) / name
        path.write_text(texts.get(kind, f"bytes of {name}"))
        row = dist.describe(release, part, kind, path, package="tiny-plain")
        dist.record(part, kind, [row])
    return release


def release_in_a_clone(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> Release:
    """Return the release in a fresh clone, whose dist/ is filled from the draft."""
    monkeypatch.chdir(tiny.clone())
    release = tiny.release("0.2.0")
    github_draft.fill(release)
    return release


def releases(tiny: TinyProject) -> list[dict[str, object]]:
    return tiny.registries.github.releases("example", "tiny")


def assets(tiny: TinyProject) -> set[str]:
    """Return the names of the assets of the only release."""
    [only] = releases(tiny)
    return set(only["assets"])


def states(release: Release) -> dict[str, str]:
    """Return the state of each artifact on GitHub, by name."""
    found = github.state(release, github.expected(release))
    return {status.artifact.name: str(status.state) for status in found}


def gh(*words: str) -> None:
    """Run gh for the project; it must succeed."""
    subprocess.run(
        ["gh", *words, "--repo", "example/tiny"],
        check=True,
        capture_output=True,
    )

"""Names and tags: the settings, the rules and the local registry give the same answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import requests

from release_tasks.errors import ReleaseError
from release_tasks.project.settings_file import load
from release_tasks.rehearsal.registries import LocalRegistries, run_registries
from release_tasks.rules import oci

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
EMPTY = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "layers": []})
TAGS = (
    *("1.2.0", "1.2.0-alpine", "_x", "A", "v1", "a.b_c-d", "0", "latest-", "a..b"),
    *("-latest", ".x", "1.2.0+build", "a b", "ä", "a@b", "a~b", "a:b", "+", "=1"),
    *("n" * 128, "n" * 129, "sha-0123abc", "1_2", "%", "a,b", "a#b", "a?b", "a!"),
)
REPOSITORIES = (
    *("o/n", "o/n/x", "n", "1/2", "o/a.b", "o/a_b", "o/a__b", "o/a--b", "o/a---b"),
    *("O/n", "o/N", "o/a___b", "o/a..b", "o/.a", "o/a.", "o/_a", "o/a_", "o/-a"),
    *("o/a-", "o/a._b", "o/a b", "o/ä", "o/a+b", "o/a~b", "o/a%b", "o.o/n-n/x_x"),
    *(f"o/{'n' * 250}", f"o/{'n' * 254}", "o/a-.b", "o/a.-b", "o-/n", "o_o/n"),
)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRegistries]:
    with run_registries(tmp_path_factory.mktemp("oci"), offline=True) as running:
        yield running


def is_pushed(registry: LocalRegistries, repository: str, tag: str) -> bool:
    path = f"/v2/{quote(repository)}/manifests/{quote(tag)}"
    headers = {"Content-Type": MANIFEST}
    url = registry.urls["oci"] + path
    login = ("rehearsal", registry.tokens.registry)
    answer = requests.put(url, EMPTY, headers=headers, auth=login, timeout=30)
    status = answer.status_code
    assert status in (201, 400), status
    return status == 201


def is_read(folder: Path, reference: str, tag: str) -> bool:
    tags = json.dumps(["{version}", tag])
    text = f'[images."{reference}"]\ntags = {tags}\n'
    (folder / "release-tasks.toml").write_text(text)
    try:
        load(folder)
    except ReleaseError:
        return False
    return True


@pytest.mark.parametrize("tag", TAGS)
def test_a_tag_is_taken_by_all_or_by_none(
    registry: LocalRegistries, tmp_path: Path, tag: str
) -> None:
    is_valid = oci.tag(tag) == []
    assert is_pushed(registry, "o/n", tag) is is_valid
    assert is_read(tmp_path, "ghcr.io/o/n", tag) is is_valid


@pytest.mark.parametrize("repository", REPOSITORIES)
def test_a_repository_is_taken_by_all_or_by_none(
    registry: LocalRegistries, tmp_path: Path, repository: str
) -> None:
    is_valid = oci.repository(repository) == []
    assert is_pushed(registry, repository, "1.0") is is_valid
    assert is_read(tmp_path, f"ghcr.io/{repository}", "latest") is is_valid

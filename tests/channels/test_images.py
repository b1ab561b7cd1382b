"""The state of images and their pointers, read from a registry that needs a token."""

from __future__ import annotations

from dataclasses import replace

import pytest
from invoke.context import Context
from support.container_projects import (
    IMAGE,
    SETTINGS,
    push_image,
    write_image_project,
)
from support.repositories import commit_files, git

from release_tasks.channels import image_pointers, image_tags, images
from release_tasks.errors import ReleaseError
from release_tasks.project.artifacts import PointerState, State
from release_tasks.release import Release

pytestmark = pytest.mark.usefixtures("registries")


@pytest.fixture
def release(image_project):
    """A release of the project in any version."""
    return lambda version="1.2.0": Release.at(Context(), version)


def state(release: Release, digest: str = "") -> State:
    [artifact] = images.expected(release)
    return images.state(release, [replace(artifact, digest=digest)])[0].state


def places(release: Release) -> dict[str, tuple[PointerState, str]]:
    return {
        p.name.removeprefix(f"{IMAGE}:"): (p.place, p.now)
        for p in images.pointers(release)
    }


def test_the_state_of_an_image_comes_from_its_digest(registries, release):
    assert state(release()) == State.MISSING
    digest = push_image(registries, "1.2.0")
    assert state(release(), digest) == State.SAME
    assert state(release(), "sha256:" + "0" * 64) == State.DIFFERENT


def test_an_image_without_a_record_is_compared_by_its_label(
    registries, release
):
    push_image(registries, "1.2.0", {images.REVISION: release().commit})
    assert state(release()) == State.PRESENT
    push_image(registries, "1.2.0", {images.REVISION: "f" * 40})
    assert state(release()) == State.DIFFERENT


def test_an_image_without_a_label_is_present(registries, release):
    push_image(registries, "1.2.0", {})
    assert state(release()) == State.PRESENT


def test_an_image_is_new_until_the_registry_has_one(registries, release):
    [artifact] = images.expected(release())
    assert images.is_new(artifact)
    push_image(registries, "0.1.0")
    assert not images.is_new(artifact)


def test_pointers_of_a_new_image_are_behind(release):
    assert places(release()) == {
        "1.2": (PointerState.BEHIND, ""),
        "1": (PointerState.BEHIND, ""),
        "latest": (PointerState.BEHIND, ""),
    }


def test_a_pointer_on_an_older_version_is_behind_and_on_ours_the_same(
    registries, release
):
    push_image(registries, "1.1.0", also=["1", "latest"])
    push_image(registries, "1.2.0", also=["1.2"])
    assert places(release()) == {
        "1.2": (PointerState.SAME, "1.2.0"),
        "1": (PointerState.BEHIND, "1.1.0"),
        "latest": (PointerState.BEHIND, "1.1.0"),
    }


def test_a_pointer_on_a_higher_version_of_its_line_is_ahead(
    registries, release
):
    push_image(registries, "1.2.9", also=["1.2"])
    push_image(registries, "2.0.0", also=["2.0", "2", "latest"])
    assert places(release()) == {
        "1.2": (PointerState.AHEAD, "1.2.9"),
        "1": (PointerState.AHEAD, ""),
        "latest": (PointerState.AHEAD, "2.0.0"),
    }


def test_a_backport_moves_the_pointers_of_its_own_line_only(
    registries, release
):
    push_image(registries, "1.1.0", also=["1.1"])
    push_image(registries, "1.2.0", also=["1.2", "1", "latest"])
    found = places(release("1.1.1"))
    assert found == {
        "1.1": (PointerState.BEHIND, "1.1.0"),
        "1": (PointerState.AHEAD, "1.2.0"),
        "latest": (PointerState.AHEAD, "1.2.0"),
    }


def test_a_prerelease_of_a_higher_version_does_not_stop_a_pointer(
    registries, release
):
    push_image(registries, "1.2.0", also=["1"])
    push_image(registries, "1.3.0-rc.1")
    assert places(release("1.2.1"))["1"] == (PointerState.BEHIND, "1.2.0")


def test_a_pointer_that_names_no_version_is_foreign(registries, release):
    push_image(registries, "1.1.0")
    digest = push_image(registries, "latest", {"made": "from main"})
    assert places(release())["latest"] == (PointerState.FOREIGN, digest[:19])


def test_a_prerelease_has_no_pointers(release):
    assert images.pointers(release("1.2.0-rc.1")) == ()


def test_there_is_no_pointer_for_the_major_version_at_0(release):
    assert set(places(release("0.4.0"))) == {"0.4", "latest"}


def test_latest_belongs_to_the_component_that_owns_it(tmp_path, monkeypatch):
    table = '[components.server]\ntag = "server-v{version}"\nimages = ["ghcr.io/example/hello"]\n'
    other = '[components.docs]\ntag = "docs-v{version}"\n'
    for owns, wanted in (
        ("", {"1.2", "1"}),
        ("latest = true\n", {"1.2", "1", "latest"}),
    ):
        folder = commit_files(
            write_image_project(tmp_path / f"owner{len(owns)}"),
            {"release-tasks.toml": SETTINGS + other + table + owns},
        )
        monkeypatch.chdir(folder)
        assert set(places(Release.at(Context(), "1.2.0", "server"))) == wanted


def test_tags_with_text_around_the_version_are_recognized(
    tmp_path, registries, monkeypatch
):
    tags = 'tags = ["v{version}-alpine", "v{major}-alpine"]\n'
    monkeypatch.chdir(write_image_project(tmp_path / "alpine", SETTINGS + tags))
    release = Release.at(Context(), "1.2.0")
    push_image(registries, "v1.1.0-alpine", also=["v1-alpine"])
    push_image(registries, "1.9.0")
    [[part, image]] = image_tags.shipped(release)
    assert image_tags.version_tag(part, image) == "v1.2.0-alpine"
    assert places(release) == {
        "v1-alpine": (PointerState.BEHIND, "v1.1.0-alpine")
    }


def test_tags_of_an_earlier_form_are_versions(release):
    made = release()
    [[part, image]] = image_tags.shipped(made)
    tags = [
        "1.0.0",
        "1.2.3.4",
        "main",
        "1.2.0-rc.1",
        "v1.3.0",
        "hello-1.1.0",
        "1.2",
    ]
    found = image_tags.versions_by_tag(made, part, image, tags)
    assert {tag: str(version) for tag, version in found.items()} == {
        "1.0.0": "1.0.0",
        "1.2.0-rc.1": "1.2.0-rc.1",
        "v1.3.0": "1.3.0",
        "hello-1.1.0": "1.1.0",
    }


def test_pointers_of_an_earlier_tool_go_on(registries, release):
    push_image(registries, "v1.0.0", also=["1.0", "1", "latest"])
    found = places(release())
    assert found["1"] == (PointerState.BEHIND, "v1.0.0")
    assert found["latest"] == (PointerState.BEHIND, "v1.0.0")


def test_a_higher_version_of_an_earlier_form_stays_latest(registries, release):
    push_image(registries, "v2.0.0", also=["2", "latest"])
    assert places(release())["latest"] == (PointerState.AHEAD, "v2.0.0")


def test_a_number_that_git_has_no_tag_of_is_no_version(registries, release):
    push_image(registries, "22.04", also=["latest"])
    assert places(release())["latest"][0] is PointerState.FOREIGN


def test_a_version_of_two_numbers_counts_where_git_has_its_tag(
    registries, release, image_project
):
    git(image_project, "tag", "v1.0")
    push_image(registries, "v1.0", also=["latest"])
    assert places(release())["latest"] == (PointerState.BEHIND, "v1.0")


def test_latest_of_an_earlier_commit_is_behind(
    registries, release, image_project
):
    commit = git(image_project, "rev-parse", "HEAD").strip()
    digest = push_image(registries, "latest", {image_pointers.REVISION: commit})
    assert places(release())["latest"] == (PointerState.BEHIND, digest[:19])
    push_image(registries, "latest", {image_pointers.REVISION: "f" * 40})
    assert places(release())["latest"][0] is PointerState.FOREIGN


def test_publishing_needs_a_docker_login(
    release, registries, tmp_path, monkeypatch
):
    assert images.credentials(release()) == []
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "nobody"))
    [error] = images.credentials(release())
    assert (error.problem, error.fix) == (
        "docker has no login for ghcr.io",
        "docker login ghcr.io",
    )


def test_a_private_image_without_a_login_is_an_error_not_missing(
    release, registries, tmp_path, monkeypatch
):
    registries.oci.tokens.private_by_default = True
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "nobody"))
    with pytest.raises(ReleaseError, match="private or does not exist"):
        state(release())

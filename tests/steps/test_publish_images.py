"""Publishing images with the real buildx to the local registry, under its public name."""

from __future__ import annotations

import shutil

import pytest
import requests
from invoke.context import Context
from support.container_projects import (
    IMAGE,
    SETTINGS,
    add_binaries,
    digests,
    recorded_file,
    tag,
    write_image_project,
)
from support.contexts import context
from support.repositories import commit_files

from release_tasks.errors import ReleaseError
from release_tasks.rehearsal.faults import Fault
from release_tasks.steps.docker_buildx import docker_buildx
from release_tasks.steps.publish_images import publish_images

pytestmark = [
    pytest.mark.tools("docker", "buildkitd", "runc"),
    pytest.mark.slow,
    pytest.mark.usefixtures("registries"),
]


def build(version: str = "1.2.0", text: str = "a program") -> str:
    tag(version)
    add_binaries(version, text)
    docker_buildx(Context(), version=version)
    return recorded_file("image", version).digest


def test_an_image_is_published_with_the_digest_that_was_built(
    image_project, registries
):
    digest = build()
    publish_images(Context(), version="1.2.0", new="all")
    assert digests() == {"1.2.0": digest}
    assert {e.agent.split("/")[0] for e in registries.log.writes()} == {
        "containerd"
    }  # buildx pushes with its library
    assert not registries.log.refused()


def test_publishing_again_does_nothing(image_project, registries):
    build()
    publish_images(Context(), version="1.2.0", new="all")
    before = len(registries.log.writes())
    publish_images(Context(), version="1.2.0")
    assert len(registries.log.writes()) == before


def test_an_image_that_was_pushed_in_the_meantime_is_not_pushed_again(
    image_project, registries
):
    from release_tasks.channels import images
    from release_tasks.release import Release

    build()
    release = Release.at(Context(), "1.2.0")
    missing = images.expected(release)
    publish_images(Context(), version="1.2.0", new="all")
    before = len(registries.log.writes())
    images.publish(Context(), release, missing)
    assert len(registries.log.writes()) == before


def test_a_new_image_name_has_to_be_confirmed(image_project, registries):
    build()
    with pytest.raises(
        ReleaseError, match="has never been published; confirm the name"
    ):
        publish_images(Context(), version="1.2.0")
    assert not registries.log.writes()


def test_an_image_of_one_platform_keeps_its_digest(tmp_path, monkeypatch):
    monkeypatch.chdir(
        write_image_project(
            tmp_path / "one", SETTINGS.replace(', "linux/arm64"', "")
        )
    )
    digest = build()
    publish_images(Context(), version="1.2.0", new="all")
    assert digests() == {"1.2.0": digest}


def test_an_image_of_our_version_from_another_commit_stops_the_release(
    image_project, registries, monkeypatch
):
    build()
    publish_images(Context(), version="1.2.0", new="all")
    there = digests()
    other = shutil.copytree(
        image_project,
        image_project.parent / "other",
        ignore=shutil.ignore_patterns("dist"),
    )
    monkeypatch.chdir(commit_files(other, {"motd": "changed\n"}))
    tag()
    with pytest.raises(ReleaseError, match=r"1\.2\.0 was built from commit"):
        publish_images(Context(), version="1.2.0")
    assert digests() == there


def test_a_recorded_digest_that_differs_stops_the_release(
    image_project, registries, tmp_path, monkeypatch
):
    build(text="what another machine built")
    publish_images(Context(), version="1.2.0", new="all")
    there = digests()
    monkeypatch.chdir(write_image_project(tmp_path / "again"))
    add_binaries("1.2.0")
    registries.faults.add(
        Fault("HEAD", r"/v2/example/hello/manifests/1\.2\.0", status=404)
    )  # it had not seen that yet
    docker_buildx(Context(), version="1.2.0")
    assert recorded_file("image", "1.2.0").digest != there["1.2.0"]
    with pytest.raises(ReleaseError, match=r"1\.2\.0 differs"):
        publish_images(Context(), version="1.2.0")
    assert digests() == there


def test_a_public_image_of_this_commit_is_not_built_again(image_project, capfd):
    digest = build()
    publish_images(Context(), version="1.2.0", new="all")
    shutil.rmtree(image_project / "dist")
    docker_buildx(Context(), version="1.2.0")
    assert (
        "nothing to do, every image is built or published"
        in capfd.readouterr().err
    )
    publish_images(Context(), version="1.2.0")
    assert digests() == {"1.2.0": digest}


def test_a_missing_fixed_tag_is_added_by_digest(
    tmp_path, monkeypatch, registries
):
    monkeypatch.chdir(
        write_image_project(
            tmp_path / "two",
            SETTINGS + 'tags = ["{version}", "sha-{sha}", "{major}"]\n',
        )
    )
    digest = build()
    publish_images(Context(), version="1.2.0", new="all")
    sha = next(tag for tag in digests() if tag.startswith("sha-"))
    requests.delete(
        f"{registries.urls['oci']}/v2/example/hello/manifests/{sha}",
        auth=("rehearsal", registries.tokens.registry),
        timeout=10,
    ).raise_for_status()
    before = len(registries.log.writes())
    publish_images(Context(), version="1.2.0")
    assert digests() == {"1.2.0": digest, sha: digest}
    written = [
        e.target
        for e in registries.log.writes()[before:]
        if e.target != "/token"
    ]
    assert written == [f"/v2/example/hello/manifests/{sha}"]


def test_a_registry_that_cannot_be_read_is_an_error_not_missing(
    image_project, registries
):
    build()
    registries.faults.add(Fault("HEAD", "/v2/", status=500, times=99))
    with pytest.raises(ReleaseError, match="answered 500"):
        publish_images(Context(), version="1.2.0", new="all")
    assert not registries.log.writes()


def test_an_interrupted_upload_is_finished_by_the_second_run(
    image_project, registries
):
    digest = build()
    registries.faults.add(
        Fault("PUT", r"/v2/example/hello/manifests/1\.2\.0", status=403)
    )
    with pytest.raises(ReleaseError, match="403"):
        publish_images(Context(), version="1.2.0", new="all")
    assert digests().get("1.2.0") is None
    publish_images(Context(), version="1.2.0", new="all")
    assert digests() == {"1.2.0": digest}


def test_a_version_that_cannot_be_a_tag_is_refused(image_project):
    with pytest.raises(ReleaseError, match="cannot be an OCI tag"):
        publish_images(Context(), version="1.2.0+build.1")


def test_tags_without_a_version_are_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(
        write_image_project(
            tmp_path / "none", SETTINGS + 'tags = ["{major}", "latest"]\n'
        )
    )
    with pytest.raises(ReleaseError, match="is made from the version"):
        publish_images(Context(), version="1.2.0")


def test_a_dry_run_shows_the_push_and_changes_nothing(
    image_project, registries, capfd
):
    publish_images(context(dry=True), version="1.2.0", new="all")
    assert "imagetools create" in capfd.readouterr().err
    assert not registries.log.writes()
    assert not (image_project / "dist").exists()


def test_a_private_image_is_reported(image_project, registries, capfd):
    registries.oci.tokens.private_by_default = True
    digest = build()
    publish_images(Context(), version="1.2.0", new="all")
    assert digests() == {"1.2.0": digest}
    assert f"{IMAGE} is private" in capfd.readouterr().err

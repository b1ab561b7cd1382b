"""Moving `latest`, `1.2` and `1` with the real buildx, by digest, and never backwards."""

from __future__ import annotations

import pytest
from invoke.context import Context
from support.container_projects import (
    IMAGE,
    add_binaries,
    digests,
    push_image,
    tag,
)
from support.contexts import context

from release_tasks.errors import ReleaseError
from release_tasks.rehearsal.faults import Fault
from release_tasks.steps.docker_buildx import docker_buildx
from release_tasks.steps.move_pointers import move_pointers
from release_tasks.steps.publish_images import publish_images

pytestmark = [
    pytest.mark.tools("docker"),
    pytest.mark.usefixtures("registries", "image_project"),
]


def test_pointers_move_to_the_digest_of_the_version(registries):
    push_image(registries, "1.1.0", also=["1.1", "1", "latest"])
    old = digests()["1.1.0"]
    new = push_image(registries, "1.2.0")
    move_pointers(Context(), version="1.2.0")
    assert digests() == {
        "1.1.0": old,
        "1.1": old,
        "1.2.0": new,
        "1.2": new,
        "1": new,
        "latest": new,
    }


def test_moving_again_does_nothing(registries, capfd):
    push_image(registries, "1.2.0")
    move_pointers(Context(), version="1.2.0")
    capfd.readouterr()
    move_pointers(Context(), version="1.2.0")
    shown = capfd.readouterr().err
    assert f"{IMAGE}:latest already points at 1.2.0" in shown
    assert "imagetools" not in shown


def test_a_move_is_one_write(registries):
    push_image(registries, "1.1.0", also=["1.2", "1"])
    push_image(registries, "1.2.0", also=["1.2", "1"])
    before = len(registries.log.writes())
    move_pointers(Context(), version="1.2.0")
    written = [
        (e.method, e.target)
        for e in registries.log.writes()[before:]
        if e.target != "/token"
    ]
    assert written == [("PUT", "/v2/example/hello/manifests/latest")]


def test_a_backport_does_not_move_latest_backwards(registries, capfd):
    higher = push_image(registries, "1.2.0", also=["1.2", "1", "latest"])
    lower = push_image(registries, "1.1.5")
    move_pointers(Context(), version="1.1.5")
    assert digests() == {
        "1.2.0": higher,
        "1.2": higher,
        "1": higher,
        "latest": higher,
        "1.1.5": lower,
        "1.1": lower,
    }
    assert (
        f"{IMAGE}:latest stays at 1.2.0: a higher version than 1.1.5 exists"
        in capfd.readouterr().err
    )


def test_a_backport_moves_the_pointer_of_its_line_and_no_other(registries):
    old = push_image(registries, "1.2.8", also=["1.2"])
    higher = push_image(registries, "2.0.0", also=["2.0", "2", "latest"])
    new = push_image(registries, "1.2.9")
    move_pointers(Context(), version="1.2.9")
    there = {"2.0.0": higher, "2.0": higher, "2": higher, "latest": higher}
    assert (
        digests() == {"1.2.8": old, "1.2.9": new, "1.2": new, "1": new} | there
    )


def test_a_prerelease_moves_nothing(registries, capfd):
    old = push_image(registries, "1.1.0", also=["latest"])
    new = push_image(registries, "1.2.0-rc.1")
    move_pointers(Context(), version="1.2.0-rc.1")
    assert digests() == {"1.1.0": old, "latest": old, "1.2.0-rc.1": new}
    assert "has no pointers" in capfd.readouterr().err


def test_at_0_there_is_no_pointer_for_the_major_version(registries):
    new = push_image(registries, "0.2.0")
    move_pointers(Context(), version="0.2.0")
    assert digests() == {"0.2.0": new, "0.2": new, "latest": new}


def test_a_foreign_pointer_stays_and_is_named(registries, capfd):
    foreign = push_image(registries, "latest", {"made": "from main"})
    new = push_image(registries, "1.2.0")
    move_pointers(Context(), version="1.2.0")
    assert digests() == {"latest": foreign, "1.2.0": new, "1.2": new, "1": new}
    assert (
        f"{IMAGE}:latest stays at {foreign[:19]}, which is not a version of this project"
        in capfd.readouterr().err
    )


def test_a_dry_run_shows_the_moves_and_makes_none(registries, capfd):
    push_image(registries, "1.1.0", also=["latest"])
    before = digests()
    move_pointers(context(dry=True), version="1.2.0")
    assert f"--tag {IMAGE}:latest '{IMAGE}@<digest>'" in capfd.readouterr().err
    assert digests() == before


def test_a_pointer_that_cannot_move_does_not_stop_the_others(registries):
    new = push_image(registries, "1.2.0")
    registries.faults.add(
        Fault("PUT", r"/v2/example/hello/manifests/1\.2$", status=403)
    )
    with pytest.raises(ReleaseError, match="403"):
        move_pointers(Context(), version="1.2.0")
    assert digests() == {"1.2.0": new, "1": new, "latest": new}


@pytest.mark.slow
@pytest.mark.tools("buildkitd", "runc")
def test_a_pointer_names_every_platform_of_an_image():
    tag()
    add_binaries("1.2.0")
    docker_buildx(Context(), version="1.2.0")
    publish_images(Context(), version="1.2.0", new="all")
    move_pointers(Context(), version="1.2.0")
    assert len(set(digests().values())) == 1
    assert set(digests()) == {"1.2.0", "1.2", "1", "latest"}

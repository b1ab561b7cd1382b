"""Building images with the real buildx, from the commit and the binaries of the release."""

from __future__ import annotations

import json
import os
import shutil
import tarfile
import tempfile
from pathlib import Path

import pytest
from invoke.context import Context
from support.container_projects import (
    DOCKERFILE,
    IMAGE,
    SETTINGS,
    add_binaries,
    recorded_file,
    snapshot,
    write_image_project,
)
from support.contexts import context
from support.python_projects import differences
from support.repositories import commit_files, write_files

from release_tasks import dist
from release_tasks.errors import ReleaseError
from release_tasks.formats import oci_layout
from release_tasks.release import Release
from release_tasks.steps.docker_buildx import docker_buildx
from release_tasks.tools import docker

pytestmark = [
    pytest.mark.tools("docker", "buildkitd", "runc"),
    pytest.mark.slow,
    pytest.mark.usefixtures("registries"),
]


def image(folder: Path, version: str = "1.2.0") -> list[dict]:
    """The configurations of an image in dist/, platform by platform."""
    with tarfile.open(
        folder / f"dist/v{version}" / recorded_file("image", version).file
    ) as archive:

        def blob(digest: str) -> dict:
            return json.loads(
                archive.extractfile("blobs/" + digest.replace(":", "/")).read()
            )

        index = blob(
            json.loads(archive.extractfile("index.json").read())["manifests"][
                0
            ]["digest"]
        )
        return [
            blob(blob(m["digest"])["config"]["digest"])
            for m in index["manifests"]
        ]


def contents(folder: Path, version: str = "1.2.0") -> list[dict[str, bytes]]:
    """Every file of each layer of an image in dist/."""
    found = []
    with tarfile.open(
        folder / f"dist/v{version}" / recorded_file("image", version).file
    ) as archive:
        for member in archive.getmembers():
            head = (
                archive.extractfile(member).read(2) if member.isfile() else b""
            )
            if head == b"\x1f\x8b":
                with tarfile.open(fileobj=archive.extractfile(member)) as layer:
                    found.append(
                        {
                            m.name: layer.extractfile(m).read()
                            for m in layer
                            if m.isfile()
                        }
                    )
    return found


def only_git(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "bin").mkdir()
    (folder / "bin/git").symlink_to(str(shutil.which("git")))
    monkeypatch.setenv("PATH", str(folder / "bin"))


@pytest.mark.statement("B1.30", "B3.6")
def test_an_image_of_two_platforms_takes_the_binaries_of_the_release(
    image_project,
):
    add_binaries("1.2.0")
    docker_buildx(Context(), version="1.2.0")
    configs = image(image_project)
    assert [c["architecture"] for c in configs] == ["amd64", "arm64"]
    assert {
        layer["hello"] for layer in contents(image_project) if "hello" in layer
    } == {
        b"a program for amd64",
        b"a program for arm64",
    }
    row = recorded_file("image", "1.2.0")
    assert (row.name, row.commit) == (
        IMAGE,
        Release.at(Context(), "1.2.0").commit,
    )
    assert row.digest == oci_layout.digest_of(
        image_project / "dist/v1.2.0" / row.file
    )


def test_an_image_has_labels_with_its_commit_and_version(image_project):
    add_binaries("1.2.0")
    docker_buildx(Context(), version="1.2.0")
    said = image(image_project)[0]["config"]["Labels"]
    assert (
        said["org.opencontainers.image.revision"]
        == Release.at(Context(), "1.2.0").commit
    )
    assert said["org.opencontainers.image.version"] == "1.2.0"
    assert said["org.opencontainers.image.created"] == "2026-01-02T03:04:05Z"


def test_an_image_has_its_own_labels_and_caches_too(tmp_path, monkeypatch):
    cache = (
        f"cache-from = ['type=local,src={tmp_path}/cache']\n"
        f"cache-to = ['type=local,dest={tmp_path}/cache,mode=max']\n"
    )
    said = (
        '[images."ghcr.io/example/hello".labels]\nmaintainer = "the makers"\n'
        '"org.opencontainers.image.version" = "another"\n'
    )
    project = write_image_project(
        tmp_path / "labelled", SETTINGS + cache + said
    )
    monkeypatch.chdir(project)
    add_binaries("1.2.0")
    docker_buildx(Context(), version="1.2.0")
    shown = image(project)[0]["config"]["Labels"]
    assert (shown["maintainer"], shown["org.opencontainers.image.version"]) == (
        "the makers",
        "1.2.0",
    )
    first = recorded_file("image", "1.2.0").digest
    assert (tmp_path / "cache/index.json").exists()
    shutil.rmtree(project / "dist")
    add_binaries("1.2.0")
    docker_buildx(Context(), version="1.2.0")
    assert recorded_file("image", "1.2.0").digest == first


def test_uncommitted_files_are_not_in_an_image(image_project):
    add_binaries("1.2.0")
    (image_project / "motd").write_text("not committed\n")
    docker_buildx(Context(), version="1.2.0")
    assert {
        layer["motd"] for layer in contents(image_project) if "motd" in layer
    } == {b"hello\n"}


def test_an_image_is_the_same_from_another_folder_home_zone_and_umask(
    image_project, tmp_path, monkeypatch
):
    add_binaries("1.2.0")
    docker_buildx(Context(), version="1.2.0")
    other = write_image_project(tmp_path / "somewhere/else")
    write_files(
        other,
        {
            "dist/v1.1.0/parts/stale": "left over",
            "dist/hello-linux-amd64": "stale",
        },
    )
    monkeypatch.chdir(other)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    before = os.umask(0o077)
    try:
        add_binaries("1.2.0")
        docker_buildx(Context(), version="1.2.0")
    finally:
        os.umask(before)
    assert (
        differences(image_project / "dist/v1.2.0", other / "dist/v1.2.0") == {}
    )


def test_platforms_that_were_built_separately_become_the_same_image(
    image_project, tmp_path, monkeypatch, capfd
):
    add_binaries("1.2.0")
    docker_buildx(Context(), version="1.2.0")
    whole = recorded_file("image", "1.2.0")
    other = tmp_path / "other"
    shutil.copytree(
        image_project,
        other,
        ignore=shutil.ignore_patterns("*.oci.tar", "docker_buildx*"),
    )
    monkeypatch.chdir(other)
    docker_buildx(Context(), version="1.2.0", target="linux/arm64")
    part = Release.at(Context(), "1.2.0").parts[0]
    assert [
        (row.name, row.target) for row in dist.of_kind(part, "layout", "image")
    ] == [(f"{IMAGE} linux/arm64", "linux/arm64")]
    assert (
        f"{IMAGE} has no linux/amd64 yet: build them on other machines"
        in capfd.readouterr().err
    )
    docker_buildx(Context(), version="1.2.0", target="linux/amd64")
    assert (
        recorded_file("image", "1.2.0").digest,
        recorded_file("image", "1.2.0").file,
    ) == (
        whole.digest,
        whole.file,
    )
    assert [one["architecture"] for one in image(other)] == ["amd64", "arm64"]
    assert dist.of_kind(part, "layout") == ()
    assert [path.name for path in part.dist.glob("*.oci.tar")] == [whole.file]


def test_platforms_in_dist_are_joined_without_a_builder(
    image_project, tmp_path, monkeypatch, capfd
):
    add_binaries("1.2.0")
    for platform in ("linux/arm64", "linux/amd64"):
        folder = tmp_path / platform.replace("/", "-")
        shutil.copytree(image_project, folder)
        monkeypatch.chdir(folder)
        docker_buildx(Context(), version="1.2.0", target=platform)
        shutil.copytree(
            folder / "dist", image_project / "dist", dirs_exist_ok=True
        )
    monkeypatch.chdir(image_project)
    capfd.readouterr()
    docker_buildx(Context(), version="1.2.0")
    assert "docker" not in capfd.readouterr().err
    assert [one["architecture"] for one in image(image_project)] == [
        "amd64",
        "arm64",
    ]


def test_an_undeclared_platform_is_refused(image_project):
    add_binaries("1.2.0")
    with pytest.raises(
        ReleaseError, match="no image is declared for linux/riscv64"
    ) as reported:
        docker_buildx(
            Context(), version="1.2.0", target="linux/amd64,linux/riscv64"
        )
    assert reported.value.fix == "available: linux/amd64, linux/arm64"


def test_an_image_that_is_built_is_not_built_again(image_project, capfd):
    add_binaries("1.2.0")
    docker_buildx(Context(), version="1.2.0")
    capfd.readouterr()
    docker_buildx(Context(), version="1.2.0")
    assert (
        "nothing to do, every image is built or published"
        in capfd.readouterr().err
    )


def test_a_builder_of_our_own_leaves_nothing_behind(
    image_project, tmp_path, monkeypatch
):
    place = tmp_path / "tmp"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    add_binaries("1.2.0")
    docker_buildx(Context(), version="1.2.0")
    assert list(place.iterdir()) == []
    assert (
        not Path(os.environ["BUILDX_CONFIG"])
        .joinpath("instances/release-tasks")
        .exists()
    )
    running = [
        Path(f"/proc/{pid}/cmdline")
        for pid in os.listdir("/proc")
        if pid.isdigit()
    ]
    assert not any(
        str(place).encode() in path.read_bytes()
        for path in running
        if path.exists()
    )


def test_a_failing_dockerfile_stops_the_release_and_leaves_no_image(
    image_project,
):
    commit_files(image_project, {"Dockerfile": "FROM scratch\nCOPY absent /\n"})
    with pytest.raises(ReleaseError, match="absent"):
        docker_buildx(Context(), version="1.2.0")
    assert not list((image_project / "dist/v1.2.0").glob("*.tar"))


def test_binaries_that_are_not_built_are_named(image_project):
    with pytest.raises(ReleaseError, match="none is in dist/"):
        docker_buildx(Context(), version="1.2.0")


EMULATED = """FROM --platform=$BUILDPLATFORM rust AS build
RUN cargo build \\
    --release
FROM build AS more
RUN true
FROM scratch
RUN ["/tool", "init"]
run ["/tool", "again"]
COPY --from=more /tool /tool
"""


@pytest.mark.statement("B1.32")
def test_a_dry_run_shows_what_runs_under_qemu(image_project, capfd):
    commit_files(image_project, {"Dockerfile": EMULATED})
    docker_buildx(context(dry=True), version="1.2.0")
    said = capfd.readouterr().err
    foreign = "linux/arm64" if os.uname().machine == "x86_64" else "linux/amd64"
    assert (
        f"Dockerfile runs under QEMU for {foreign} (RUN instructions: 2)"
        in said
    )
    commit_files(
        image_project,
        {
            "Dockerfile": EMULATED.replace("RUN [", "CMD [").replace(
                "run [", "CMD ["
            )
        },
    )
    docker_buildx(context(dry=True), version="1.2.0")
    assert "QEMU" not in capfd.readouterr().err


def test_a_dry_run_shows_the_build_and_changes_nothing(
    image_project, registries, capfd
):
    before = snapshot(image_project)
    docker_buildx(context(dry=True), version="1.2.0")
    shown = capfd.readouterr().err
    assert "docker buildx build" in shown
    assert "--build-context=binaries=<binaries>" in shown.replace("'", "")
    assert "--platform=linux/amd64,linux/arm64" in shown
    assert snapshot(image_project) == before
    assert not registries.log.writes()


def test_a_project_without_an_image_calls_no_docker(
    tmp_path, monkeypatch, capfd
):
    monkeypatch.chdir(
        commit_files(
            tmp_path / "plain",
            {"release-tasks.toml": '[project]\nversion = "tag"\n'},
        )
    )
    only_git(tmp_path, monkeypatch)
    docker_buildx(Context(), version="1.2.0")
    assert "nothing to do, no images to build" in capfd.readouterr().err


def test_a_missing_docker_is_named(image_project, monkeypatch, tmp_path):
    only_git(tmp_path, monkeypatch)
    with pytest.raises(ReleaseError, match="docker is not installed") as caught:
        docker_buildx(Context(), version="1.2.0")
    assert "inv doctor" in caught.value.fix


@pytest.mark.parametrize(
    ("text", "takes"),
    [
        (DOCKERFILE, True),
        ("FROM scratch\nCOPY --from=build /x /x\n", False),
        (
            "FROM rust AS binaries\nFROM scratch\nCOPY --from=binaries /x /x\n",
            False,
        ),
        (
            "FROM scratch\nRUN --mount=type=bind,from=binaries,target=/b /b/hello\n",
            True,
        ),
        ("FROM binaries\n", True),
    ],
)
def test_a_dockerfile_says_whether_it_takes_the_binaries(text, takes):
    assert docker.takes_binaries(text) is takes

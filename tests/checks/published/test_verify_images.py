"""Images that real buildx pushed are read back, unpacked and started."""

from __future__ import annotations

import json
import os

import pytest
import requests
from invoke.context import Context
from support.published_project import (
    HERE,
    OTHER,
    Layout,
    Releasing,
    facts,
    layer,
    left_behind,
    program,
)

from release_tasks import dist
from release_tasks.channels import oci_registry
from release_tasks.checks.published import images
from release_tasks.checks.smoke import rootfs
from release_tasks.errors import ReleaseError
from release_tasks.formats import machines
from release_tasks.release import Release
from release_tasks.tools import docker

pytestmark = [pytest.mark.tools("git", "docker", "cc"), pytest.mark.slow]
NAME = "ghcr.io/example/hello:0.2.0"
SETTINGS = (
    '[project]\nversion = "tag"\n[images."ghcr.io/example/hello"]\n'
    'platforms = ["linux/amd64", "linux/arm64"]\n'
)
as_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can change the root folder"
)


@pytest.fixture(autouse=True)
def no_daemon(monkeypatch, tmp_path):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no-daemon.sock")


@pytest.fixture
def release(releasing: Releasing) -> Release:
    return releasing(
        {"Dockerfile": "FROM scratch\n", "release-tasks.toml": SETTINGS}
    )


@pytest.fixture
def push(layout: Layout, tmp_path, monkeypatch):
    """Push an image of both platforms; it says what `says` says."""

    def start(
        says: str = "hello 0.2.0", other: bool = True, **config: object
    ) -> str:
        hello = program(tmp_path / "hello", says).read_bytes()
        about = {"Entrypoint": ["/hello"], "User": "65532:65532", **config}
        rows = [layout.image(HERE, [layer(("hello", hello))], **about)]
        if other:
            rows.append(
                layout.image(
                    OTHER, [layer(("hello", b"another machine's"))], **about
                )
            )
        return layout.push(NAME, *rows)

    return start


def verify(release: Release) -> list[str]:
    return facts(images.verify(Context(), release))


@pytest.mark.statement("B3.19")
@as_root
def test_an_image_is_whole_and_its_program_runs(
    release, push, tmp_path, capsys
):
    push()
    assert verify(release) == []
    said = capsys.readouterr().err
    assert (
        f"{NAME} is complete on its registry, for linux/{HERE}, linux/{OTHER}"
        in said
    )
    assert f"{NAME} runs and prints 0.2.0" in said
    assert left_behind(tmp_path) == []


@pytest.mark.statement("B3.19")
@as_root
def test_an_image_of_the_wrong_program_is_found(release, push):
    push("hello 0.1.0")
    assert verify(release) == [f"{NAME} prints 'hello 0.1.0', expected 0.2.0"]


def test_what_check_artifacts_ignores_verify_ignores_too(
    releasing, push, capsys
):
    push("hello 0.1.0")
    ignore = '[checks.ignore]\nimage-does-not-start = "needs a license"\n'
    files = {
        "Dockerfile": "FROM scratch\n",
        "release-tasks.toml": SETTINGS + ignore,
    }
    assert verify(releasing(files)) == []
    assert "is ignored (needs a license)" in capsys.readouterr().err


@as_root
def test_an_interpreter_is_not_what_an_image_is_about(release, push, capsys):
    push("Python 3.12.4", Entrypoint=["/python3", "/app/main.py"])
    assert verify(release) == []
    assert "names no program to start" in capsys.readouterr().err


@as_root
def test_an_image_whose_entry_point_is_absent_is_found(release, push):
    push(Entrypoint=["/helo"])
    assert f"{NAME} starts /helo, which is not in it" in verify(release)


@as_root
@pytest.mark.parametrize(
    "config",
    [
        {"Entrypoint": None, "Cmd": ["/hello", "serve"]},
        {"Entrypoint": ["hello"], "Env": ["PATH=/", "X=a=b"]},
        {"Entrypoint": ["./hello"], "WorkingDir": "/"},
        {"User": "nobody"},
    ],
)
def test_the_program_is_found_as_docker_finds_it(release, push, capsys, config):
    push(**config)
    assert verify(release) == []
    assert f"{NAME} runs and prints 0.2.0" in capsys.readouterr().err


def test_a_shell_line_is_not_run(release, push, capsys):
    push(Entrypoint=["/bin/sh", "-c", "serve"])
    assert verify(release) == []
    assert "names no program to start" in capsys.readouterr().err


def test_without_a_daemon_and_without_root_it_is_said_that_nothing_ran(
    release, push, capsys, monkeypatch
):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    push()
    assert verify(release) == []
    assert f"{NAME} was not run" in capsys.readouterr().err


def test_a_platform_that_was_left_out_is_found(release, push):
    push(other=False)
    assert verify(release) == [f"{NAME} has no image for linux/{OTHER}"]


def test_an_image_that_is_not_there_is_found(release):
    assert verify(release) == [f"{NAME} does not exist"]


def test_an_image_that_was_replaced_is_found(release, push):
    digest = push()
    part = release.parts[0]
    path = dist.folder(part) / "image.tar"
    path.write_bytes(b"x")
    dist.record(
        part,
        "docker_buildx",
        [
            dist.describe(
                release,
                part,
                "image",
                path,
                "ghcr.io/example/hello",
                digest="sha256:" + "0" * 64,
            )
        ],
    )
    assert verify(release) == [
        f"{NAME} is {digest[:19]}, but sha256:000000000000 was built"
    ]


def test_a_layer_that_the_registry_lost_is_found(release, push, registries):
    push()
    lost = _layer_of(OTHER)
    requests.delete(
        f"{registries.urls['oci']}/v2/example/hello/blobs/{lost}",
        auth=("rehearsal", registries.tokens.registry),
        timeout=10,
    ).raise_for_status()
    assert verify(release) == [
        f"blob {lost[:19]} of {NAME} for linux/{OTHER} does not exist"
    ]


@as_root
def test_a_layer_with_other_bytes_is_found(release, push, tmp_path):
    push()
    digest = _layer_of(HERE).removeprefix("sha256:")
    [path] = [
        p
        for p in (tmp_path / "registries" / "oci").rglob("*")
        if p.is_file() and digest in str(p)
    ]
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(
        ReleaseError, match="does not have the bytes of its digest"
    ):
        verify(release)
    assert left_behind(tmp_path) == []


def test_an_image_without_an_index_is_read_too(
    releasing: Releasing, layout: Layout, tmp_path, capsys
):
    settings = SETTINGS.replace(
        '"linux/amd64", "linux/arm64"', f'"linux/{HERE}"'
    )
    release = releasing(
        {"Dockerfile": "FROM scratch\n", "release-tasks.toml": settings}
    )
    hello = program(tmp_path / "hello", "hello 0.2.0").read_bytes()
    row = layout.image(HERE, [layer(("hello", hello))], Entrypoint=["/bin/sh"])
    (layout.folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (layout.folder / "index.json").write_text(
        json.dumps({"schemaVersion": 2, "manifests": [row]})
    )
    docker.create(
        Context(),
        f"oci-layout://{layout.folder}@{row['digest']}",
        "ghcr.io/example/hello",
        ["0.2.0"],
    )
    assert "manifests" not in (
        oci_registry.manifest("ghcr.io/example/hello", "0.2.0") or {}
    )
    assert verify(release) == []
    assert (
        f"is complete on its registry, for linux/{HERE}"
        in capsys.readouterr().err
    )


def test_an_upper_layer_takes_away_and_replaces_what_a_lower_one_has(tmp_path):
    lower = layer(
        ("a/one", b"1"),
        ("a/two", b"2"),
        ("b/three", b"3"),
        ("link", "a/one"),
        ("c", b"4"),
    )
    upper = layer(
        ("a/.wh.one", b""),
        ("b/.wh..wh..opq", b""),
        ("b/four", b"4"),
        ("link", b"a file now"),
        ("c/d", b"5"),
    )
    with_folder = layer(("c/.wh..wh..opq", b""), ("a/two", b"II"))
    rootfs.unpack(
        [lower, layer(("a/.wh.c", b""), (".wh.c", b"")), upper, with_folder],
        tmp_path / "root",
    )
    there = {
        str(p.relative_to(tmp_path / "root")): p.read_bytes()
        for p in (tmp_path / "root").rglob("*")
        if p.is_file()
    }
    assert there == {"a/two": b"II", "b/four": b"4", "link": b"a file now"}


def test_absolute_links_stay_inside_of_the_image(tmp_path):
    rootfs.unpack(
        [
            layer(("run/x", b"1"), ("var/run", "/run")),
            layer(("var/run/y", b"2")),
        ],
        tmp_path / "root",
    )
    assert (tmp_path / "root" / "run" / "y").read_bytes() == b"2"
    assert (tmp_path / "root" / "var" / "run" / "x").read_bytes() == b"1"


@pytest.mark.parametrize(
    "members",
    [
        [("../out", b"x")],
        [("a", "../.."), ("a/out", b"x")],
        [("../.wh.kept", b"")],
        [("a/../../.wh..wh..opq", b"")],
    ],
)
def test_a_layer_that_leads_out_of_its_folder_is_refused(tmp_path, members):
    (tmp_path / "kept").write_text("kept")
    with pytest.raises(rootfs.Refused):
        rootfs.unpack([layer(*members)], tmp_path / "root")
    assert (tmp_path / "kept").read_text() == "kept"
    assert not (tmp_path / "out").exists()


def test_a_layer_that_is_no_archive_is_refused(tmp_path):
    with pytest.raises(rootfs.Refused, match="cannot be unpacked"):
        rootfs.unpack([b"\x28\xb5\x2f\xfd no tar"], tmp_path / "root")


def test_the_platform_is_named_as_in_an_index():
    assert machines.this_platform() == f"linux/{HERE}"


def _layer_of(architecture: str) -> str:
    index = oci_registry.manifest("ghcr.io/example/hello", "0.2.0") or {}
    [row] = [
        row
        for row in index["manifests"]
        if row["platform"]["architecture"] == architecture
    ]
    manifest = (
        oci_registry.manifest("ghcr.io/example/hello", row["digest"]) or {}
    )
    return str(manifest["layers"][0]["digest"])

"""An image in dist/ has its platforms and labels, and its program starts, also under QEMU."""

from __future__ import annotations

import os
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from invoke.context import Context
from support.executables import compiled_program
from support.published_project import (
    HERE,
    OTHER,
    Layout,
    Releasing,
    layer,
)

from release_tasks import dist
from release_tasks.building.images import labels
from release_tasks.errors import MultipleErrors, ReleaseError
from release_tasks.project.model import resolved_or_raise
from release_tasks.release import Release
from release_tasks.steps.check_artifacts import check_artifacts

pytestmark = [
    pytest.mark.tools(
        "git", "cc", "aarch64-linux-gnu-gcc", "qemu-aarch64-static"
    ),
    pytest.mark.skipif(
        os.geteuid() != 0 or HERE != "amd64",
        reason="only root can change the root folder",
    ),
]
NAME = "ghcr.io/example/hello"
SETTINGS = (
    f'[project]\nversion = "tag"\n[images."{NAME}"]\n'
    f'platforms = ["linux/amd64", "linux/arm64"]\n'
)
FILES = {
    "Dockerfile": 'FROM scratch\nENTRYPOINT ["/hello"]\n',
    "release-tasks.toml": SETTINGS,
}
Put = Callable[..., Path]


@pytest.fixture
def release(
    releasing: Releasing, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Release:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no-daemon.sock")
    return releasing(FILES)


@pytest.fixture
def put(release: Release, layout: Layout) -> Put:
    """Put an image of two platforms into dist/; `programs` are those for them."""

    def start(
        *programs: bytes, said: dict[str, str] | None = None, **config: object
    ) -> Path:
        part = release.parts[0]
        about = {
            "Entrypoint": ["/hello"],
            "Labels": labels(
                release, part, resolved_or_raise(part.component.images)[0]
            )
            | (said or {}),
            **config,
        }
        rows = [
            layout.image(name, [layer(("hello", one))], **about)
            for name, one in zip((HERE, OTHER), programs, strict=False)
        ]
        digest = layout.write(*rows)
        path = dist.folder(part) / "hello.oci.tar"
        with tarfile.open(path, "w") as archive:
            for one in sorted(layout.folder.rglob("*")):
                archive.add(one, one.relative_to(layout.folder))
        dist.record(
            part,
            "docker_buildx",
            [dist.describe(release, part, "image", path, NAME, digest=digest)],
        )
        return path

    return start


def good() -> tuple[bytes, bytes]:
    return compiled_program("hello 0.2.0", "-static"), compiled_program(
        "hello 0.2.0", "-static", compiler="aarch64-linux-gnu-gcc"
    )


def proved() -> list[ReleaseError]:
    try:
        check_artifacts(Context(), "0.2.0")
    except MultipleErrors as several:
        return list(several.errors)
    except ReleaseError as one:
        return [one]
    return []


def test_an_image_is_started_for_both_of_its_platforms(
    put: Put, capfd: pytest.CaptureFixture[str]
) -> None:
    put(*good())
    assert proved() == []
    said = capfd.readouterr().err
    assert f"{NAME} for linux/amd64 runs and prints 0.2.0" in said
    assert f"{NAME} for linux/arm64 runs and prints 0.2.0" in said


@pytest.mark.sample(5)
@pytest.mark.parametrize(
    ("programs", "more", "fact"),
    [
        ((0,), {}, "{} has no image for linux/arm64"),
        (
            (0, 0),
            {},
            ("{} for linux/arm64 starts /hello, which is ELF for x86_64"),
        ),
        (
            (0, "old"),
            {},
            "{} for linux/arm64 prints 'hello 0.1.0', expected 0.2.0",
        ),
        (
            (0, 1),
            {"Entrypoint": ["helo"]},
            "{} for linux/arm64 starts helo, which is not in it",
        ),
        (
            (0, 1),
            {"said": {"org.opencontainers.image.version": "0.1.0"}},
            (
                "{} for linux/arm64 has 0.1.0 in label "
                "org.opencontainers.image.version, expected 0.2.0"
            ),
        ),
    ],
)
def test_what_is_wrong_with_an_image_is_named_and_mended(
    put: Put, programs: tuple[object, ...], more: dict[str, object], fact: str
) -> None:
    old = compiled_program(
        "hello 0.1.0", "-static", compiler="aarch64-linux-gnu-gcc"
    )
    put(
        *(old if one == "old" else good()[int(str(one))] for one in programs),
        **more,
    )
    found = proved()
    assert fact.format(NAME) in [error.problem for error in found]
    assert len({error.check for error in found}) == 1
    command, _, rest = (
        found[0].fix[found[0].fix.index("rm ") :].partition(", then ")
    )
    subprocess.run(command.split(), check=True)
    assert rest == "inv docker-buildx"
    put(*good())
    assert proved() == []

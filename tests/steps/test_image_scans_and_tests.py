"""The project's scan and test run on exactly the image that is pushed, and can stop it."""

from __future__ import annotations

import os
import re
import subprocess
from functools import lru_cache
from pathlib import Path

import pytest
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
from support.docker_daemon import kept
from support.published_project import HERE, Layout, layer, program
from support.repositories import commit_all, commit_files, write_files

from release_tasks import dist
from release_tasks.building.image_checks import untestable
from release_tasks.errors import ReleaseError
from release_tasks.rehearsal.registries import LocalRegistries
from release_tasks.release import Release
from release_tasks.steps.docker_buildx import docker_buildx
from release_tasks.steps.publish_images import publish_images

pytestmark = [
    pytest.mark.tools("docker", "buildkitd", "runc", "gcc"),
    pytest.mark.slow,
    pytest.mark.usefixtures("registries"),
]
ONE = SETTINGS.replace('"linux/amd64", "linux/arm64"', f'"linux/{HERE}"')
STAGES = """FROM scratch AS manifests
COPY version.h /app/
FROM ghcr.io/example/compiler AS builder
COPY --from=manifests /app /app
COPY src /app/src
RUN ["gcc", "-static", "-ffreestanding", "-o", "/app/hello", "/app/src/main.c"]
FROM scratch
COPY --from=builder /app/hello /usr/local/bin/hello
USER 65532
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/hello"]
"""
SOURCES = {
    "Dockerfile": STAGES,
    "version.h": '#define VERSION "1.2.0"\n',
    "src/main.c": (
        '#include "../version.h"\nint puts(const char *);\n'
        'int main(void) { puts("hello " VERSION); return 0; }\n'
    ),
}
# Each script notes which image it saw; the second one keeps a report, too.
SCAN = (
    'set -e\ngrep -o "sha256:[0-9a-f]*" "$1/index.json" >> ../seen\n'
    'echo "nothing to fear" > "$2"\ntest -e ../patched\n'
)
TEST = 'set -e\ngrep -o "sha256:[0-9a-f]*" "$1/index.json" >> ../seen\ntest -e ../fixed\n'


@pytest.fixture
def no_daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no-daemon.sock")


@lru_cache
def compiler() -> bytes:
    """Return a layer with this machine's gcc and all that it needs for a static program."""

    def gcc(*words: str) -> str:
        return subprocess.run(
            ["gcc", *words], check=True, capture_output=True, text=True
        ).stdout.strip()

    tools = [
        "/usr/bin/gcc",
        "/usr/bin/as",
        "/usr/bin/ld",
        gcc("-print-prog-name=cc1"),
        gcc("-print-prog-name=collect2"),
    ]
    said = subprocess.run(
        ["ldd", *tools], check=True, capture_output=True, text=True
    ).stdout
    parts = (
        "crt1.o",
        "crti.o",
        "crtn.o",
        "crtbeginT.o",
        "crtend.o",
        "libc.a",
        "libgcc.a",
        "libgcc_eh.a",
        "liblto_plugin.so",
    )
    found = {
        *tools,
        *re.findall(r"(/\S+) \(0x", said),
        *(gcc(f"-print-file-name={part}") for part in parts),
    }
    return layer(
        *(
            (os.path.normpath(path), Path(path).read_bytes())
            for path in sorted(found)
        )
    )


def images() -> tuple[dist.Built, ...]:
    return dist.of_kind(Release.at(Context(), "1.2.0").parts[0], "image")


@pytest.mark.statement("B1.31")
def test_an_image_whose_scan_or_test_fails_is_not_pushed_and_a_good_one_with_its_digest(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    layout: Layout,
    registries: LocalRegistries,
    no_daemon: None,
) -> None:
    base = layout.image(HERE, [compiler()], Env=["PATH=/usr/bin"])
    layout.push("ghcr.io/example/compiler:latest", base)
    own = (
        'scan = "sh scan.sh {layout} {report}"\ntest = "sh test.sh {layout}"\n'
    )
    root = write_image_project(tmp_path / "project", ONE + own)
    monkeypatch.chdir(
        commit_files(root, {**SOURCES, "scan.sh": SCAN, "test.sh": TEST})
    )
    tag("1.2.0")
    before, seen = len(registries.log.writes()), tmp_path / "seen"
    for script, mend in (("scan", "patched"), ("test", "fixed")):
        with pytest.raises(ReleaseError, match=rf"{script}\.sh"):
            docker_buildx(Context(), version="1.2.0")
        assert images() == ()
        with pytest.raises(ReleaseError, match=f"{IMAGE} is not in"):
            publish_images(Context(), version="1.2.0", new="all")
        assert len(registries.log.writes()) == before
        (tmp_path / mend).touch()

    docker_buildx(Context(), version="1.2.0")
    publish_images(Context(), version="1.2.0", new="all")

    digest = images()[0].digest
    assert digests() == {"1.2.0": digest}
    # refused, scanned and refused, scanned and tested
    assert seen.read_text().split() == [digest] * 5
    assert (
        root / "dist/v1.2.0/ghcr.io-example-hello-1.2.0.scan"
    ).read_text() == "nothing to fear\n"


def test_a_test_that_needs_a_docker_daemon_is_refused_before_the_build_without_one(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    no_daemon: None,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(
        write_image_project(
            tmp_path / "project", SETTINGS + 'test = "sh smoke.sh {image}"\n'
        )
    )
    add_binaries("1.2.0")
    docker_buildx(context(dry=True), version="1.2.0")
    assert "sh smoke.sh '<image>'" in capfd.readouterr().err
    with pytest.raises(
        ReleaseError,
        match=f"the test of {IMAGE} uses {{image}}, which needs a running docker daemon",
    ):
        docker_buildx(Context(), version="1.2.0")
    assert "docker buildx build" not in capfd.readouterr().err
    # what others go on with
    docker_buildx(Context(), version="1.2.0", target="linux/amd64")


@pytest.mark.long
def test_the_docker_daemon_tests_the_image_before_it_is_kept_and_keeps_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, daemon: str
) -> None:
    monkeypatch.setenv("DOCKER_HOST", daemon)
    smoke = (
        'set -e\ndocker run --network=none "$1" | tee ../seen | grep -q 1.2.0\n'
    )
    dockerfile = (
        "FROM scratch\nARG TARGETARCH\nCOPY hello-${TARGETARCH} /hello\n"
        'ENTRYPOINT ["/hello"]\n'
    )
    root = write_image_project(
        tmp_path / "project",
        SETTINGS + 'test = "sh smoke.sh {image}"\n',
        dockerfile,
    )
    write_files(root, {"smoke.sh": smoke, "hello-amd64": "", "hello-arm64": ""})
    monkeypatch.chdir(root)
    for says in ("hello 1.1.0", "hello 1.2.0"):
        program(tmp_path / says, says).rename(root / f"hello-{HERE}")
        commit_all(root)
        tag("1.2.0")
        release = Release.at(Context(), "1.2.0")
        assert untestable(release.parts[0].component.images[0]) is None  # type: ignore[index]
        if says == "hello 1.1.0":
            with pytest.raises(ReleaseError, match=r"smoke\.sh"):
                docker_buildx(Context(), version="1.2.0")
            assert images() == ()
        else:
            docker_buildx(Context(), version="1.2.0")
            assert recorded_file("image", "1.2.0").name == IMAGE
        assert (tmp_path / "seen").read_text() == f"{says}\n"
        assert kept() == ""

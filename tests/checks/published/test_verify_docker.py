"""Where a docker daemon answers, it runs the image that was fetched, and keeps nothing of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from invoke.context import Context
from support.docker_daemon import kept
from support.published_project import (
    HERE,
    Layout,
    Releasing,
    facts,
    layer,
    left_behind,
    program,
)

from release_tasks.checks.published import images
from release_tasks.release import Release

pytestmark = [pytest.mark.tools("git", "docker", "cc"), pytest.mark.slow]
NAME = "ghcr.io/example/hello:0.2.0"
SETTINGS = (
    f'[project]\nversion = "tag"\n[images."ghcr.io/example/hello"]\n'
    f'platforms = ["linux/{HERE}"]\n'
)


@pytest.fixture
def release(releasing: Releasing, daemon: str, monkeypatch) -> Release:
    monkeypatch.setenv("DOCKER_HOST", daemon)
    return releasing(
        {"Dockerfile": "FROM scratch\n", "release-tasks.toml": SETTINGS}
    )


def push(layout: Layout, tmp_path: Path, says: str, **config: object) -> None:
    hello = program(tmp_path / "hello", says).read_bytes()
    layout.push(
        NAME,
        layout.image(
            HERE,
            [layer(("hello", hello)), layer(("etc/motd", b"hello"))],
            **config,
        ),
    )


@pytest.mark.statement("B3.19")
@pytest.mark.parametrize(
    "config",
    [{"Entrypoint": ["/hello"], "User": "65532"}, {"Cmd": ["/hello", "serve"]}],
)
def test_the_daemon_runs_the_image_and_keeps_nothing(
    release, layout, tmp_path, capsys, config
):
    push(layout, tmp_path, "hello 0.2.0", **config)
    assert facts(images.verify(Context(), release)) == []
    assert f"{NAME} runs and prints 0.2.0" in capsys.readouterr().err
    assert kept() == ""
    assert left_behind(tmp_path) == []


def test_the_wrong_program_is_found(release, layout, tmp_path):
    push(layout, tmp_path, "hello 0.1.0", Entrypoint=["/hello"])
    assert facts(images.verify(Context(), release)) == [
        f"{NAME} prints 'hello 0.1.0', expected 0.2.0"
    ]
    assert kept() == ""


def test_an_entry_point_that_is_absent_is_found(release, layout, tmp_path):
    push(layout, tmp_path, "hello 0.2.0", Entrypoint=["/helo"])
    [problem] = facts(images.verify(Context(), release))
    assert problem.startswith(f"{NAME} cannot be started: ")
    assert kept() == ""

"""The programs that steps and settings need: each that is missing is found."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.contexts import context
from support.tiny_project import TINY, TinyProject, problems, run_checks

from release_tasks.checks.check import CheckContext
from release_tasks.checks.preflight import programs
from release_tasks.checks.preflight.all import check_machine
from release_tasks.checks.preflight.machine import MachineContext
from release_tasks.order import RELEASE

pytestmark = pytest.mark.tools("gh")


def test_nothing_is_said_to_be_missing_that_the_project_does_not_need(
    tiny: TinyProject,
) -> None:
    needed = programs.needed(RELEASE, tiny.release().project)
    assert set(needed) == {"git", "gh"}
    assert problems(tiny, programs) == []
    assert {"cargo", "docker", "buildx", "helm"} <= set(
        programs.needed(RELEASE, None)
    )


def test_a_program_that_the_build_needs_is_looked_for(
    tiny: TinyProject,
) -> None:
    tiny.commit(
        "release-tasks.toml", '[build]\nneeds = ["no-such-compiler", "git"]\n'
    )
    [error] = programs.missing_program(
        CheckContext(context(), tiny.release("0.2.0"))
    )
    assert (error.fact, error.fix) == (
        "no-such-compiler is not installed, and [build] needs it",
        "install no-such-compiler",
    )


def test_a_program_that_an_installer_needs_is_looked_for(
    tiny: TinyProject,
) -> None:
    lines = '["no-such-shell x.sh", "./x.sh", "sh x.sh"]'
    tiny.commit("x.sh", "")
    tiny.commit("release-tasks.toml", f"[verify]\nrun = {lines}\n")
    [error] = programs.missing_program(
        CheckContext(context(), tiny.release("0.2.0"))
    )
    assert error.fact == "no-such-shell is not installed, and [verify] needs it"


def test_a_program_that_a_gate_needs_is_looked_for_until_the_tag_exists(
    tiny: TinyProject,
) -> None:
    tiny.commit(
        "release-tasks.toml",
        '[gates]\nrun = ["no-such-linter --strict", "git version"]\naudit = "no-such-audit"\n',
    )
    tiny.commit(
        "pyproject.toml", TINY["pyproject.toml"].replace("0.1.0", "0.2.0")
    )
    assert problems(tiny, programs) == [
        "no-such-linter is not installed, and [gates] needs it",
        "no-such-audit is not installed, and [gates] needs it",
    ]
    tiny.tag("v0.2.0")
    assert problems(tiny, programs) == []  # the gates do not run any more


def test_a_test_that_needs_a_docker_daemon_is_named_where_none_answers(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tiny.folder}/no-daemon.sock")
    tiny.commit("Dockerfile", "FROM scratch\n")
    settings = '[images."ghcr.io/o/r"]\ntest = "./smoke.sh {image}"\n'
    tiny.commit("release-tasks.toml", settings)
    here = MachineContext(RELEASE, tiny.release().project)
    [found] = run_checks(CheckContext(context(), tiny.release()), programs)
    assert found.name == "image-test-without-daemon"
    assert (
        found.fact
        == "the test of ghcr.io/o/r uses {image}, which needs a running docker daemon"
    )
    # as doctor says it
    assert found.fact in [one.fact for one in check_machine(here)]
    tiny.commit("release-tasks.toml", settings.replace("{image}", "{layout}"))
    assert problems(tiny, programs) == []
    assert check_machine(replace(here, project=tiny.release().project)) == []

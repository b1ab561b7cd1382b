"""Programs that were fetched back: which version they say, and what is no error."""

from __future__ import annotations

import sys

import pytest
from support.published_project import facts

from release_tasks.checks.smoke import program
from release_tasks.checks.smoke.program import (
    check_version_output,
    names_version,
    reason,
)


def started(code: str, version: str = "0.2.0") -> list[str]:
    return facts(
        check_version_output(
            [sys.executable, "-c", code, "--version"], version, "hello"
        )
    )


@pytest.mark.parametrize(
    "text",
    [
        "hello 0.2.0",
        "v0.2.0",
        "hello-0.2.0 (abc 2026-01-02)",
        "0.2.0.",
        "0.2.0+4af1",
        "a\n0.2.0\nb",
    ],
)
def test_the_version_is_found_in_what_programs_print(text):
    assert names_version(text, "0.2.0")


@pytest.mark.parametrize(
    "text",
    [
        "10.2.0",
        "0.2.01",
        "0.2.0.1",
        "0.2.0-rc.1",
        "0.2.0rc1",
        "1.0.2.0",
        "0.1.0",
        "",
    ],
)
def test_another_version_is_not_taken_for_it(text):
    assert not names_version(text, "0.2.0")


@pytest.mark.parametrize("text", ["hello 1.2.0-rc.1", "hello 1.2.0rc1"])
def test_a_prerelease_may_be_written_as_python_does(text):
    assert names_version(text, "1.2.0-rc.1")
    assert not names_version(text, "1.2.0")


def test_build_metadata_need_not_be_printed():
    assert names_version("hello 1.2.0", "1.2.0+build.5")


def test_a_program_that_prints_the_version_is_fine(capsys):
    assert started("print('hello 0.2.0')") == []
    assert "hello runs and prints 0.2.0" in capsys.readouterr().err


def test_a_program_that_prints_the_version_before_is_wrong():
    assert started("print('hello 0.1.0')") == [
        "hello prints 'hello 0.1.0', expected 0.2.0"
    ]


@pytest.mark.parametrize(
    "code",
    [
        "raise SystemExit('unknown flag --version, 1.1.1')",
        "print('hello, world')",
        "",
    ],
)
def test_a_program_that_does_not_know_the_flag_is_only_noted(code, capsys):
    assert started(code) == []
    assert "does not know --version" in capsys.readouterr().err


def test_a_program_that_runs_on_is_ended_and_noted(monkeypatch, capsys):
    monkeypatch.setattr(program, "LONGEST", 0.2)
    assert (
        started(
            "import time; print('listening on 0.0.0.0', flush=True); time.sleep(600)"
        )
        == []
    )
    assert "does not know --version" in capsys.readouterr().err


def test_a_file_that_is_no_program_is_an_error(tmp_path):
    path = tmp_path / "hello"
    path.write_bytes(b"no program")
    path.chmod(0o755)
    [problem] = facts(
        check_version_output([path, "--version"], "0.2.0", "hello")
    )
    assert "cannot be started" in problem
    assert (
        "cannot be started"
        in facts(check_version_output([tmp_path / "absent"], "0.2.0", "hello"))[
            0
        ]
    )


def test_a_program_sees_no_secret(monkeypatch):
    monkeypatch.setenv("CARGO_REGISTRY_TOKEN", "0.1.0-secret")
    assert (
        started(
            "import os; print(os.environ.get('CARGO_REGISTRY_TOKEN', '0.2.0'))"
        )
        == []
    )


@pytest.mark.parametrize(
    ("output", "line"),
    [
        (
            "    Updating index\n\x1b[1merror\x1b[0m: no such crate\nerror: failed",
            "error: no such crate",
        ),
        ("ERROR: Could not find it\nERROR: No match\n", "ERROR: No match"),
        (
            "  error: inner\nTraceback\n  File x\nImportError: no",
            "ImportError: no",
        ),
        ("", "it printed nothing"),
    ],
)
def test_the_line_that_says_most_is_shown(output, line):
    assert reason(output) == line

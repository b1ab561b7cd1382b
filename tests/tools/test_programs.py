"""Programs that we install: they are found from then on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from invoke.context import Context

from release_tasks import files
from release_tasks.memo import memoizing
from release_tasks.tools import programs


def test_a_program_that_was_missing_is_there_once_it_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also a program that was compiled before, for which no other program has to run."""
    helm = programs.PROGRAMS["helm"]
    program = replace(helm, name="hull", probe=("hull",))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    monkeypatch.setattr(
        programs, "_installed_path", lambda program: tmp_path / "bin/hull"
    )
    kept = programs.cache() / f"hull-{helm.module.rpartition('@')[2]}"
    files.write_bytes(kept, b"#!/bin/sh\necho v3.22.0\n")
    kept.chmod(0o755)
    files.write_bytes(
        kept.with_name(f"{kept.name}.sha256"), files.sha256(kept).encode()
    )
    with memoizing():
        assert programs.version(program) is None
        programs.install(Context(), program)
        assert programs.version(program) == "3.22.0"

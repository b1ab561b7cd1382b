"""Local registries, with this process and its children as their clients."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from release_tasks.rehearsal.registries import LocalRegistries, run_registries


@contextlib.contextmanager
def local_registries(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    offline: bool = True,
    **options: Any,
) -> Iterator[LocalRegistries]:
    """Run local registries in `folder`, and let this process and its children reach nothing else.

    Unless `offline`, third-party crates and packages are read from the real registries. `options`
    are the other arguments of the rehearsal's own registries.
    """
    cache = folder / "downloads"
    with run_registries(
        folder / "registries", offline=offline, cache=cache, **options
    ) as running:
        for name in running.removed:
            monkeypatch.delenv(name)
        for name, value in running.env.items():
            monkeypatch.setenv(name, value)
        yield running

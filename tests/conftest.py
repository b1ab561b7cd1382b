"""What every test shares: required programs, and a network that only the rehearsal may use."""

from __future__ import annotations

import os
import shutil

import pytest


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("tools"):
        for name in mark.args:
            if shutil.which(name) is None:
                if os.environ.get("RELEASE_TASKS_REQUIRE_TOOLS") == "1":
                    pytest.fail(f"{name} is not installed and RELEASE_TASKS_REQUIRE_TOOLS=1")
                pytest.skip(f"{name} is not installed")

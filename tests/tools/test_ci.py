"""Which tag started a run of CI."""

from __future__ import annotations

import pytest

from release_tasks.tools import ci


@pytest.mark.parametrize(
    ("variables", "tag"),
    [
        ({}, ""),
        (
            {"GITHUB_ACTIONS": "true", "GITHUB_REF": "refs/tags/v1.0.0"},
            "v1.0.0",
        ),
        (
            {"GITHUB_ACTIONS": "true", "GITHUB_REF": "refs/tags/core/v1"},
            "core/v1",
        ),
        ({"GITHUB_ACTIONS": "true", "GITHUB_REF": "refs/heads/v1.0.0"}, ""),
        ({"GITHUB_ACTIONS": "true"}, ""),
        ({"GITHUB_REF": "refs/tags/v1.0.0"}, ""),
        ({"CI_COMMIT_TAG": "v1.0.0"}, "v1.0.0"),
        ({"CIRCLE_TAG": "v1.0.0"}, "v1.0.0"),
        ({"DRONE_TAG": ""}, ""),
    ],
)
def test_the_tag_of_a_run_is_what_its_service_says(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], tag: str
) -> None:
    for name in ("GITHUB_ACTIONS", "GITHUB_REF", *ci.TAG_VARIABLES):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert ci.tag() == tag

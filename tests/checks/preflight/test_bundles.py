"""Files of the GitHub release: bundles that can be downloaded, names for one file each."""

from __future__ import annotations

import pytest
from support.tiny_project import TinyProject, problems

from release_tasks.checks.preflight import bundles

pytestmark = pytest.mark.tools("gh")


def test_a_bundle_that_cannot_be_fetched_or_is_never_shipped_is_found(
    tiny: TinyProject,
) -> None:
    table = (
        '[bundles."{asset}.zip"]\nsmall = {url = "https://models.example/small.gguf", sha256 '
        '= "%s", license = "MIT"}\n[github]\nassets = ["bundles"]\n'
    )
    tiny.commit("release-tasks.toml", table % ("0" * 64))
    assert problems(tiny, bundles) == []
    tiny.commit("release-tasks.toml", table % "...")
    assert problems(tiny, bundles) == [
        (
            "[bundles.{asset}.zip] small: url 'https://models.example/small.gguf' and sha256 "
            "'...' do not identify a file"
        )
    ]
    tiny.commit(
        "release-tasks.toml",
        (table % ("0" * 64)).replace('"bundles"]', '"wheels"]'),
    )
    assert problems(tiny, bundles) == [
        "[bundles] are built, but no release has them"
    ]

"""npm's ranges on siblings: which follow, and which stay."""

from __future__ import annotations

import re

import pytest

from release_tasks.errors import ReleaseError
from release_tasks.versions.npm_ranges import followed


@pytest.mark.parametrize(
    ("text", "minor", "major"),
    [
        ("1.2.3", "1.3.0", "2.0.0"),
        ("=1.2.3", "=1.3.0", "=2.0.0"),
        ("^1.2.3", "^1.3.0", "^2.0.0"),
        ("~1.2.3", "~1.3.0", "~2.0.0"),
        ("workspace:^1.2.3", "workspace:^1.3.0", "workspace:^2.0.0"),
        ("workspace:1.2.3", "workspace:1.3.0", "workspace:2.0.0"),
        ("npm:@acme/a@1.2.3", "npm:@acme/a@1.3.0", "npm:@acme/a@2.0.0"),
        ("npm:a@^1.2.3", "npm:a@^1.3.0", "npm:a@^2.0.0"),
        ("^1.0.0", "^1.0.0", "^2.0.0"),
        ("1.2.0", "1.3.0", "2.0.0"),  # does not fit, so it follows
        ("^1", "^1", "^2"),
        ("1", "1", "2"),
        ("1.2", "1.3", "2.0"),
        ("1.x", "1.x", "2.x"),
        (">=1.2.3", ">=1.2.3", ">=1.2.3"),
        (">=1.2.0 <2.0.0", ">=1.2.0 <2.0.0", ">=2.0.0 <3.0.0"),
        ("*", "*", "*"),
        ("x", "x", "x"),
        ("", "", ""),
        ("latest", "latest", "latest"),
        ("workspace:*", "workspace:*", "workspace:*"),
        ("workspace:^", "workspace:^", "workspace:^"),
        ("file:../a", "file:../a", "file:../a"),
        ("^1.0.0 || ^2.0.0", "^1.0.0 || ^2.0.0", "^1.0.0 || ^2.0.0"),
        ("1.0.0 - 2.9", "1.0.0 - 2.9", "1.0.0 - 2.9"),
        (">= 1.2.0 < 3", ">= 1.2.0 < 3", ">= 1.2.0 < 3"),
        ("git+https://x/a.git#v1.2.3",) * 3,
        ("https://x/a-1.2.3.tgz",) * 3,
        ("acme/a#v1.2.3",) * 3,
    ],
)
def test_the_form_of_a_range_says_whether_it_follows(
    text: str, minor: str, major: str
) -> None:
    assert followed(text, "1.3.0", "1.2.3") == minor
    assert followed(text, "2.0.0", "1.2.3") == major


@pytest.mark.parametrize(
    "text",
    [
        "<2.0.0",
        "^1.0.0 || ^0.9.0",
        "1.0.0 - 1.2.9",
        ">= 1.2 < 2.0.0",
        "^ 1.2.3",
    ],
)
def test_a_range_that_cannot_admit_the_new_version_is_refused(
    text: str,
) -> None:
    with pytest.raises(
        ReleaseError, match=rf"`{re.escape(text)}` does not admit 2\.0\.0"
    ):
        followed(text, "2.0.0", "1.2.3")

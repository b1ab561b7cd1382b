"""Tags and pointers from templates."""

from __future__ import annotations

import pytest

from release_tasks.errors import ReleaseError
from release_tasks.versions.templates import (
    expand,
    highest_of_line,
    is_moving,
    oci_tag,
)


@pytest.mark.parametrize(
    ("template", "version", "tag"),
    [
        ("{version}", "1.2.3", "1.2.3"),
        ("v{version}", "0.2.0-rc.1", "v0.2.0-rc.1"),
        ("{major}.{minor}", "1.2.3", "1.2"),
        ("{major}.{minor}", "0.2.3", "0.2"),
        ("{major}", "1.2.3", "1"),
        ("{major}", "0.2.3", None),
        ("v{major}", "0.2.3", None),
        ("latest", "0.2.3", "latest"),
        ("sha-{sha}", "1.2.3", "sha-abc1234"),
        ("{major}.{minor}.{patch}", "1.2.3", "1.2.3"),
    ],
)
def test_a_template_becomes_a_tag(template, version, tag):
    assert expand(template, version, sha="abc1234") == tag


def test_an_unknown_placeholder_is_refused():
    with pytest.raises(ReleaseError, match="sha"):
        expand("sha-{sha}", "1.0.0")
    with pytest.raises(ReleaseError):
        expand("{version.__class__}", "1.0.0")


TEMPLATES = (
    "{version}",
    "{major}.{minor}",
    "{major}",
    "latest",
    "sha-{sha}",
    "{major}.{minor}.{patch}",
)


def test_a_template_without_the_full_version_is_a_pointer():
    assert [one for one in TEMPLATES if is_moving(one)] == [
        "{major}.{minor}",
        "{major}",
        "latest",
    ]


def test_a_backport_moves_only_the_pointers_of_its_line():
    public = ("1.2.3", "1.3.0", "2.0.0-rc.1")
    assert highest_of_line("{major}.{minor}", "1.2.4", public)
    assert not highest_of_line("{major}", "1.2.4", public)
    assert not highest_of_line("latest", "1.2.4", public)
    assert highest_of_line("latest", "1.3.0", public)
    assert not highest_of_line("{major}.{minor}", "1.2.2", public)


@pytest.mark.statement("B3.17")
def test_build_metadata_is_refused_in_an_oci_tag():
    assert oci_tag("1.0.0-rc.1") == "1.0.0-rc.1"
    with pytest.raises(ReleaseError, match="`\\+` is not allowed") as caught:
        oci_tag("1.0.0+linux")
    assert caught.value.fix == "--version 1.0.0"
    with pytest.raises(ReleaseError, match="128"):
        oci_tag("1.0.0-" + "a" * 130)

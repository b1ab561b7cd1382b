"""Tags: exactly one component and version for each, and none for what only looks like one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.errors import ReleaseError
from release_tasks.project.model import Component, Project
from release_tasks.project.settings import Settings
from release_tasks.project.tags import (
    message,
    read,
    refusal,
    tag_name,
    version_in,
)

NUMBER = st.integers(0, 10**6)
WORD = st.from_regex(
    r"(?:0|[1-9][0-9]{0,4}|[0-9]{0,3}[a-zA-Z-][0-9a-zA-Z-]{0,5})",
    fullmatch=True,
)
PRERELEASE = st.one_of(
    st.just(""),
    st.lists(WORD, min_size=1, max_size=3).map(
        lambda words: "-" + ".".join(words)
    ),
)
VERSION = st.builds("{}.{}.{}{}".format, NUMBER, NUMBER, NUMBER, PRERELEASE)
FIXED = st.text(st.sampled_from("abv0129-./+_"), max_size=8)
SEED_001 = (
    "llmcc-core",
    "llmcc-rust",
    "llmcc-python",
    "llmcc-bindings",
    "llmcc",
    "odd-v2-thing",
)


def project(*components: Component) -> Project:
    return Project(Path(), Settings(), "p", None, components)


RUNBOOK = project(
    *(Component(name, f"{name}-v{{version}}", None) for name in SEED_001),
    Component("python", "v{version}", None),
)
PROXY = Component(
    "llm-proxy", "v{version}", None, prereleases=False, promotes=True
)


@given(before=FIXED, after=FIXED, version=VERSION)
def test_the_parser_inverts_the_formatter(
    before: str, after: str, version: str
) -> None:
    component = Component("x", f"{before}{{version}}{after}", None)
    assert version_in(component, tag_name(component, version)) == version


@given(
    form=st.tuples(FIXED, FIXED),
    tag=st.one_of(FIXED, VERSION, VERSION.map(lambda version: f"v{version}")),
)
def test_what_the_parser_accepts_is_what_the_formatter_writes(
    form: tuple[str, str], tag: str
) -> None:
    component = Component("x", "{version}".join(form), None)
    version = version_in(component, tag)
    assert version is None or tag_name(component, version) == tag


@pytest.mark.statement("B2.8", "B5.1")
@pytest.mark.parametrize(
    ("form", "tag", "version"),
    [
        ("v{version}", "v1.2.3", "1.2.3"),
        ("v{version}", "v1.2.3-rc.1", "1.2.3-rc.1"),
        ("v{version}", "v1.2", None),
        ("v{version}", "core-v1.2.3", None),
        ("v{version}", "py-v0.4.0", None),
        ("py-v{version}", "py-v0.4.0", "0.4.0"),
        ("py-v{version}", "v0.4.0", None),
        ("core/v{version}", "core/v1.2.3", "1.2.3"),
        ("{version}", "v1.2.3", None),
        ("v{version}-lts", "v1.2.3-lts", "1.2.3"),
        ("a.b{version}", "axb1.2.3", None),
        ("v{version}", "v01.2.3", None),
        ("v{version}", "v1.2.3-01", None),
        ("v{version}", "v1.2.3\n", None),
        ("v{version}", "v1.2.3.4", None),
        ("v{version}", "0.2.29", None),
        ("v{version}-a", "v-a", None),
        ("v{version}", f"v{2**64}.0.0", None),
    ],
)
def test_a_tag_has_the_version_of_exactly_its_own_component(
    form: str, tag: str, version: str | None
) -> None:
    assert version_in(Component("x", form, None), tag) == version


@pytest.mark.statement("B1.13", "B2.8", "B2.36")
@pytest.mark.parametrize(
    ("tag", "component", "version"),
    [
        ("llmcc-core-v0.2.0", "llmcc-core", "0.2.0"),
        ("llmcc-bindings-v0.1.5", "llmcc-bindings", "0.1.5"),
        ("llmcc-v1.0.0", "llmcc", "1.0.0"),
        ("v0.2.0", "python", "0.2.0"),
        ("odd-v2-thing-v3.0.0", "odd-v2-thing", "3.0.0"),
        ("llmcc-v0.2.0-v1.0.0", "llmcc", "0.2.0-v1.0.0"),
    ],
)
def test_each_tag_is_read_as_one_component_and_version(
    tag: str, component: str, version: str
) -> None:
    found, number, is_promotion = read(RUNBOOK, tag)
    assert (found.name, number, is_promotion) == (component, version, False)


@pytest.mark.statement("B2.3", "B2.8", "B3.2")
@pytest.mark.parametrize(
    "tag",
    [
        "llmcc-collect-v0.2.0",
        "llmcc-core-0.2.0",
        "0.2.0",
        "v0.2",
        "",
        "llmcc-core-v0.2.0 ",
    ],
)
def test_a_tag_of_no_component_is_an_error(tag: str) -> None:
    with pytest.raises(
        ReleaseError, match="is not a tag of this project"
    ) as reported:
        read(RUNBOOK, tag)
    assert "llmcc-core-v{version}" in reported.value.fix


@pytest.mark.statement("B3.34", "B3.35")
def test_stable_is_a_promotion_and_other_hyphens_are_refused_where_the_settings_say_so() -> (
    None
):
    assert read(project(PROXY), "v1.0.0-stable") == (PROXY, "1.0.0", True)
    assert read(project(PROXY), "v1.0.0") == (PROXY, "1.0.0", False)
    for tag in (
        "v1.4.0-rc1",
        "v1.4.0-rc1-stable",
        "v1.4",
        "v1.4.0stable",
        "1.4.0",
        "v1.4.0-stable-stable",
    ):
        with pytest.raises(ReleaseError):
            read(project(PROXY), tag)
    refused = refusal(PROXY, "1.4.0-rc.1")
    assert refused
    assert refused.fix == "--version 1.4.0"
    assert refusal(PROXY, "1.4.0") is None


def test_a_project_that_promotes_and_has_prereleases_has_no_version_called_stable() -> (
    None
):
    both = Component("x", "v{version}", None, promotes=True)
    refused = refusal(both, "1.0.0-stable")
    assert refused
    assert refused.fix == "inv promote --version 1.0.0"
    assert read(project(both), "v1.0.0-rc.1-stable") == (
        both,
        "1.0.0-rc.1",
        True,
    )


@pytest.mark.parametrize(
    ("form", "template", "says"),
    [
        ("v{version}", None, "Release v0.2.0"),
        ("core-v{version}", None, "Release core 0.2.0"),
        ("v{version}", "Release {version}", "Release 0.2.0"),
        ("v{version}", "{component}: {tag}", "core: v0.2.0"),
        ("v{version}", "", ""),
    ],
)
def test_what_a_tag_says_comes_from_a_template(
    form: str, template: str | None, says: str
) -> None:
    assert message(Component("core", form, None), "0.2.0", template) == says

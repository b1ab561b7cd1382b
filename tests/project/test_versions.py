"""Versions: what is accepted, how it maps to PEP 440, what words and templates make of it."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version as PythonVersion

from release_tasks.errors import ReleaseError
from release_tasks.versions.numbers import from_pep440, is_prerelease, parse, pep440
from release_tasks.versions.requests import matches_level, next_version, parse_request
from release_tasks.versions.templates import expand, highest_of_line, is_moving, oci_tag

NUMBERS = st.integers(0, 30)
COUNTED = st.tuples(st.sampled_from(("alpha", "beta", "rc")), NUMBERS).map(
    lambda pair: f"-{pair[0]}.{pair[1]}"
)
VERSIONS = st.builds("{}.{}.{}{}".format, NUMBERS, NUMBERS, NUMBERS, st.just("") | COUNTED)
WORDS = st.sampled_from(("major", "minor", "patch", "prerelease", "release", "alpha", "beta", "rc"))


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("v0.2.0", "--version 0.2.0"),
        ("0.2", "--version 0.2.0"),
        ("2", "--version 2.0.0"),
        ("", "--version 0.2.0"),
        ("--help", "--version 0.2.0"),
        ("01.2.3", "--version 1.2.3"),
        ("v0.3.0-rc.1", "--version 0.3.0-rc.1"),
        ("0.2.0-rc.01", "--version 0.2.0"),
        (" 0.4.0", "--version 0.4.0"),
        ("0.2.0\n", "--version 0.2.0"),
        ("\u0660.\u0662.\u0660", "--version 0.2.0"),
        ("1.2.3.4", "--version 0.2.0"),
        ("99999999999999999999.0.0", "--version 0.2.0"),
    ],
)
def test_a_wrong_version_is_a_fact_and_a_way_out(text, fix):
    with pytest.raises(ReleaseError) as caught:
        parse(text)
    assert caught.value.fix == fix
    assert caught.value.problem


@pytest.mark.parametrize(
    "text", ["0.2.0", "1.0.0-rc.1", "0.2.0-rc-1", "1.0.0+build.7", "1.0.0-0a.x+1"]
)
def test_every_semver_version_is_accepted(text):
    assert str(parse(text)) == text


@pytest.mark.parametrize(
    ("semver", "python"),
    [
        ("1.2.0", "1.2.0"),
        ("1.2.0-rc.1", "1.2.0rc1"),
        ("1.2.0-alpha.0", "1.2.0a0"),
        ("0.1.0-beta.12", "0.1.0b12"),
    ],
)
def test_prereleases_have_a_pep_440_form_and_back(semver, python):
    assert pep440(semver) == pep440(parse(semver)) == python
    assert str(PythonVersion(python)) == python
    assert from_pep440(python) == semver


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        ("1.0.0+build", "PyPI takes no local versions"),
        ("1.0.0-post.1", "sorts a post release elsewhere"),
        ("1.0.0-dev.1", "sorts a dev release elsewhere"),
        ("1.0.0-rc1", "only alpha.N, beta.N and rc.N"),
        ("1.0.0-nightly", "only alpha.N"),
        ("1.0.0-rc", "only alpha.N"),
        ("1.0.0-RC.1", "only alpha.N"),
    ],
)
def test_a_version_without_pep_440_form_is_refused_with_the_reason(version, reason):
    with pytest.raises(ReleaseError, match=reason):
        pep440(version)


@pytest.mark.parametrize(
    ("text", "semver"),
    [
        ("1.2", "1.2.0"),
        ("1.2rc1", "1.2.0-rc.1"),
        ("v1.0", "1.0.0"),
        ("1.0.0-beta2", "1.0.0-beta.2"),
    ],
)
def test_every_spelling_of_pep_440_is_read(text, semver):
    assert from_pep440(text) == semver


@pytest.mark.parametrize(
    "text", ["1!1.0", "1.0.post1", "1.0.dev2", "1.0+local", "1.2.3.4", "", "one", "1.0rc1.dev3"]
)
def test_a_python_version_that_semver_lacks_is_refused(text):
    with pytest.raises(ReleaseError):
        from_pep440(text)


@given(VERSIONS, VERSIONS)
def test_both_ecosystems_sort_alike(one, other):
    assert (parse(one) < parse(other)) == (
        PythonVersion(pep440(one)) < PythonVersion(pep440(other))
    )


@given(VERSIONS)
def test_the_pep_440_form_leads_back(version):
    assert from_pep440(pep440(version)) == version


@pytest.mark.parametrize(
    ("current", "word", "following"),
    [
        ("0.1.0", "minor", "0.2.0"),
        ("0.1.0", "patch", "0.1.1"),
        ("0.1.0", "major", "1.0.0"),
        ("1.2.0-rc.1", "minor", "1.2.0"),
        ("1.2.1-rc.1", "minor", "1.3.0"),
        ("1.2.1-rc.1", "patch", "1.2.1"),
        ("2.0.0-beta.1", "major", "2.0.0"),
        ("2.1.0-beta.1", "major", "3.0.0"),
        ("1.0.0", "prerelease", "1.0.1-rc.1"),
        ("1.0.1-rc.9", "prerelease", "1.0.1-rc.10"),
        ("1.0.1-beta.2", "prerelease", "1.0.1-beta.3"),
        ("1.0.1-beta.2", "rc", "1.0.1-rc.1"),
        ("1.0.0", "alpha", "1.0.1-alpha.1"),
        ("1.0.1-rc.2", "release", "1.0.1"),
        ("1.0.0+build", "patch", "1.0.1"),
        ("1.0.0", "0.5.0", "0.5.0"),
    ],
)
def test_a_word_counts_from_the_current_version(current, word, following):
    assert next_version(current, word) == following


@pytest.mark.parametrize(
    ("current", "word"),
    [
        ("1.0.0", "release"),
        ("1.0.0-rc.1", "alpha"),
        ("1.0.0-rc1", "prerelease"),
        ("1.0.0", "mnor"),
        ("nothing", "minor"),
    ],
)
def test_a_word_that_means_nothing_here_is_refused(current, word):
    with pytest.raises(ReleaseError):
        next_version(current, word)


@given(VERSIONS, WORDS)
def test_a_word_always_leads_to_a_higher_version(current, word):
    try:
        following = next_version(current, word)
    except ReleaseError:
        return
    assert parse(following) > parse(current)


@given(VERSIONS, WORDS)
def test_what_a_word_gave_after_a_finished_version_can_be_told(current, word):
    finished = str(parse(current).finalize_version())
    if word != "release":
        assert matches_level(next_version(finished, word), word)


@given(
    st.integers(0, 99),
    st.integers(0, 99),
    st.integers(0, 99),
    st.sampled_from(["", "a{}", "b{}", "rc{}"]),
    st.integers(0, 99),
)
def test_every_python_version_that_semver_has_leads_back(major, minor, patch, pre, count):
    text = f"{major}.{minor}.{patch}{pre.format(count)}"
    assert pep440(from_pep440(text)) == text


def test_several_components_are_asked_for_at_once():
    assert parse_request("core=0.5.0,python=minor") == {"core": "0.5.0", "python": "minor"}
    assert parse_request("core=rc, py-x=1.0.0-rc.1") == {"core": "rc", "py-x": "1.0.0-rc.1"}
    assert parse_request("0.5.0") == {None: "0.5.0"}
    assert parse_request("minor") == {None: "minor"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "--help",
        "core=",
        "=1.0.0",
        "core=1.0.0,core=2.0.0",
        "core=1.0.0,",
        "1.0.0,2.0.0",
        "core=v1.0.0",
        "a=b=c",
    ],
)
def test_a_wrong_request_is_refused(text):
    with pytest.raises(ReleaseError) as caught:
        parse_request(text)
    assert caught.value.fix.startswith("--version ")


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


def test_only_what_moves_is_a_pointer():
    assert [one for one in TEMPLATES if is_moving(one)] == ["{major}.{minor}", "{major}", "latest"]


def test_a_back_port_moves_only_the_pointers_of_its_own_line():
    public = ("1.2.3", "1.3.0", "2.0.0-rc.1")
    assert highest_of_line("{major}.{minor}", "1.2.4", public)
    assert not highest_of_line("{major}", "1.2.4", public)
    assert not highest_of_line("latest", "1.2.4", public)
    assert highest_of_line("latest", "1.3.0", public)
    assert not highest_of_line("{major}.{minor}", "1.2.2", public)


@pytest.mark.statement("B3.17")
def test_build_metadata_is_no_oci_tag():
    assert oci_tag("1.0.0-rc.1") == "1.0.0-rc.1"
    with pytest.raises(ReleaseError, match="has no \\+") as caught:
        oci_tag("1.0.0+linux")
    assert caught.value.fix == "--version 1.0.0"
    with pytest.raises(ReleaseError, match="128"):
        oci_tag("1.0.0-" + "a" * 130)


def test_a_prerelease_is_told_by_semver():
    assert is_prerelease("1.0.0-rc.1")
    assert not is_prerelease(parse("1.0.0+rc.1"))


@given(
    st.text(max_size=30)
    | st.from_regex(r"[v0-9]{1,3}(\.[0-9]{1,3}){0,4}([-+][a-z0-9.]{0,6})?", fullmatch=True)
)
def test_no_text_makes_anything_but_a_release_error(text):
    def words(version):
        return next_version(version, "rc")

    def template(version):
        return expand(version, "1.0.0")

    for function in (parse, pep440, from_pep440, parse_request, oci_tag, words, template):
        with suppress(ReleaseError):
            assert function(text) is not None

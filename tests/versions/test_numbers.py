"""Version numbers: what is accepted, and how SemVer and PEP 440 map to each other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version as PythonVersion

from release_tasks.errors import ReleaseError
from release_tasks.versions.numbers import (
    as_semver,
    from_pep440,
    is_lower,
    is_prerelease,
    parse,
    pep440,
    spellings,
)

NUMBERS = st.integers(0, 30)
COUNTED = st.tuples(st.sampled_from(("alpha", "beta", "rc")), NUMBERS).map(
    lambda pair: f"-{pair[0]}.{pair[1]}"
)
VERSIONS = st.builds(
    "{}.{}.{}{}".format, NUMBERS, NUMBERS, NUMBERS, st.just("") | COUNTED
)


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
def test_an_invalid_version_is_refused_with_the_nearest_valid_one(text, fix):
    with pytest.raises(ReleaseError) as caught:
        parse(text)
    assert caught.value.fix == fix
    assert caught.value.problem


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("v0.2.0", "`v0.2.0` is not a valid version: drop the `v`"),
        (
            "0.2",
            "`0.2` is not a valid version: SemVer has three numbers, as in 0.2.0",
        ),
        (
            "0.2.0\n",
            "`'0.2.0\\n'` is not a valid version: SemVer has three numbers, as in 0.2.0",
        ),
        (" ", "no version given"),
    ],
)
def test_an_invalid_version_is_refused_with_the_reason(text, problem):
    with pytest.raises(ReleaseError) as caught:
        parse(text)
    assert caught.value.problem == problem


@pytest.mark.parametrize(
    "text",
    ["0.2.0", "1.0.0-rc.1", "0.2.0-rc-1", "1.0.0+build.7", "1.0.0-0a.x+1"],
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
def test_prereleases_map_to_pep_440_and_back(semver, python):
    assert pep440(semver) == pep440(parse(semver)) == python
    assert str(PythonVersion(python)) == python
    assert from_pep440(python) == semver


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        ("1.0.0+build", "PyPI accepts no local versions"),
        ("1.0.0-post.1", "sorts a post release differently"),
        ("1.0.0-dev.1", "sorts a dev release differently"),
        ("1.0.0-rc1", "only alpha.N, beta.N and rc.N"),
        ("1.0.0-nightly", "only alpha.N"),
        ("1.0.0-rc", "only alpha.N"),
        ("1.0.0-RC.1", "only alpha.N"),
    ],
)
def test_a_version_without_pep_440_form_is_refused_with_the_reason(
    version, reason
):
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
    "text",
    [
        "1!1.0",
        "1.0.post1",
        "1.0.dev2",
        "1.0+local",
        "1.2.3.4",
        "",
        "one",
        "1.0rc1.dev3",
    ],
)
def test_a_pep_440_version_without_a_semver_form_is_refused(text):
    with pytest.raises(ReleaseError):
        from_pep440(text)


@given(VERSIONS, VERSIONS)
def test_both_ecosystems_sort_alike(one, other):
    assert (parse(one) < parse(other)) == (
        PythonVersion(pep440(one)) < PythonVersion(pep440(other))
    )


@given(VERSIONS)
def test_the_pep_440_form_maps_back_to_the_version(version):
    assert from_pep440(pep440(version)) == version


@given(
    st.integers(0, 99),
    st.integers(0, 99),
    st.integers(0, 99),
    st.sampled_from(["", "a{}", "b{}", "rc{}"]),
    st.integers(0, 99),
)
def test_every_pep_440_version_with_a_semver_form_maps_back(
    major, minor, patch, pre, count
):
    text = f"{major}.{minor}.{patch}{pre.format(count)}"
    assert pep440(from_pep440(text)) == text


def test_a_prerelease_is_recognized_by_its_semver_part():
    assert is_prerelease("1.0.0-rc.1")
    assert not is_prerelease(parse("1.0.0+rc.1"))


@pytest.mark.parametrize(
    ("text", "known", "found"),
    [
        ("1.2rc1", [], "1.2.0-rc.1"),
        ("1.3.0.dev0", [], "1.3.0.dev0"),
        ("1.3.0.dev0", ["1.3.0-dev"], "1.3.0-dev"),
        ("1.3.0.dev0", ["1.2.0", "1.3.0"], "1.3.0.dev0"),
        ("1.2.0.post1", ["1.2.0"], "1.2.0.post1"),
        ("1.2.0.1", [], "1.2.0.1"),
        ("1!1.2.0", [], "1!1.2.0"),
        ("1.2.0+local.1", [], "1.2.0+local.1"),
        ("unknown", ["1.2.0"], "unknown"),
    ],
)
def test_an_old_version_without_a_semver_form_is_kept_as_it_is(
    text, known, found
):
    assert as_semver(text, known) == found


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("1.3.0.dev0", "write it as 1.3.0"),
        ("1.3.dev0", "write it as 1.3.0"),
        ("1.2.0.post1", "write it as 1.2.1"),
        ("1.2.0.1", "write it as 1.2.1"),
        ("1!1.2.0", "write it as 1.2.0"),
        ("1.2.0+local.1", "write it as 1.2.0"),
    ],
)
def test_the_nearest_version_with_a_semver_form_is_offered(text, fix):
    with pytest.raises(ReleaseError) as caught:
        from_pep440(text)
    assert caught.value.fix == fix


@pytest.mark.parametrize(
    ("version", "present", "lower"),
    [
        ("1.2.0", "1.3.0", True),
        ("1.3.0", "1.3.0-dev", False),
        ("1.3.0", "1.3.0.dev0", False),
        ("1.2.9", "1.3.0.dev0", True),
        ("1.2.0", "1.2.0.post1", True),
        ("1.2.1", "1.2.0.1", False),
        ("1.3.0", "1!1.2.0", True),
        ("1.3.0", "unknown", False),
    ],
)
def test_a_version_is_compared_with_any_that_a_manifest_can_have(
    version, present, lower
):
    assert is_lower(version, present) is lower


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("1.2.0", ("1.2.0",)),
        ("1.2.0-rc.1", ("1.2.0-rc.1", "1.2.0rc1")),
        ("0.5.2-dev.0", ("0.5.2-dev.0", "0.5.2.dev0")),
        ("1.2.0-x.7", ("1.2.0-x.7",)),
    ],
)
def test_a_version_is_written_as_semver_and_as_python_has_it(version, expected):
    assert spellings(version) == expected

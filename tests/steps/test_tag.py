"""The tag step in real git: the kind of tag, its message, its signature and its commit."""

from __future__ import annotations

import json
import subprocess

import pytest
from support.contexts import context
from support.tiny_project import TWO, TinyProject, problems

from release_tasks.channels import git as origin
from release_tasks.checks.preflight import repository
from release_tasks.converge import begin, converge
from release_tasks.errors import ReleaseError
from release_tasks.steps.bump import bump
from release_tasks.steps.tag import tag

pytestmark = pytest.mark.tools("git")


def tagged(
    tiny: TinyProject, settings: str = "", version: str = "0.2.0"
) -> str:
    """Bump and tag, and return the kind and message of the tag."""
    if settings:
        tiny.commit("release-tasks.toml", settings)
    bump(context(), version)
    tag(context(), version)
    return tiny.git(
        "for-each-ref",
        "refs/tags",
        "--format=%(objecttype) %(contents:subject)",
    ).strip()


@pytest.mark.statement("B3.3", "B4.10")
def test_a_tag_is_annotated_and_names_the_release(tiny: TinyProject) -> None:
    assert tagged(tiny) == "tag Release v0.2.0"


def test_an_empty_tag_message_makes_a_lightweight_tag(
    tiny: TinyProject,
) -> None:
    assert (
        tagged(tiny, '[project]\ntag-message = ""\n')
        == "commit release: tiny v0.2.0"
    )


@pytest.mark.statement("B1.9")
def test_commit_and_tag_messages_come_from_templates(tiny: TinyProject) -> None:
    settings = '[project]\ncommit = "release: v{version}"\ntag-message = "Release {version}"\n'
    assert tagged(tiny, settings) == "tag Release 0.2.0"
    assert tiny.git("log", "-1", "--format=%B").strip() == "release: v0.2.0"
    assert tiny.git("show", "--name-only", "--format=").split() == [
        "CHANGELOG.md",
        "pyproject.toml",
    ]


@pytest.mark.statement("B2.7")
def test_two_components_share_one_commit_message_or_have_a_line_each(
    two: TinyProject,
) -> None:
    request = "core=0.2.0,other=0.5.0"
    assert tagged(two, version=request).splitlines() == [
        "tag Release other 0.5.0",
        "tag Release v0.2.0",
    ]
    assert (
        two.git("log", "-1", "--format=%B").strip()
        == "release: core v0.2.0 + other v0.5.0"
    )
    two.commit(
        "release-tasks.toml",
        '[project]\ncommit = "chore: bump {component} to {version}"\n'
        + TWO["release-tasks.toml"],
    )
    bump(context(), "0.6.0", "other")
    tag(context(), "0.6.0", "other")
    assert (
        two.git("log", "-1", "--format=%B").strip()
        == "chore: bump other to 0.6.0"
    )
    tagged(two, version="core=0.3.0,other=0.7.0")
    assert two.git("log", "-1", "--format=%B").strip().split("\n\n") == [
        "chore: bump core to 0.3.0",
        "chore: bump other to 0.7.0",
    ]


@pytest.mark.tools("ssh-keygen")
def test_git_signs_the_tag_as_configured(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tiny.folder / "key"
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True
    )
    allowed = tiny.folder / "allowed"
    allowed.write_text(f"* {key.with_suffix('.pub').read_text()}")
    for name, value in (
        ("gpg.format", "ssh"),
        ("user.signingKey", key),
        ("tag.gpgSign", "true"),
        ("commit.gpgSign", "true"),
        ("gpg.ssh.allowedSignersFile", allowed),
    ):
        tiny.git("config", name, str(value))
    assert tagged(tiny) == "tag Release v0.2.0"
    tiny.git("verify-tag", "v0.2.0")
    tiny.git("verify-commit", "HEAD")
    tagged(tiny, '[project]\ntag-message = ""\n', "0.3.0")
    assert tiny.git("cat-file", "-t", "v0.3.0").strip() == "commit"


@pytest.mark.statement("B1.14", "B2.9", "B3.26", "B4.17")
def test_a_tag_made_by_hand_must_match_the_manifests(tiny: TinyProject) -> None:
    tiny.tag("v0.2.0")
    reported = (
        "at the tag v0.2.0 the manifest of tiny-plain has 0.1.0, expected 0.2.0"
    )
    with pytest.raises(ReleaseError, match=reported) as raised:
        begin(context(), "0.2.0", None)
    assert raised.value.fix == "inv retag --version 0.2.0"
    assert reported in problems(tiny, repository)
    done = tiny.inv("publish-pypi")
    assert (done.returncode, reported in done.stderr) == (1, True)


@pytest.mark.statement("B2.9")
@pytest.mark.parametrize(
    ("settings", "reported"),
    [
        ("", "which is on no branch of origin"),
        ('[project]\nbranch = "main"\n', "which is not on main of origin"),
    ],
)
def test_a_tagged_commit_must_be_on_the_release_branch(
    tiny: TinyProject, settings: str, reported: str
) -> None:
    if settings:
        tiny.commit("release-tasks.toml", settings)
        tiny.git("push", "--quiet", "origin", "main")
    tiny.git("checkout", "--quiet", "-b", "side")
    tiny.commit("side.txt")
    if settings:
        tiny.git("push", "--quiet", "origin", "side")
    tiny.git("tag", "-m", "by hand", "v0.1.0")
    tiny.git("push", "--quiet", "origin", "v0.1.0")
    assert [
        reported in problem for problem in problems(tiny, repository, "0.1.0")
    ] == [True]
    done = tiny.inv("publish-pypi", "--new", "all")
    assert (done.returncode, reported in done.stderr) == (1, True)
    tiny.git("push", "--quiet", "origin", "side:main")
    assert problems(tiny, repository, "0.1.0") == []


def test_nothing_is_published_before_origin_has_the_tag(
    tiny: TinyProject,
) -> None:
    from release_tasks.channels import pypi

    tiny.tag("v0.1.0", push=False)
    release = tiny.release("0.1.0")
    with pytest.raises(
        ReleaseError, match=r"tag v0\.1\.0 is not pushed"
    ) as reported:
        converge(context(), release, pypi, "all")
    assert reported.value.fix == "inv push --version 0.1.0"
    converge(context(), release, origin)


@pytest.mark.statement("B2.8")
def test_tag_parse_prints_json_for_ci(tiny: TinyProject) -> None:
    done = tiny.inv("tag", "--parse", "v0.2.0-rc.1")
    assert json.loads(done.stdout) == {
        "tag": "v0.2.0-rc.1",
        "component": "tiny",
        "version": "0.2.0-rc.1",
        "promotion": False,
    }
    wrong = tiny.inv("tag", "--parse", "py-v0.2.0")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert "py-v0.2.0 is not a tag of this project" in wrong.stderr


@pytest.mark.statement("B3.2", "B3.35")
def test_the_settings_can_refuse_prereleases(tiny: TinyProject) -> None:
    tiny.commit("release-tasks.toml", '[project]\nprerelease = "refuse"\n')
    with pytest.raises(
        ReleaseError,
        match=r"0\.2\.0-rc\.1 is a prerelease, and the settings allow none",
    ):
        tiny.release("0.2.0-rc.1")

"""The GitHub release: it has exactly its assets, and "Latest" never moves backwards."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from support.contexts import context
from support.github_release import (
    SDIST,
    WHEEL,
    assets,
    built,
    gh,
    releases,
    states,
)
from support.tiny_project import TWO, TinyProject, tiny_project

from release_tasks.channels import github
from release_tasks.converge import converge
from release_tasks.errors import ReleaseError
from release_tasks.project.artifacts import PointerState as Stands
from release_tasks.steps.move_pointers import move_pointers

pytestmark = pytest.mark.tools("gh")


@pytest.mark.statement("B4.46", "B4.19")
def test_a_release_goes_public_with_exactly_its_assets(
    tiny: TinyProject,
) -> None:
    release = built(tiny)
    github.fill_draft(context(), release)
    converge(context(), release, github)
    assert assets(tiny) == {WHEEL, SDIST}
    assert set(states(release).values()) == {"same"}
    writes = len(tiny.registries.log.writes())
    converge(context(), release, github)
    assert len(tiny.registries.log.writes()) == writes


@pytest.mark.statement("B1.37")
@pytest.mark.parametrize(
    ("version", "is_prerelease"), [("0.2.0-rc.1", True), ("0.2.0", False)]
)
def test_only_a_version_with_a_hyphen_is_a_prerelease_on_github(
    tiny: TinyProject, version: str, is_prerelease: bool
) -> None:
    release = built(tiny, version)
    github.fill_draft(context(), release)
    converge(context(), release, github)
    assert [one["prerelease"] for one in releases(tiny)] == [is_prerelease]


def test_other_bytes_are_replaced_in_a_draft_and_an_error_in_a_public_release(
    tiny: TinyProject,
) -> None:
    github.fill_draft(context(), built(tiny))
    again = built(tiny, wheel="better")
    github.fill_draft(context(), again)
    converge(context(), again, github)
    [public] = releases(tiny)
    assert (
        public["assets"][WHEEL]["digest"]
        == f"sha256:{hashlib.sha256(b'better').hexdigest()}"
    )
    third = built(tiny, wheel="too late")
    assert states(third)[WHEEL] == "different"
    with pytest.raises(ReleaseError, match=" differs: "):
        converge(context(), third, github)


def test_a_public_release_without_an_asset_is_partial_and_an_immutable_one_closed(
    tiny: TinyProject,
) -> None:
    release = built(tiny)
    github.fill_draft(context(), release)
    converge(context(), release, github)
    gh("release", "delete-asset", "v0.2.0", SDIST, "--yes")
    assert states(release) == {
        "v0.2.0": "partial",
        WHEEL: "same",
        SDIST: "missing",
    }
    converge(context(), release, github)
    assert set(states(release).values()) == {"same"}

    tiny.registries.github.repository("example", "tiny").immutable = True
    tiny.commit("more.txt")
    tiny.tag("v0.3.0")
    gh("release", "create", "v0.3.0", "--notes", "")
    later = built(tiny, "0.3.0")
    assert states(later) == {
        "v0.3.0": "closed",
        WHEEL: "closed",
        SDIST: "closed",
    }


@pytest.mark.parametrize(
    ("version", "stands"),
    [("0.3.0", Stands.BEHIND), ("0.1.5", Stands.AHEAD), ("0.2.0", Stands.SAME)],
)
def test_latest_never_moves_backwards(
    tiny: TinyProject, version: str, stands: Stands
) -> None:
    tiny.tag("v0.2.0")
    gh("release", "create", "v0.2.0", "--notes", "", "--latest")
    [pointer] = github.pointers(tiny.release(version))
    assert (pointer.place, pointer.now, pointer.target) == (
        stands,
        "v0.2.0",
        f"v{version}",
    )


def test_a_hotfix_of_an_older_line_does_not_stay_latest(
    tiny: TinyProject,
) -> None:
    for version in ("v0.2.0", "v0.1.1"):  # GitHub shows the newest by date
        tiny.tag(version)
        gh("release", "create", version, "--notes", "", "--latest=false")
    [pointer] = github.pointers(tiny.release("0.1.1"))
    assert (pointer.now, pointer.place) == ("v0.1.1", Stands.BEHIND)
    assert pointer.target == "v0.2.0"
    github.move(context(), tiny.release("0.1.1"), pointer)
    [pointer] = github.pointers(tiny.release("0.1.1"))
    assert (pointer.now, pointer.place) == ("v0.2.0", Stands.AHEAD)


def test_latest_is_not_for_prereleases_and_a_foreign_one_stays(
    tiny: TinyProject,
) -> None:
    assert github.pointers(tiny.release("0.3.0-rc.1")) == ()
    tiny.tag("nightly")
    gh("release", "create", "nightly", "--notes", "", "--latest")
    [pointer] = github.pointers(tiny.release("0.3.0"))
    assert pointer.place is Stands.FOREIGN


def test_the_owner_takes_latest_back_from_another_component(
    two: TinyProject,
) -> None:
    two.tag("other-v0.4.0")
    gh("release", "create", "other-v0.4.0", "--notes", "", "--latest")
    assert github.pointers(two.release("0.4.1", "other")) == ()
    [pointer] = github.pointers(two.release("0.2.0", "core"))
    assert (pointer.place, pointer.now, pointer.target) == (
        Stands.BEHIND,
        "other-v0.4.0",
        "v0.2.0",
    )


def test_a_project_without_an_owner_of_latest_is_reported_so(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with tiny_project(
        tmp_path,
        monkeypatch,
        TWO
        | {
            "release-tasks.toml": TWO["release-tasks.toml"].replace(
                "latest = true\n", ""
            )
        },
    ) as two:
        two.tag("v0.1.0")
        gh("release", "create", "v0.1.0", "--notes", "", "--latest=false")
        move_pointers(context(), version="0.1.0", component="core")
        assert "no component has latest = true" in capfd.readouterr().err


def test_a_project_that_is_not_on_github_has_no_release_there(
    tiny: TinyProject,
) -> None:
    tiny.git("init", "--quiet", "--bare", str(tiny.folder / "bare.git"))
    tiny.git("remote", "set-url", "origin", str(tiny.folder / "bare.git"))
    release = tiny.release("0.2.0")
    assert github.expected(release) == ()
    assert github.state(release, ()) == []
    assert github.pointers(release) == ()

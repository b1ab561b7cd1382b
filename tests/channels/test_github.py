"""The GitHub release: one draft that keeps every byte, and goes public with exactly its assets."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from place import TINY, Place, context, place

from release_tasks import dist
from release_tasks.channels import github
from release_tasks.converge import converge
from release_tasks.errors import ReleaseError
from release_tasks.project.model import Place as Stands
from release_tasks.release import Release

pytestmark = pytest.mark.tools("gh")
ASSETS = '[github]\nassets = ["wheels", "sdist"]\n'
WHEEL, SDIST, KEPT = "tiny_plain-0.2.0-py3-none-any.whl", "tiny_plain-0.2.0.tar.gz", "tiny.oci.tar"
KINDS = {WHEEL: "wheel", SDIST: "sdist", KEPT: "image"}


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    with place(tmp_path, monkeypatch, TINY | {"release-tasks.toml": ASSETS}) as made:
        made.commit("CHANGELOG.md", TINY["CHANGELOG.md"].replace("[Unreleased]", "[0.2.0] - 2026-01-02"))
        yield made


def built(tiny: Place, version: str = "0.2.0", **text: str) -> Release:
    """Tag HEAD and put files into dist/, as the build steps would."""
    if f"v{version}" not in tiny.git("tag"):
        tiny.tag(f"v{version}")
    release = tiny.at(version)
    for name, kind in KINDS.items():
        path = dist.folder(release.parts[0]) / name
        path.write_text(text.get(kind, f"bytes of {name}"))
        dist.record(release.parts[0], kind, [dist.describe(release, release.parts[0], kind, path)])
    return release


def releases(tiny: Place) -> list[dict[str, object]]:
    return tiny.running.github.releases("example", "tiny")


def assets(tiny: Place) -> set[str]:
    [one] = releases(tiny)
    return set(one["assets"])


def elsewhere(tiny: Place, monkeypatch: pytest.MonkeyPatch) -> Release:
    """Return the release as a fresh clone sees it, its dist/ filled from the draft."""
    monkeypatch.chdir(tiny.clone())
    release = tiny.at("0.2.0")
    github.fill(release)
    return release


def states(release: Release) -> dict[str, str]:
    return {one.artifact.name: str(one.state) for one in github.look(release, github.expected(release))}


def gh(*words: str) -> None:
    subprocess.run(["gh", *words, "--repo", "example/tiny"], check=True, capture_output=True)


def test_the_draft_is_made_once_and_keeps_every_file(tiny: Place) -> None:
    release = built(tiny)
    github.keep(context(), release)
    github.keep(context(), release)
    [draft] = releases(tiny)
    assert draft["draft"]
    assert draft["body"].strip() == "- More."
    assert assets(tiny) == {WHEEL, SDIST, KEPT, "release.json"}
    assert set(states(release).values()) == {"partial"}


def test_it_goes_public_with_exactly_its_assets(tiny: Place) -> None:
    release = built(tiny)
    github.keep(context(), release)
    converge(context(), release, github)
    assert assets(tiny) == {WHEEL, SDIST}
    assert set(states(release).values()) == {"same"}
    writes = len(tiny.running.log.writes())
    converge(context(), release, github)
    assert len(tiny.running.log.writes()) == writes


def test_another_machine_goes_on_with_the_bytes_of_the_draft(tiny: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    release = built(tiny)
    github.keep(context(), release)
    there = elsewhere(tiny, monkeypatch)
    rows = {row.name: row.sha256 for row in dist.inventory(there.parts[0])}
    assert rows == {row.name: row.sha256 for row in dist.inventory(release.parts[0])}
    assert (there.parts[0].dist / KEPT).read_text() == f"bytes of {KEPT}"
    github.keep(context(), there)
    assert len(releases(tiny)) == 1


def test_a_draft_that_was_emptied_for_publication_keeps_its_assets(tiny: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between the removal of release.json and publication; what is on PyPI is not built again."""
    github.keep(context(), built(tiny))
    for name in (KEPT, "release.json"):
        gh("release", "delete-asset", "v0.2.0", name, "--yes")
    there = elsewhere(tiny, monkeypatch)
    github.keep(context(), there)
    assert assets(tiny) == {WHEEL, SDIST}
    github.publish(context(), there, github.expected(there))
    [public] = releases(tiny)
    assert not public["draft"]
    assert assets(tiny) == {WHEEL, SDIST}


def test_a_draft_of_another_commit_is_never_taken_over(tiny: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    github.keep(context(), built(tiny))
    tiny.commit("fix.txt")
    tiny.git("push", "--quiet", "origin", ":v0.2.0")
    tiny.git("tag", "--delete", "v0.2.0")
    tiny.tag("v0.2.0")
    with pytest.raises(ReleaseError, match=r"GitHub keeps files of v0\.2\.0 that were built from"):
        elsewhere(tiny, monkeypatch)


def test_two_drafts_of_one_tag_are_an_error(tiny: Place) -> None:
    release = built(tiny)
    for _ in range(2):
        gh("release", "create", "v0.2.0", "--draft", "--notes", "", "--title", "v0.2.0")
    with pytest.raises(ReleaseError, match=r"GitHub has 2 drafts of v0\.2\.0") as told:
        github.keep(context(), release)
    assert "gh api -X DELETE repos/example/tiny/releases/ID" in told.value.fix


def test_an_asset_whose_upload_was_cut_is_uploaded_again(tiny: Place) -> None:
    release = built(tiny)
    gh("release", "create", "v0.2.0", "--draft", "--notes", "", "--title", "v0.2.0")
    tiny.running.github.leave_starter("example", "tiny", "v0.2.0", WHEEL)
    assert states(release)[WHEEL] == "partial"
    converge(context(), release, github)
    assert set(states(release).values()) == {"same"}


def test_other_bytes_in_a_draft_are_replaced_and_in_a_public_release_stop_everything(tiny: Place) -> None:
    github.keep(context(), built(tiny))
    again = built(tiny, wheel="better")
    github.keep(context(), again)
    converge(context(), again, github)
    [public] = releases(tiny)
    assert public["assets"][WHEEL]["digest"] == f"sha256:{hashlib.sha256(b'better').hexdigest()}"
    third = built(tiny, wheel="too late")
    assert states(third)[WHEEL] == "different"
    with pytest.raises(ReleaseError, match="is something else"):
        converge(context(), third, github)


def test_a_public_release_that_lacks_an_asset_is_partial_and_an_immutable_one_closed(tiny: Place) -> None:
    release = built(tiny)
    github.keep(context(), release)
    converge(context(), release, github)
    gh("release", "delete-asset", "v0.2.0", SDIST, "--yes")
    assert states(release) == {"v0.2.0": "partial", WHEEL: "same", SDIST: "missing"}
    converge(context(), release, github)
    assert set(states(release).values()) == {"same"}

    tiny.running.github.repository("example", "tiny").immutable = True
    tiny.commit("more.txt")
    tiny.tag("v0.3.0")
    gh("release", "create", "v0.3.0", "--notes", "")
    later = built(tiny, "0.3.0")
    assert states(later) == {"v0.3.0": "closed", WHEEL: "closed", SDIST: "closed"}


@pytest.mark.parametrize(("version", "stands"), [("0.3.0", Stands.BEHIND), ("0.1.5", Stands.AHEAD), ("0.2.0", Stands.SAME)])
def test_latest_never_moves_backwards(tiny: Place, version: str, stands: Stands) -> None:
    tiny.tag("v0.2.0")
    gh("release", "create", "v0.2.0", "--notes", "", "--latest")
    [pointer] = github.pointers(tiny.at(version))
    assert (pointer.place, pointer.now, pointer.target) == (stands, "v0.2.0", f"v{version}")


def test_latest_is_not_for_prereleases_and_a_foreign_one_stays(tiny: Place) -> None:
    assert github.pointers(tiny.at("0.3.0-rc.1")) == ()
    tiny.tag("nightly")
    gh("release", "create", "nightly", "--notes", "", "--latest")
    [pointer] = github.pointers(tiny.at("0.3.0"))
    assert pointer.place is Stands.FOREIGN


def test_a_dry_run_writes_nothing_even_where_a_draft_is(tiny: Place) -> None:
    release = built(tiny)
    gh("release", "create", "v0.2.0", "--draft", "--notes", "", "--title", "v0.2.0")
    writes, files = len(tiny.running.log.writes()), sorted(release.parts[0].dist.rglob("*"))
    github.keep(context(dry=True), release)
    github.publish(context(dry=True), release, github.expected(release))
    assert len(tiny.running.log.writes()) == writes
    assert sorted(release.parts[0].dist.rglob("*")) == files


def test_a_project_that_is_not_on_github_has_no_release_there(tiny: Place) -> None:
    tiny.git("init", "--quiet", "--bare", str(tiny.folder / "bare.git"))
    tiny.git("remote", "set-url", "origin", str(tiny.folder / "bare.git"))
    release = tiny.at("0.2.0")
    assert github.expected(release) == ()
    assert github.look(release, ()) == []
    assert github.pointers(release) == ()


def test_release_json_says_what_was_built(tiny: Place) -> None:
    release = built(tiny)
    data = json.loads(dist.summed(release, release.parts[0]))
    assert (data["tag"], data["commit"]) == ("v0.2.0", release.commit)
    assert [row["name"] for row in data["files"]] == [KEPT, SDIST, WHEEL]

"""The draft: one for each tag, with every built file, so that any machine can finish."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
from support.contexts import context
from support.github_release import (
    KEPT,
    SDIST,
    WHEEL,
    assets,
    built,
    gh,
    release_in_a_clone,
    releases,
    states,
)
from support.tiny_project import TinyProject

from release_tasks import dist
from release_tasks.channels import github, github_draft, pypi
from release_tasks.converge import begin, converge, to_build, untagged
from release_tasks.errors import ReleaseError
from release_tasks.project.kinds import FileKind
from release_tasks.rehearsal.faults import Fault

pytestmark = pytest.mark.tools("gh")


def make_draft() -> None:
    words = ("--draft", "--notes", "", "--title", "v0.2.0")
    gh("release", "create", "v0.2.0", *words)


@pytest.mark.statement("B5.34")
def test_the_draft_is_created_once_and_keeps_every_file(
    tiny: TinyProject,
) -> None:
    release = built(tiny)
    github.fill_draft(context(), release)
    github.fill_draft(context(), release)
    [draft] = releases(tiny)
    assert draft["draft"]
    assert draft["body"].strip() == "- More."
    assert assets(tiny) == {WHEEL, SDIST, KEPT, "release.json"}
    assert set(states(release).values()) == {"partial"}


def test_the_title_has_the_headline_of_the_changelog(tiny: TinyProject) -> None:
    log = (tiny.root / "CHANGELOG.md").read_text()
    tiny.commit(
        "CHANGELOG.md",
        log.replace("- More.", "- **Brighter** nights. And more."),
    )
    settings = '[github]\ntitle = "{tag}: {headline}"\n'
    tiny.commit("release-tasks.toml", settings)
    github.fill_draft(context(), built(tiny))
    [draft] = releases(tiny)
    assert draft["name"] == "v0.2.0: Brighter nights"


def test_another_machine_continues_with_the_bytes_of_the_draft(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = built(tiny)
    github.fill_draft(context(), release)
    there = release_in_a_clone(tiny, monkeypatch)
    rows = {row.name: row.sha256 for row in dist.inventory(there.parts[0])}
    assert rows == {
        row.name: row.sha256 for row in dist.inventory(release.parts[0])
    }
    assert (there.parts[0].dist / KEPT).read_text() == f"bytes of {KEPT}"
    github.fill_draft(context(), there)
    assert len(releases(tiny)) == 1


def test_a_draft_that_was_emptied_for_publication_keeps_its_assets(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run was killed between the removal of release.json and the publication."""
    github.fill_draft(context(), built(tiny))
    for name in (KEPT, "release.json"):
        gh("release", "delete-asset", "v0.2.0", name, "--yes")
    there = release_in_a_clone(tiny, monkeypatch)
    github.fill_draft(context(), there)
    assert assets(tiny) == {WHEEL, SDIST}
    github.publish(context(), there, github.expected(there))
    [public] = releases(tiny)
    assert not public["draft"]
    assert assets(tiny) == {WHEEL, SDIST}


def test_one_file_has_the_checksums_of_every_asset_wherever_the_release_is_finished(
    tiny: TinyProject,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    tiny.commit(
        "release-tasks.toml",
        '[github]\nassets = ["wheels", "SHA256SUMS", "sdist"]\n',
    )
    release = built(tiny)
    github.fill_draft(context(dry=True), release)
    assert (
        f"{hashlib.sha256(f'bytes of {WHEEL}'.encode()).hexdigest()}  {WHEEL}"
        in capfd.readouterr().err
    )
    assert not (release.parts[0].dist / "SHA256SUMS").exists()
    github.fill_draft(context(), release)
    there = release_in_a_clone(tiny, monkeypatch)
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"],
        cwd=there.parts[0].dist,
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout == f"{WHEEL}: OK\n{SDIST}: OK\n"
    (there.parts[0].dist / "SHA256SUMS").unlink()
    converge(context(), there, github)
    assert assets(tiny) == {WHEEL, SDIST, "SHA256SUMS"}
    assert (
        set(states(there).values()) == set(states(release).values()) == {"same"}
    )


def test_a_draft_of_another_commit_is_never_taken_over(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    github.fill_draft(context(), built(tiny))
    tiny.commit("fix.txt")
    tiny.git("push", "--quiet", "origin", ":v0.2.0")
    tiny.git("tag", "--delete", "v0.2.0")
    tiny.tag("v0.2.0")
    with pytest.raises(
        ReleaseError, match=r"the draft of v0\.2\.0 has files built from"
    ):
        release_in_a_clone(tiny, monkeypatch)


def test_two_drafts_of_one_tag_that_have_files_are_an_error(
    tiny: TinyProject,
) -> None:
    release = built(tiny)
    for _ in range(2):
        gh(
            "release",
            "create",
            "v0.2.0",
            "CHANGELOG.md",
            "--draft",
            "--notes",
            "",
            "--title",
            "v0.2.0",
        )
    with pytest.raises(
        ReleaseError, match=r"GitHub has 2 drafts of v0\.2\.0"
    ) as reported:
        github.fill_draft(context(), release)
    assert (
        "gh api -X DELETE repos/example/tiny/releases/ID" in reported.value.fix
    )


def test_an_asset_whose_upload_was_interrupted_is_uploaded_again(
    tiny: TinyProject,
) -> None:
    release = built(tiny)
    make_draft()
    tiny.registries.github.leave_starter("example", "tiny", "v0.2.0", WHEEL)
    assert states(release)[WHEEL] == "partial"
    converge(context(), release, github)
    assert set(states(release).values()) == {"same"}


def test_a_dry_run_writes_nothing_when_there_is_a_draft(
    tiny: TinyProject,
) -> None:
    release = built(tiny)
    make_draft()
    writes, files = (
        len(tiny.registries.log.writes()),
        sorted(release.parts[0].dist.rglob("*")),
    )
    github.fill_draft(context(dry=True), release)
    github.publish(context(dry=True), release, github.expected(release))
    assert len(tiny.registries.log.writes()) == writes
    assert sorted(release.parts[0].dist.rglob("*")) == files


def test_release_json_lists_what_was_built(tiny: TinyProject) -> None:
    release = built(tiny)
    data = json.loads(dist.summed(release, release.parts[0]))
    assert (data["tag"], data["commit"]) == ("v0.2.0", release.commit)
    assert [row["name"] for row in data["files"]] == [KEPT, SDIST, WHEEL]


def test_a_dry_run_in_a_fresh_clone_sees_the_files_of_the_draft_and_writes_nothing(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    github.fill_draft(context(), built(tiny))
    monkeypatch.chdir(tiny.clone())
    release = begin(context(dry=True), "0.2.0", None)
    [part] = release.parts
    assert [row.name for row in dist.inventory(part)] == [KEPT, SDIST, WHEEL]
    assert to_build(release, pypi, "wheel", "sdist") == ()
    github.fill_draft(context(dry=True), release)
    assert not part.dist.parent.exists()
    begin(context(), "0.2.0", None)
    assert (part.dist / WHEEL).read_text() == f"bytes of {WHEEL}"


def test_a_dry_run_with_a_stale_dist_sees_the_files_of_the_draft(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = built(tiny)
    github.fill_draft(context(), theirs)
    monkeypatch.chdir(tiny.clone())
    [part] = tiny.release("0.2.0").parts
    path = dist.folder(part) / WHEEL
    path.write_text("what was built here")
    row = dist.describe(
        tiny.release("0.2.0"), part, "wheel", path, package="tiny-plain"
    )
    for commit in (row.commit, "0" * 40):
        dist.record(part, "wheel", [replace(row, commit=commit)])
        github_draft._filled.clear()
        release = begin(context(dry=True), "0.2.0", None)
        assert {row.sha256 for row in dist.inventory(part)} == {
            row.sha256 for row in dist.inventory(theirs.parts[0])
        }
        assert to_build(release, pypi, "wheel", "sdist") == ()
        assert path.read_text() == "what was built here"


def test_without_a_token_drafts_are_a_warning_before_a_build_and_an_error_before_publishing(
    tiny: TinyProject,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    release = built(tiny)
    github.fill_draft(context(), release)
    monkeypatch.chdir(tiny.clone())
    monkeypatch.delenv("GH_TOKEN")
    there = begin(context(), "0.2.0", None)
    assert to_build(there, pypi, "wheel", "sdist")
    assert (
        "warning: GitHub shows drafts only to a token that may write"
        in capsys.readouterr().err
    )
    with pytest.raises(
        ReleaseError, match=r"v0\.2\.0 may have one with built files"
    ) as reported:
        converge(context(), there, pypi, "all")
    assert "set GH_TOKEN" in reported.value.fix
    assert "POST /legacy/" not in [
        f"{entry.method} {entry.target}"
        for entry in tiny.registries.log.entries()
    ]


def test_a_token_that_may_only_read_publishes_nothing_that_a_draft_may_hold(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    github.fill_draft(context(), built(tiny))
    monkeypatch.chdir(tiny.clone())
    monkeypatch.setenv("GH_TOKEN", tiny.registries.tokens.github_read)
    there = begin(context(), "0.2.0", None)
    assert github_draft.pages(there) == {}
    with pytest.raises(
        ReleaseError, match="only to a token that may write"
    ) as reported:
        converge(context(), there, pypi, "all")
    assert "permissions: contents: write" in reported.value.fix
    assert "POST /legacy/" not in [
        f"{entry.method} {entry.target}"
        for entry in tiny.registries.log.entries()
    ]


def test_a_token_that_may_only_read_publishes_the_files_of_the_draft(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job of CI has what the job before it has put into the draft, and no right to see that."""
    release = built(tiny)
    github.fill_draft(context(), release)
    job = tiny.clone()
    shutil.copytree(release.parts[0].dist, job / "dist" / "v0.2.0")
    monkeypatch.chdir(job)
    monkeypatch.setenv("GH_TOKEN", tiny.registries.tokens.github_read)
    there = begin(context(), "0.2.0", None)
    assert github_draft.pages(there) == {}
    assert github_draft.unreadable_drafts(there) == []
    assert untagged(there, pypi) == []
    [part] = there.parts
    (part.dist / KEPT).write_text("other bytes")
    row = dist.describe(there, part, FileKind.CRATE, part.dist / KEPT)
    dist.record(part, "package_crates", [row])
    assert github_draft.unreadable_drafts(there) != []


def test_a_public_release_needs_no_token(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    gh("release", "create", built(tiny).parts[0].tag, "--notes", "")
    monkeypatch.delenv("GH_TOKEN")
    assert github_draft.unreadable_drafts(tiny.release("0.2.0")) == []


@pytest.mark.statement("B2.21")
def test_two_machines_that_create_the_draft_at_once_end_with_one(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both read before either creates it; the second continues with the files of the first."""
    release = built(tiny)
    other = tiny.clone()
    shutil.copytree(release.parts[0].dist, other / "dist" / "v0.2.0")
    (other / "dist" / "v0.2.0" / WHEEL).write_text("other bytes")
    tiny.registries.faults.add(
        Fault("POST", "/repos/example/tiny/releases", delay=2, times=2)
    )
    draft = [sys.executable, "-m", "invoke", "gh-draft", "--version", "0.2.0"]
    row = next((other / "dist" / "v0.2.0" / "parts").glob("wheel.json"))
    row.write_text(
        row.read_text().replace(
            hashlib.sha256(f"bytes of {WHEEL}".encode()).hexdigest(),
            hashlib.sha256(b"other bytes").hexdigest(),
        )
    )
    machines = [
        subprocess.Popen(draft, cwd=where, stderr=subprocess.PIPE, text=True)
        for where in (tiny.root, other)
    ]
    said = [machine.communicate(timeout=120)[1] for machine in machines]
    assert all("Traceback" not in one for one in said)
    for where in (tiny.root, other, tiny.root):
        again = subprocess.run(
            draft, cwd=where, capture_output=True, text=True, check=False
        )
        assert again.returncode == 0, (said, again.stderr)
    assert assets(tiny) == {WHEEL, SDIST, KEPT, "release.json"}
    [one] = releases(tiny)
    here = {
        (where / "dist" / "v0.2.0" / WHEEL).read_bytes()
        for where in (tiny.root, other)
    }
    assert [f"sha256:{hashlib.sha256(data).hexdigest()}" for data in here] == [
        one["assets"][WHEEL]["digest"]
    ]

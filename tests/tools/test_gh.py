"""gh: the same answers with a token and without one, and every refusal has a fix."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from support.contexts import context
from support.tiny_project import TINY, TinyProject

from release_tasks.errors import ReleaseError
from release_tasks.rehearsal.faults import Fault
from release_tasks.tools import gh
from release_tasks.tools.gh.pages import Asset

pytestmark = pytest.mark.tools("gh")
HERE = "example/tiny"


@pytest.fixture(params=["token", "anonymous"])
def reader(
    request: pytest.FixtureRequest,
    tiny: TinyProject,
    monkeypatch: pytest.MonkeyPatch,
) -> TinyProject:
    """A project with three public releases, read with a token and without one."""
    for number in range(1, 4):
        tiny.tag(f"v0.{number}.0")
        create = [
            "gh",
            "release",
            "create",
            f"v0.{number}.0",
            "--notes",
            "",
            "CHANGELOG.md",
            "--repo",
            HERE,
        ]
        subprocess.run(create, check=True, capture_output=True)
    if request.param == "anonymous":
        monkeypatch.delenv("GH_TOKEN")
    return tiny


def test_a_release_is_read_with_its_assets(reader: TinyProject) -> None:
    page = gh.page(HERE, "v0.2.0")
    assert page is not None
    assert (page.tag, page.is_draft, page.is_prerelease, page.is_immutable) == (
        "v0.2.0",
        False,
        False,
        False,
    )
    [asset] = page.assets
    assert asset == page.asset("CHANGELOG.md")
    assert page.asset("absent") is None
    assert (asset.is_complete, asset.size) == (True, len(TINY["CHANGELOG.md"]))
    assert gh.fetch(HERE, asset) == TINY["CHANGELOG.md"].encode()
    assert gh.page(HERE, "v9.9.9") is None
    assert gh.latest(HERE) == "v0.3.0"


def test_every_page_is_read(reader: TinyProject) -> None:
    rows = gh.read(f"repos/{HERE}/releases?per_page=1", every_page=True)
    assert [row["tag_name"] for row in rows] == ["v0.3.0", "v0.2.0", "v0.1.0"]


def test_an_invisible_repository_is_an_error_and_not_missing(
    reader: TinyProject,
) -> None:
    with pytest.raises(
        ReleaseError, match="GitHub shows no repository example/other"
    ) as raised:
        gh.page("example/other", "v0.1.0")
    assert "GH_TOKEN" in raised.value.fix
    assert gh.read("repos/example/other") is None


def test_a_draft_is_visible_only_with_a_token(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.tag("v0.2.0")
    gh.create(
        context(), HERE, "v0.2.0", "Two", tiny.root / "CHANGELOG.md", "--draft"
    )
    page = gh.page(HERE, "v0.2.0")
    assert page is not None
    assert page.is_draft
    monkeypatch.delenv("GH_TOKEN")
    assert gh.page(HERE, "v0.2.0") is None


def test_a_draft_of_a_tag_that_is_missing_on_origin_is_refused(
    tiny: TinyProject,
) -> None:
    tiny.tag("v0.2.0", push=False)
    with pytest.raises(ReleaseError, match="GitHub refused: "):
        gh.create(context(), HERE, "v0.2.0", "Two", Path(os.devnull), "--draft")
    assert tiny.registries.github.releases("example", "tiny") == []


def test_publishing_leaves_latest_alone_until_it_is_set(
    tiny: TinyProject,
) -> None:
    for tag in ("v0.1.0", "v0.2.0"):
        tiny.tag(tag)
        gh.create(context(), HERE, tag, tag, Path(os.devnull), "--draft")
        gh.publish(context(), HERE, tag, False)
        if tag == "v0.1.0":
            gh.set_latest(context(), HERE, tag)
    assert gh.latest(HERE) == "v0.1.0"
    gh.set_latest(context(), HERE, "v0.2.0")
    assert gh.latest(HERE) == "v0.2.0"


def test_an_asset_is_replaced_and_removed(tiny: TinyProject) -> None:
    tiny.tag("v0.2.0")
    gh.create(context(), HERE, "v0.2.0", "Two", Path(os.devnull), "--draft")
    file = tiny.folder / "file.txt"
    for text in ("one", "other"):
        file.write_text(text)
        gh.upload(context(), HERE, gh.page(HERE, "v0.2.0"), [file])
    page = gh.page(HERE, "v0.2.0")
    assert page is not None
    [asset] = page.assets
    assert gh.fetch(HERE, asset) == b"other"
    gh.delete(context(), HERE, asset)
    page = gh.page(HERE, "v0.2.0")
    assert page is not None
    assert page.assets == ()


@pytest.mark.statement("B4.45")
@pytest.mark.parametrize(
    ("status", "fix"),
    [
        (401, "set GH_TOKEN"),
        (403, "contents: write"),
        (418, "run the release again"),
    ],
)
def test_a_refusal_has_a_fix_and_shows_no_token(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch, status: int, fix: str
) -> None:
    monkeypatch.setenv("GH_TOKEN", "a-token-that-is-secret")
    body = b'{"message": "a-token-that-is-secret is not welcome"}'
    tiny.registries.faults.add(
        Fault(
            "GET",
            "/repos/example/tiny/releases",
            status=status,
            body=body,
            times=9,
        )
    )
    with pytest.raises(ReleaseError, match="GitHub refused: ") as raised:
        gh.pages(HERE, "v0.2.0")
    assert fix in raised.value.fix
    assert "a-token-that-is-secret" not in raised.value.problem


@pytest.mark.parametrize(
    ("status", "said", "fix"),
    [
        (403, "API rate limit exceeded for user ID 1.", "wait until 08:00 UTC"),
        (429, "API rate limit exceeded for user ID 1.", "wait until 08:00 UTC"),
        (403, "You have exceeded a secondary rate limit.", "wait some minutes"),
        (403, "Resource not accessible by integration", "contents: write"),
    ],
)
def test_a_rate_limit_and_missing_rights_have_different_fixes(
    tiny: TinyProject, status: int, said: str, fix: str
) -> None:
    spent = {
        "resources": {
            "core": {"remaining": 0, "reset": 1767340800},
            "search": {"remaining": 9, "reset": 1999999999},
        }
    }
    tiny.registries.faults.add(
        Fault("GET", "/rate_limit", status=200, body=json.dumps(spent).encode())
    )
    refusal = json.dumps({"message": said}).encode()
    tiny.registries.faults.add(
        Fault(
            "GET",
            "/repos/example/tiny/releases",
            status,
            {"Content-Type": "application/json"},
            refusal,
        )
    )
    with pytest.raises(
        ReleaseError, match=f"GitHub refused: gh: {said}"
    ) as raised:
        gh.pages(HERE, "v0.2.0")
    assert fix in raised.value.fix


def test_a_write_with_404_asks_for_a_token_that_may_read_the_repository(
    tiny: TinyProject,
) -> None:
    tiny.registries.faults.add(
        Fault(
            "DELETE",
            "/repos/example/tiny/releases/assets/1",
            status=404,
            body=b'{"message": "Not Found"}',
        )
    )
    with pytest.raises(ReleaseError, match="HTTP 404") as raised:
        gh.delete(context(), HERE, Asset(1, "a", 1, "", True))
    assert "may read and write this repository" in raised.value.fix


@pytest.mark.parametrize("status", [403, 429])
def test_without_a_token_a_rate_limit_asks_for_one(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.delenv("GH_TOKEN")
    headers = {"X-RateLimit-Reset": "1767340800", "Retry-After": "0"}
    said = b'{"message": "API rate limit exceeded for 192.0.2.1."}'
    tiny.registries.faults.add(
        Fault(
            "GET",
            "/repos/example/tiny/releases",
            status=status,
            headers=headers,
            body=said,
            times=9,
        )
    )
    with pytest.raises(
        ReleaseError,
        match=r"anonymous GitHub rate limit reached: .*192\.0\.2\.1",
    ) as raised:
        gh.pages(HERE, "v0.2.0")
    assert raised.value.fix == "set GH_TOKEN, or wait until 08:00 UTC"


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Repeat without a wait."""
    monkeypatch.setattr(gh, "WAITS", (0.0, 0.0))


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    "fault",
    [
        Fault("GET", "/repos/example/tiny/releases", status=502, times=2),
        Fault("GET", "/repos/example/tiny/releases", lose=True, times=2),
    ],
)
def test_a_read_is_repeated_where_github_fails(
    tiny: TinyProject, fault: Fault
) -> None:
    tiny.registries.faults.add(replace(fault))
    assert gh.pages(HERE, "v0.2.0") == ()


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("lose", [True, False])
def test_an_upload_without_an_answer_is_begun_again(
    tiny: TinyProject, lose: bool
) -> None:
    tiny.tag("v0.2.0")
    gh.create(context(), HERE, "v0.2.0", "Two", Path(os.devnull), "--draft")
    file = tiny.folder / "file.txt"
    file.write_text("all of it")
    upload = "/repos/example/tiny/releases/.*/assets"
    status = 0 if lose else 503
    tiny.registries.faults.add(
        Fault("POST", upload, status=status, lose=lose, times=2)
    )
    gh.upload(context(), HERE, gh.page(HERE, "v0.2.0"), [file])
    page = gh.page(HERE, "v0.2.0")
    assert page is not None
    [asset] = page.assets
    assert gh.fetch(HERE, asset) == b"all of it"


@pytest.mark.usefixtures("at_once")
def test_what_is_the_same_when_done_twice_is_repeated(
    tiny: TinyProject,
) -> None:
    tiny.tag("v0.2.0")
    gh.create(context(), HERE, "v0.2.0", "Two", Path(os.devnull), "--draft")
    edit = Fault("PATCH", "/repos/example/tiny/releases/", lose=True)
    tiny.registries.faults.add(replace(edit))
    gh.publish(context(), HERE, "v0.2.0", False)
    page = gh.page(HERE, "v0.2.0")
    assert page is not None
    assert not page.is_draft
    remove = Fault("DELETE", "/repos/example/tiny/releases/", lose=True)
    tiny.registries.faults.add(replace(remove))
    gh.delete(context(), HERE, page)
    assert gh.page(HERE, "v0.2.0") is None


def test_answers_are_read_whatever_colors_the_user_likes(
    reader: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLICOLOR_FORCE", "1")
    monkeypatch.setenv("GH_FORCE_TTY", "80")
    assert gh.latest(HERE) == "v0.3.0"


def test_gh_goes_to_the_host_of_origin(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    for tag in ("v0.2.0", "v0.3.0"):
        tiny.tag(tag)
        gh.create(context(), HERE, tag, tag, Path(os.devnull))
    monkeypatch.setenv("GH_HOST", "github.corp.example")
    assert gh.latest(HERE) == "v0.3.0"
    gh.set_latest(context(), HERE, "v0.2.0")
    assert gh.latest(HERE) == "v0.2.0"


@pytest.mark.statement("B1.1")
def test_who_may_write_is_tried_and_not_read(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert gh.may_write(HERE)
    monkeypatch.setenv("GH_TOKEN", tiny.registries.tokens.github_read)
    assert not gh.may_write(HERE)
    monkeypatch.setenv("GH_TOKEN", "unknown")
    assert not gh.may_write(HERE)


def test_a_token_that_may_read_changes_nothing_and_sees_no_draft(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.tag("v0.2.0")
    gh.create(context(), HERE, "v0.2.0", "Two", Path(os.devnull), "--draft")
    page = gh.page(HERE, "v0.2.0")
    assert page is not None
    monkeypatch.setenv("GH_TOKEN", tiny.registries.tokens.github_read)
    assert gh.page(HERE, "v0.2.0") is None
    view = ["gh", "release", "view", "v0.2.0", "--repo", HERE]
    assert subprocess.run(view, check=False, capture_output=True).returncode
    with pytest.raises(ReleaseError, match="HTTP 403"):
        gh.delete(context(), HERE, page)


def test_without_gh_there_is_no_token(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GH_TOKEN", "token")
    assert gh.token()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not gh.token()

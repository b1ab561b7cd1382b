"""`inv rollback` takes a published version back, with the real clients, and undoes that."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.container_projects import digests, push_image
from support.python_projects import sdist, wheel
from support.terminal_input import run_answering
from support.tiny_project import TINY, TinyProject, tiny_project

from release_tasks.channels import crates_io
from release_tasks.project.artifacts import Artifact, ArtifactStatus, State
from release_tasks.rehearsal.faults import Fault
from release_tasks.rollback import crates
from release_tasks.rollback.actions import Request
from release_tasks.tools.gh import yank_notice

pytestmark = pytest.mark.tools("git", "gh")
WHY = "It deletes what it should show."
# a project whose only files are those of its GitHub release
PAGE_ALONE = TINY | {
    "pyproject.toml": '[project]\nname = "tiny"\nversion = "0.1.0"\n'
}
CARGO_TOML = """\
[package]
name = "{name}"
version = "0.1.0"
edition = "2021"
license = "MIT"
description = "Sells things"
repository = "https://github.com/example/tiny"
readme = false
{more}"""
CRATES = {
    "Cargo.toml": '[workspace]\nmembers = ["shop", "shop-core"]\nresolver = "2"\n',
    "shop-core/Cargo.toml": CARGO_TOML.format(name="shop-core", more=""),
    "shop-core/src/lib.rs": "pub fn sold() -> u32 {\n    1\n}\n",
    "shop/Cargo.toml": CARGO_TOML.format(
        name="shop",
        more='\n[dependencies]\nshop-core = { path = "../shop-core", version = "0.1.0" }\n',
    ),
    "shop/src/main.rs": 'fn main() {\n    println!("{}", shop_core::sold());\n}\n',
    "CHANGELOG.md": TINY["CHANGELOG.md"],
    "tasks.py": TINY["tasks.py"],
    "release-tasks.toml": "[gates]\nminor = []\n",
    ".gitignore": "/target\n/dist\n__pycache__/\n",
}
IMAGE = PAGE_ALONE | {
    "Dockerfile": "FROM scratch\n",
    "release-tasks.toml": '[images."ghcr.io/example/hello"]\nplatforms = ["linux/amd64"]\n',
}


@pytest.fixture
def page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TinyProject]:
    with tiny_project(tmp_path, monkeypatch, PAGE_ALONE) as made:
        yield made


def publish(tiny: TinyProject, version: str) -> None:
    """Commit, tag and release a version on GitHub by hand."""
    tiny.commit(f"{version}.txt")
    tiny.tag(f"v{version}")
    words = ["release", "create", f"v{version}", "--title", f"v{version}"]
    words += ["--notes", "- All.", "--latest", "--repo", "example/tiny"]
    subprocess.run(["gh", *words], check=True, capture_output=True)


def releases(tiny: TinyProject) -> dict[str, dict[str, Any]]:
    return {
        row["tag"]: row
        for row in tiny.registries.github.releases("example", "tiny")
    }


def latest(tiny: TinyProject) -> list[str]:
    return [tag for tag, row in releases(tiny).items() if row["latest"]]


def on_origin(tiny: TinyProject) -> set[str]:
    lines = tiny.git("ls-remote", "--refs", "--tags", "origin").splitlines()
    return {line.partition("refs/tags/")[2] for line in lines}


def actions(tiny: TinyProject, *words: str) -> dict[tuple[str, str], str]:
    """Return the state of each action, by what it is about and what it does."""
    done = tiny.inv("rollback", "--version", "0.2.0", "--json", *words)
    assert done.returncode == 0, done.stderr
    return {
        (row["name"], row["action"]): row["state"]
        for row in json.loads(done.stdout)["actions"]
    }


def writes(tiny: TinyProject) -> int:
    return len(tiny.registries.log.writes())


@pytest.mark.statement("B4.53", "B3.27")
def test_the_github_release_gets_a_notice_and_latest_goes_back(
    page: TinyProject,
) -> None:
    publish(page, "0.1.0")
    publish(page, "0.2.0")
    words = ("rollback", "--version", "0.2.0", "--why", WHY, "--yes")

    done = page.inv(*words)

    assert done.returncode == 0, done.stderr
    row = releases(page)["v0.2.0"]
    assert (row["name"], row["draft"]) == ("[YANKED] v0.2.0", False)
    assert f"**YANKED**: {WHY}" in row["body"]
    assert "Use v0.1.0 instead." in row["body"]
    assert row["body"].endswith("- All.")
    assert latest(page) == ["v0.1.0"]
    assert on_origin(page) == {"v0.1.0", "v0.2.0"}
    assert "For users, back to v0.1.0:" in done.stdout
    assert "/releases/tag/v0.1.0" in done.stdout
    before = writes(page)

    again = page.inv(*words)

    assert (again.returncode, writes(page)) == (0, before), again.stderr
    assert "nothing to do, tiny 0.2.0 is taken back" in again.stderr


def test_undo_leaves_everything_as_it_was(page: TinyProject) -> None:
    publish(page, "0.1.0")
    publish(page, "0.2.0")
    before = releases(page)
    words = ("--version", "0.2.0", "--yes")
    for more in ((), ("--draft",)):
        assert page.inv("rollback", *words, *more).returncode == 0
        assert releases(page) != before

        undone = page.inv("rollback", "--undo", *words)

        assert undone.returncode == 0, undone.stderr
        assert releases(page) == before
        again = page.inv("rollback", "--undo", *words)
        assert "nothing to do, tiny 0.2.0 is not taken back" in again.stderr


@pytest.mark.long
def test_draft_ends_the_downloads_and_keeps_the_tag(page: TinyProject) -> None:
    publish(page, "0.1.0")
    publish(page, "0.2.0")
    words = ("rollback", "--version", "0.2.0", "--draft", "--yes")

    done = page.inv(*words)

    assert done.returncode == 0, done.stderr
    assert releases(page)["v0.2.0"]["draft"] is True
    assert (latest(page), on_origin(page)) == (
        ["v0.1.0"],
        {"v0.1.0", "v0.2.0"},
    )
    before = writes(page)
    assert (page.inv(*words).returncode, writes(page)) == (0, before)


@pytest.mark.long
def test_an_immutable_release_keeps_its_files_and_gets_the_notice(
    page: TinyProject,
) -> None:
    page.registries.github.repository("example", "tiny").immutable = True
    publish(page, "0.1.0")
    publish(page, "0.2.0")

    done = page.inv("rollback", "--version", "0.2.0", "--draft", "--yes")

    assert done.returncode == 0, done.stderr
    row = releases(page)["v0.2.0"]
    assert (row["draft"], row["name"]) == (False, "[YANKED] v0.2.0")
    assert "it is immutable" in done.stdout


def test_a_release_of_what_was_taken_back_is_refused(page: TinyProject) -> None:
    publish(page, "0.1.0")
    publish(page, "0.2.0")
    assert page.inv("rollback", "--version", "0.2.0", "--yes").returncode == 0

    status = page.inv("status", "--version", "0.2.0", "--json")
    again = page.inv("release", "--version", "0.2.0")

    states = {
        row["name"]: row["state"]
        for row in json.loads(status.stdout)["artifacts"]
        if row["channel"] == "GitHub"
    }
    assert (status.returncode, states["v0.2.0"]) == (1, "yanked")
    assert again.returncode == 1
    assert "unyank it with `inv rollback --undo`" in again.stderr
    assert latest(page) == ["v0.1.0"]


def test_nothing_is_done_before_somebody_confirms(page: TinyProject) -> None:
    publish(page, "0.1.0")
    publish(page, "0.2.0")
    before = releases(page)

    asked = page.inv("rollback", "--version", "0.2.0")
    planned = actions(page)
    dry = page.inv("--dry", "rollback", "--version", "0.2.0")

    assert asked.returncode == 1
    assert (
        "this was not confirmed, as there is no terminal to ask on; nothing was done"
        in asked.stderr
    )
    assert "inv rollback --version 0.2.0 --yes" in asked.stderr
    assert planned == {
        ("→ Latest", "point to v0.1.0"): "to do",
        ("v0.2.0", "mark as yanked"): "to do",
        ("v0.2.0", "delete"): "stays",
    }
    assert "gh release edit v0.2.0" in dry.stderr
    assert releases(page) == before


@pytest.mark.parametrize(
    ("typed", "code", "title"),
    [("0.2.0", 0, "[YANKED] v0.2.0"), ("yes", 1, "v0.2.0")],
)
def test_somebody_confirms_by_typing_the_version(
    page: TinyProject, typed: str, code: int, title: str
) -> None:
    publish(page, "0.1.0")
    publish(page, "0.2.0")

    argv = [sys.executable, "-m", "invoke", "rollback", "--version", "0.2.0"]
    done = run_answering(argv, typed, page.root)

    assert "Type 0.2.0 to do this:" in done.stdout
    assert (done.returncode, releases(page)["v0.2.0"]["name"]) == (code, title)


@pytest.mark.long
def test_the_first_version_has_nothing_to_go_back_to(page: TinyProject) -> None:
    publish(page, "0.2.0")

    done = page.inv("rollback", "--version", "0.2.0", "--yes")

    assert done.returncode == 0, done.stderr
    assert "there is no other version to point to" in done.stdout
    assert releases(page)["v0.2.0"]["name"] == "[YANKED] v0.2.0"
    assert "instead" not in releases(page)["v0.2.0"]["body"]


@pytest.mark.long
def test_it_goes_back_behind_a_version_that_was_taken_back(
    page: TinyProject,
) -> None:
    for version in ("0.1.0", "0.1.1", "0.2.0"):
        publish(page, version)
    for version in ("0.1.1", "0.2.0"):
        done = page.inv("rollback", "--version", version, "--yes")
        assert done.returncode == 0, done.stderr

    assert latest(page) == ["v0.1.0"]
    assert "Use v0.1.0 instead." in releases(page)["v0.2.0"]["body"]


@pytest.mark.long
def test_one_component_goes_back_and_the_other_stays(two: TinyProject) -> None:
    for tag in ("v0.1.0", "other-v0.4.0", "v0.2.0", "other-v0.5.0"):
        two.commit(f"{tag}.txt")
        two.tag(tag)
        words = ["release", "create", tag, "--title", tag, "--notes", "x"]
        kind = "--latest=false" if "other" in tag else "--latest"
        subprocess.run(
            ["gh", *words, kind, "--repo", "example/tiny"],
            check=True,
            capture_output=True,
        )

    done = two.inv("rollback", "--version", "other=0.5.0", "--yes")

    assert done.returncode == 0, done.stderr
    names = {tag: row["name"] for tag, row in releases(two).items()}
    assert names == {
        "v0.1.0": "v0.1.0",
        "v0.2.0": "v0.2.0",
        "other-v0.4.0": "other-v0.4.0",
        "other-v0.5.0": "[YANKED] other-v0.5.0",
    }
    assert "Use other-v0.4.0 instead." in releases(two)["other-v0.5.0"]["body"]
    assert latest(two) == ["v0.2.0"]


@pytest.mark.long
def test_the_release_of_a_promotion_gets_the_notice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = '[project]\nversion = "tag"\n[github]\nrelease = "promote"\n'
    files = PAGE_ALONE | {
        "release-tasks.toml": settings
        + '[images."ghcr.io/example/hello"]\nplatforms = ["linux/amd64"]\n',
        "Dockerfile": "FROM scratch\n",
    }
    with tiny_project(tmp_path, monkeypatch, files) as proxy:
        proxy.tag("v1.0.0")
        push_image(proxy.registries, "1.0.0", {}, ("1.0", "1", "latest"))
        promoted = proxy.inv("promote", "--version", "1.0.0")
        assert promoted.returncode == 0, promoted.stderr

        done = proxy.inv("rollback", "--version", "1.0.0", "--yes")

        assert done.returncode == 0, done.stderr
        row = releases(proxy)["v1.0.0-stable"]
        assert row["name"].startswith("[YANKED] ")
        assert yank_notice.is_in(row["body"])
        undone = proxy.inv("rollback", "--undo", "--version", "1.0.0", "--yes")
        assert undone.returncode == 0, undone.stderr
        assert not yank_notice.is_in(releases(proxy)["v1.0.0-stable"]["body"])


@pytest.mark.statement("B4.49")
def test_a_version_of_which_nothing_is_public_loses_its_tag_and_draft(
    page: TinyProject,
) -> None:
    page.tag("v0.2.0")
    words = ["release", "create", "v0.2.0", "--draft", "--notes", "x"]
    subprocess.run(
        ["gh", *words, "--repo", "example/tiny"],
        check=True,
        capture_output=True,
    )

    done = page.inv("rollback", "--version", "0.2.0", "--yes")

    assert done.returncode == 0, done.stderr
    assert (on_origin(page), releases(page)) == (set(), {})
    assert page.git("tag", "--list") == ""
    again = page.inv("rollback", "--version", "0.2.0", "--yes")
    assert again.returncode == 0
    assert "nothing to do, tiny 0.2.0 has nothing public" in again.stderr


def test_what_is_public_without_its_tag_is_not_guessed(
    tiny: TinyProject,
) -> None:
    name = "tiny_plain-0.2.0.tar.gz"
    tiny.upload(name, sdist("tiny-plain"))
    done = tiny.inv("rollback", "--version", "0.2.0", "--yes")
    assert done.returncode == 1
    assert f"v0.2.0 does not exist, and {name} on PyPI is public" in done.stderr


@pytest.mark.long
@pytest.mark.statement("B2.32", "B5.39")
def test_pypi_has_a_page_for_it_and_no_command(tiny: TinyProject) -> None:
    tiny.tag("v0.2.0")
    for name, data in (
        ("tiny_plain-0.2.0-py3-none-any.whl", wheel("tiny-plain")),
        ("tiny_plain-0.2.0.tar.gz", sdist("tiny-plain")),
    ):
        tiny.upload(name, data)

    done = tiny.inv("rollback", "--version", "0.2.0", "--yes")

    assert done.returncode == 0, done.stderr
    page = "https://pypi.org/manage/project/tiny-plain/release/0.2.0/"
    assert f"tiny-plain 0.2.0: yank: {page} (Options, Yank)" in done.stdout
    assert "the next version: 0.2.1" in done.stdout
    assert "pip yank" not in done.stdout + done.stderr
    tiny.registries.pypi.store.yank("tiny-plain", "0.2.0", WHY)
    assert actions(tiny)["tiny-plain 0.2.0", "yank"] == "done"
    undo = tiny.inv("rollback", "--undo", "--version", "0.2.0")
    assert f"{page} (Options, Unyank)" in undo.stdout


@pytest.mark.statement("B4.54", "B4.55", "B4.56", "B4.48")
def test_the_settings_ask_for_an_issue_and_a_known_issue(
    page: TinyProject,
) -> None:
    old = b"# Known issues\r\n\r\n## v0.1.0\r\n\r\n- Old.\r\n"
    page.commit("docs/known-issues.md", "")
    (page.root / "docs/known-issues.md").write_bytes(old)
    page.git("commit", "--quiet", "--all", "--message=Write it on Windows")
    page.commit(
        "release-tasks.toml",
        '[rollback]\nissue = ["bug", "P0"]\nknown-issues = "docs/known-issues.md"\n',
    )
    publish(page, "0.1.0")
    publish(page, "0.2.0")
    words = ("rollback", "--version", "0.2.0", "--why", WHY, "--yes")
    answers = (
        ("affected", "1500 users of 0.2"),
        ("workaround", "--no-color"),
        ("fix-in", "2 days"),
    )
    words += tuple(f"--{name}={answer}" for name, answer in answers)

    first, second = page.inv(*words), page.inv(*words)

    assert (first.returncode, second.returncode) == (0, 0), first.stderr
    [issue] = page.registries.github.repository("example", "tiny").issues
    assert issue["title"] == "v0.2.0 is yanked"
    assert [label["name"] for label in issue["labels"]] == ["bug", "P0"]
    assert WHY in issue["body"]
    notice = releases(page)["v0.2.0"]["body"]
    for line in (
        "- Who is affected: 1500 users of 0.2",
        "- Is there a workaround: --no-color",
        "- How long does a fix take: 2 days",
    ):
        assert line in issue["body"].splitlines()
        assert f"> {line}" in notice.splitlines()
    known = (page.root / "docs/known-issues.md").read_text()
    assert known.index("## v0.2.0 (yanked)") < known.index("## v0.1.0")
    assert known.count(WHY) == 1
    assert known.count("- Who is affected: 1500 users of 0.2\n") == 1
    data = (page.root / "docs/known-issues.md").read_bytes()
    assert data.count(b"\n") == data.count(b"\r\n")  # as they were
    assert "tell your users" in first.stdout


@pytest.mark.long
@pytest.mark.statement("B4.48")
def test_an_issue_asks_for_what_is_not_said_and_the_notice_gets_it_later(
    page: TinyProject,
) -> None:
    page.commit("release-tasks.toml", "[rollback]\nissue = []\n")
    publish(page, "0.1.0")
    publish(page, "0.2.0")
    words = ("rollback", "--version", "0.2.0", "--yes")
    assert page.inv(*words).returncode == 0
    [issue] = page.registries.github.repository("example", "tiny").issues
    for question in ("Who is affected", "Is there a workaround"):
        assert f"- {question}: " in issue["body"].splitlines()
        assert question not in releases(page)["v0.2.0"]["body"]
    assert page.inv(*words, "--workaround", "Use -q.").returncode == 0
    [line] = [
        line
        for line in releases(page)["v0.2.0"]["body"].splitlines()
        if line.startswith("> - ")
    ]
    assert line == "> - Is there a workaround: Use -q."


def test_an_interrupted_rollback_goes_on(page: TinyProject) -> None:
    publish(page, "0.1.0")
    publish(page, "0.2.0")
    page.registries.faults.add(
        Fault("PATCH", r".*/releases/\d+$", status=403, times=1)
    )

    stopped = page.inv("rollback", "--version", "0.2.0", "--yes")
    again = page.inv("rollback", "--version", "0.2.0", "--yes")

    assert (stopped.returncode, again.returncode) == (1, 0), again.stderr
    assert latest(page) == ["v0.1.0"]
    assert yank_notice.is_in(releases(page)["v0.2.0"]["body"])


@pytest.mark.slow
@pytest.mark.tools("cargo")
@pytest.mark.statement("B4.50", "B4.51", "B5.38", "B4.52")
def test_exactly_our_crates_are_yanked_and_unyanked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tiny_project(tmp_path, monkeypatch, CRATES) as shop:
        subprocess.run(
            ["cargo", "generate-lockfile"], cwd=shop.root, check=True
        )
        shop.git("add", "Cargo.lock")
        shop.git("commit", "--quiet", "--message=Lock")
        for version in ("0.1.0", "0.2.0"):
            shop.commit(f"{version}.txt")
            released = shop.inv("release", "--version", version, "--new", "all")
            assert released.returncode == 0, released.stderr
        store = shop.registries.crates.store

        def yanked() -> set[tuple[str, str]]:
            return {
                (name, line["vers"])
                for name, lines in store.published().items()
                for line in lines
                if line["yanked"]
            }

        # the answer to the second yank is lost: the first is done, and the next run goes on
        shop.registries.faults.add(
            Fault("DELETE", r".*/shop-core/0.2.0/yank", status=403, times=1)
        )
        words = ("rollback", "--version", "0.2.0", "--why", WHY, "--yes")
        stopped = shop.inv(*words)
        assert (stopped.returncode, yanked()) == (1, {("shop", "0.2.0")})
        assert "make a token with the scope yank" in stopped.stderr
        done = shop.inv(*words)
        assert done.returncode == 0, done.stderr
        assert yanked() == {("shop", "0.2.0"), ("shop-core", "0.2.0")}
        assert "who has it in a Cargo.lock keeps it" in stopped.stdout
        assert "cargo install shop --version 0.1.0" in done.stdout
        assert "the next version: 0.2.1" in done.stdout
        assert "pip yank" not in done.stdout
        before = writes(shop)
        assert (shop.inv(*words).returncode, writes(shop)) == (0, before)

        undone = shop.inv("rollback", "--undo", "--version", "0.2.0", "--yes")
        assert undone.returncode == 0, undone.stderr
        assert yanked() == set()
        status = shop.inv("status", "--version", "0.2.0")
        assert status.returncode == 0, status.stdout
        monkeypatch.delenv("CARGO_REGISTRY_TOKEN")
        refused = shop.inv(*words)
        assert refused.returncode == 1
        assert "there is no token for crates.io" in refused.stderr
        assert not yank_notice.is_in(releases(shop)["v0.2.0"]["body"])


@pytest.mark.statement("B4.50")
def test_a_crate_of_the_same_version_that_is_not_ours_is_left_alone(
    tiny: TinyProject,
) -> None:
    seen = []
    for name, state in (
        ("shop-core", State.SAME),
        ("shop", State.DIFFERENT),
        ("shop-none", State.MISSING),
        ("shop-old", State.YANKED),
    ):
        artifact = Artifact(crates_io.NAME, name, "0.1.0", "tiny")
        seen.append(ArtifactStatus(artifact, state, "from another commit"))
    request = Request(tiny.release("0.1.0"), tuple(seen), ())

    found = [
        (one.name, str(one.progress), one.remark)
        for one in crates.back(request)
    ]

    assert found == [
        ("shop-old 0.1.0", "done", ""),
        ("shop 0.1.0", "stays", "not of this release: from another commit"),
        ("shop-core 0.1.0", "to do", "who has it in a Cargo.lock keeps it"),
    ]


@pytest.mark.tools("helm")
@pytest.mark.statement("B3.27", "B3.28")
def test_users_of_a_chart_are_told_both_ways_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chart = "apiVersion: v2\nname: hello\nversion: 0.1.0\n"
    table = '[charts."ghcr.io/example/charts/hello"]\n'
    files = {"chart/Chart.yaml": chart, "release-tasks.toml": table}
    with tiny_project(tmp_path, monkeypatch, PAGE_ALONE | files) as tiny:
        for version in ("0.1.0", "0.2.0"):
            publish(tiny, version)
            package = ["helm", "package", str(tiny.root / "chart")]
            package += ["--version", version]
            subprocess.run(
                package, cwd=tmp_path, check=True, capture_output=True
            )
            push = [
                "helm",
                "push",
                f"hello-{version}.tgz",
                "oci://ghcr.io/example/charts",
            ]
            subprocess.run(push, cwd=tmp_path, check=True, capture_output=True)

        done = tiny.inv("rollback", "--version", "0.2.0", "--yes")

        assert done.returncode == 0, done.stderr
        lines = [line.strip() for line in done.stdout.splitlines()]
        install = "helm install hello oci://ghcr.io/example/charts/hello --version 0.1.0"
        assert lines[lines.index(install) + 1] == "helm rollback hello"


@pytest.mark.long
@pytest.mark.tools("docker")
@pytest.mark.statement("B3.27", "B3.29")
def test_images_are_deleted_on_request_alone_and_restored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tiny_project(tmp_path, monkeypatch, IMAGE) as tiny:
        for version in ("0.1.0", "0.2.0"):
            publish(tiny, version)
            label = {"org.opencontainers.image.revision": tiny.head()}
            line = version.rpartition(".")[0]
            push_image(tiny.registries, version, label, (line, "latest"))
        there = digests()
        name = "ghcr.io/example/hello:0.2.0"
        assert actions(tiny)[name, "delete"] == "stays"

        done = tiny.inv("rollback", "--version", "0.2.0", "--yes")
        assert done.returncode == 0, done.stderr
        assert digests() == there | {"latest": there["0.1.0"]}
        assert "docker pull ghcr.io/example/hello:0.1.0" in done.stdout

        refused = tiny.inv(
            "rollback", "--version", "0.2.0", "--delete", "--yes"
        )
        assert refused.returncode == 0, refused.stderr
        assert "gh auth refresh --scopes read:packages,delete:packages" in (
            refused.stdout
        )
        tiny.registries.github.scopes += ", read:packages, delete:packages"
        words = ("rollback", "--version", "0.2.0", "--delete", "--yes")
        deleted = tiny.inv(*words)
        assert deleted.returncode == 0, deleted.stderr
        old = dict.fromkeys(("0.1.0", "0.1", "latest"), there["0.1.0"])
        assert digests() == old
        before = writes(tiny)
        assert (tiny.inv(*words).returncode, writes(tiny)) == (0, before)

        undone = tiny.inv("rollback", "--undo", "--version", "0.2.0", "--yes")
        assert undone.returncode == 0, undone.stderr
        assert digests() == there
        assert latest(tiny) == ["v0.2.0"]


CHART_ALONE = PAGE_ALONE | {
    "chart/Chart.yaml": "apiVersion: v2\nname: hello\nversion: 0.1.0\n",
    "release-tasks.toml": (
        '[project]\nversion = "tag"\n[github]\nrelease = "promote"\n'
        '[charts."ghcr.io/example/charts/hello"]\n'
    ),
}
CHART = "ghcr.io/example/charts/hello"
MARK = "refs/release-tasks/yanked/"


def publish_charts(tiny: TinyProject) -> None:
    """Publish 0.1.0 and 0.2.0 of the chart, with a login that may delete them."""
    tiny.registries.github.scopes += ", read:packages, delete:packages"
    for version in ("0.1.0", "0.2.0"):
        tiny.commit(f"{version}.txt")
        tiny.tag(f"v{version}")
        for step in (("package-charts",), ("publish-charts", "--new=all")):
            done = tiny.inv(*step, "--version", version)
            assert done.returncode == 0, done.stderr


@pytest.mark.long
@pytest.mark.tools("helm")
@pytest.mark.statement("B3.28", "B3.29")
def test_a_version_of_charts_alone_is_marked_on_origin_and_not_released_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tiny_project(tmp_path, monkeypatch, CHART_ALONE) as tiny:
        publish_charts(tiny)
        assert digests(CHART).keys() == {"0.1.0", "0.2.0"}
        words = ("rollback", "--version", "0.2.0", "--delete", "--yes")

        done = tiny.inv(*words)

        assert done.returncode == 0, done.stderr
        assert digests(CHART).keys() == {"0.1.0"}
        assert marks(tiny) == {"v0.2.0"}
        before = writes(tiny)
        for line in (words, ("retag", "--version", "0.2.0")):
            tiny.inv(*line)
        assert (writes(tiny), on_origin(tiny)) == (before, {"v0.1.0", "v0.2.0"})
        for name in ("push", "publish-charts", "release"):
            refused = tiny.inv(name, "--version", "0.2.0")
            assert refused.returncode == 1, name
            assert "v0.2.0 on git is yanked" in refused.stderr
            assert "inv rollback --undo" in refused.stderr
        assert digests(CHART).keys() == {"0.1.0"}

        undone = tiny.inv("rollback", "--undo", "--version", "0.2.0", "--yes")

        assert undone.returncode == 0, undone.stderr
        assert digests(CHART).keys() == {"0.1.0", "0.2.0"}
        assert marks(tiny) == set()
        status = tiny.inv("status", "--version", "0.2.0")
        assert status.returncode == 0, status.stdout


ONLY_USUAL_REFS = """#!/bin/sh
case "$1" in refs/heads/* | refs/tags/*) exit 0 ;; esac
echo "only branches and tags are taken here" >&2
exit 1
"""


@pytest.mark.long
@pytest.mark.tools("helm")
def test_where_origin_takes_no_mark_nothing_else_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else nothing would show that the version was public, and a release would publish it again."""
    with tiny_project(tmp_path, monkeypatch, CHART_ALONE) as tiny:
        publish_charts(tiny)
        there = digests(CHART)
        options = ("--version", "0.2.0", "--delete", "--yes")
        hook = tiny.registries.github.repository("example", "tiny").path
        hook = hook / "hooks" / "update"
        usual = hook.read_text()

        [logins] = tmp_path.rglob("git-credentials")  # of git
        login, tokens = logins.read_text(), tiny.registries.tokens
        logins.write_text(login.replace(tokens.github, tokens.github_read))
        refused = tiny.inv("rollback", *options)

        assert refused.returncode == 1
        assert "Write access to repository not granted" in refused.stderr
        assert "nothing is taken back yet" in refused.stderr
        assert (digests(CHART), marks(tiny)) == (there, set())

        logins.write_text(login)
        hook.write_text(ONLY_USUAL_REFS)
        refused = tiny.inv("rollback", *options)

        assert refused.returncode == 1
        assert "only branches and tags are taken here" in refused.stderr
        assert "let origin take refs/release-tasks/yanked/*" in refused.stderr
        assert (digests(CHART), marks(tiny)) == (there, set())
        by_hand = tiny.inv("--dry", "rollback", *options)
        assert by_hand.returncode == 0, by_hand.stderr
        assert "gh api --silent -X DELETE" in by_hand.stderr

        hook.write_text(usual)
        assert tiny.inv("rollback", *options).returncode == 0
        assert digests(CHART).keys() == {"0.1.0"}
        assert marks(tiny) == {"v0.2.0"}

        undo = ("rollback", "--undo", "--version", "0.2.0", "--yes")
        hook.write_text(ONLY_USUAL_REFS)
        refused = tiny.inv(*undo)

        assert refused.returncode == 1
        assert "everything else is undone" in refused.stderr
        assert (digests(CHART), marks(tiny)) == (there, {"v0.2.0"})
        hook.write_text(usual)
        undone = tiny.inv(*undo)
        assert undone.returncode == 0, undone.stderr
        assert (digests(CHART), marks(tiny)) == (there, set())


def marks(tiny: TinyProject) -> set[str]:
    lines = tiny.git("ls-remote", "origin", f"{MARK}*").splitlines()
    return {line.partition(MARK)[2] for line in lines}


@pytest.mark.tools("docker")
def test_an_image_that_is_also_another_version_is_not_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tiny_project(tmp_path, monkeypatch, IMAGE) as tiny:
        tiny.registries.github.scopes += ", read:packages, delete:packages"
        publish(tiny, "0.2.0")
        push_image(tiny.registries, "0.2.0", {})
        only = tiny.inv(
            "rollback", "--version", "0.2.0", "--delete", "--json"
        ).stdout
        assert "gh api -X DELETE orgs/example/packages/container/hello" in only
        push_image(tiny.registries, "0.1.0", {}, ("0.2.0",))
        push_image(tiny.registries, "0.0.9", {"other": "bytes"})

        done = tiny.inv("rollback", "--version", "0.2.0", "--delete", "--yes")

        assert done.returncode == 0, done.stderr
        assert "the same image is 0.1.0" in done.stdout
        assert "0.2.0" in digests()

"""cargo's answers, and what its failures mean."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from support import crate_projects as projects
from support.repositories import commit_all, git

from release_tasks.errors import ReleaseError
from release_tasks.shell import Failed
from release_tasks.tools import cargo
from release_tasks.tools.cargo import publish as cargo_publish
from release_tasks.tools.cargo.rustflags import Platforms

pytestmark = pytest.mark.tools("cargo", "git")
REFUSED = (
    "error: failed to publish shop-zero v0.1.0 to registry at the address\n\nCaused by:\n"
    "  the remote server responded with an error (status {}): {}"
)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return projects.workspace(tmp_path / "shop", {
        "shop-a": "[target.'cfg(unix)'.dependencies]\n{shop-c}\n[dev-dependencies]\n{shop-d}",
        "shop-b": "[dev-dependencies]\nshop-a = { path = \"../shop-a\" }",
        "shop-c": "[build-dependencies]\n{shop-b}", "shop-d": "",
    })  # fmt: skip


def test_crates_come_after_their_normal_build_and_target_dependencies(
    shop: Path,
) -> None:
    names = [
        member.name for member in cargo.in_order(cargo.workspace(shop).members)
    ]
    assert names.index("shop-b") < names.index("shop-c") < names.index("shop-a")
    assert names.index("shop-d") < names.index("shop-a")


def test_members_tell_what_they_need_and_test_with(shop: Path) -> None:
    found = {member.name: member for member in cargo.workspace(shop).members}
    assert (found["shop-a"].needs, found["shop-a"].tests_with) == (
        ("shop-c",),
        ("shop-d",),
    )
    assert (found["shop-b"].needs, found["shop-b"].tests_with) == ((), ())


@pytest.mark.parametrize(("line", "expected"), [
    ("", True), ("publish = false", False), ("publish = true", True),
    ('publish = ["crates-io"]', True), ('publish = ["inhouse"]', False), ("publish = []", False),
])  # fmt: skip
def test_a_crate_for_another_registry_is_not_for_crates_io(
    tmp_path: Path, line: str, expected: bool
) -> None:
    projects.write_crate(tmp_path / "shop", "shop")
    manifest = tmp_path / "shop" / "Cargo.toml"
    manifest.write_text(
        manifest.read_text().replace("[package]\n", f"[package]\n{line}\n")
    )
    assert [
        member.publish for member in cargo.workspace(tmp_path / "shop").members
    ] == [expected]


def test_a_broken_manifest_is_a_fact_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "Cargo.toml").write_text("[package\n")
    with pytest.raises(ReleaseError, match="cargo cannot read the workspace"):
        cargo.workspace(tmp_path)


def test_a_work_tree_builds_in_the_target_folder_of_the_checkout(
    shop: Path, tmp_path: Path
) -> None:
    git(shop, "tag", "v0.1.0")
    git(shop, "clone", "--quiet", "--bare", ".", str(tmp_path / "origin"))
    git(shop, "remote", "add", "origin", str(tmp_path / "origin"))
    commit_all(shop)
    here = projects.release(shop)
    assert here.source_tree != shop
    assert here.target == shop / "target"


def test_a_target_folder_elsewhere_stays_there(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARGO_TARGET_DIR", str(tmp_path / "builds"))
    assert projects.release(shop).target == tmp_path / "builds"


def test_the_date_of_a_429_is_read(shop: Path) -> None:
    said = "Please try again after Sat, 21 Nov 2026 04:03:34 GMT and see the page for more details."
    assert cargo_publish.retry_at(
        REFUSED.format("429 Too Many Requests", said)
    ) == datetime(2026, 11, 21, 4, 3, 34, tzinfo=UTC)
    assert cargo_publish.retry_at("error: something else") is None


def test_uploads_are_seen_in_coloured_output_too() -> None:
    said = "\x1b[1m\x1b[32m    Uploaded\x1b[0m shop-zero v0.1.0 to registry `crates-io`\n"
    assert cargo_publish.uploaded(said) == {"shop-zero"}


@pytest.mark.statement("B2.26", "B4.41")
@pytest.mark.parametrize(
    ("status", "said", "fix"),
    [
        ("403 Forbidden", "authentication failed", "settings/tokens"),
        (
            "403 Forbidden",
            "this crate exists but you don't seem to be an owner.",
            "cargo owner --add",
        ),
        (
            "403 Forbidden",
            "New versions of this crate can only be published using Trusted Publishing",
            "the workflow that crates.io trusts",
        ),
        (
            "400 Bad Request",
            "A crate with the name `a` was recently deleted.",
            "rename the crate",
        ),
        (
            "403 Forbidden",
            "Trusted Publishing tokens do not support creating new crates",
            "personal token",
        ),
        (
            "429 Too Many Requests",
            "You have published too many versions of this crate in the last 24 hours",
            "tomorrow",
        ),
        (
            "400 Bad Request",
            "missing or empty metadata fields: license",
            "[package]",
        ),
        (
            "400 Bad Request",
            "A verified email address is required",
            "settings/profile",
        ),
        (
            "400 Bad Request",
            "something nobody has seen",
            "run the release again",
        ),
    ],
)
def test_each_refusal_has_a_way_out(status: str, said: str, fix: str) -> None:
    error = cargo_publish.explain(
        Failed(["cargo", "publish"], 101, REFUSED.format(status, said))
    )
    assert fix in error.fix
    assert said in error.problem


@pytest.mark.parametrize(("output", "expected"), [
    (REFUSED.format("503 Service Unavailable", "down"), True),
    ("error: failed to publish\n\nCaused by:\n  failed to get a 200 OK response, got 502", True),
    ("error: failed to publish\n\nCaused by:\n  [7] Could not connect to server", True),
    (REFUSED.format("400 Bad Request", "invalid upload"), False),
    ("warning: timeout of something\nerror: no token found", False),
])  # fmt: skip
def test_only_what_passes_by_itself_is_tried_again(
    output: str, expected: bool
) -> None:
    assert cargo_publish.is_transient(output) is expected


@pytest.mark.parametrize(
    ("user", "core", "expected"), [("a", "b", True), ("b", "a", False)]
)
def test_cargo_packs_a_circle_of_dev_dependencies_from_one_end(
    user: str, core: str, expected: bool
) -> None:
    members = [
        cargo.Member(user, "1.0.0", Path(), True, (core,), ()),
        cargo.Member(core, "1.0.0", Path(), True, (), (), (user,)),
    ]
    assert cargo.packs_in_order(members) is expected
    in_order = cargo.in_order(members, {(core, user)})
    assert [member.name for member in in_order] == [core, user]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (None, True),
        ("cfg(unix)", True),
        ("cfg(windows)", False),
        (
            'cfg(all(target_arch = "wasm32", target_os = "wasi", target_env = "p2"))',
            False,
        ),
        ('cfg(any(target_os = "linux", target_os = "wasi"))', True),
        ("cfg(not(windows))", True),
        ("x86_64-unknown-linux-gnu", True),
        ("wasm32-wasip2", False),
    ],
)
def test_a_dependency_of_another_platform_is_not_used(
    tmp_path: Path, condition: str | None, expected: bool
) -> None:
    targets = ("x86_64-unknown-linux-gnu", "no-such-target")
    assert Platforms(tmp_path, targets).use(condition) is expected

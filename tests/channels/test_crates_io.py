"""The state of crates on crates.io, and uploads that survive rate limits, delays and errors."""

from __future__ import annotations

import gzip
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from email.utils import formatdate
from pathlib import Path

import pytest
from invoke.context import Context
from support import crate_projects as projects
from support.crate_projects import CHAIN
from support.local_registries import local_registries
from support.repositories import commit_all
from support.waiting import HeldRequest, wait_until

from release_tasks import dist, memo, terminal
from release_tasks.channels import crates_index, crates_io
from release_tasks.errors import ReleaseError
from release_tasks.project.artifacts import Artifact, State
from release_tasks.rehearsal.faults import Fault
from release_tasks.rehearsal.registries import LocalRegistries
from release_tasks.release import Release
from release_tasks.steps.package_crates import package_crates

pytestmark = pytest.mark.tools("cargo", "git")
PUT = ("PUT", "/api/v1/crates/new")
TOO_MANY = (
    b'{"errors":[{"detail":"You have published too many new crates in a short period of time. '
    b'Please try again after %s and see the documentation for more details."}]}'
)


@pytest.fixture
def one(
    registries: LocalRegistries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A workspace of one crate, without anything in dist/."""
    root = projects.workspace(tmp_path / "shop", {"shop-zero": ""})
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def packed(
    registries: LocalRegistries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A workspace of three crates in a row, packed and checked."""
    root = projects.chain(tmp_path / "shop")
    monkeypatch.chdir(root)
    package_crates(Context())
    return root


def states(release: Release) -> list[State]:
    return [
        one.state
        for one in crates_io.state(release, crates_io.expected(release))
    ]


def publish(release: Release, names: Sequence[str] = CHAIN) -> None:
    wanted = [
        artifact
        for artifact in crates_io.expected(release)
        if artifact.name in names
    ]
    crates_io.publish(Context(), release, wanted)


def upload(root: Path, *words: str) -> None:
    projects.cargo(root, "publish", "--no-verify", *words)


@dataclass
class TooMany(Fault):
    """Answers an upload that there is to be no other one for some seconds from then on."""

    seconds: int = 0

    def wait(self) -> None:
        date = formatdate(time.time() + self.seconds, usegmt=True)
        self.status = 429
        self.body = TOO_MANY % date.encode()
        self.headers = {"Retry-After": date}


@pytest.mark.parametrize(("name", "path"), [
    ("a", "1/a"), ("Ab", "2/ab"), ("AbC", "3/a/abc"),
    ("Serde", "se/rd/serde"), ("a_b-c", "a_/b-/a_b-c"),
])  # fmt: skip
def test_the_index_keeps_each_crate_under_its_first_letters(
    name: str, path: str
) -> None:
    assert crates_index.path(name) == path


def test_a_version_that_is_not_there_is_missing(one: Path) -> None:
    release = projects.release(one)
    assert states(release) == [State.MISSING]
    assert crates_io.is_new(crates_io.expected(release)[0])


def test_a_crate_of_another_commit_is_different(one: Path) -> None:
    upload(one)
    commit_all(one)
    seen = crates_io.state(
        projects.release(one), crates_io.expected(projects.release(one))
    )[0]
    assert seen.state is State.DIFFERENT
    assert "packed from commit" in seen.why


def test_a_crate_of_this_commit_is_present_where_its_bytes_are_not_known(
    one: Path,
) -> None:
    upload(one)
    release = projects.release(one)
    assert states(release) == [State.PRESENT]
    assert not crates_io.is_new(crates_io.expected(release)[0])


def test_a_crate_packed_outside_of_git_is_present(
    one: Path, registries: LocalRegistries
) -> None:
    projects.write_crate(one.parent / "elsewhere", "shop-zero")
    upload(one.parent / "elsewhere")
    assert states(projects.release(one)) == [State.PRESENT]


def test_a_recorded_hash_that_differs_is_different(one: Path) -> None:
    upload(one)
    release = projects.release(one)
    part = release.parts[0]
    dist.record(
        part,
        "package_crates",
        [
            dist.Built(
                "crate",
                "shop-zero",
                "0.1.0",
                "shop",
                "shop-zero-0.1.0.crate",
                1,
                "0" * 64,
                commit=release.commit,
            )
        ],
    )
    seen = crates_io.state(release, crates_io.expected(release))[0]
    assert seen.state is State.DIFFERENT
    assert "000000000000 in dist/" in seen.why


def test_a_yanked_version_is_yanked(one: Path) -> None:
    upload(one)
    release = projects.release(one)
    projects.cargo(one, "yank", "shop-zero@0.1.0")
    assert states(release) == [State.YANKED]


@pytest.mark.parametrize("body", [b"<html>down</html>", b"7", b"[1]", b"null"])
def test_an_invalid_index_is_an_error(
    one: Path, registries: LocalRegistries, body: bytes
) -> None:
    registries.faults.add(
        Fault("GET", "/sh/op/shop-zero", status=200, body=body)
    )
    with pytest.raises(ReleaseError, match="is not a file of the crates"):
        states(projects.release(one))


def test_what_was_published_is_the_same(
    packed: Path, registries: LocalRegistries
) -> None:
    publish(projects.release(packed))
    assert projects.uploads(registries) == list(CHAIN)
    assert states(projects.release(packed)) == [State.SAME] * 3


@pytest.mark.statement("B1.21", "B1.23")
def test_only_the_missing_crates_are_uploaded(
    packed: Path, registries: LocalRegistries
) -> None:
    upload(packed, "-p", "shop-zero")
    release = projects.release(packed)
    assert sorted(states(release)) == [State.MISSING, State.MISSING, State.SAME]
    publish(
        release, [artifact.name for artifact in crates_io.unpublished(release)]
    )
    assert [
        len(projects.upload_requests(registries)),
        *projects.uploads(registries),
    ] == [3, *CHAIN]
    assert states(release) == [State.SAME] * 3


def test_a_rate_limit_is_waited_for_as_the_server_says(
    packed: Path, registries: LocalRegistries, capfd: pytest.CaptureFixture[str]
) -> None:
    registries.faults.add(Fault(*PUT, delay=0.01))
    registries.faults.add(TooMany(*PUT, seconds=2))
    publish(projects.release(packed))
    assert projects.uploads(registries) == list(CHAIN)
    assert len(projects.upload_requests(registries)) == 4
    assert "UTC, 2 crates left" in capfd.readouterr().err


def test_a_rate_limit_of_hours_is_an_error_with_its_end(
    packed: Path, registries: LocalRegistries
) -> None:
    registries.faults.add(TooMany(*PUT, seconds=86400))
    with pytest.raises(ReleaseError, match="rate-limited by crates") as caught:
        publish(projects.release(packed))
    assert caught.value.fix == "run the release again then"


def test_the_real_rate_limits_are_waited_for_on_a_faster_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"shop-{letter}" for letter in "abcdefg"]
    with local_registries(
        tmp_path, monkeypatch, rate_limits=True
    ) as registries:
        registries.clock.speed = 600.0
        root = projects.workspace(tmp_path / "shop", dict.fromkeys(names, ""))
        monkeypatch.chdir(root)
        package_crates(Context())
        release = projects.release(root)
        assert crates_io.rate_limit_wait(crates_io.expected(release)) == 1200.0
        publish(release, names)
        assert sorted(projects.uploads(registries)) == names
        assert states(release) == [State.SAME] * 7


@pytest.mark.statement("B1.21")
def test_an_upload_whose_answer_was_lost_is_not_sent_again(
    packed: Path, registries: LocalRegistries
) -> None:
    registries.faults.add(Fault(*PUT, lose=True))
    publish(projects.release(packed))
    assert projects.uploads(registries) == list(CHAIN)
    assert len(projects.upload_requests(registries)) == 3


def test_a_server_error_is_tried_again(
    packed: Path, registries: LocalRegistries
) -> None:
    registries.faults.add(Fault(*PUT, status=503, body=b"down", times=2))
    publish(projects.release(packed))
    assert projects.uploads(registries) == list(CHAIN)


def test_repeated_server_errors_are_an_error(
    one: Path, registries: LocalRegistries
) -> None:
    package_crates(Context())
    registries.faults.add(Fault(*PUT, status=503, body=b"down", times=99))
    with pytest.raises(ReleaseError, match="503 Service Unavailable"):
        publish(projects.release(one))
    assert len(projects.upload_requests(registries)) == crates_io.TRIES


@pytest.mark.statement("B1.20", "B4.15")
def test_an_uploaded_crate_that_is_not_visible_yet_is_waited_for(
    packed: Path,
    registries: LocalRegistries,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    upload(packed, "-p", "shop-zero")
    # a stale cache in between, until that is noticed
    visible = registries.crates.store._visible
    visible["shop-zero", "0.1.0"] = math.inf
    waits: list[str] = []

    def wait(seconds: float, why: str = "") -> None:
        if not why:  # a read of the network
            return
        waits.append(why)
        visible["shop-zero", "0.1.0"] = 0.0
        memo.invalidate()

    monkeypatch.setattr(terminal, "pause", wait)
    publish(projects.release(packed))
    assert projects.uploads(registries) == list(CHAIN)
    assert waits == ["waiting for shop-zero to become visible on crates.io"]
    agents = {
        entry.agent
        for entry in registries.log.entries()
        if entry.method == "GET" and not entry.agent.startswith("cargo")
    }
    # who asks, as the policy of crates.io for crawlers wants it
    assert [one.partition("/")[0] for one in agents] == ["release-tasks"]


@pytest.mark.long
@pytest.mark.slow
def test_an_index_that_is_slower_than_cargo_waits_is_waited_for(
    packed: Path, registries: LocalRegistries
) -> None:
    registries.crates.store.lag = 63.0

    def only_the_first_one_is_late() -> None:
        wait_until(lambda: projects.uploads(registries))
        registries.crates.store.lag = 0.0

    threading.Thread(target=only_the_first_one_is_late, daemon=True).start()
    publish(projects.release(packed), ["shop-zero", "shop-middle"])
    assert projects.uploads(registries) == ["shop-zero", "shop-middle"]
    assert len(projects.upload_requests(registries)) == 2


@pytest.mark.statement("B1.22", "B4.41")
def test_a_crate_of_somebody_else_is_an_error_with_a_fix(
    packed: Path, registries: LocalRegistries
) -> None:
    registries.crates.owned_by_others.add("shop_middle")
    with pytest.raises(
        ReleaseError, match="don't seem to be an owner"
    ) as caught:
        publish(projects.release(packed))
    assert "cargo owner --add" in caught.value.fix
    assert projects.uploads(registries) == ["shop-zero"]
    # shop-zero, and the refused one, once more after that had arrived; shop-app never
    assert len(projects.upload_requests(registries)) == 3


@pytest.mark.statement("B2.26", "B4.41", "B5.24")
def test_a_wrong_token_is_an_error_with_a_fix(
    packed: Path, registries: LocalRegistries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARGO_REGISTRY_TOKEN", "another-secret")
    with pytest.raises(ReleaseError, match="authentication failed") as caught:
        publish(projects.release(packed))
    assert "settings/tokens" in caught.value.fix
    assert "another-secret" not in str(caught.value)


def test_without_a_token_the_error_names_its_variable(
    packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = projects.release(packed)
    assert list(crates_io.credentials(release)) == []
    monkeypatch.delenv("CARGO_REGISTRY_TOKEN")
    with pytest.raises(ReleaseError, match="no token found") as caught:
        publish(release)
    assert "CARGO_REGISTRY_TOKEN" in caught.value.fix
    assert [
        "CARGO_REGISTRY_TOKEN" in error.fix
        for error in crates_io.credentials(release)
    ] == [True]


def test_other_bytes_than_those_checked_are_never_uploaded(
    packed: Path, registries: LocalRegistries
) -> None:
    release = projects.release(packed)
    part = release.parts[0]
    rows = [
        replace(row, sha256="1" * 64) if row.name == "shop-app" else row
        for row in dist.inventory(part)
    ]
    dist.record(part, "package_crates", rows)
    with gzip.open(part.dist / "shop-app-0.1.0.crate") as packing:
        inside = packing.read()
    (part.dist / "shop-app-0.1.0.crate").write_bytes(
        gzip.compress(inside.replace(b'"git"', b'"gut"', 1))
    )
    with pytest.raises(
        ReleaseError,
        match=r"cargo now packs shop-app as .*, and dist/ has 111111111111, "
        r"first at shop-app-0.1.0/.cargo_vcs_info.json: byte 6",
    ):
        publish(release)
    assert projects.upload_requests(registries) == []


def test_a_crate_that_was_never_packed_is_never_uploaded(
    one: Path, registries: LocalRegistries
) -> None:
    with pytest.raises(ReleaseError, match="so it was not checked"):
        publish(projects.release(one))
    assert projects.upload_requests(registries) == []


@pytest.mark.statement("B1.23")
def test_a_release_killed_between_two_uploads_resumes_with_the_rest(
    packed: Path, registries: LocalRegistries
) -> None:
    registries.faults.add(Fault(*PUT, delay=0.01))
    held = HeldRequest(*PUT, cut=True)
    registries.faults.add(held)
    script = (
        "from invoke.context import Context\nfrom release_tasks.channels import crates_io\n"
        "from release_tasks.release import Release\nrelease = Release.at(Context())\n"
        "crates_io.publish(Context(), release, crates_io.unpublished(release))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script], cwd=packed, stderr=subprocess.DEVNULL
    )
    wait_until(held.arrived.is_set, process)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    held.released.set()
    assert projects.uploads(registries) == ["shop-zero"]
    release = projects.release(packed)
    publish(
        release, [artifact.name for artifact in crates_io.unpublished(release)]
    )
    assert projects.uploads(registries) == list(CHAIN)
    assert states(release) == [State.SAME] * 3


def test_the_delay_by_rate_limits_is_computed_beforehand(
    registries: LocalRegistries, one: Path
) -> None:
    upload(one)
    new = [
        Artifact("crates.io", f"shop-new-{i}", "0.1.0", "shop")
        for i in range(7)
    ]
    known = [Artifact("crates.io", "shop-zero", "0.1.0", "shop")] * 33
    assert crates_io.rate_limit_wait(new[:5]) == 0.0
    assert crates_io.rate_limit_wait(new) == 1200.0
    assert crates_io.rate_limit_wait([*new, *known]) == 1200.0 + 180.0

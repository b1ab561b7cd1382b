"""After a release has stopped at any step, `check` passes and `release` resumes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.hosted_project import HostedProject, hosted_project

from release_tasks import order
from release_tasks.rehearsal.faults import Fault

pytestmark = [
    pytest.mark.slow,
    pytest.mark.tools("cargo", "gh", "docker", "buildkitd", "runc", "helm"),
]
WORDS = ("--version", "0.2.0", "--new", "all")
IMAGE = "/v2/example/kit/manifests/"
STOPS = {
    "push": ("POST", "/example/kit.git/git-receive-pack"),
    "gh_draft": ("POST", "/repos/example/kit/releases"),
    "publish_images": ("PUT", rf"{IMAGE}0\.2\.0"),
    "publish_charts": ("PUT", "/v2/example/charts/kit/manifests/"),
    "publish_pypi": ("POST", "/legacy/"),
    "publish_crates": ("PUT", "/api/v1/crates/new"),
    "gh_release": ("PATCH", "/repos/example/kit/releases"),
    "move_pointers": ("PUT", f"{IMAGE}latest"),
    "verify": ("GET", "/v2/example/charts/kit/blobs/"),
}


@pytest.fixture
def kit(tmp_path: Path) -> Iterator[HostedProject]:
    with hosted_project(tmp_path) as made:
        yield made


@pytest.mark.statement("B1.34", "B4.16")
@pytest.mark.long
def test_a_release_that_stops_at_any_step_is_checked_and_finished_by_another_machine(
    kit: HostedProject,
) -> None:
    names = [step.name for step in order.steps(order.RELEASE)]
    assert names[names.index("push") :] == list(STOPS)
    where = kit.clone()
    for step, (method, path) in STOPS.items():
        fault = Fault(method, path, status=403, body=b"not now", times=999)
        kit.registries.faults.add(fault)
        ran = kit.inv(where, "release", *WORDS)
        assert (ran.code, "Traceback" in ran.err) == (1, False), ran.err[-3000:]
        assert f"{step.replace('_', '-')}: " in ran.err, ran.err[-3000:]
        fault.times = 0
        if step != "push":  # before that, only this clone has the tag
            where = kit.clone()
        ran = kit.inv(where, "check", *WORDS)
        assert (
            ran.code,
            ran.err.endswith("kit 0.2.0 is ready to release\n"),
        ) == (
            0,
            True,
        ), ran.err[-3000:]
    ran = kit.inv(where, "release", *WORDS)
    assert ran.code == 0, ran.err[-3000:]
    found = kit.inv(where, "status", "--version", "0.2.0", "--json").json()
    assert {row["state"] for row in found["artifacts"]} <= {"same", "present"}
    assert [row for row in kit.uploads() if "crates/new" in row] == [
        "PUT crates.io/api/v1/crates/new"
    ] * 2

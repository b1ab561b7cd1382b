"""A crate and the wheel that pins it are released together, and then the wheel alone."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from support.crate_and_wheel import PARTS
from support.hosted_project import HostedProject, hosted_project
from support.repositories import commit_all

pytestmark = [pytest.mark.slow, pytest.mark.tools("cargo", "gh")]
UNVERIFIED = {
    "tasks.py": (
        "from release_tasks import collection, without\n"
        "from release_tasks.steps.verify import verify\n\nns = collection(without(verify))\n"
    )
}
BOTH = "abacus-core=0.7.0,abacus-py=minor"


def status(made: HostedProject, where: Path, version: str) -> dict[str, str]:
    found = made.inv(where, "status", "--version", version, "--json").json()
    rows = {
        f"{row['channel']} {row['name']}": row["state"]
        for row in found["artifacts"]
    }
    return rows | {
        f"-> {row['name']}": f"{row['state']} {row['now']}"
        for row in found["pointers"]
    }


def releases(made: HostedProject, where: Path) -> dict[str, list[str]]:
    argv = ["gh", "api", "repos/example/abacus/releases"]
    rows = json.loads(
        subprocess.run(
            argv,
            cwd=where,
            env=made.environment(),
            check=True,
            capture_output=True,
        ).stdout
    )
    return {
        row["tag_name"]: sorted(a["name"] for a in row["assets"])
        for row in rows
        if not row["draft"]
    }


@pytest.mark.long
@pytest.mark.statement(
    "B5.1", "B5.11", "B5.17", "B5.19", "B5.20", "B5.25", "B5.31", "B2.11"
)
def test_two_components_are_released_together_and_then_one_of_them_alone(
    tmp_path: Path,
) -> None:
    with hosted_project(
        tmp_path, "abacus", offline=True, files=PARTS | UNVERIFIED
    ) as made:
        clone = made.clone()
        plan = made.inv(clone, "plan", "--version", BOTH)
        assert plan.code == 0, plan.out[:3000]
        assert "refs/tags/v0.7.0 refs/tags/py-v0.7.0" in plan.out

        ran = made.inv(clone, "release", "--version", BOTH, "--new", "all")

        assert ran.code == 0, ran.err[-4000:]
        both = status(made, clone, "abacus-core=0.7.0,abacus-py=0.7.0")
        assert both.pop("-> Latest") == "same v0.7.0"
        assert set(both.values()) == {"same"}
        public = releases(made, clone)
        assert public["v0.7.0"] == ["abacus-core-0.7.0.crate"]
        assert [name.split("-")[0] for name in public["py-v0.7.0"]] == [
            "rehearsed_abacus"
        ] * 2
        pushes = [
            row
            for row in ran.err.splitlines()
            if row.startswith("push") and "$ git push" in row
        ]
        assert len(pushes) == 2  # the branch, and both tags

        (clone / "py" / "CHANGELOG.md").write_text(
            (clone / "py" / "CHANGELOG.md")
            .read_text()
            .replace(
                "## [Unreleased]\n", "## [Unreleased]\n\n- Wheels for more.\n"
            )
        )
        commit_all(clone, "Support more")
        before = len(made.uploads())

        alone = made.inv(
            clone, "release", "--version", "patch", "--component", "abacus-py"
        )

        assert alone.code == 0, alone.err[-4000:]
        assert [
            row for row in made.uploads()[before:] if "crates.io" in row
        ] == []
        assert set(status(made, clone, "abacus-py=0.7.1").values()) == {"same"}
        latest = subprocess.run(
            ["gh", "api", "repos/example/abacus/releases/latest"],
            cwd=clone,
            env=made.environment(),
            check=True,
            capture_output=True,
        )
        assert json.loads(latest.stdout)["tag_name"] == "v0.7.0"
        again = made.inv(
            clone, "release", "--version", "patch", "--component", "abacus-py"
        )
        assert again.code == 0, again.err[-3000:]
        assert set(releases(made, clone)) == {
            "v0.7.0",
            "py-v0.7.0",
            "py-v0.7.1",
        }

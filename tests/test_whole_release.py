"""`inv release` of a small project of every kind, through the real clients."""

from __future__ import annotations

import hashlib
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from support.hosted_project import HostedProject, hosted_project
from support.repositories import commit_all

pytestmark = [
    pytest.mark.slow,
    pytest.mark.tools("cargo", "gh", "docker", "buildkitd", "runc", "helm"),
]
BUILDING = (
    "bump",
    "tag",
    "package-crates",
    "build-binaries",
    "build-wheels",
    "docker-buildx",
)
RELEASE = ("release", "--version", "0.2.0", "--new", "all")


@pytest.fixture
def kit(tmp_path: Path) -> Iterator[HostedProject]:
    with hosted_project(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a dist/ of the same commit: a release that is killed finds these files built."""
    with hosted_project(tmp_path_factory.mktemp("built")) as kit:
        clone = kit.clone()
        for step in BUILDING:
            ran = kit.inv(clone, step, "--version", "0.2.0")
            assert ran.code == 0, ran.err[-3000:]
    return clone / "dist"


def states(kit: HostedProject, where: Path) -> dict[str, str]:
    found = kit.inv(where, "status", "--version", "0.2.0", "--json").json()
    return {
        f"{row['channel']} {row['name']}": row["state"]
        for row in found["artifacts"]
    }


def on_pypi(kit: HostedProject) -> dict[str, str]:
    """Return the sha256 of each file of rehearsed-kit-clock that users can install."""
    url = f"{kit.registries.urls['pypi']}/simple/rehearsed-kit-clock/"
    got = requests.get(
        url,
        headers={"Accept": "application/vnd.pypi.simple.v1+json"},
        timeout=10,
    ).json()
    return {row["filename"]: row["hashes"]["sha256"] for row in got["files"]}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_a_release_makes_everything_public_and_the_second_run_does_nothing(
    kit: HostedProject,
) -> None:
    clone = kit.clone()

    first = kit.inv(clone, *RELEASE)

    assert first.code == 0, first.err[-3000:]
    assert set(states(kit, clone).values()) == {"same"}
    before = kit.uploads()
    second = kit.inv(clone, *RELEASE)
    assert second.code == 0, second.err[-3000:]
    assert kit.uploads() == before
    assert "cargo package" not in second.err
    assert "cargo publish" not in second.err


@pytest.mark.long
def test_what_is_there_beforehand_is_not_published_again(
    kit: HostedProject,
) -> None:
    """One crate, one wheel and the image are public already: exactly the rest is published."""
    clone = kit.clone()
    for step in (*BUILDING, "push", "publish-images"):
        words = [step, "--version", "0.2.0"]
        if step.startswith("publish"):
            words += ["--new", "all"]
        ran = kit.inv(clone, *words)
        assert ran.code == 0, ran.err[-3000:]
    env = kit.environment()
    subprocess.run(
        ["cargo", "publish", "-p", "rehearsed-kit-core", "--no-verify"],
        cwd=clone,
        env=env,
        check=True,
    )
    wheel = next((clone / "dist" / "v0.2.0").glob("*.whl"))
    twine = ["python", "-m", "twine", "upload", "--non-interactive", wheel]
    subprocess.run(twine, env=env, check=True)
    before = len(kit.uploads())

    ran = kit.inv(clone, *RELEASE)

    assert ran.code == 0, ran.err[-3000:]
    sent = kit.uploads()[before:]
    assert [row for row in sent if "crates/new" in row] == [
        "PUT crates.io/api/v1/crates/new"
    ]
    assert len([row for row in sent if "upload.pypi.org" in row]) == 1
    assert not [row for row in sent if "/v2/example/kit/blobs" in row]
    assert set(states(kit, clone).values()) == {"same"}


KILLS = {
    "publish_images": ("PUT", r"/v2/example/kit/manifests/0\.2\.0"),
    "publish_pypi": ("POST", "/legacy/"),
    "publish_crates": ("PUT", "/api/v1/crates/new"),
    "gh_release": ("DELETE", "/repos/example/kit/releases/assets"),
    "gh_release_publishing": ("PATCH", "/repos/example/kit/releases"),
}


LONG = [pytest.param(step, marks=pytest.mark.long) for step in list(KILLS)[1:]]


@pytest.mark.parametrize("step", ["publish_images", *LONG])
def test_a_killed_release_is_finished_from_a_fresh_clone(
    kit: HostedProject, built: Path, step: str
) -> None:
    """The wheel embeds the time of its build, so whoever builds it twice is found out."""
    clone = kit.clone()
    shutil.copytree(built, clone / "dist")
    log = kit.signal_during(signal.SIGKILL, KILLS[step], clone, *RELEASE).err
    assert "-m build" not in log
    wheel = next((clone / "dist" / "v0.2.0").glob("*.whl"))
    bytes_of = {
        path.name: path.read_bytes()
        for path in (clone / "dist" / "v0.2.0").iterdir()
        if path.is_file()
    }
    subprocess.run(["rm", "-rf", clone], check=True)
    meanwhile = kit.clone()
    (meanwhile / "NEWS").write_text("life goes on\n")
    commit_all(meanwhile, "Go on")
    subprocess.run(
        ["git", "push", "--quiet"],
        cwd=meanwhile,
        env=kit.environment(),
        check=True,
    )
    fresh = kit.clone()

    ran = kit.inv(fresh, *RELEASE)

    assert ran.code == 0, log[-1500:] + ran.err[-3000:]
    assert set(states(kit, fresh).values()) <= {"same", "present"}
    (release,) = kit.registries.github.releases("example", "kit")
    assert not release["draft"]
    assert set(release["assets"]) == {
        "kit-linux-amd64",
        "kit-linux-amd64.sha256",
        wheel.name,
    }
    assert on_pypi(kit) == {
        name: sha256(bytes_of[name])
        for name in (wheel.name, "rehearsed_kit_clock-0.2.0.tar.gz")
    }
    assert (
        release["assets"][wheel.name]["digest"]
        == f"sha256:{sha256(bytes_of[wheel.name])}"
    )
    published = [row for row in kit.uploads() if "crates/new" in row]
    assert len(published) == 2

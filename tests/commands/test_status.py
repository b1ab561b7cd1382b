"""`inv status`: one row for each artifact, and an exit status: complete, incomplete or error."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.python_projects import sdist, wheel
from support.tiny_project import TinyProject

from release_tasks.channels import images, pages, pypi
from release_tasks.commands.table import print_table
from release_tasks.project.artifacts import ArtifactStatus, State
from release_tasks.rehearsal.faults import Fault

pytestmark = pytest.mark.tools("gh")
WHEEL, SDIST = "tiny_plain-0.2.0-py3-none-any.whl", "tiny_plain-0.2.0.tar.gz"


def upload(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_bytes(
            wheel("tiny-plain")
            if name.endswith(".whl")
            else sdist("tiny-plain")
        )
    subprocess.run(
        [sys.executable, "-m", "twine", "upload", *names],
        cwd=folder,
        check=True,
        capture_output=True,
    )


def finish(tiny: TinyProject, *, latest: bool = True) -> None:
    """Publish everything by hand."""
    tiny.tag("v0.2.0")
    upload(tiny.folder, WHEEL, SDIST)
    create = [
        "gh",
        "release",
        "create",
        "v0.2.0",
        "--notes",
        "",
        f"--latest={str(latest).lower()}",
        "--repo",
        "example/tiny",
    ]
    subprocess.run(create, check=True, capture_output=True)


def test_status_3_means_incomplete(tiny: TinyProject) -> None:
    ran = tiny.inv("status", "--version", "0.2.0", "--json")
    assert ran.returncode == 3, ran.stderr
    assert {row["state"] for row in json.loads(ran.stdout)["artifacts"]} == {
        "missing"
    }


def test_status_0_means_complete(tiny: TinyProject) -> None:
    finish(tiny)
    ran = tiny.inv("status", "--version", "0.2.0", "--json")
    data = json.loads(ran.stdout)
    assert ran.returncode == 0, ran.stderr
    assert {(row["channel"], row["state"]) for row in data["artifacts"]} == {
        ("git", "same"),
        ("PyPI", "present"),
        ("GitHub", "same"),
    }
    assert data["pointers"] == [
        {
            "channel": "GitHub",
            "name": "Latest",
            "state": "same",
            "now": "v0.2.0",
            "target": "v0.2.0",
        }
    ]
    assert data["problems"] == []
    assert data["commit"] == tiny.head()


def test_a_pointer_that_is_behind_means_incomplete(tiny: TinyProject) -> None:
    tiny.tag("v0.1.0")
    first = [
        "gh",
        "release",
        "create",
        "v0.1.0",
        "--notes",
        "",
        "--latest",
        "--repo",
        "example/tiny",
    ]
    subprocess.run(first, check=True, capture_output=True)
    tiny.commit("more.txt")
    finish(tiny, latest=False)
    ran = tiny.inv("status", "--version", "0.2.0")
    assert ran.returncode == 3, ran.stdout
    assert "v0.1.0 → v0.2.0" in ran.stdout


def test_status_1_means_error(tiny: TinyProject) -> None:
    tiny.tag("v0.2.0")
    upload(tiny.folder, WHEEL, SDIST)
    index = next(tiny.folder.glob("registries/**/tiny_plain-0.2.0.tar.gz"))
    assert index.exists()
    (tiny.root / "dist" / "v0.2.0" / "parts").mkdir(parents=True)
    (tiny.root / "dist" / ".gitignore").write_text("*\n")
    row = {
        "kind": "wheel",
        "name": WHEEL,
        "version": "0.2.0",
        "component": "tiny",
        "file": WHEEL,
        "size": 1,
        "sha256": "0" * 64,
        "commit": tiny.head(),
        "package": "tiny-plain",
    }
    (tiny.root / "dist" / "v0.2.0" / "parts" / "build_wheels.json").write_text(
        json.dumps([row])
    )
    ran = tiny.inv("status", "--version", "0.2.0", "--json")
    assert ran.returncode == 1, ran.stderr
    assert {
        row["state"]
        for row in json.loads(ran.stdout)["artifacts"]
        if row["name"] == WHEEL
    } == {"different"}


def test_a_registry_that_cannot_be_read_does_not_hide_the_others(
    tiny: TinyProject,
) -> None:
    tiny.registries.faults.add(
        Fault("GET", "/simple/tiny-plain", status=500, times=50)
    )
    ran = tiny.inv("status", "--version", "0.2.0", "--json")
    data = json.loads(ran.stdout)
    assert ran.returncode == 1
    assert {row["channel"] for row in data["artifacts"]} == {"git", "GitHub"}
    [problem] = data["problems"]
    assert "answered 500" in problem["problem"]
    assert problem["fix"]
    assert "answered 500" in ran.stderr


def test_an_open_question_hides_only_what_depends_on_it(
    tiny: TinyProject,
) -> None:
    tiny.commit("Dockerfile", "FROM scratch\n")
    tiny.commit("tools/Dockerfile", "FROM scratch\n")
    ran = tiny.inv("status", "--version", "0.2.0")
    assert ran.returncode == 1
    assert "tiny_plain-0.2.0" in ran.stdout
    assert "several Dockerfiles are possible" in ran.stderr
    assert 'dockerfile = "tools/Dockerfile"' in ran.stderr


def test_a_project_without_a_remote_shows_the_other_channels(
    tiny: TinyProject,
) -> None:
    tiny.git("remote", "remove", "origin")
    ran = tiny.inv("status", "--version", "0.2.0")
    assert ran.returncode == 1
    assert "tiny_plain-0.2.0" in ran.stdout
    assert "the repository has no remote called origin" in ran.stderr
    assert "git remote add origin URL" in ran.stderr


def test_an_unreadable_repository_is_an_error_and_not_missing(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.tag("v0.2.0")
    tiny.registries.github._repos.pop("example/tiny")
    monkeypatch.chdir(tiny.root)
    ran = tiny.inv("status", "--version", "0.2.0", "--json")
    assert ran.returncode == 1
    assert not [
        row
        for row in json.loads(ran.stdout)["artifacts"]
        if row["channel"] == "GitHub"
    ]
    assert "GitHub shows no repository example/tiny" in ran.stderr


def test_a_narrow_terminal_shows_complete_names(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "65")
    name = "rehearsed_tiny-0.2.0-cp39-abi3-manylinux_2_34_x86_64.whl"
    image = "→ ghcr.io/example/tiny:0.2"
    print_table(
        ("channel", "artifact", "state", "digest"),
        [
            ("PyPI", name, "published", "0" * 12),
            ("images", image, "missing", ""),
        ],
    )
    shown = capsys.readouterr().out
    assert "…" not in shown
    assert "_x86_64.whl" in shown
    assert "→\u00a0ghcr.io" in shown


SETTINGS = """\
[images."ghcr.io/example/tiny"]
[images."ghcr.io/other/tiny/app"]
[images."docker.io/example/tiny"]
[images."quay.io/example/tiny"]
[images."registry.example.org/tiny"]
"""
RUN = ".github/workflows/ci.yml"  # without a name of its own
PAGES = {
    "tiny-plain": "https://pypi.org/project/tiny-plain/0.2.0/",
    "v0.2.0": "https://github.com/example/tiny/releases/tag/v0.2.0",
    "ghcr.io/example/tiny": (
        "https://github.com/example/tiny/pkgs/container/tiny"
    ),
    "ghcr.io/other/tiny/app": "https://github.com/other?tab=packages",
    "docker.io/example/tiny": "https://hub.docker.com/r/example/tiny/tags",
    "quay.io/example/tiny": "https://quay.io/repository/example/tiny?tab=tags",
    "all runs": "https://github.com/example/tiny/actions",
}


@pytest.mark.statement("B2.25", "B3.22", "B5.41")
def test_links_lead_to_the_page_of_each_artifact_and_run(
    tiny: TinyProject,
) -> None:
    finish(tiny)
    runs = [{"head_sha": tiny.head(), "head_branch": "main"}]
    tiny.registries.github.set_runs("example", "tiny", runs)
    words = ("status", "--version", "0.2.0", "--links")
    done = tiny.inv(*words, "--json")
    assert done.returncode == 0, done.stderr
    links = json.loads(done.stdout)["links"]
    found = {row["name"]: row["url"] for row in links}
    # the number of a run counts all that this process has made
    page = found.pop(RUN).rstrip("0123456789")
    assert page == "https://github.com/example/tiny/actions/runs/"
    assert {name: PAGES[name] for name in found} == found
    assert len(links) == 5  # that of the tag and of its release have one name
    states = {row["channel"]: row["state"] for row in links}
    assert states["PyPI"] == "present"
    [run] = [row for row in links if row["name"] == RUN]
    assert run["state"] == "success"
    shown = tiny.inv(*words).stdout
    assert all(row["url"] in shown for row in links)


def test_each_kind_of_registry_has_its_own_pages(tiny: TinyProject) -> None:
    tiny.commit("Dockerfile", "FROM scratch\n")
    tiny.commit("release-tasks.toml", SETTINGS)
    release = tiny.release("0.2.0")
    seen = [
        ArtifactStatus(artifact, State.MISSING)
        for artifact in (*images.expected(release), *pypi.expected(release))
    ]
    found = {page.name: page.url for page in pages.of_artifacts(release, seen)}
    assert found == {name: PAGES[name] for name in found}
    assert len(found) == 5

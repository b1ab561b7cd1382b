"""docs/json.md describes exactly the keys that are printed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from support.contexts import context
from support.tiny_project import TINY, TinyProject, tiny_project

from release_tasks import dist
from release_tasks.changelogs.announcement import Announcement
from release_tasks.changelogs.install_lines import InstallLine
from release_tasks.channels import github
from release_tasks.checks.check import Finding
from release_tasks.project.kinds import FileKind
from release_tasks.project.model import (
    Binary,
    Chart,
    Crate,
    Image,
    PythonPackage,
)

PAGE = Path(__file__).parents[2] / "docs" / "json.md"
CODE = re.compile("`([^`]+)`")
SHIPPED = {
    "crates": Crate,
    "python": PythonPackage,
    "binaries": Binary,
    "images": Image,
    "charts": Chart,
}
pytestmark = pytest.mark.tools("git", "gh")
# of the objects below each key; "" is the printed object
Keys = dict[str, set[str]]


def documented() -> dict[str, Keys]:
    """Return the keys of every table of the page, by command and heading."""
    found: dict[str, Keys] = {}
    for line in PAGE.read_text().splitlines():
        if line.startswith("## "):
            table: set[str] = set()
            objects = {"": table}
            found[CODE.findall(line)[0]] = objects
        elif line.startswith("### "):
            table = objects[CODE.findall(line)[0]] = set()
        elif line.startswith("| `"):
            table |= set(CODE.findall(line.split("|")[1]))
    return found


def printed(data: dict[str, Any], *keys: str) -> Keys:
    """Return the keys of an object, and of the objects in the lists below `keys`."""
    found = {"": set(data)}
    for key in keys:
        assert data[key], f"an example of {key} is needed"
        found[key] = {name for row in data[key] for name in row}
    return found


def names_of(kind: type) -> set[str]:
    return {field.name for field in fields(kind)}


@pytest.fixture
def project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TinyProject]:
    """A project with a version that disagrees, a stale version and an open question."""
    files = TINY | {
        "tiny_plain/__init__.py": '__version__ = "0.0.9"\n',
        "docs.md": "pip install tiny-plain==0.1.0\n",
        "a/Dockerfile": "FROM scratch\n",
        "b/Dockerfile": "FROM scratch\n",
    }
    with tiny_project(tmp_path, monkeypatch, files) as made:
        yield made


@pytest.fixture
def output(project: TinyProject) -> Any:
    def run(*words: str) -> Any:
        return json.loads(project.inv(*words).stdout)

    return run


def test_every_key_of_status_is_documented(
    project: TinyProject, output: Any
) -> None:
    project.tag("v0.1.0")  # on origin: an artifact with a digest
    data = output("status", "--version", "0.1.0", "--json")
    found = printed(data, "components", "artifacts", "pointers", "problems")
    assert found == documented()["inv status --json"]


def test_every_key_of_links_is_documented(output: Any) -> None:
    data = output("status", "--version", "0.2.0", "--links", "--json")
    pages = documented()
    found = printed({"links": data["links"]}, "links")
    assert found == pages["inv status --links --json"]


def test_every_key_of_plan_is_documented(output: Any) -> None:
    data = output("plan", "--version", "0.2.0", "--json")
    assert printed(data, "steps") == documented()["inv plan --json"]


def test_every_key_of_check_is_documented(output: Any) -> None:
    data = output("check", "--version", "0.2.0", "--fast", "--json")
    assert printed(data, "findings") == documented()["inv check --json"]
    assert printed(data, "findings")["findings"] == names_of(Finding)


def test_every_key_of_bump_is_documented(output: Any) -> None:
    data = output("bump", "--version", "0.2.0", "--show", "--json")
    found = printed(data, "mismatches", "stale", "versions")
    assert found == documented()["inv bump --json"]


def test_every_key_of_doctor_is_documented(output: Any) -> None:
    assert (
        printed(output("doctor", "--json"), "programs")
        == documented()["inv doctor --json"]
    )


def test_every_key_of_settings_is_documented(output: Any) -> None:
    data = output("settings", "--json")
    found = printed(data, "components", "files", "settings")
    for kind, shipped in SHIPPED.items():
        found[kind] = names_of(shipped) | {"source"}
    found["python"] -= {"is_from_tags"}  # which `version` shows
    assert found == documented()["inv settings --json"]
    [component] = data["components"]
    assert set(component["images"]) == {"question", "fix"}
    assert set(component["python"][0]) == found["python"]


def test_every_key_of_matrix_is_documented(
    project: TinyProject, output: Any
) -> None:
    assert output("matrix")["images"] == []  # as long as there is a question
    image = '[images."ghcr.io/example/tiny"]\ndockerfile = "a/Dockerfile"\n'
    project.commit("release-tasks.toml", image)
    keys = ("jobs", "images", "tests", "systems", "wheels")
    found = printed(output("matrix"), *keys)
    assert found == documented()["inv matrix"]


def test_every_key_of_tag_parse_is_documented(output: Any) -> None:
    assert (
        printed(output("tag", "--parse", "v0.2.0"))
        == documented()["inv tag --parse TAG"]
    )


def test_every_key_of_rollback_is_documented(
    project: TinyProject, output: Any
) -> None:
    project.tag("v0.1.0")
    project.release_by_hand("v0.1.0")
    data = output("rollback", "--version", "0.1.0", "--json")
    found = printed(data, "actions", "instead")
    assert found == documented()["inv rollback --json"]


def test_every_key_of_next_is_documented(
    project: TinyProject, output: Any
) -> None:
    project.tag("v0.1.0")
    project.release_by_hand("v0.1.0")
    project.commit("more.txt")
    pages = documented()["inv next --json"]
    del pages["dependencies"]
    data = output("next", "--json")
    [component] = data["components"]
    found = printed(data, "components")
    found |= {key: set(component[key][0]) for key in ("commits", "reasons")}
    assert found == pages


def test_every_key_of_hotfix_is_documented(
    project: TinyProject, output: Any
) -> None:
    project.git("restore", ".")
    project.tag("v0.1.0")
    data = output("--dry", "hotfix", "--from", "v0.1.0", "--json")
    assert printed(data) == documented()["inv hotfix --json"]


def test_every_key_of_milestone_is_documented(output: Any) -> None:
    data = output("milestone", "--version", "0.2.0", "--json")
    assert printed(data, "milestones") == documented()["inv milestone --json"]


def test_every_key_of_a_sign_off_is_documented(
    project: TinyProject, output: Any
) -> None:
    for name, text in {
        "docs.md": "\n",
        "tiny_plain/__init__.py": '__version__ = "0.1.0"\n',
        "release-tasks.toml": '[gates]\nblockers = ["P0"]\n',
    }.items():
        project.commit(name, text)
    project.tag("v0.1.0")
    release = project.release("0.1.0")
    part = release.parts[0]
    path = dist.folder(part) / "tiny.whl"
    path.write_bytes(b"wheel")
    row = dist.describe(release, part, FileKind.WHEEL, path)
    dist.record(part, "build_wheels", [row])
    github.fill_draft(context(), release)
    argv = ["gh", "api", "-X", "POST", "repos/example/tiny/issues"]
    argv += ["-f", "title=It flickers", "-f", "labels[]=P0"]
    subprocess.run(argv, check=True, capture_output=True)
    run = {"workflow": "ci.yml", "head_sha": project.head()}
    project.registries.github.set_runs("example", "tiny", [run])
    data = output("sign-off", "--version", "0.1.0", "--json")
    [row] = data["sign_offs"]
    found = printed(data, "sign_offs")
    found |= {key: set(row[key][0]) for key in ("files", "issues", "runs")}
    assert found == documented()["inv sign-off --json"]


def test_every_key_of_untag_is_documented(output: Any) -> None:
    data = output("untag", "--version", "0.2.0", "--json")
    assert printed(data) == documented()["inv untag --json"]


def test_every_key_of_an_install_line_is_documented() -> None:
    pages = documented()["inv announce --json"]
    assert pages["install"] == names_of(InstallLine)
    assert names_of(Announcement) - {"template"} <= pages["announcements"]


def test_every_key_of_the_inventory_is_documented(project: TinyProject) -> None:
    release = project.release("0.1.0")
    part = release.parts[0]
    path = dist.folder(part) / "tiny.whl"
    path.write_bytes(b"wheel")
    dist.record(
        part,
        "build_wheels",
        [dist.describe(release, part, FileKind.WHEEL, path)],
    )
    data = json.loads(dist.write_inventory(release, part).read_text())
    assert printed(data, "files") == documented()["dist/<tag>/release.json"]
    kinds = CODE.findall(
        PAGE.read_text().split("| `kind` |")[1].splitlines()[0]
    )
    assert set(kinds) == set(FileKind)


def test_every_key_of_serve_is_documented(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "release_tasks", "rehearse", "--serve"]
    done = subprocess.run(
        argv,
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (
        printed(json.loads(done.stdout)) == documented()["inv rehearse --serve"]
    )


@pytest.mark.slow
def test_every_key_of_a_rehearsal_is_documented(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_a_tag = TINY | {
        "pyproject.toml": '[project]\nname = "tiny"\nversion = "0.1.0"\n',
        "release-tasks.toml": "[gates]\nminor = []\n",
    }
    with tiny_project(tmp_path, monkeypatch, only_a_tag) as tiny:
        data = json.loads(
            tiny.inv("rehearse", "--version", "0.2.0", "--json").stdout
        )
    pages = documented()
    expected = pages["inv rehearse --json"]
    found = printed(data, "timeline", "requests")
    assert found[""] == expected[""] | pages["inv status --json"][""]
    del found[""], expected[""]
    assert found == expected

"""`inv announce` says how users get a version; the notes of a release can say it, too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.python_projects import sdist, wheel
from support.repositories import commit_files, git
from support.sample_projects import inv
from support.tiny_project import TINY, TinyProject, tiny_project

SETTINGS = """\
[github]
notes = ["changelog", "install"]

[install]
"Install script" = "curl -sSf https://example.org/install.sh | V={version} bash"

[announce]
todo = ["the badge of the README", "a blog post"]
"""
CRATE = """\
[package]
name = "lantern"
version = "0.2.0"
edition = "2021"
description = "Says how bright it is"
license = "MIT"
"""
LANTERN = {
    "tasks.py": TINY["tasks.py"],
    "Cargo.toml": CRATE,
    "src/main.rs": "fn main() {}\n",
    "python/pyproject.toml": '[build-system]\nrequires = ["hatchling"]\n'
    'build-backend = "hatchling.build"\n'
    '[project]\nname = "lantern-py"\nversion = "0.2.0"\n',
    "Dockerfile": "FROM scratch\n",
    "deploy/lantern/Chart.yaml": (
        "apiVersion: v2\nname: lantern\nversion: 0.2.0\nappVersion: 0.2.0\n"
    ),
    "CHANGELOG.md": "# Changelog\n\n## [0.2.0] - 2026-01-01\n\n- Brighter.\n",
}
REFERENCES = """\
[images."ghcr.io/example/lantern"]
tags = ["v{version}", "latest"]
[charts."ghcr.io/example/charts/lantern"]
"""
WAYS = """\
## Install

```sh
curl -sSf https://example.org/install.sh | V=0.2.0 bash
cargo install lantern --version 0.2.0
pip install lantern-py==0.2.0
docker pull ghcr.io/example/lantern:v0.2.0
helm install lantern oci://ghcr.io/example/charts/lantern --version 0.2.0
```

Files and checksums: <https://github.com/example/lantern/releases/tag/v0.2.0>
"""


def lantern(folder: Path, settings: str) -> Path:
    root = commit_files(
        folder / "lantern", LANTERN | {"release-tasks.toml": settings}
    )
    git(root, "remote", "add", "origin", "https://github.com/example/lantern")
    git(root, "tag", "--annotate", "--message=v0.2.0", "v0.2.0")
    return root


@pytest.mark.tools("git", "cargo")
@pytest.mark.statement("B1.40", "B3.22")
def test_notes_say_how_every_channel_is_installed(tmp_path: Path) -> None:
    root = lantern(tmp_path, SETTINGS + REFERENCES)
    done = inv(root, "notes")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"- Brighter.\n\n{WAYS}"


@pytest.mark.tools("git", "cargo")
def test_a_line_can_be_replaced_or_left_out(tmp_path: Path) -> None:
    own = """\
[github]
notes = "install"

[install]
cargo = "cargo binstall lantern@{version}"
pip = false
docker = false
helm = false
release = false
"""
    root = lantern(tmp_path, own + REFERENCES)
    done = inv(root, "notes")
    assert done.stdout == (
        "## Install\n\n```sh\ncargo binstall lantern@0.2.0\n```\n"
    )


@pytest.mark.tools("git")
@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ('[install]\ncargo = "cargo install x@{verson}"\n', "{verson}"),
        ('[announce]\ntemplate = "no.md"\n', "announce.template: no.md"),
    ],
)
def test_a_setting_that_cannot_work_is_refused(
    tmp_path: Path, settings: str, error: str
) -> None:
    done = inv(lantern(tmp_path, settings), "notes")
    assert (done.returncode, error in done.stderr) == (1, True), done.stderr


def publish(tiny: TinyProject) -> None:
    tiny.commit("CHANGELOG.md", TINY["CHANGELOG.md"].replace("0.1.0", "0.2.0"))
    tiny.tag("v0.2.0")
    for name, data in (
        ("tiny_plain-0.2.0-py3-none-any.whl", wheel("tiny-plain")),
        ("tiny_plain-0.2.0.tar.gz", sdist("tiny-plain")),
    ):
        tiny.upload(name, data)
    tiny.release_by_hand("v0.2.0", "x")


@pytest.mark.tools("git", "gh")
@pytest.mark.statement("B4.33", "B5.36", "B3.33")
def test_an_announcement_is_markdown_text_or_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = (
        "{component} {version} after {previous}!\n\n{notes}\n\n{install}\n"
    )
    files = TINY | {
        "docs/announcement.md": template,
        "release-tasks.toml": SETTINGS + 'template = "docs/announcement.md"\n',
    }
    with tiny_project(tmp_path, monkeypatch, files) as tiny:
        tiny.tag("v0.1.0")
        early = tiny.inv("announce", "--version", "0.2.0")
        assert early.returncode == 1
        assert "tiny 0.2.0 is not complete: v0.2.0 on git is missing" in (
            early.stderr
        )
        publish(tiny)

        done = tiny.inv("announce", "--version", "0.2.0")
        text = tiny.inv("announce", "--version", "0.2.0", "--text")
        data = json.loads(
            tiny.inv("announce", "--version", "0.2.0", "--json").stdout
        )

        assert done.returncode == 0, done.stderr
        script = "curl -sSf https://example.org/install.sh | V=0.2.0 bash"
        page = "https://github.com/example/tiny/releases/tag/v0.2.0"
        lines = [script, "pip install tiny-plain==0.2.0"]
        assert done.stdout == (
            "tiny 0.2.0 after v0.1.0!\n\n- All.\n\n## Install\n\n```sh\n"
            + "\n".join(lines)
            + f"\n```\n\nFiles and checksums: <{page}>\n"
        )
        commands = "".join(f"    {line}\n" for line in (*lines, page))
        assert text.stdout == (
            f"tiny 0.2.0 after v0.1.0!\n\n- All.\n\nInstall\n\n{commands}"
        )
        assert "left to do:" in done.stderr
        assert "a blog post" in done.stderr
        [one] = data["announcements"]
        assert (one["markdown"], one["text"]) == (done.stdout, text.stdout)
        assert [row["command"] for row in one["install"]] == [*lines, page]
        assert data["todo"] == ["the badge of the README", "a blog post"]

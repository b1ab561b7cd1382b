"""The components that are suggested for several versions, and what `inv init` makes of them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from support.contexts import context
from support.repositories import commit_files, git

from release_tasks.commands.init import init
from release_tasks.project.discovery import discover
from release_tasks.project.suggested_components import SeveralVersions

pytestmark = pytest.mark.tools("cargo")
ROOT = '[package]\nname = "{name}"\nversion = "5.1.0"\n[workspace]\nmembers = ["ant", "bee"]\n'


def member(name: str, version: str) -> dict[str, str]:
    manifest = f'[package]\nname = "{name}"\nversion = "{version}"\n'
    return {f"{name}/Cargo.toml": manifest, f"{name}/src/lib.rs": ""}


def workspace(folder: Path, **versions: str) -> Path:
    """Commit a workspace of crates that may be published, on GitHub as acme/zebra."""
    members = ", ".join(f'"{name}"' for name in versions)
    files = {
        "Cargo.toml": f'[workspace]\nmembers = [{members}]\nresolver = "2"\n'
    }
    for name, version in versions.items():
        files |= member(name, version)
        files[f"{name}/Cargo.toml"] += 'description = "One"\nlicense = "MIT"\n'
    made = commit_files(folder / "zebra", files)
    git(made, "remote", "add", "origin", "https://github.com/acme/zebra")
    return made


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with three versions, whose root package is not the first of the alphabet."""
    files = {
        "Cargo.toml": ROOT.format(name="zebra"),
        "src/lib.rs": "",
        "Dockerfile": "FROM scratch\n",
        "CHANGELOG.md": "# Changelog\n",
        "a/pyproject.toml": '[build-system]\nrequires = []\n[project]\nname = "a"\n',
        "b/pyproject.toml": '[build-system]\nrequires = []\n[project]\nname = "b"\n',
        **member("ant", "0.3.0"),
        **member("bee", "0.7.0"),
    }
    made = commit_files(tmp_path / "zebra", files)
    git(made, "remote", "add", "origin", "https://github.com/acme/zebra")
    for tag in ("5.1.0", "ant-0.3.0", "bee@0.7.0"):
        git(made, "tag", tag)
    monkeypatch.chdir(made)
    return made


def test_the_main_component_is_at_the_root_and_tags_are_those_of_the_history(
    root: Path,
) -> None:
    with pytest.raises(SeveralVersions) as error:
        discover(root)
    assert error.value.lines == (
        "[components.zebra]",
        'tag = "{version}"',
        'crates = ["zebra"]',
        'images = ["ghcr.io/acme/zebra"]',
        "latest = true",
        "[components.ant]",
        'tag = "ant-{version}"',
        'crates = ["ant"]',
        "[components.bee]",
        'tag = "bee@{version}"',
        'crates = ["bee"]',
    )


def test_init_writes_components_that_work_and_names_what_they_leave_out(
    root: Path,
) -> None:
    init(context())
    text = (root / "release-tasks.toml").read_text()
    assert (
        '# python: several Python packages are possible: [python."a"], [python."b"]'
        in text
    )
    names = {
        component.name: component.latest
        for component in discover(root).components
    }
    assert names == {"zebra": True, "ant": False, "bee": False}


def test_what_is_ignored_is_not_published(root: Path) -> None:
    (root / "release-tasks.toml").write_text(
        '[project]\nignore = ["ant", "bee/"]\n'
    )
    [component] = discover(root).components
    assert [crate.name for crate in component.crates] == ["zebra"]


@pytest.mark.parametrize(
    ("tags", "main"),
    [
        # the tags without a name are of a crate that has another name than the repository
        (("zebra-5.0.0", "v0.3.0", "bee@0.7.0"), "ant"),
        # a tag of long ago
        (
            ("v0.3.0", *(f"bee@0.6.{n}" for n in range(25)), "bee@0.7.0"),
            "zebra",
        ),
    ],
)
def test_the_main_component_has_the_tags_without_a_name(
    tmp_path: Path, tags: tuple[str, ...], main: str
) -> None:
    made = workspace(tmp_path, zebra="5.0.0", ant="0.3.0", bee="0.7.0")
    for number, tag in enumerate(tags):
        date = f"GIT_COMMITTER_DATE={1_700_000_000 + number} +0000"
        command = ["env", date, "git", "tag", "-a", "-m", tag, tag]
        subprocess.run(command, cwd=made, check=True)
    with pytest.raises(SeveralVersions) as error:
        discover(made)
    assert error.value.lines[0] == f"[components.{main}]"


@pytest.mark.parametrize(
    ("tags", "components"),
    [
        # every tag has a name, so theirs will have one, too
        (("zebra-5.0.0",), [["zebra"], ["ant"], ["bee"]]),
        (("zebra-5.0.0", "ant-0.1.0"), [["zebra"], ["ant"], ["bee"]]),
        # what has no tag of its own goes with those of its version
        (("zebra-5.0.0", "v0.1.0"), [["ant", "bee"], ["zebra"]]),
        ((), [["zebra"], ["ant", "bee"]]),
    ],
)
def test_crates_without_tags_share_one_only_where_tags_have_no_name(
    tmp_path: Path, tags: tuple[str, ...], components: list[list[str]]
) -> None:
    made = workspace(tmp_path, zebra="5.0.0", ant="0.1.0", bee="0.1.0")
    for tag in tags:
        git(made, "tag", tag)
    with pytest.raises(SeveralVersions) as error:
        discover(made)
    (made / "release-tasks.toml").write_text("\n".join(error.value.lines))
    found = [
        [crate.name for crate in component.crates]
        for component in discover(made).components
    ]
    assert found == components

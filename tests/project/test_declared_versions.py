"""The version of a project whose crates, packages and charts have none: its other manifests."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.repositories import commit_files, git
from support.sample_projects import inv

from release_tasks.project.declared_versions import declared
from release_tasks.project.discovery import discover
from release_tasks.project.model import Component, Project

APPLICATION = '[project]\nname = "lamp"\nversion = "{0}"\n'
NODE = '{{"name": "lamp", "private": true, "version": "{0}"}}\n'
LOCK = (
    'version = 1\nrequires-python = ">=3.11"\n\n[[package]]\nname = "lamp"\n'
    'version = "{0}"\nsource = {{ virtual = "." }}\n'
)
GO = 'package version\n\nconst Version = "{0}"\n'
BROKEN = '[build-system]\nrequires = []\n[project]\nname = = "lamp"\n'


def repository(root: Path, files: dict[str, str], *tags: str) -> Path:
    sources = {"tasks.py": "from release_tasks import ns\n", "README.md": "x\n"}
    top = commit_files(root / "lamp", sources | files)
    for tag in tags:
        git(top, "tag", tag)
    return top


def project(root: Path, files: dict[str, str], *tags: str) -> Project:
    return discover(repository(root, files, *tags))


def only(found: Project) -> Component:
    (component,) = found.components
    return component


@pytest.mark.parametrize(
    ("files", "tags", "version", "own"),
    [
        ({"pyproject.toml": "0.1.0"}, (), "0.1.0", ["pyproject.toml"]),
        ({"VERSION": "1.2.0"}, ("v1.2.0",), "1.2.0", ["VERSION"]),
        # a bump that is not released yet
        ({"VERSION": "1.3.0"}, ("v1.2.0",), "1.3.0", ["VERSION"]),
        (
            {"VERSION": "1.2.0", "package.json": "1.2.0"},
            ("v1.2.0",),
            "1.2.0",
            ["VERSION", "package.json"],
        ),
        # of something else at the root
        (
            {"VERSION": "1.2.0", "package.json": "5.0.0"},
            ("v1.2.0",),
            "1.2.0",
            ["VERSION"],
        ),
        # that was never the project's: only the tags have it
        ({"package.json": "0.0.0"}, ("v1.2.0",), None, []),
        ({"package.json": "1.0.0"}, ("v1.2.0",), None, []),
        ({"package.json": "0.0.0"}, (), None, []),
        # two answers without a release are none
        ({"VERSION": "1.2.0", "package.json": "1.0.0"}, (), None, []),
        # not at the root, and no manifest
        ({"web/package.json": "1.2.0"}, ("v1.2.0",), None, []),
        ({"internal/version.go": "1.2.0"}, ("v1.2.0",), None, []),
        # what others have published
        ({"vendor/a/package.json": "1.2.0"}, (), None, []),
    ],
)
def test_a_manifest_at_the_root_has_the_version_where_history_agrees(
    tmp_path: Path,
    files: dict[str, str],
    tags: tuple[str, ...],
    version: str | None,
    own: list[str],
) -> None:
    texts = {}
    for path, number in files.items():
        form = "{0}\n"
        if path.endswith("package.json"):
            form = NODE
        elif path.endswith(".go"):
            form = GO
        elif path == "pyproject.toml":
            form = APPLICATION
        texts[path] = form.format(number)
    component = only(project(tmp_path, texts, *tags))
    assert component.version == version
    assert [path for path, _ in component.version_files] == own


@pytest.mark.parametrize(
    "line",
    [
        '[files]\n"package.json" = ["version"]\n',
        '[files]\n"**/package.json" = "version"\n',
        '[files]\n"**/p[!b]ckage.json" = "version"\n',
        '[versions.ignore]\n"package.json" = "tools only"\n',
        '[project]\nversion = "tag"\n',
        '[project]\nignore = ["package.json"]\n',
    ],
)
def test_the_settings_decide_about_a_manifest_that_they_name(
    tmp_path: Path, line: str
) -> None:
    files = {"package.json": NODE.format("1.2.0"), "release-tasks.toml": line}
    assert only(project(tmp_path, files, "v1.2.0")).version_files == ()


def test_what_may_have_the_version_is_named_without_copies_of_others(
    tmp_path: Path,
) -> None:
    files = {
        "internal/version/version.go": GO.format("0.1.0"),
        "third_party/b/package.json": NODE.format("2.0.0"),
        "tests/app/package.json": NODE.format("1.0.0"),
    }
    found = project(tmp_path, files)
    assert [(one.path, one.version, one.spec) for one in declared(found)] == [
        ("internal/version/version.go", "0.1.0", 'const Version = "{version}"')
    ]
    shown = inv(found.root, "settings").stdout
    assert 'in [files], if it is that of the project: "internal/' in shown


def test_an_application_is_bumped_with_its_lock(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": APPLICATION.format("0.1.0"),
        "uv.lock": LOCK.format("0.1.0"),
    }
    top = repository(tmp_path, files)
    inv(top, "bump", "--version", "0.2.0")
    assert (top / "pyproject.toml").read_text() == APPLICATION.format("0.2.0")
    assert (top / "uv.lock").read_text() == LOCK.format("0.2.0")
    assert only(discover(top)).version == "0.2.0"
    inv(top, "bump", "--version", "0.2.0")


def test_an_older_line_has_the_version_of_its_own_last_release(
    tmp_path: Path,
) -> None:
    files = {"pyproject.toml": APPLICATION.format("0.1.0")}
    top = repository(tmp_path, files, "v0.1.0")
    git(top, "switch", "--quiet", "--create", "hotfix/v0.1.1")
    git(top, "switch", "--quiet", "main")
    commit_files(top, {"pyproject.toml": APPLICATION.format("0.2.0")})
    git(top, "tag", "v0.2.0")
    git(top, "switch", "--quiet", "hotfix/v0.1.1")
    assert only(discover(top)).version == "0.1.0"
    inv(top, "bump", "--version", "0.1.1")
    assert (top / "pyproject.toml").read_text() == APPLICATION.format("0.1.1")


def test_a_bump_says_what_it_leaves_and_which_entry_takes_it(
    tmp_path: Path,
) -> None:
    files = {
        "cmd/version.go": GO.format("1.2.0"),
        "CITATION.cff": "cff-version: 1.2.0\nversion: 1.2.0\n",
    }
    top = repository(tmp_path, files, "v1.2.0")
    said = inv(top, "bump", "--version", "1.3.0")
    shown = said.stdout + said.stderr
    assert "CITATION.cff:2: version: 1.2.0" in shown
    assert "CITATION.cff:1" not in shown  # the version of the format
    entries = shown.partition("[files]\n")[2]
    (top / "release-tasks.toml").write_text(f"[files]\n{entries}")
    git(top, "add", "--all")
    git(top, "commit", "--quiet", "--message=Settings")
    inv(top, "bump", "--version", "1.3.0")
    assert (top / "cmd/version.go").read_text() == GO.format("1.3.0")
    assert (top / "CITATION.cff").read_text() == (
        "cff-version: 1.2.0\nversion: 1.3.0\n"
    )


def test_a_package_without_a_build_system_is_named(tmp_path: Path) -> None:
    files = {
        "setup.py": 'from setuptools import setup\n\nsetup(name="lamp", version="1.2.0")\n',
        "api/pyproject.toml": APPLICATION.format("1.2.0"),
    }
    found = project(tmp_path, files)
    assert found.left_out == (
        "lamp (python: api/pyproject.toml is of no package that has a [build-system])",
        "lamp (python: setup.py is of no package that has a [build-system])",
    )


@pytest.mark.parametrize(
    "table",
    [
        "[tool.uv]\npackage = false\n",
        "[tool.poetry]\npackage-mode = false\n",
        "[tool.pdm]\ndistribution = false\n",
    ],
)
def test_an_application_with_a_build_system_is_not_published(
    tmp_path: Path, table: str
) -> None:
    built = '[build-system]\nrequires = ["hatchling"]\n'
    files = {"pyproject.toml": built + APPLICATION.format("1.2.0") + table}
    component = only(project(tmp_path, files))
    assert component.python == ()
    assert component.version == "1.2.0"
    assert component.version_files == (("pyproject.toml", "project.version"),)


def test_copies_of_other_packages_and_templates_are_no_candidates(
    tmp_path: Path,
) -> None:
    built = '[build-system]\nrequires = ["hatchling"]\n' + APPLICATION
    files = {
        "pyproject.toml": built.format("1.2.0"),
        "third_party/six/pyproject.toml": built.format("2.0.0"),
        "src/lamp/_vendor/attrs/pyproject.toml": built.format("3.0.0"),
        "template/{{ slug }}/pyproject.toml": BROKEN,
        "template/Chart.yaml": "name: {{ .Name }}\n",
    }
    component = only(project(tmp_path, files))
    assert component.version == "1.2.0"
    assert component.charts == ()


def test_a_broken_manifest_is_said_once(tmp_path: Path) -> None:
    top = repository(tmp_path, {"pyproject.toml": BROKEN})
    shown = inv(top, "check", "--fast", "--version", "0.2.0", "--json").stdout
    assert shown.count('"fact": "pyproject.toml is not valid TOML') == 1

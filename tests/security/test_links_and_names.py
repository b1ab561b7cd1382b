"""Links and names of a repository, of another machine's dist/ and of a draft stay inside.

The attacker can open a pull request, or fill a dist/ or draft that is read here. A link to another
file of the same repository is no attack, and has to work everywhere.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support import repositories
from support.contexts import context
from support.crate_projects import workspace
from support.repositories import commit_all, commit_files

from release_tasks import dist, files
from release_tasks.building import papers
from release_tasks.bumping import file_edits
from release_tasks.changelogs import announcement, notes
from release_tasks.checks.artifacts import followed_links as built_links
from release_tasks.checks.artifacts.contents import Contents
from release_tasks.checks.check import CheckContext, Finding
from release_tasks.checks.preflight import links
from release_tasks.errors import ReleaseError
from release_tasks.formats import text_files
from release_tasks.project import settings_file
from release_tasks.project.outside_links import outside_links
from release_tasks.release import Release
from release_tasks.tools.helm import dependencies

TOKEN = "hunter2-hunter2-hunter2"
PYPROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "tiny-plain"
version = "0.1.0"
"""
PROJECT = {
    "pyproject.toml": PYPROJECT,
    "LICENSE": "the license\n",
    "CHANGELOG.md": "# Changelog\n\n## [Unreleased]\n",
}


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """Return a file with a token, beside the repository."""
    path = tmp_path / "credentials.toml"
    path.write_text(f'token = "{TOKEN}"\n')
    return path


@pytest.fixture
def root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, outside: Path
) -> Path:
    root = commit_files(tmp_path / "project", PROJECT)
    monkeypatch.chdir(root)
    return root


def link(root: Path, path: str, target: str) -> None:
    place = root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    place.symlink_to(target)
    commit_all(root)


# --- what a path below the root may be

LEAVING = {
    "an absolute link": ("file", "/proc/self/environ"),
    "two dots": ("file", "../credentials.toml"),
    "a folder that is a link": ("folder", ".."),
    "a link to a link": ("file", "other"),
    "a link that goes up and comes back elsewhere": (
        "a/b/file",
        "../../../credentials.toml",
    ),
    "a link through /proc": ("file", "/proc/self/cwd/../credentials.toml"),
    "a link to the root of the system": ("file", "/"),
    "a broken link": ("file", "../nothing"),
    "git's settings": ("file", ".git/config"),
    "git's settings with a detour": ("a/b/file", "../../a/../.git/config"),
    "git's folder": ("folder", ".git"),
    "git's settings through the folder around": (
        "file",
        "../project/.git/config",
    ),
}


@pytest.mark.parametrize("name", LEAVING)
def test_a_link_that_leaves_is_neither_read_nor_copied(
    name: str, root: Path
) -> None:
    path, target = LEAVING[name]
    link(root, "other", "../credentials.toml")
    link(root, path, target)
    if path == "folder":
        path = f"folder/{'config' if target == '.git' else 'credentials.toml'}"
    assert files.leads_outside(root, path)
    with pytest.raises(ReleaseError, match="leads out of project"):
        files.inside(root, path)
    with pytest.raises(ReleaseError, match="leads out of project"):
        text_files.read(root, path)
    assert text_files.peek(root, path) == ""


@pytest.mark.parametrize(
    "path",
    [
        "../credentials.toml",
        "a/../../credentials.toml",
        "/etc/passwd",
        "..",
        "a/../..",
        ".git/config",
        "a/../.git/config",
        "./.git/HEAD",
        ".GIT/config",
        "sub/.git/config",
    ],
)
def test_a_path_that_leaves_is_not_read(path: str, root: Path) -> None:
    assert files.leads_outside(root, path)
    with pytest.raises(ReleaseError):
        text_files.read(root, path)


STAYING = {
    "a file": ("LICENSE", ""),
    "a link to a file": ("crates/one/LICENSE", "../../LICENSE"),
    "a link to a link": ("crates/one/COPYING", "LICENSE"),
    "a link with a detour": ("LICENSE-2", "crates/../LICENSE"),
    "a link that leaves and comes back": ("LICENSE-3", "../project/LICENSE"),
}


@pytest.mark.parametrize("name", STAYING)
def test_a_link_inside_of_the_repository_is_read(name: str, root: Path) -> None:
    link(root, "crates/one/LICENSE", "../../LICENSE")
    path, target = STAYING[name]
    if target:
        link(root, path, target)
    assert text_files.read(root, path) == "the license\n"
    assert outside_links(root) == {}


def test_a_repository_that_is_reached_through_a_link_is_inside(
    root: Path, tmp_path: Path
) -> None:
    (tmp_path / "way").symlink_to(root)
    assert text_files.read(tmp_path / "way", "LICENSE") == "the license\n"


def test_a_neighbor_with_the_same_start_is_outside(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project-2").mkdir()
    assert files.leads_outside(tmp_path / "project", "../project-2")


# --- what is published


def findings(root: Path) -> list[tuple[str, str]]:
    """Return check and file of what the checks of links find; each has a fix."""
    case = CheckContext(context(), Release.at(context(), "0.1.0"))
    found = []
    for check in (
        links.linked_dist,
        links.published_outside_file,
        links.outside_link,
    ):
        for finding in check(case):
            assert finding.fix
            assert TOKEN not in finding.fact
            found.append((finding.name, finding.file))
    return found


def test_a_repository_without_links_has_no_finding(root: Path) -> None:
    assert findings(root) == []


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("docs/environ", "/proc/self/environ"),
        ("NOTICE", "../credentials.toml"),
        ("inside", "{root}/LICENSE"),
        ("broken", "../../nothing"),
        ("folder", "../.."),
        ("NOTICE", ".git/config"),
        ("docs/config", "../.git/config"),
        ("NOTICE", ".env"),
        ("crates/one/LICENSE", "../../.env"),
        ("docs/private", "../private"),
    ],
)
def test_each_link_that_leaves_is_a_finding(
    path: str, target: str, root: Path
) -> None:
    ignore(root)
    link(root, path, target.format(root=root))
    assert ("outside-link", path) in findings(root)


def ignore(root: Path) -> None:
    """Let the repository have files that git ignores, one in a folder."""
    texts = {
        ".gitignore": "/.env\n/private/\n",
        ".env": f"A={TOKEN}\n",
        "private/key": TOKEN,
    }
    repositories.write_files(root, texts)


def test_links_to_tracked_folders_and_what_is_not_there_are_no_finding(
    root: Path,
) -> None:
    ignore(root)
    repositories.write_files(root, {"docs/api/index.md": "x"})
    link(root, "api", "docs/api")
    link(root, "all", "docs/..")
    link(root, "crates/one/docs", "../../docs")
    link(root, "later", "target/later")
    assert outside_links(root) == {}


@pytest.mark.parametrize(
    "table",
    [
        'readme = "../credentials.toml"',
        'readme = {file = "/etc/passwd", content-type = "text/plain"}',
        'license = {file = "../credentials.toml"}',
    ],
)
def test_a_path_in_pyproject_that_leaves_is_a_finding(
    table: str, root: Path
) -> None:
    (root / "pyproject.toml").write_text(f"{PYPROJECT}{table}\n")
    commit_all(root)
    assert ("published-outside-file", "pyproject.toml") in findings(root)


@pytest.mark.parametrize(
    "name", ["LICENSE-2", "NOTICE", "README.md", "COPYING"]
)
def test_no_paper_comes_from_outside(name: str, root: Path) -> None:
    link(root, name, "../credentials.toml")
    release = Release.at(context(), "0.1.0")
    with pytest.raises(ReleaseError, match=f"{name} leads out"):
        papers.papers(release, root)


@pytest.mark.parametrize("target", [".git/config", ".env", "private/key"])
def test_no_paper_comes_from_what_git_does_not_track(
    target: str, root: Path
) -> None:
    ignore(root)
    link(root, "NOTICE", target)
    release = Release.at(context(), "0.1.0")
    with pytest.raises(ReleaseError, match="NOTICE") as raised:
        papers.papers(release, root)
    assert raised.value.fix.startswith("replace NOTICE with a ")
    link(root, "NOTICE", "LICENSE")
    release = Release.at(context(), "0.1.0")
    assert set(papers.papers(release, root)) == {"NOTICE", "LICENSE"}


@pytest.mark.parametrize("key", ["github", "announce"])
@pytest.mark.parametrize(
    "path", [".env", ".git/config", "docs/../.env", "now.md"]
)
def test_no_template_comes_from_what_git_does_not_track(
    path: str, key: str, root: Path
) -> None:
    ignore(root)
    line = "notes" if key == "github" else "template"
    (root / "release-tasks.toml").write_text(f'[{key}]\n{line} = "{path}"\n')
    (root / "docs").mkdir()
    commit_all(root)
    (root / "now.md").write_text(TOKEN)

    def published() -> str:
        release = Release.at(context(), "0.1.0")
        [part] = release.parts
        if key == "github":
            return notes.text(release, part)
        return announcement.announcement(release, part).markdown

    with pytest.raises(ReleaseError, match=re.escape(path)) as raised:
        published()
    if path == "now.md":
        assert raised.value.fix.startswith("git add now.md, or")
        commit_all(root)
        assert TOKEN in published()


def test_a_template_of_the_repository_is_published(root: Path) -> None:
    repositories.write_files(root, {"docs/notes.md": "# {version}\n"})
    text = '[github]\nnotes = "./docs/notes.md"\n'
    (root / "release-tasks.toml").write_text(text)
    commit_all(root)
    release = Release.at(context(), "0.1.0")
    assert notes.text(release, release.parts[0]) == "# 0.1.0\n"


@pytest.mark.parametrize(
    "text",
    [
        '[files]\n".git/config" = "repositoryformatversion = {version}"\n',
        '[files]\n"sub/../.git/config" = "x {version}"\n',
        '[rollback]\nknown-issues = ".git/hooks/post-commit"\n',
    ],
)
def test_nothing_of_git_is_edited(text: str, root: Path) -> None:
    (root / "release-tasks.toml").write_text(text)
    commit_all(root)
    path = text.split('"')[1]
    release = Release.at(context(), "0.1.0")
    with pytest.raises(ReleaseError, match="leads out"):
        file_edits.read_bytes(release, path)
    with pytest.raises(ReleaseError, match="leads out"):
        files.inside(root, path)


def test_papers_may_be_links_inside(root: Path) -> None:
    link(root, "docs/LICENSE", "../LICENSE")
    link(root, "COPYING", "LICENSE")
    found = papers.papers(Release.at(context(), "0.1.0"), root)
    assert set(found) == {"LICENSE", "COPYING"}


@pytest.mark.parametrize(
    "notes", ["../credentials.toml", "notes.md", "/etc/passwd"]
)
def test_no_notes_come_from_outside(notes: str, root: Path) -> None:
    link(root, "notes.md", "../credentials.toml")
    (root / "release-tasks.toml").write_text(f'[github]\nnotes = "{notes}"\n')
    with pytest.raises(ReleaseError):
        settings_file.load(root)


def test_notes_may_be_a_link_inside(root: Path) -> None:
    link(root, "notes.md", "CHANGELOG.md")
    (root / "release-tasks.toml").write_text('[github]\nnotes = "notes.md"\n')
    assert settings_file.load(root).github.notes == "notes.md"


@pytest.mark.parametrize(
    "name", ["../x-{version}", "a/b", "/tmp/x", "..", "a\\\\b", "a\\nb"]
)
@pytest.mark.parametrize("table", ["binaries.x", "bundles"])
def test_a_file_name_in_the_settings_is_bare(
    name: str, table: str, root: Path
) -> None:
    text = f'[binaries.x]\nx86_64-unknown-linux-gnu = "{name}"\n'
    if table == "bundles":
        text = f'[bundles."{name}.zip".a]\nbinary = "x"\nurl = "https://x"\n'
        text += 'sha256 = "00"\nlicense = "MIT"\n'
    (root / "release-tasks.toml").write_text(text)
    with pytest.raises(ReleaseError):
        settings_file.load(root)


# --- crates


@pytest.fixture
def crates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, outside: Path
) -> Path:
    root = workspace(tmp_path / "project", {"shop-zero": ""})
    (root / "LICENSE").write_text("the license\n")
    monkeypatch.chdir(root)
    link(root, "crates/shop-zero/LICENSE", "../../LICENSE")
    return root


def package(root: Path) -> Path:
    subprocess.run(
        [
            "cargo",
            "package",
            "--quiet",
            "--no-verify",
            "--offline",
            "-p",
            "shop-zero",
        ],
        cwd=root,
        check=True,
    )
    return root / "target/package/shop-zero-0.1.0.crate"


def built(root: Path, kind: str, path: Path, name: str) -> list[Finding]:
    release = Release.at(context(), "0.1.0")
    [part] = release.parts
    files.copy(path, dist.folder(part) / path.name)
    row = dist.describe(
        release, part, dist.FileKind(kind), part.dist / path.name, name
    )
    dist.record(part, "package_crates", [row])
    return built_links.outside_file_packed(Contents(context(), release))


@pytest.mark.tools("cargo")
def test_a_crate_with_a_license_of_the_repository_is_fine(crates: Path) -> None:
    assert findings(crates) == []
    assert built(crates, "crate", package(crates), "shop-zero") == []


@pytest.mark.tools("cargo")
@pytest.mark.parametrize(
    "target", ["/proc/self/environ", "../../../credentials.toml"]
)
def test_a_crate_with_a_file_from_outside_is_refused(
    target: str, crates: Path
) -> None:
    link(crates, "crates/shop-zero/LICENSE", target)
    wanted = ("published-outside-file", "crates/shop-zero/LICENSE")
    assert wanted in findings(crates)
    [found] = built(crates, "crate", package(crates), "shop-zero")
    assert TOKEN not in found.fact
    copy, remove, again = found.fix.removesuffix(" again").split(", ")
    assert copy == "replace crates/shop-zero/LICENSE with a copy"
    (crates / "crates/shop-zero/LICENSE").unlink()
    commit_files(crates, {"crates/shop-zero/LICENSE": "the license\n"})
    subprocess.run(remove.split(), check=True)
    assert again == "and build it"
    assert built(crates, "crate", package(crates), "shop-zero") == []


@pytest.mark.tools("cargo")
def test_a_link_that_a_crate_excludes_is_a_warning(crates: Path) -> None:
    manifest = crates / "crates/shop-zero/Cargo.toml"
    text = manifest.read_text()
    manifest.write_text(text.replace("edition", 'exclude = ["tests"]\nedition'))
    link(crates, "crates/shop-zero/tests/outside", "/proc/self/environ")
    assert findings(crates) == [
        ("outside-link", "crates/shop-zero/tests/outside")
    ]
    assert built(crates, "crate", package(crates), "shop-zero") == []


@pytest.mark.tools("cargo")
@pytest.mark.parametrize("key", ["readme", "license-file"])
def test_a_path_in_cargo_toml_that_leaves_is_a_finding(
    key: str, crates: Path
) -> None:
    manifest = crates / "crates/shop-zero/Cargo.toml"
    line = f'{key} = "../../../credentials.toml"\nedition'
    manifest.write_text(manifest.read_text().replace("edition", line))
    commit_all(crates)
    wanted = ("published-outside-file", "crates/shop-zero/Cargo.toml")
    assert wanted in findings(crates)


# --- charts


@pytest.mark.parametrize(
    ("ignore", "is_published"),
    [("", True), ("files/\n", False), ("*.md\n", True), ("secret\n", False)],
)
def test_a_chart_with_a_link_that_leaves_is_refused(
    ignore: str,
    is_published: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chart = "apiVersion: v2\nname: app\nversion: 0.1.0\n"
    root = commit_files(
        tmp_path / "project",
        {
            "charts/app/Chart.yaml": chart,
            "charts/app/.helmignore": ignore,
            "release-tasks.toml": '[charts."ghcr.io/example/app"]\npath = "charts/app"\n',
        },
    )
    monkeypatch.chdir(root)
    link(root, "charts/app/files/secret", "/proc/self/environ")
    names = [name for name, _ in findings(root)]
    assert ("published-outside-file" in names) == is_published
    assert "outside-link" in names


# --- dist/ is a folder of ours


def part_of(root: Path) -> dist.ComponentRelease:
    [part] = Release.at(context(), "0.1.0").parts
    return part


LINKED = {
    "dist": ("dist", "../other"),
    "dist is the project itself": ("dist", "."),
    "dist is the home": ("dist", "/nonexistent/home"),
    "dist/<tag>": ("dist/v0.1.0", "../../other"),
    "dist/<tag> is the project itself": ("dist/v0.1.0", ".."),
    "parts": ("dist/v0.1.0/parts", "../../../other"),
}
USES: dict[str, Callable[[dist.ComponentRelease, Release], object]] = {
    "create it": lambda part, release: dist.folder(part),
    "lock it": lambda part, release: dist.lock(release),
    "empty it": lambda part, release: dist.discard_stale_build(release, part),
    "replace it": lambda part, release: dist.replace_inventory(part, b"[]"),
    "record": lambda part, release: dist.record(part, "bump", []),
    "read it": lambda part, release: dist.inventory(part),
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("name", LINKED)
def test_a_link_in_the_place_of_dist_is_refused_and_nothing_is_removed(
    name: str, use: str, root: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "keep").write_text("keep")
    row = json.dumps([row_of("a", commit="0" * 40)])
    (other / "release.json").write_text(row)
    path, target = LINKED[name]
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).symlink_to(target)
    before = sorted(path.name for path in root.iterdir())
    release = Release.at(context(), "0.1.0")
    with pytest.raises(ReleaseError, match="is a link to"):
        USES[use](release.parts[0], release)
    assert sorted(path.name for path in other.iterdir()) == [
        "keep",
        "release.json",
    ]
    assert sorted(path.name for path in root.iterdir()) == before


def test_a_lock_that_is_a_link_creates_no_file(
    root: Path, tmp_path: Path
) -> None:
    folder = dist.folder(part_of(root))
    (folder / ".lock").symlink_to(tmp_path / "made")
    with pytest.raises(ReleaseError, match="symbolic link"):
        dist.lock(Release.at(context(), "0.1.0"))
    assert not (tmp_path / "made").exists()


# --- names in an inventory


def row_of(file: object, **changed: object) -> dict[str, object]:
    row: dict[str, object] = {
        "kind": "binary",
        "name": "app",
        "version": "0.1.0",
        "component": "project",
        "file": file,
        "size": 1,
        "sha256": "0" * 64,
        "digest": "",
        "target": "",
        "commit": "0" * 40,
        "package": "",
    }
    return row | changed


@pytest.mark.parametrize(
    "file",
    [
        "../keep",
        "/etc/passwd",
        "a/b",
        "..",
        ".",
        "",
        "a\\b",
        "a\nb",
        "a\0b",
        "\x1b[2J",
        5,
        None,
        ["a"],
    ],
)
def test_a_file_in_an_inventory_is_a_bare_name(
    file: object, root: Path
) -> None:
    (root / "keep").write_text("keep")
    data = json.dumps({"files": [row_of(file)]}).encode()
    with pytest.raises(ReleaseError):
        dist.parse(data, "release.json")
    with pytest.raises(ReleaseError):
        dist.replace_inventory(part_of(root), data)
    assert (root / "keep").read_text() == "keep"


@pytest.mark.parametrize(
    "changed",
    [
        {"size": "1"},
        {"sha256": None},
        {"name": ["x"]},
        {"extra": 1},
        {"kind": "x"},
    ],
)
def test_another_type_in_an_inventory_is_our_own_error(
    changed: dict[str, object],
) -> None:
    with pytest.raises(ReleaseError, match="is not an inventory"):
        dist.parse(
            json.dumps([row_of("a", **changed)]).encode(), "release.json"
        )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"5",
        b"[5]",
        b"{}",
        b"[" * 100_000,
        b"null",
        b'{"files": 5}',
        b"\xff",
    ],
)
def test_a_broken_inventory_is_our_own_error(data: bytes) -> None:
    with pytest.raises(ReleaseError):
        dist.parse(data, "release.json")


# --- writing


def test_a_member_behind_a_link_out_of_the_repository_is_not_edited(
    root: Path, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "Cargo.toml").write_text("old")
    link(root, "crates/one", "../../elsewhere")
    release = Release.at(context(), "0.1.0")
    with pytest.raises(ReleaseError, match="leads out"):
        file_edits.read_bytes(release, "crates/one/Cargo.toml")
    with pytest.raises(ReleaseError, match="leads out"):
        file_edits.read_bytes(release, "../elsewhere/Cargo.toml")


def test_a_member_behind_a_link_inside_is_edited(root: Path) -> None:
    repositories.write_files(root, {"lib/one/Cargo.toml": "x"})
    link(root, "crates/one", "../lib/one")
    release = Release.at(context(), "0.1.0")
    assert file_edits.read_bytes(release, "crates/one/Cargo.toml") == b"x"


def test_a_link_is_replaced_by_a_file_and_not_written_through(
    tmp_path: Path,
) -> None:
    (tmp_path / "target").write_text("old")
    (tmp_path / "link").symlink_to("target")
    files.write_bytes(tmp_path / "link", b"new")
    assert (tmp_path / "target").read_text() == "old"


def test_removing_a_link_to_a_folder_leaves_the_folder(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "keep").write_text("")
    (tmp_path / "link").symlink_to("folder")
    files.remove(tmp_path / "link")
    assert (tmp_path / "folder" / "keep").exists()


# --- what is not a plain file


def test_a_pipe_is_not_waited_for(root: Path) -> None:
    os.mkfifo(root / "pipe")
    with pytest.raises(ReleaseError, match="not a plain file"):
        text_files.read(root, "pipe")
    assert text_files.peek(root, "pipe") == ""


def test_a_huge_text_is_our_own_error(root: Path) -> None:
    with (root / "huge").open("wb") as file:
        file.truncate(text_files.LARGEST + 1)
    with pytest.raises(ReleaseError, match="at most"):
        text_files.read(root, "huge")
    assert text_files.peek(root, "huge") == ""


def test_a_chart_may_be_made_of_links_inside(root: Path) -> None:
    rows = "dependencies:\n- {name: a, version: 1.0.0, repository: 'file://../a'}\n"
    repositories.write_files(root, {"shared/Chart.yaml": rows})
    link(root, "charts/app/Chart.yaml", "../../shared/Chart.yaml")
    [found] = dependencies.dependencies(root / "charts/app")
    assert found.name == "a"

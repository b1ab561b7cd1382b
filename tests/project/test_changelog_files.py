"""The changelog of a project or component is found by the names that projects give it."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.repositories import commit_files, git
from support.tiny_project import TINY, TWO

from release_tasks.project.discovery import discover

MD = "# Changes\n\n## 0.1.0 (2026-01-01)\n\n- All.\n"
RST = "Changes\n=======\n\n0.1.0 (2026-01-01)\n------------------\n\n- All.\n"
OLD = "# History\n\n## 0.0.3\n\n- Long ago.\n"
STUB = "# Changelog\n\nMoved to the documentation.\n"
INCLUDE = ".. include:: ../CHANGELOG.rst\n"


def found(root: Path, files: dict[str, str], tag: str = "") -> list[str | None]:
    made = commit_files(root / "project", files)
    if tag:
        git(made, "tag", tag)
    return [component.changelog for component in discover(made).components]


def tiny(**logs: str) -> dict[str, str]:
    return {
        name: text for name, text in TINY.items() if name != "CHANGELOG.md"
    } | logs


@pytest.mark.parametrize(
    ("logs", "wanted"),
    [
        ({"CHANGELOG.md": STUB}, "CHANGELOG.md"),
        ({"Changelog.md": MD}, "Changelog.md"),
        ({"CHANGES.md": MD}, "CHANGES.md"),
        ({"CHANGES.rst": RST}, "CHANGES.rst"),
        ({"HISTORY.md": MD}, "HISTORY.md"),
        ({"HISTORY.rst": RST}, "HISTORY.rst"),
        (
            {"NEWS": "News\n====\n\nVersion 0.1.0\n-------------\n\n- All.\n"},
            "NEWS",
        ),
        ({"RELEASES.md": MD}, "RELEASES.md"),
        ({"docs/changelog.md": MD}, "docs/changelog.md"),
        ({"docs/changes.rst": RST, "docs/index.md": MD}, "docs/changes.rst"),
        ({"CHANGELOG.md": STUB, "docs/changelog.md": MD}, "docs/changelog.md"),
        (
            {"CHANGELOG.md": MD, "docs/changelog.md": "# Changelog\n"},
            "CHANGELOG.md",
        ),
        ({"CHANGELOG.md": STUB, "HISTORY.md": OLD}, "CHANGELOG.md"),
        ({"CHANGES.md": "## Unreleased\n"}, "CHANGES.md"),
        ({"CHANGES.md": "## 0.2.0\n\n- Begun.\n"}, "CHANGES.md"),
        ({"HISTORY.md": "# History\n\nFounded in 1.9.2.\n"}, None),
        ({"HISTORY.md": OLD}, None),
        ({"docs/changelog.rst": INCLUDE}, None),
        ({"NEWS.py": MD, "tests/data/CHANGELOG.md": MD}, None),
        ({"tiny_plain/CHANGES.md": MD}, None),
        # one folder for the changelogs of all packages
        ({"docs/history/tiny-plain.md": MD}, "docs/history/tiny-plain.md"),
        ({"changelogs/Tiny_Plain.md": MD}, "changelogs/Tiny_Plain.md"),
        (
            {"docs/about/changelog/tiny-plain.rst": RST},
            "docs/about/changelog/tiny-plain.rst",
        ),
        ({"docs/history/tiny-plain.md": OLD}, None),
        ({"docs/history/other.md": MD}, None),
        ({"docs/guide/tiny-plain.md": MD}, None),
    ],
)
def test_the_changelog_of_a_project(
    tmp_path: Path, logs: dict[str, str], wanted: str | None
) -> None:
    assert found(tmp_path, tiny(**logs)) == [wanted]


def test_the_newest_section_may_be_that_of_the_last_tag(tmp_path: Path) -> None:
    files = tiny(**{"HISTORY.md": OLD})
    assert found(tmp_path, files, "v0.0.3") == ["HISTORY.md"]


def test_a_project_in_a_folder_has_the_changelog_beside_it(
    tmp_path: Path,
) -> None:
    files = {f"python/{name}": text for name, text in tiny().items()}
    assert found(tmp_path, files | {"python/CHANGES.rst": RST}) == [
        "python/CHANGES.rst"
    ]


def test_each_component_has_the_changelog_of_its_folder(tmp_path: Path) -> None:
    files = TWO | {"other/docs/HISTORY.rst": RST.replace("0.1.0", "0.4.0")}
    assert found(tmp_path, files) == ["CHANGELOG.md", "other/docs/HISTORY.rst"]


@pytest.mark.parametrize(
    ("log", "wanted"),
    [(MD, "python/CHANGELOG.md"), (STUB, "python/CHANGELOG.md"), (OLD, None)],
)
def test_a_changelog_below_the_root_that_was_given_up_is_none(
    tmp_path: Path, log: str, wanted: str | None
) -> None:
    files = {f"python/{name}": text for name, text in tiny().items()}
    assert found(tmp_path, files | {"python/CHANGELOG.md": log}) == [wanted]


def linked(root: Path, links: dict[str, str], files: dict[str, str]) -> Path:
    for path, target in links.items():
        place = root / "project" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target)
    return commit_files(root / "project", files)


def test_a_changelog_behind_a_link_is_the_file_itself(tmp_path: Path) -> None:
    links = {"CHANGELOG.md": "site/log.md"}
    root = linked(tmp_path, links, tiny(**{"site/log.md": MD}))
    assert discover(root).components[0].changelog == "site/log.md"


@pytest.mark.parametrize(
    "links",
    [
        # nothing is written outside of the repository, or into what git does not track
        {"CHANGELOG.md": "../elsewhere.md"},
        {"CHANGELOG.md": ".git/description"},
    ],
)
def test_a_link_to_what_is_not_in_the_repository_stays(
    tmp_path: Path, links: dict[str, str]
) -> None:
    (tmp_path / "elsewhere.md").write_text(MD)
    root = linked(tmp_path, links, tiny())
    assert discover(root).components[0].changelog != "../elsewhere.md"
    assert discover(root).components[0].changelog in ("CHANGELOG.md", None)


def test_components_that_link_to_one_file_keep_their_links(
    tmp_path: Path,
) -> None:
    files = {name: text for name, text in TWO.items() if "CHANGE" not in name}
    links = {"CHANGELOG.md": "all.md", "other/CHANGELOG.md": "../all.md"}
    root = linked(
        tmp_path, links, files | {"all.md": MD.replace("0.1.0", "0.4.0")}
    )
    logs = [one.changelog for one in discover(root).components]
    assert logs == list(links)

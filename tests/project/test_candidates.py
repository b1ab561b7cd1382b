"""What the history speaks for: of several packages or charts, and of versions in manifests."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.contexts import context
from support.repositories import commit_files, git

from release_tasks.commands.init import init
from release_tasks.project.candidates import is_of_its_own
from release_tasks.project.discovery import discover
from release_tasks.project.model import Component, resolved_or_raise
from release_tasks.project.suggested_components import SeveralVersions

pytestmark = pytest.mark.tools("git", "cargo")
HEAD = "# Only what cannot be discovered; `inv settings` shows the rest.\n"
PYTHON = (
    '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
    '[project]\nname = "{0}"\nversion = "{1}"\n'
)
CRATE = (
    '[package]\nname = "{0}"\nversion = "{1}"\nedition = "2021"\n'
    'description = "Made of {0}"\nlicense = "MIT"\n'
)
CHART = "apiVersion: v2\nname: {0}\nversion: {1}\nappVersion: 0.3.0\n"


def repository(root: Path, files: dict[str, str], tags: str) -> Path:
    for path in list(files):
        if path.endswith("Cargo.toml") and "[package]" in files[path]:
            files[f"{path.removesuffix('Cargo.toml')}src/lib.rs"] = ""
    commit_files(root, files)
    git(root, "remote", "add", "origin", "https://github.com/acme/lamp")
    for tag in tags.split():
        git(root, "tag", tag)
    return root


def suggested(root: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(root)
    init(context())
    return (root / "release-tasks.toml").read_text().removeprefix(HEAD)


def packages(**versions: str) -> dict[str, str]:
    return {
        f"packages/{name}/pyproject.toml": PYTHON.format(name, version)
        for name, version in versions.items()
    }


@pytest.mark.parametrize(
    ("versions", "tags", "lines"),
    [
        # one version for all
        ({"lamp": "0.2.0", "wick": "0.2.0"}, "", ("lamp", "wick")),
        # that of the last release; not an old one, and not one that nobody released
        ({"lamp": "0.3.0", "wick": "0.1.0"}, "v0.1.0 v0.3.0", ("lamp",)),
        ({"lamp": "0.3.0", "wick": "0.0.0"}, "", ("lamp",)),
    ],
)
def test_packages_with_the_version_of_the_last_release_are_suggested(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    versions: dict[str, str],
    tags: str,
    lines: tuple[str, ...],
) -> None:
    root = repository(tmp_path / "lamp", packages(**versions), tags)
    text = suggested(root, monkeypatch)
    written = [line for line in text.splitlines() if line.startswith("[")]
    assert written == [f'[python."{name}"]' for name in lines]
    [component] = discover(root).components
    found = [package.name for package in resolved_or_raise(component.python)]
    assert found == list(lines)


def test_packages_without_any_history_stay_a_question_and_stop_a_bump(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = packages(lamp="0.2.0", wick="0.7.0")
    root = repository(tmp_path / "lamp", files, "")
    [component] = discover(root).components
    assert component.unknown_version is not None
    assert (
        "several Python packages are possible"
        in component.unknown_version.problem
    )
    text = suggested(root, monkeypatch)
    assert all(line.startswith("#") for line in text.split("\n") if line)


def test_packages_with_their_own_tags_are_components_without_a_main_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = packages(oil="0.2.0", wick="0.7.0")
    root = repository(tmp_path / "lamp", files, "oil==0.2.0 wick==0.7.0")
    text = suggested(root, monkeypatch)
    assert text == (
        '[components.oil]\ntag = "oil=={version}"\npython = ["oil"]\n'
        '[components.wick]\ntag = "wick=={version}"\npython = ["wick"]\n'
    )


def test_a_chart_with_tags_of_its_own_is_a_component_and_another_one_is_not(
    tmp_path: Path,
) -> None:
    files = {
        "Dockerfile": "FROM scratch\n",
        "chart/Chart.yaml": CHART.format("lamp", "1.4.0"),
    }
    root = repository(tmp_path / "lamp", files, "v0.3.0 lamp-chart-1.4.0")
    with pytest.raises(SeveralVersions) as asked:
        discover(root)
    assert asked.value.lines == (
        "[components.lamp]",
        'tag = "v{version}"',
        'images = ["ghcr.io/acme/lamp"]',
        "latest = true",
        "[components.lamp-chart]",
        'tag = "lamp-chart-{version}"',
        'charts = ["ghcr.io/acme/charts/lamp"]',
    )
    (root / "release-tasks.toml").write_text("\n".join(asked.value.lines))
    _, alone = discover(root).components
    [chart] = resolved_or_raise(alone.charts)
    # of the program, and not of this component
    assert chart.app_version == "0.3.0"


@pytest.mark.parametrize(
    ("version", "is_alone"),
    [
        ("1.4.0", True),  # above the project's, and appVersion is the project's
        ("0.3.0", False),
        ("0.1.0", False),  # left behind: it follows the project
    ],
)
def test_a_chart_above_the_releases_has_versions_of_its_own(
    tmp_path: Path, version: str, is_alone: bool
) -> None:
    files = {
        "Dockerfile": "FROM scratch\n",
        "chart/Chart.yaml": CHART.format("lamp", version),
    }
    root = repository(tmp_path / "lamp", files, "v0.2.0 v0.3.0")
    if not is_alone:
        assert [one.name for one in discover(root).components] == ["lamp"]
        return
    with pytest.raises(SeveralVersions) as asked:
        discover(root)
    assert 'tag = "lamp-chart-v{version}"' in asked.value.lines


def test_packages_from_tags_and_from_a_manifest_are_components(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from_tags = (
        '[build-system]\nrequires = ["hatchling", "hatch-vcs"]\n'
        'build-backend = "hatchling.build"\n'
        '[project]\nname = "lamp"\ndynamic = ["version"]\n'
        '[tool.hatch.version]\nsource = "vcs"\n'
    )
    files = {
        "pyproject.toml": from_tags,
        "backend/pyproject.toml": PYTHON.format("lamping", "1.3.0"),
    }
    tags = "lamp-v1.1.0 lamping-v1.2.0 lamp-v1.2.0 lamping-v1.3.0"
    text = suggested(repository(tmp_path / "lamp", files, tags), monkeypatch)
    assert text.splitlines() == [
        "[components.lamp]",
        'tag = "lamp-v{version}"',
        'python = ["lamp"]',
        "latest = true",
        "[components.lamping]",
        'tag = "lamping-v{version}"',
        'python = ["lamping"]',
    ]


@pytest.mark.parametrize(
    ("crates", "tags", "version"),
    [
        (
            {"": "1.3.0", "lib/a": "0.6.0"},
            "v1.3.0",
            "1.3.0",
        ),  # of the root package
        (
            {"lamp": "1.3.0", "lib": "0.6.0"},
            "v0.1.0",
            "1.3.0",
        ),  # of the project's name
        ({"a": "1.3.0", "b": "0.6.0"}, "v1.3.0", "1.3.0"),  # of a release
        (
            {"a": "0.1.0", "b": "0.1.0"},
            "v2.0.0 v2.1.0",
            None,
        ),  # of none: the tag has it
        (
            {"a": "2.2.0", "b": "2.2.0"},
            "v2.0.0 v2.1.0",
            "2.2.0",
        ),  # of the next one
        (
            {"a": "2.0.0", "b": "2.0.0"},
            "v2.0.0 v2.1.0",
            "2.0.0",
        ),  # of an earlier one
    ],
)
def test_private_crates_have_the_version_that_the_history_knows(
    tmp_path: Path, crates: dict[str, str], tags: str, version: str | None
) -> None:
    members = [folder for folder in crates if folder]
    files = {"Dockerfile": "FROM scratch\n"}
    for folder, number in crates.items():
        name = folder.rpartition("/")[2] or "quartz"
        text = CRATE.format(name, number) + "publish = false\n"
        files[f"{folder}/Cargo.toml".lstrip("/")] = text
    files["Cargo.toml"] = (
        files.get("Cargo.toml", "") + f"[workspace]\nmembers = {members}\n"
    )
    root = repository(tmp_path / "lamp", files, tags)
    [component] = discover(root).components
    assert component.version == version


@pytest.mark.parametrize(
    ("version", "tags", "expected"),
    [
        ("0.1.0", ("v44.0.0", "v44.0.1"), True),
        ("44.0.0", ("v44.0.0", "v44.0.1"), False),  # it stayed behind
        ("44.0.1", ("v44.0.0", "v44.0.1"), False),
        ("45.0.0", ("v44.0.0", "v44.0.1"), False),
        ("0.1.0", (), False),  # nothing was released yet
        ("0.1.0", ("other-0.2.0",), False),
    ],
)
def test_a_version_that_was_never_released_is_of_its_own(
    version: str, tags: tuple[str, ...], expected: bool
) -> None:
    component = Component("lamp", "v{version}", "44.0.1")
    assert is_of_its_own(component, tags, version) is expected


def test_crates_that_need_a_private_one_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {
        "Cargo.toml": '[workspace]\nmembers = ["lamp", "wick", "oil", "pin"]\nresolver = "2"\n',
        "lamp/Cargo.toml": CRATE.format("lamp", "0.2.0")
        + '[dependencies]\nwick = { path = "../wick" }\n',
        "wick/Cargo.toml": CRATE.format("wick", "0.2.0") + "publish = false\n",
        "oil/Cargo.toml": CRATE.format("oil", "0.2.0")
        + '[dependencies]\nlamp = { path = "../lamp" }\n',
        "pin/Cargo.toml": CRATE.format("pin", "0.2.0"),
    }
    root = repository(tmp_path / "lamp", files, "v0.2.0")
    text = suggested(root, monkeypatch)
    reason = "lamp needs wick, which is private"
    assert text.startswith(f'[crates]\nignore = ["lamp", "oil"]  # {reason}\n')


def test_a_crate_that_newly_needs_a_private_one_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {
        "Cargo.toml": '[workspace]\nmembers = ["lamp", "wick"]\nresolver = "2"\n',
        "lamp/Cargo.toml": CRATE.format("lamp", "0.2.0"),
        "wick/Cargo.toml": CRATE.format("wick", "0.0.1") + "publish = false\n",
    }
    root = repository(tmp_path / "lamp", files, "v0.2.0")
    commit_files(
        root,
        {
            "lamp/Cargo.toml": files["lamp/Cargo.toml"]
            + '[dependencies]\nwick = { path = "../wick" }\n'
        },
    )
    # crates.io has it, so what keeps it from there now is a problem
    assert "ignore" not in suggested(root, monkeypatch)


@pytest.mark.parametrize(
    ("tags", "is_there"),
    [("v0.2.0", False), ("v0.2.0 site-v0.1.0", True), ("", True)],
)
def test_a_package_that_pypi_never_took_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tags: str, is_there: bool
) -> None:
    files = {
        "Cargo.toml": CRATE.format("lamp", "0.2.0"),
        # the name of a module of Python
        "site/pyproject.toml": PYTHON.format("site", "0.1.0"),
    }
    root = repository(tmp_path / "lamp", files, tags)
    text = suggested(root, monkeypatch)
    assert ('python = ["site"]' in text) is is_there
    assert ("# site (python)" in text) is not is_there


def test_a_version_file_is_suggested_where_it_was_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"Dockerfile": "FROM scratch\n", "VERSION": "0.1.0\n"}
    root = repository(tmp_path / "lamp", files, "v0.2.0")
    assert suggested(root, monkeypatch) == '[files]\n"VERSION" = "{version}"\n'
    other = repository(
        tmp_path / "other", files | {"VERSION": "see git\n"}, "v0.2.0"
    )
    assert suggested(other, monkeypatch) == ""


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (
            {
                "act/Dockerfile": "FROM a\n",
                "action.yml": "runs:\n  image: act/Dockerfile\n",
            },
            1,
        ),
        ({"tests/Dockerfile": "FROM a\n"}, 1),
        ({"integration-tests/a/Dockerfile": "FROM a\n"}, 1),
        ({"scripts/report/Dockerfile": "FROM a\n"}, 1),
        ({"hack/Dockerfile": "FROM a\n"}, 1),
    ],
)
def test_dockerfiles_of_actions_and_tests_are_no_candidates(
    tmp_path: Path, more: dict[str, str], expected: int
) -> None:
    root = repository(
        tmp_path / "lamp", {"Dockerfile": "FROM scratch\n"} | more, ""
    )
    [component] = discover(root).components
    assert len(resolved_or_raise(component.images)) == expected


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("Changelog.md", "# Log\n\n## 0.2.0\n\n- More\n", True),
        (
            "CHANGES.rst",
            "0.2.0 (2025-01-01)\n==================\n\n- More\n",
            True,
        ),
        ("docs/release-notes.md", "## v0.2.0\n", True),
        ("HISTORY.md", "## 0.1.0\n", False),  # given up long ago
        ("NEWS.md", "We released 0.2.0.\n", False),  # no heading
        ("deep/down/CHANGES.md", "## 0.2.0\n", False),
    ],
)
def test_a_changelog_of_another_name_counts_with_a_heading_of_the_last_release(
    tmp_path: Path, path: str, text: str, expected: bool
) -> None:
    files = packages(lamp="0.2.0") | {path: text}
    root = repository(tmp_path / "lamp", files, "v0.2.0")
    [component] = discover(root).components
    assert component.changelog == (path if expected else None)


def test_towncrier_writes_its_file_itself(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": PYTHON.format("lamp", "0.2.0") + "[tool.towncrier]\n",
        "CHANGES.md": "## 0.2.0\n",
    }
    root = repository(tmp_path / "lamp", files, "v0.2.0")
    [component] = discover(root).components
    assert component.changelog is None


def test_a_crate_without_metadata_is_left_out_unless_another_needs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = '[package]\nname = "{0}"\nversion = "0.2.0"\nedition = "2021"\n'
    files = {
        "Cargo.toml": '[workspace]\nmembers = ["lamp", "wick", "oil", "bench"]\nresolver = "2"\n',
        "lamp/Cargo.toml": CRATE.format("lamp", "0.2.0")
        + '[dependencies]\nwick = { path = "../wick", version = "0.2.0" }\n',
        "wick/Cargo.toml": bare.format("wick")
        + '[dependencies]\noil = { path = "../oil", version = "0.2.0" }\n',
        "oil/Cargo.toml": bare.format("oil"),
        "bench/Cargo.toml": bare.format("bench")
        + '[dependencies]\nlamp = { path = "../lamp" }\n',
    }
    text = suggested(
        repository(tmp_path / "lamp", files, "v0.1.0"), monkeypatch
    )
    reason = "bench has no description and no license"
    assert text.startswith(f'[crates]\nignore = ["bench"]  # {reason}\n')
    # before the first release `check` says what is missing
    text = suggested(repository(tmp_path / "new", files, ""), monkeypatch)
    assert "ignore" not in text


def test_init_names_no_version_that_pypi_does_not_have(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = PYTHON.format("lamp", "0.3.0.dev1")
    root = repository(tmp_path / "lamp", {"pyproject.toml": text}, "v0.2.0")
    suggested(root, monkeypatch)
    said = capsys.readouterr().err
    assert said.splitlines()[-1].endswith(" rehearse --version 0.3.0")


@pytest.mark.parametrize(
    ("version", "tags", "request_"),
    [
        ("0.3.0", "v0.2.0", "0.3.0"),
        ("0.2.0", "v0.2.0", "patch"),
        ("0.3.0-dev", "v0.2.0", "0.3.0"),
        ("0.3.0-dev.1", "v0.2.0", "0.3.0-dev.1"),
        ("0.0.0-dev", "v26.7.0", "patch"),
        ("0.0.0", "", "0.1.0"),
    ],
)
def test_init_names_a_version_that_a_release_can_have(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    version: str,
    tags: str,
    request_: str,
) -> None:
    files = {"Cargo.toml": CRATE.format("lamp", version)}
    suggested(repository(tmp_path / "lamp", files, tags), monkeypatch)
    said = capsys.readouterr().err
    assert said.splitlines()[-1].endswith(f" rehearse --version {request_}")

"""What the files of another repository become, with a real git repository of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.repositories import commit_files

from release_tasks.downstream import edits
from release_tasks.downstream.edits import Edits
from release_tasks.downstream.uses import OurImage, Ours
from release_tasks.errors import ReleaseError
from release_tasks.manifests import chart_lock, chart_yaml
from release_tasks.versions import (
    helm_ranges,
    python_requirements,
    requirements,
)

pytestmark = [pytest.mark.tools("git"), pytest.mark.quick]
VERSION = "0.5.0"
OLD, NEW = (f"sha256:{digit * 64}" for digit in "ab")
IMAGE = "ghcr.io/acme/app"
CHARTS = "oci://ghcr.io/acme/charts"
OURS = Ours(
    "acme/acme",
    {"acme": VERSION, "acme-core": VERSION},
    {"acme-py": VERSION},
    {
        IMAGE: OurImage(
            VERSION,
            ("v{version}", "{major}.{minor}", "latest"),
            {f"v{VERSION}": NEW},
        )
    },
    {("acme", CHARTS): VERSION},
    {"acme": VERSION},
)
HEAD = '[package]\nname = "app"\nversion = "1.0.0"\n'
GIT = "https://github.com/acme/acme"
CHART = f"""\
apiVersion: v2
name: app
version: 1.0.0
dependencies:
- name: acme
  version: 0.4.0
  repository: {CHARTS}
"""


def edited(folder: Path, files: dict[str, str], **listed: str) -> Edits:
    commit_files(folder / "theirs", files)
    return edits.compute(folder / "theirs", OURS, listed)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('acme = "0.4.1" # why', 'acme = "0.5.0" # why'),
        ('acme = ">=0.4, <0.5"', 'acme = ">=0.5, <0.6"'),
        ('acme = { version = "=0.4.0" }', 'acme = { version = "=0.5.0" }'),
        (
            f'acme = {{ git = "{GIT}", branch = "main", features = ["x"] }}',
            'acme = { version = "0.5.0", features = ["x"] }',
        ),
        (
            f'acme = {{ features = ["x"], tag = "v1", git = "{GIT}.git" }}',
            'acme = { features = ["x"], version = "0.5.0" }',
        ),
        (
            'acme = { version = "0.4.1", path = "../acme" }',
            'acme = { version = "0.5.0" }',
        ),
        (f'acme.git = "{GIT}"', 'acme.version = "0.5.0"'),
        ('acme = { path = "../acme" }', 'acme = { version = "0.5.0" }'),
        (
            'x = { package = "acme", path = "../../acme" }',
            'x = { package = "acme", version = "0.5.0" }',
        ),
        (
            '[dependencies.acme]\ngit = "ssh://git@github.com/acme/acme.git"\n'
            'rev = "abc"\nfeatures = ["x"]',
            '[dependencies.acme]\nversion = "0.5.0"\nfeatures = ["x"]',
        ),
    ],
)
def test_a_crate_gets_the_version(
    tmp_path: Path, before: str, after: str
) -> None:
    table = "" if before.startswith("[") else "[dependencies]\n"
    found = edited(tmp_path, {"Cargo.toml": f"{HEAD}{table}{before}\n"})
    assert found.texts == {"Cargo.toml": f"{HEAD}{table}{after}\n"}
    assert found.left == []
    assert [change.file for change in found.changes] == ["Cargo.toml"]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('acme = "0.9"', "it is above 0.5.0"),
        (
            'acme = { git = "https://github.com/other/acme" }',
            "it is another repository than ours",
        ),
        (
            'acme = { path = "vendor/acme" }',
            "it is a folder of that repository",
        ),
        (
            'acme = { version = "0.4", registry = "own" }',
            "it comes from another registry",
        ),
        ('acme = "<0.4"', "does not admit 0.5.0"),
        (
            f'[patch.crates-io]\nacme = {{ git = "{GIT}" }}',
            "it replaces the published crate",
        ),
    ],
)
def test_what_is_not_ours_to_change_stays(
    tmp_path: Path, line: str, why: str
) -> None:
    table = "" if line.startswith("[") else "[dependencies]\n"
    files = {
        "Cargo.toml": f"{HEAD}{table}{line}\n",
        "vendor/acme/Cargo.toml": HEAD.replace("app", "acme"),
    }
    found = edited(tmp_path, files)
    assert found.texts == {}
    [left] = found.left
    assert why in left.fact
    assert left.line == len(HEAD.splitlines()) + 2


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        (
            "pyproject.toml",
            '[project]\ndependencies = ["acme_py[x]==0.4.0"]\n',
            '[project]\ndependencies = ["acme_py[x]==0.5.0"]\n',
        ),
        (
            "pyproject.toml",
            f"[project]\ndependencies = ['acme-py @ git+{GIT}@main ; "
            'python_version > "3"\']\n',
            "[project]\ndependencies = ['acme-py==0.5.0 ; "
            'python_version > "3"\']\n',
        ),
        (
            "pyproject.toml",
            '[project]\ndependencies = ["acme-py[x]"]\n[tool.uv.sources]\n'
            f'acme-py = {{ git = "{GIT}", tag = "v1" }}\n',
            '[project]\ndependencies = ["acme-py[x]>=0.5.0"]\n[tool.uv.sources]\n',
        ),
        (
            "pyproject.toml",
            f'[tool.poetry.dependencies]\nacme-py = {{ git = "{GIT}" }}\n',
            '[tool.poetry.dependencies]\nacme-py = { version = "^0.5.0" }\n',
        ),
        (
            "requirements/base.txt",
            f"acme-py~=0.4.0  # why\nacme-py @ git+{GIT}@v1\n",
            "acme-py~=0.5.0  # why\nacme-py==0.5.0\n",
        ),
        (
            "Dockerfile",
            f"FROM {IMAGE}:v0.4.0@{OLD} AS one\nFROM {IMAGE}:0.4\n"
            f"FROM {IMAGE}:latest\nFROM {IMAGE}-other:v0.4.0\n",
            f"FROM {IMAGE}:v0.5.0@{NEW} AS one\nFROM {IMAGE}:0.5\n"
            f"FROM {IMAGE}:latest\nFROM {IMAGE}-other:v0.4.0\n",
        ),
        (
            "deploy/values.yaml",
            f"image:\n  repository: {IMAGE}\n  tag: v0.4.0\nold: {IMAGE}:v0.9.0\n",
            f"image:\n  repository: {IMAGE}\n  tag: v0.5.0\nold: {IMAGE}:v0.9.0\n",
        ),
        (
            "deploy/values.yml",
            "image:\n  registry: ghcr.io\n  repository: acme/app\n"
            '  tag: "v0.4.0"\n',
            "image:\n  registry: ghcr.io\n  repository: acme/app\n"
            '  tag: "v0.5.0"\n',
        ),
        ("chart/Chart.yaml", CHART, CHART.replace("0.4.0", "0.5.0")),
    ],
)
def test_other_kinds_get_the_version(
    tmp_path: Path, path: str, before: str, after: str
) -> None:
    changelog = {"CHANGELOG.md": f"- {IMAGE}:v0.4.0\n"}
    found = edited(tmp_path, {path: before} | changelog)
    assert found.texts == {path: after}


def test_a_requirement_that_admits_the_version_stays(tmp_path: Path) -> None:
    text = '[project]\ndependencies = ["acme-py>=0.3"]\n'
    found = edited(tmp_path, {"pyproject.toml": text})
    assert (found.texts, found.left, found.uses) == ({}, [], 1)


def test_the_lock_of_a_chart_follows(tmp_path: Path) -> None:
    rows = chart_yaml.read(CHART, "Chart.yaml").dependencies
    digest = chart_lock.digest(rows, rows)
    lock = (
        f"dependencies:\n- name: acme\n  repository: {CHARTS}\n"
        f"  version: 0.4.0\ndigest: {digest}\ngenerated: x\n"
    )
    files = {"Chart.yaml": CHART, "Chart.lock": lock}
    found = edited(tmp_path, files)
    after = chart_yaml.read(found.texts["Chart.yaml"], "").dependencies
    assert chart_lock.is_current(after, found.texts["Chart.lock"], "Chart.lock")
    assert "version: 0.5.0" in found.texts["Chart.lock"]


def test_listed_files_are_edited_or_an_error(tmp_path: Path) -> None:
    found = edited(
        tmp_path,
        {"ver.txt": "acme 0.4.0 here\n"},
        **{"ver.txt": "acme {version}"},
    )
    assert found.texts == {"ver.txt": "acme 0.5.0 here\n"}
    with pytest.raises(
        ReleaseError, match=r"no\.txt is not in that repository"
    ):
        edits.compute(tmp_path / "theirs", OURS, {"no.txt": "{version}"})


@pytest.mark.parametrize(
    ("is_above", "wanted", "expected"),
    [
        (requirements.is_above, "0.6", True),
        (requirements.is_above, "0.5", False),
        (requirements.is_above, ">=0.5.1, <0.6", True),
        (requirements.is_above, "<0.9", False),
        (requirements.is_above, "*", False),
        (python_requirements.is_above, ">=0.6", True),
        (python_requirements.is_above, "==0.5.0", False),
        (python_requirements.is_above, "<1", False),
        (python_requirements.is_above, "^0.6", True),
        (helm_ranges.is_above, "0.6.0", True),
        (helm_ranges.is_above, "~0.5.0", False),
        (helm_ranges.is_above, ">=0.6.0", False),
    ],
)
def test_what_is_above_a_version_is_known(
    is_above: object, wanted: str, expected: bool
) -> None:
    assert callable(is_above)
    assert is_above(wanted, VERSION) is expected

"""The settings, the checks, the upload and the local GitHub judge each asset and text alike."""

from __future__ import annotations

import itertools
from pathlib import Path
from types import SimpleNamespace

import pytest

from release_tasks import dist
from release_tasks.channels import github_assets
from release_tasks.errors import ReleaseError
from release_tasks.project.kinds import FileKind
from release_tasks.project.settings_file import load
from release_tasks.rehearsal.github import assets, releases
from release_tasks.rehearsal.github.call import Refused
from release_tasks.rehearsal.github.model import Release, Repository
from release_tasks.rules import github

BEGINS = ("tool", "Tool 1", ".tool", "tööl", "日本", "tool@x")
MIDDLES = ("-1.0.0", "_1.0.0+b", "~1", "(1)", "..1", " 1", "/1", "#1", "=1")
ENDS = ("", ".tar.gz", ".zip", ".exe", ".")
NAMES = ["".join(parts) for parts in itertools.product(BEGINS, MIDDLES, ENDS)]
SIZES = [0, 1, 2, (2 << 30) - 1, 2 << 30, (2 << 30) + 1, 5 << 30]
COUNTS = [0, 1, 30, 998, 999, 1000, 1001]
LENGTHS = [0, 1, 124_999, 125_000, 125_001, 158_000]


def is_in_settings(folder: Path, name: str) -> bool:
    text = f"[binaries.tool]\nx86_64-unknown-linux-gnu = '{name}'\n"
    (folder / "release-tasks.toml").write_text(text)
    try:
        load(folder)
    except ReleaseError:
        return False
    return True


def is_fit(*files: tuple[str, int]) -> bool:
    """Tell whether files of these names and sizes (bytes) in dist/ are uploaded."""
    rows = [
        dist.Built(FileKind.WHEEL, name, "1.0.0", "tool", name, size, "0" * 64)
        for name, size in files
    ]
    part = SimpleNamespace(tag="v1.0.0", request="1.0.0")
    return github_assets.unfit_assets(part, rows) == []  # type: ignore[arg-type]


def is_uploaded(folder: Path, name: str, others: int = 0) -> bool:
    """Tell whether the local GitHub takes an asset and keeps its name."""
    repository = Repository("acme", "tool", folder, folder)
    release = Release(1, "v1.0.0", "main")
    try:
        for number in range(others):
            assets.begin(repository, release, f"file-{number}", "", "")
        asset = assets.begin(repository, release, name, "", "")
    except Refused:
        return False
    return asset.name == name


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_taken_by_all_or_by_none(name: str, tmp_path: Path) -> None:
    by_rule = github.asset_name(name) == []
    assert is_uploaded(tmp_path, name) is by_rule
    if "/" not in name:  # a file has none
        assert is_fit((name, 1)) is by_rule
    assert is_in_settings(tmp_path, name) is by_rule


@pytest.mark.parametrize("size", SIZES)
def test_a_size_is_taken_by_all_or_by_none(size: int) -> None:
    request = SimpleNamespace(
        headers={"content-length": str(size)}, length=size
    )
    call = SimpleNamespace(request=request)
    by_rule = github.asset_size(size) == []
    assert is_fit(("tool.zip", size)) is by_rule
    if by_rule:
        return
    with pytest.raises(Refused) as refused:
        assets.upload(call)  # type: ignore[arg-type]
    assert refused.value.errors[0]["message"] == github.asset_size(size)[0]


@pytest.mark.parametrize("count", COUNTS)
def test_a_number_of_files_is_taken_by_all_or_by_none(
    count: int, tmp_path: Path
) -> None:
    files = [(f"file-{number}", 1) for number in range(count)]
    by_rule = github.asset_count(count + 1) == []  # with release.json
    assert is_fit(*files) is by_rule
    assert is_uploaded(tmp_path, dist.INVENTORY, count) is by_rule


@pytest.mark.parametrize("letter", ["e", "é", "日"])
@pytest.mark.parametrize("length", LENGTHS)
def test_notes_are_taken_by_all_or_by_none(
    length: int, letter: str, tmp_path: Path
) -> None:
    text = letter * length
    repository = Repository("acme", "tool", tmp_path, tmp_path)
    call = SimpleNamespace(repo=repository)
    old = Release(1, "v1.0.0", "main", draft=True)
    by_rule = github.notes(text) == []
    if by_rule:
        return
    with pytest.raises(Refused) as refused:
        releases._save(call, old, {"body": text}, is_new=False)  # type: ignore[arg-type]
    assert refused.value.errors[0]["message"] == github.notes(text)[0]
    assert github.notes(github.shortened(text, "https://host.example")) == []

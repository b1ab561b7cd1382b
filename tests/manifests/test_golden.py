"""Each folder of tests/golden: `in` and the command give `out`, byte by byte, and again nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.manifest_kinds import kind_of

from release_tasks.changelogs import changelog, new_section
from release_tasks.changelogs.new_section import NewSection
from release_tasks.errors import ReleaseError
from release_tasks.formats.text_files import decode
from release_tasks.manifests import chart_yaml
from release_tasks.manifests.text import listed
from release_tasks.manifests.version_locations import FileBump

GOLDEN = Path(__file__).parents[1] / "golden"
CASES = sorted(folder.name for folder in GOLDEN.iterdir() if folder.is_dir())


def edited(path: str, text: str, command: dict) -> tuple[str, list[str]]:
    """Return the text that the command makes of a file, and the mismatches that remain."""
    crates, version = command["crates"], command.get("version")
    if path == changelog.NAME:
        return new_section.add(text, NewSection(version, command["date"])), []
    kind = (
        listed(command["files"][path])
        if path in command.get("files", {})
        else kind_of(path)
    )
    if kind is chart_yaml.KIND:
        kind = chart_yaml.kind(command.get("app_version"))
    if kind is None:
        return text, []
    new = kind.set_versions(text, FileBump(path, crates, version))
    assert bool(kind.mismatches(text, FileBump(path, crates, version))) == (
        new != text
    )
    return new, kind.mismatches(new, FileBump(path, crates, version))


def bumped(folder: Path, command: dict) -> dict[str, bytes]:
    result = {}
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        path = file.relative_to(folder).as_posix()
        text, mismatches = edited(
            path, decode(file.read_bytes(), path), command
        )
        assert mismatches == []
        result[path] = text.encode()
    return result


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in files
    }


def marked(name: str) -> object:
    """Return a case with the statements that its command names."""
    shows = json.loads((GOLDEN / name / "command.json").read_text("utf-8")).get(
        "shows", ()
    )
    return pytest.param(
        name, marks=[pytest.mark.statement(*shows)] if shows else []
    )


@pytest.mark.parametrize("name", [marked(name) for name in CASES])
def test_the_command_makes_out_from_in(name):
    command = json.loads((GOLDEN / name / "command.json").read_text("utf-8"))
    wanted = contents(GOLDEN / name / "out")
    assert wanted
    if "error" in command:
        with pytest.raises(ReleaseError) as caught:
            bumped(GOLDEN / name / "in", command)
        assert command["error"] in str(caught.value.message)
        assert contents(GOLDEN / name / "in") == wanted
        return
    assert bumped(GOLDEN / name / "in", command) == wanted
    assert bumped(GOLDEN / name / "out", command) == wanted


def test_there_are_cases_of_every_kind():
    kinds = {name.split("_")[0] for name in CASES}
    assert kinds >= {
        "cargo",
        "pyproject",
        "chart",
        "package",
        "python",
        "setup",
        "uv",
        "files",
        "changelog",
    }
    assert len(CASES) >= 90

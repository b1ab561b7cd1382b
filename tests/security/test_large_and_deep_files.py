"""Large, deep and expanding files of a repository or chart are an error, and soon."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from release_tasks.changelogs import changelog
from release_tasks.checks import chart_images
from release_tasks.errors import ReleaseError
from release_tasks.formats import yaml_texts
from release_tasks.manifests import (
    chart_yaml,
    json_values,
    toml_values,
    yaml_values,
)
from release_tasks.project import settings_file, workflows
from release_tasks.versions import (
    helm_ranges,
    npm_ranges,
    numbers,
    python_requirements,
    requirements,
)


def laughs(levels: int = 30, merges: bool = False) -> str:
    """Return a YAML text of a few lines that has billions of values."""
    lines = ["a0: &a0 {k: x}" if merges else "a0: &a0 [x, x]"]
    for level in range(1, levels):
        before = ", ".join([f"*a{level - 1}"] * 9)
        value = f"{{<<: [{before}]}}" if merges else f"[{before}]"
        lines.append(f"a{level}: &a{level} {value}")
    return "\n".join(lines) + "\n"


def circle() -> str:
    return "a: &a [*a]\n"


READERS: dict[str, Callable[[str], object]] = {
    "data": lambda text: yaml_texts.load(text, "a.yaml"),
    "documents": lambda text: yaml_texts.load_all(text, "a.yaml"),
    "scalars": lambda text: yaml_values.scalars(text, "a.yaml"),
    "chart": lambda text: chart_yaml.read(text, "Chart.yaml"),
}


@pytest.mark.parametrize("merges", [False, True])
@pytest.mark.parametrize("name", READERS)
def test_a_text_that_expands_is_refused(name: str, merges: bool) -> None:
    start = time.process_time()
    with pytest.raises(ReleaseError, match="too large"):
        READERS[name](laughs(merges=merges))
    assert time.process_time() - start < 2


def test_a_text_that_contains_itself_has_no_data() -> None:
    with pytest.raises(ReleaseError):
        yaml_texts.load(circle(), "a.yaml")


def test_anchors_of_an_ordinary_text_are_read() -> None:
    text = "base: &base {a: 1}\nx: {<<: *base, b: 2}\nlist: [*base, *base]\n"
    assert yaml_texts.load(text, "a.yaml")["x"] == {"a": 1, "b": 2}
    assert ("base", "a") in yaml_values.scalars(text, "a.yaml")


def test_a_workflow_that_expands_is_broken_and_stops_nobody(
    tmp_path: Path,
) -> None:
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    (folder / "ci.yml").write_text(laughs())
    (folder / "good.yml").write_text("on: push\n")
    broken, good = workflows.workflows(tmp_path)
    assert "too large" in broken.broken
    assert not good.broken


def test_a_rendered_chart_that_expands_has_no_images() -> None:
    assert chart_images._documents(laughs()) == []


@pytest.mark.parametrize("depth", [2_000, 50_000])
@pytest.mark.parametrize("opened", ["[", "{a: "])
def test_a_deep_yaml_is_refused(depth: int, opened: str) -> None:
    start = time.process_time()
    with pytest.raises(ReleaseError):
        yaml_texts.load(opened * min(depth, 5_000), "a.yaml")
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    "text", ["a = " + "[" * 50_000, "a = " + "{a = " * 20_000]
)
def test_a_deep_toml_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(ReleaseError):
        toml_values.load(text, "Cargo.toml")
    (tmp_path / settings_file.FILE).write_text(text)
    with pytest.raises(ReleaseError):
        settings_file.load(tmp_path)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000])
def test_a_deep_json_is_refused(text: str) -> None:
    with pytest.raises(ReleaseError):
        json_values.load(text, "package.json")


@pytest.mark.parametrize(
    "spec",
    [
        "{version:>99999999999}",
        "{version:99999999999}",
        "{version:0>9999999999}",
        "{version!r}",
        "{version.__class__}",
        "{version[0]}",
        "{version:{tag}}",
        "{0}",
        "{}",
        "{secret}",
    ],
)
@pytest.mark.parametrize(
    "table",
    [
        '[project]\ncommit = "{}"',
        '[github]\ntitle = "{}"',
        '[components.a]\ntag = "{}"',
        '[binaries.a]\nx86_64-unknown-linux-gnu = "{}"',
        '[charts."ghcr.io/a/b"]\napp-version = "{}"',
    ],
)
def test_a_template_has_names_and_nothing_else(
    spec: str, table: str, tmp_path: Path
) -> None:
    (tmp_path / settings_file.FILE).write_text(table.replace("{}", spec) + "\n")
    with pytest.raises(ReleaseError):
        settings_file.load(tmp_path)


@pytest.mark.parametrize(
    "text",
    ["9" * 50_000, " " * 50_000, "1." * 50_000, "<" * 50_000, "-" * 50_000],
)
def test_a_long_version_or_requirement_is_refused_soon(text: str) -> None:
    start = time.process_time()
    with pytest.raises(ReleaseError):
        numbers.parse(text)
    for read in (
        requirements.followed,
        python_requirements.followed,
        npm_ranges.followed,
    ):
        with pytest.raises(ReleaseError):
            read(text, "1.2.3", "1.0.0")
    with pytest.raises(ReleaseError):
        helm_ranges.admits(text, "1.2.3")
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    "piece",
    ["#", "## 1.0.0\n", "- x\n", "[a]: b\n", "```\n", "<!--\n", "> ", "\n"],
)
def test_a_long_changelog_is_read_soon(piece: str) -> None:
    start = time.process_time()
    changelog.sections(piece * (20_000 // len(piece)), "CHANGELOG.md")
    assert time.process_time() - start < 3

"""Large, deep and expanding files of a repository or chart are an error, and soon."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.repositories import commit_all
from support.tiny_project import TINY, tiny_project

from release_tasks import files
from release_tasks.changelogs import changelog
from release_tasks.checks import chart_images
from release_tasks.errors import ReleaseError
from release_tasks.formats import dockerfile, globs, yaml_texts
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
    assert time.process_time() - start < 20


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


# --- globs

HARD = [  # a glob, and a name that it does not match
    ("*a" * 20 + "b", "a" * 200),
    ("*" * 200 + "b", "a" * 200),
    ("**/" * 30 + "b", "a/" * 100),
    ("a*" * 20 + "[b]", "a" * 200),
    ("a?" * 100 + "b", "a" * 100),
    ("a+" * 100 + "b", "a" * 200),
    ("[0-9]+" * 30 + "x", "1" * 100),
]


@pytest.mark.parametrize(("glob", "name"), HARD)
def test_a_hard_glob_is_answered_soon(glob: str, name: str) -> None:
    start = time.process_time()
    assert not workflows.passes(name, (glob,))
    assert list(dockerfile.present([name], glob)) == [name]
    assert not globs.of_setting(glob).matches(name)
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    "read", [globs.of_path, globs.of_setting, workflows._pattern]
)
def test_many_open_classes_are_read_soon(
    read: Callable[[str], globs.Glob],
) -> None:
    start = time.process_time()
    read("[" * 100_000)
    assert time.process_time() - start < 5


@pytest.mark.parametrize("glob", ["[z-a]", "a[b-a]*", "[[:x", "[", "[]", "\\"])
def test_a_broken_glob_matches_nothing(glob: str) -> None:
    assert not workflows.passes("v1", (glob,))
    assert list(dockerfile.present(["v1"], glob)) == ["v1"]
    assert not globs.of_setting(glob).matches("v1")


@pytest.mark.parametrize(
    ("glob", "name", "is_matched"),
    [
        ("**/a/*.py", "a/b.py", True),
        ("**/a/*.py", "x/y/a/b.py", True),
        ("**/a/*.py", "xa/b.py", False),
        ("**/*/a*b*c*d", "x/a1b2c3d", True),
        ("**/*/a*b*c*d", "a1b2c3d", False),
        ("*1*2*3*4", "x1x2x3x4", True),
        ("*1*2*3*4", "x1/2x3x4", False),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
    ],
)
def test_a_glob_means_the_same_however_it_is_matched(
    glob: str, name: str, is_matched: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for repeats in (-1, globs.REPEATS, 99):
        monkeypatch.setattr(globs, "REPEATS", repeats)
        assert globs.of_setting(glob).matches(name) is is_matched


# --- files that are devices, and files outside

LINKED = [
    ".dockerignore",
    ".gitattributes",
    ".github/workflows/ci.yml",
    ".github/workflows/release.yaml",
    ".pre-commit-config.yaml",
    ".cargo/config.toml",
    "CITATION.cff",
    "Dockerfile",
    "LICENSE",
    "Makefile",
    "NOTICE",
    "README.md",
    "action.yml",
    "chart/values.yaml",
    "docker-bake.hcl",
    "docker-compose.yml",
    "justfile",
    "noxfile.py",
    "package.json",
    "package-lock.json",
    "requirements.txt",
    "rust-toolchain.toml",
    "scripts/release.sh",
    "setup.cfg",
    "setup.py",
    "tox.ini",
    "uv.lock",
]
DEVICES = ["/dev/zero", "/dev/full", "/proc/self/environ", "../outside"]
IMAGES = """\
[images."ghcr.io/example/tiny"]
dockerfile = "Dockerfile"
[charts."ghcr.io/example/charts/tiny"]
path = "chart"
"""
SECRET = "hunter2-hunter2-hunter2"


@pytest.mark.sample(4)
@pytest.mark.tools("git", "gh")
@pytest.mark.parametrize("target", DEVICES)
def test_no_device_is_read_to_its_end(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = TINY | {
        "release-tasks.toml": IMAGES,
        "chart/Chart.yaml": "apiVersion: v2\nname: tiny\nversion: 0.1.0\n",
    }
    (tmp_path / "outside").write_text(f"{SECRET}\n[a\n" * 9)
    with tiny_project(tmp_path, monkeypatch, project) as tiny:
        for name in LINKED:
            path = tiny.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            place = target
            if target.startswith(".."):
                place = "../" * name.count("/") + target
            path.symlink_to(place)
        commit_all(tiny.root)
        env = os.environ | {"GH_TOKEN": tiny.registries.tokens.github}
        for words in (
            "settings",
            "check --fast --version 0.2.0",
            "--dry bump --version 0.2.0",
            "matrix --version 0.2.0",
        ):
            limited = f"ulimit -v 3000000; exec inv {words}"
            done = subprocess.run(
                ["sh", "-c", limited],
                env=env,
                cwd=tiny.root,
                capture_output=True,
                text=True,
                check=False,
                timeout=100,
            )
            shown = done.stdout + done.stderr
            assert "Traceback" not in shown, f"{words}: {shown}"
            assert SECRET not in shown


@pytest.mark.tools("git", "gh")
@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
@pytest.mark.parametrize(
    "name",
    [
        *(".gitattributes", ".github/workflows/ci.yml", "Dockerfile"),
        *("LICENSE", "pyproject.toml", "CHANGELOG.md"),
    ],
)
def test_a_file_that_cannot_be_read_is_no_traceback(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = TINY | {"release-tasks.toml": IMAGES.partition("[charts")[0]}
    project = {"Dockerfile": "FROM scratch\n", name: "x: 1\n"} | project
    with tiny_project(tmp_path, monkeypatch, project) as tiny:
        (tiny.root / name).chmod(0)
        env = os.environ | {"GH_TOKEN": tiny.registries.tokens.github}
        for words in (
            "settings",
            "check --fast --version 0.2.0",
            "--dry bump --version 0.2.0",
        ):
            for _ in range(3):
                shown = inv_shown(words, tiny.root, env)
                assert "Traceback" not in shown, f"{words}: {shown}"
                if not follow_chmod(shown, tiny.root):
                    break
            assert f"{name} cannot be read" not in shown


def inv_shown(words: str, root: Path, env: dict[str, str]) -> str:
    done = subprocess.run(
        ["inv", *words.split()],
        env=env,
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    return done.stdout + done.stderr


def follow_chmod(shown: str, root: Path) -> bool:
    """Type the chmod that a fix names; tell whether there was one."""
    command = re.search(r"(?:fix|help): (chmod u\+[rw] \S+)", shown)
    if command is None:
        return False
    subprocess.run(command[1].split(), cwd=root, check=True)
    return True


READ_ONLY_HERE = {  # modules that read such files on their own, and why
    "building/papers.py": "compares two files that `files.inside` has looked at",
    "building/images.py": "reads what is in our dist/",
    "bumping/bump.py": "reads back what was just written",
    "bumping/commit.py": "compares a file before and after a hook",
    "checks/preflight/crates.py": "measures what cargo lists",
    "checks/preflight/packing.py": "measures what cargo lists",
    "checks/preflight/gates.py": "a report that nox wrote into our folder",
    "checks/preflight/passed_gates.py": "a file of our dist/",
    "project/build_contexts.py": "compares two plain files",
    "project/effective.py": "settings that were read before",
}


def test_files_of_the_project_are_read_in_one_place() -> None:
    package = Path(str(files.__file__)).parent
    found = set()
    for folder in ("project", "manifests", "changelogs", "bumping", "building"):
        found |= set((package / folder).glob("*.py"))
    found |= set((package / "checks" / "preflight").glob("*.py"))
    readers = set()
    for path in found:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr in (
                "read_text",
                "read_bytes",
            ):
                is_module = isinstance(node.value, ast.Name)
                if not is_module or node.value.id not in ("file_edits",):
                    readers.add(path.relative_to(package).as_posix())
    assert readers <= READ_ONLY_HERE.keys()

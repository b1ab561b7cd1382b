"""The sentences about the structure that hold by test: layers, three doors, sizes, one list of addresses."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "release_tasks"
FILES = sorted(PACKAGE.rglob("*.py"))

LAYERS = (
    {"errors", "endpoints"},
    {"once", "terminal", "shell", "http", "files"},
    {"tools"},
    {"project", "manifests"},
    {"release", "sessions"},
    {"bumping"},
    {"dist"},
    {"channels"},
    {"converge"},
    {"building"},
    {"findings", "proofs", "verifying"},
    {"steps"},
    {"order"},
    {"commands"},
    {"__init__", "__main__"},
)
LEVEL = {room: level for level, rooms in enumerate(LAYERS) for room in rooms}
REHEARSAL_MAY_USE = {"errors", "endpoints", "shell", "http", "files", "rehearsal"}
DOORS = {
    "subprocess": {"shell.py"},
    "requests": {"http.py"},
    "urllib3": {"http.py"},
    "urllib.request": set(),
    "http.client": set(),
    "socket": {"rehearsal/server.py"},  # it listens
}


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    """Every imported name, those inside functions too; what only type checkers see is left out."""
    tree = ast.parse(path.read_text())
    guarded = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    names = set()
    for node in ast.walk(tree):
        if id(node) in guarded:
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def rooms_used(path: Path) -> set[str]:
    found = {name.split(".")[1] for name in imports(path) if name.startswith("release_tasks.")}
    return {name for name in found if name in LEVEL or name == "rehearsal"}


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_one_way_only(path: Path) -> None:
    here, used = room(path), rooms_used(path)
    if here == "rehearsal":
        assert used <= REHEARSAL_MAY_USE
        return
    if path != PACKAGE / "commands" / "rehearse.py":
        assert "rehearsal" not in used
    assert here in LEVEL, f"{here} has no place in the layers"
    assert all(LEVEL[other] <= LEVEL[here] for other in used - {"rehearsal"}), used


@pytest.mark.parametrize("path", sorted((PACKAGE / "steps").glob("[a-z]*.py")), ids=lambda p: p.stem)
def test_no_step_imports_a_step(path: Path) -> None:
    others = {name for name in imports(path) if name.startswith("release_tasks.steps.")}
    assert others <= {"release_tasks.steps.step", "release_tasks.steps.WORDS"}


@pytest.mark.parametrize("module", DOORS)
def test_processes_and_connections_have_one_door_each(module: str) -> None:
    using = {
        path.relative_to(PACKAGE).as_posix()
        for path in FILES
        if any(name == module or name.startswith(f"{module}.") for name in imports(path))
    }
    assert using <= DOORS[module]


def test_only_shell_calls_the_system_for_a_process() -> None:
    calls = re.compile(r"\bos\.(system|popen|exec\w+|spawn\w+|fork)\(")
    assert [p.name for p in FILES if calls.search(p.read_text())] == []


def test_only_files_writes_into_the_project() -> None:
    writes = re.compile(r"\.write_(text|bytes)\(|(?<!tarfile\.)(?<!archive\.)\bopen\([^)]*[\"'][wax]b?\+?[\"']|shutil\.(copy(?!fileobj)|move|rmtree)")
    exempt = {"files.py", "shell.py"}
    found = [
        f"{path.relative_to(PACKAGE)}: {line.strip()}"
        for path in FILES
        if path.name not in exempt and room(path) != "rehearsal"
        for line in path.read_text().splitlines()
        if writes.search(line) and "files.write_bytes(" not in line
    ]
    assert found == []


def test_public_addresses_stand_in_endpoints_only() -> None:
    hosts = re.compile(r"(crates\.io|pypi\.org|pythonhosted\.org|github\.com|ghcr\.io|docker\.io)")
    address = re.compile(r"https?://[\w.-]*(crates\.io|pypi\.org|pythonhosted\.org|github\.com|ghcr\.io|docker\.io)")
    assert hosts.search((PACKAGE / "endpoints.py").read_text())
    found = [p.name for p in FILES if p.name != "endpoints.py" and address.search(p.read_text())]
    assert found == []


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_every_module_says_in_one_sentence_what_it_is(path: Path) -> None:
    first = (ast.get_docstring(ast.parse(path.read_text())) or "").splitlines()
    assert first
    assert first[0].endswith(".")
    assert len(first[0]) <= 110


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_file_is_over_200_lines(path: Path) -> None:
    limit = 300 if path.name == "shell.py" else 200  # shell.py: the door, with its runner
    assert len(path.read_text().splitlines()) <= limit


def lines_of_code(path: Path) -> int:
    """Count lines that are neither blank nor a comment nor part of a docstring."""
    tree = ast.parse(path.read_text())
    texts = [
        node.body[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and node.body and ast.get_docstring(node)
    ]
    said = {line for text in texts for line in range(text.lineno, (text.end_lineno or 0) + 1)}
    rows = enumerate(path.read_text().splitlines(), 1)
    return sum(1 for at, row in rows if row.strip() and not row.strip().startswith("#") and at not in said)


def test_the_product_and_its_stand_ins_stay_small() -> None:
    stand_ins = [path for path in FILES if room(path) == "rehearsal"]
    rest = [path for path in FILES if room(path) != "rehearsal"]
    assert sum(map(lines_of_code, rest)) < 10802
    assert sum(map(lines_of_code, stand_ins)) < 4000



def test_functions_are_short() -> None:
    lengths = sorted(
        (node.end_lineno or 0) - node.lineno + 1
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
    )
    assert lengths[len(lengths) // 2] <= 12
    assert lengths[len(lengths) * 9 // 10] <= 30

"""The structure of the code: layers without circles, one entry point each, one list of hosts."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "release_tasks"
FILES = sorted(PACKAGE.rglob("*.py"))

# From the lowest to the highest: a package imports only what stands before it.
LAYERS = (
    "masking",
    "printable",
    "errors",
    "endpoints",
    "libraries",
    "environment",
    "tracebacks",
    "memo",
    "signals",
    "display",
    "terminal",
    "shell",
    "http",
    "files",
    "versions",
    "formats",
    "rules",
    "tools",
    "manifests",
    "project",
    "release",
    "sessions",
    "changelogs",
    "bumping",
    "dist",
    "channels",
    "converge",
    "rollback",
    "building",
    "checks",
    "checks.smoke",
    "checks.artifacts",
    "checks.preflight",
    "checks.published",
    "downstream",
    "tasks",
    "steps",
    "order",
    "pipelines",
    "rehearsal",
    "commands",
    "__init__",
    "program",
    "__main__",
)
LEVEL = {name: level for level, name in enumerate(LAYERS)}
# importing file and package: the reason; at most three
EXCEPTIONS: dict[tuple[str, str], str] = {}
REHEARSAL_MAY_USE = {
    "printable",
    "errors",
    "endpoints",
    "terminal",
    "shell",
    "http",
    "files",
    "rules",
    "rehearsal",
}
ENTRY_POINTS = {
    "subprocess": {"shell.py"},
    "requests": {"http.py"},
    "urllib3": {"http.py"},
    "urllib.request": set(),
    "http.client": set(),
    # they listen, and hang up
    "socket": {"rehearsal/server.py", "rehearsal/visitors.py"},
}

STARTERS = ("do", "ask", "ask_bytes", "follow", "running")
STARTS_A_PROCESS = {*STARTERS, *(f"shell.{name}" for name in STARTERS)}
ARGV_ELSEWHERE = {  # file: the reason
    "building/image_checks.py": "the settings name the scan and the test of an image",
    "bumping/bump_check.py": "the settings name the command that a bump has to pass",
    "changelogs/notes.py": "the settings name the command that prints the notes",
    "rehearsal/github/git.py": "the rehearsal uses no tools; this is its own program for git",
    "rehearsal/github/refs.py": "words for the rehearsal's own git",
}


def relative(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def package_of(parts: tuple[str, ...]) -> str:
    """Return the layer that a module belongs to, `checks.smoke` before `checks`."""
    inner = ".".join(parts[:2])
    return inner if inner in LEVEL else parts[0]


def imports(path: Path) -> Iterator[str]:
    """Yield every imported name, those inside functions and of TYPE_CHECKING blocks too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def packages_used(path: Path) -> set[str]:
    inner = (
        name.split(".")[1:]
        for name in imports(path)
        if name.startswith("release_tasks.")
    )
    return {
        package
        for parts in inner
        if (package := package_of(tuple(parts))) in LEVEL
    }


def test_imports_point_one_way_between_packages() -> None:
    offenders = []
    for path in FILES:
        here = package_of(path.relative_to(PACKAGE).with_suffix("").parts)
        assert here in LEVEL, f"{here} has no place in LAYERS"
        for other in packages_used(path) - {here}:
            if (
                LEVEL[other] > LEVEL[here]
                and (relative(path), other) not in EXCEPTIONS
            ):
                offenders.append(f"{relative(path)} imports {other}")
    assert offenders == []


def test_at_most_three_exceptions_are_named() -> None:
    assert len(EXCEPTIONS) <= 3
    assert all(EXCEPTIONS.values())


def test_the_rehearsal_stands_alone() -> None:
    offenders = []
    for path in FILES:
        is_inside = relative(path).startswith("rehearsal/")
        used = packages_used(path)
        if is_inside and not used <= REHEARSAL_MAY_USE:
            offenders.append(
                f"{relative(path)} imports {sorted(used - REHEARSAL_MAY_USE)}"
            )
        if (
            not is_inside
            and "rehearsal" in used
            and relative(path) != "commands/rehearse.py"
        ):
            offenders.append(f"{relative(path)} imports the rehearsal")
    assert offenders == []


def test_no_step_imports_a_step() -> None:
    offenders = [
        f"{relative(path)} imports {name}"
        for path in FILES
        if relative(path).startswith("steps/")
        for name in imports(path)
        if name.startswith("release_tasks.steps.")
    ]
    assert offenders == []


def test_processes_and_connections_have_one_entry_point_each() -> None:
    offenders = [
        f"{relative(path)} imports {name}"
        for path in FILES
        for name in imports(path)
        for module, allowed in ENTRY_POINTS.items()
        if (name == module or name.startswith(f"{module}."))
        and relative(path) not in allowed
    ]
    assert offenders == []


def test_only_shell_calls_the_system_for_a_process() -> None:
    calls = re.compile(r"\bos\.(system|popen|exec\w+|spawn\w+|fork)\(")
    assert [
        relative(path) for path in FILES if calls.search(path.read_text())
    ] == []


def words_handed_to_shell(path: Path) -> Iterator[str]:
    """Yield each call of the shell whose argv is put together in the function that calls."""
    for scope in ast.walk(ast.parse(path.read_text())):
        if not isinstance(scope, ast.FunctionDef):
            continue
        made = {
            target.id
            for node in ast.walk(scope)
            if isinstance(node, ast.Assign) and is_sequence_of_words(node.value)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for call in ast.walk(scope):
            if (
                isinstance(call, ast.Call)
                and name_of(call.func) in STARTS_A_PROCESS
            ):
                for argument in call.args[:2]:
                    is_made = (
                        isinstance(argument, ast.Name) and argument.id in made
                    )
                    if is_made or is_sequence_of_words(argument):
                        yield f"{relative(path)}:{call.lineno}"


def is_sequence_of_words(node: ast.expr) -> bool:
    return isinstance(node, ast.List | ast.Tuple | ast.ListComp)


def name_of(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return f"{name_of(function.value)}.{function.attr}"
    return function.id if isinstance(function, ast.Name) else ""


def test_argv_is_built_in_tools_only() -> None:
    offenders = [
        call
        for path in FILES
        if not relative(path).startswith("tools/")
        and relative(path) not in ARGV_ELSEWHERE
        for call in words_handed_to_shell(path)
    ]
    assert offenders == []


def test_only_files_writes_into_the_project() -> None:
    writes = re.compile(
        r"\.write_(text|bytes)\(|(?<!tarfile\.)(?<!archive\.)\bopen\([^)]*[\"'][wax]b?\+?[\"']"
        r"|shutil\.(copy(?!fileobj)|move|rmtree)"
    )
    offenders = [
        f"{relative(path)}: {line.strip()}"
        for path in FILES
        if relative(path) not in ("files.py", "shell.py")
        if not relative(path).startswith("rehearsal/")
        for line in path.read_text().splitlines()
        if writes.search(line) and "files.write_bytes(" not in line
    ]
    assert offenders == []


def test_what_is_shown_goes_through_the_terminal() -> None:
    # a table's cells are cleaned one by one, notes are for other programs, ours are constants
    allowed = {
        *("terminal.py", "commands/table.py", "commands/notes.py"),
        *("commands/overview.py", "tools/ci.py"),
        *("checks/smoke/package.py", "tools/pip.py"),  # for another Python
    }
    prints = re.compile(r"(?<![\w.])print\((?!.*file=)")
    offenders = [
        f"{relative(path)}: {line.strip()}"
        for path in FILES
        if relative(path) not in allowed
        if not relative(path).startswith(("rules/", "sessions/"))
        for line in path.read_text().splitlines()
        if prints.search(line)
    ]
    assert offenders == []


def test_public_addresses_stand_in_endpoints_only() -> None:
    hosts = r"(crates\.io|pypi\.org|pythonhosted\.org|github\.com|ghcr\.io|docker\.io)"
    address = re.compile(rf"https?://[\w.-]*{hosts}")
    assert re.search(hosts, (PACKAGE / "endpoints.py").read_text())
    others = [path for path in FILES if path.name != "endpoints.py"]
    assert [
        relative(path) for path in others if address.search(path.read_text())
    ] == []


def test_every_module_says_in_one_sentence_what_it_is() -> None:
    offenders = []
    for path in FILES:
        first = (
            ast.get_docstring(ast.parse(path.read_text())) or ""
        ).partition("\n")[0]
        if not first.endswith(".") or len(first) > 100:
            offenders.append(relative(path))
    assert offenders == []

"""Run the console blocks of a page, word by word, in one shell that begins in an empty folder."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from manual.pages import ELSEWHERE, Block, Command, blocks, option
from manual.projects import PROJECTS
from release_tasks.rehearsal.registries import run_registries

LIMIT = 900  # seconds, for a whole page
_END = "\x1e"  # before the exit status of a command
_SIDE_BY_SIDE = r"(?:package|build|docker)-[a-z]+ TIME"
_SAME = (  # what differs from run to run, and what stands for it
    (r"\x1b\[[0-9;?]*[A-Za-z]", ""),
    (r"/(?:tmp|var/folders)/[\w./+-]+", "FOLDER"),
    (r"\b[0-9a-f]{12,}\b", "HASH"),
    (r"\b\d+(?:\.\d+)? ?(?:s|ms|min|minutes?|seconds?)\b", "TIME"),
    (r"\b\d{4}-\d\d-\d\d(?:T[\d:]+Z)?\b", "DATE"),
    (r"untagged-\w+|releases/\d+|notes-\w+", "ID"),
    (r"\b[0-9a-f]{7}\b", "COMMIT"),
    (r"manylinux_2_\d+_\w+?(?=\.whl)", "PLATFORM"),
    (
        r"\b(git|GitHub CLI|twine|CPython|cargo|containerd|Helm)[/ ][\w.+]+",
        r"\1",
    ),
    (r"\b\d+(?:\.\d+)? ?[KMG]i?B\b", "SIZE"),
    (r"[█▏▎▍▌▋▊▉]+", ""),
)


class PageError(Exception):
    """A command of a page does something else than the page shows."""


def run(
    text: str, folder: Path, home: Path | None = None
) -> list[tuple[Block, list[str]]]:
    """Run the blocks of a page in an empty folder, and return the output of their commands.

    With `home` they begin in that folder, as it is.

    Raises `PageError` for a command with another exit status than the page says.
    """
    found = blocks(text)
    with _environment(text, folder) as env:
        if home is None:
            home = folder / "work"
            home.mkdir()
        done = subprocess.run(
            ["bash"],
            input=_beginning(text) + _script(found),
            cwd=home,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=LIMIT,
        )
    outputs = re.findall(rf"(.*?){_END}(\d+)\n", done.stdout, re.S)
    results = []
    places = {str(home.resolve()): "~/lantern", sys.executable: "python3"}
    for block in found:
        printed = []
        for command in block.commands:
            output, status = outputs.pop(0)
            _check_status(block, command, output, int(status))
            for place, word in places.items():
                output = output.replace(place, word)
            printed.append(output)
        results.append((block, printed))
    return results


def _beginning(text: str) -> str:
    """Return what bash reads first: the project that a page begins with, on the local GitHub."""
    project = option(text, "project")
    if project is None:
        return ""
    written = [_write(name, body) for name, body in PROJECTS[project].items()]
    commands = [
        "git init",
        "git add .",
        "git commit --message Begin",
        "gh repo create example/lantern --public --source . --push",
    ]
    quiet = [f"{command} >/dev/null 2>&1 </dev/null" for command in commands]
    return "\n".join([*written, *quiet, ""])


def _check_status(
    block: Block, command: Command, output: str, status: int
) -> None:
    wanted = 0
    if command == block.commands[-1]:
        wanted = int(block.options.get("exit", 0))
    if status != wanted:
        raise PageError(f"`{command.line}` ended with {status}:\n{output}")


def _script(found: list[Block]) -> str:
    """Return what bash reads: files are written, and each command is followed by its status."""
    lines = []
    for block in found:
        if block.file:
            lines.append(_write(block.file, block.body))
            continue
        if "set up" in block.options:
            lines.append(
                f"{{ {block.options['set up']}; }} >/dev/null 2>&1 </dev/null"
            )
        for command in block.commands:
            lines.append(f"{{ {command.line}\n}} </dev/null")
            lines.append(f"printf '{_END}%s\\n' $?")
    return "\n".join(lines) + "\n"


def _write(name: str, text: str) -> str:
    """Return the command that writes a file."""
    parent = os.path.dirname(name) or "."
    return (
        f"mkdir -p '{parent}'; cat > '{name}' <<'END-OF-FILE'\n"
        f"{text}END-OF-FILE"
    )


@contextlib.contextmanager
def _environment(text: str, folder: Path) -> Iterator[dict[str, str]]:
    """Yield the variables of the shell: this Python's programs, an author, a folder for files."""
    settings = folder / "gitconfig"
    settings.write_text(
        "[user]\nname = Robin\nemail = robin@example.org\n[init]\ndefaultBranch = main\n"
    )
    programs = str(Path(sys.executable).parent)
    env = os.environ | {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "GIT_CONFIG_GLOBAL": str(settings),
        "COLUMNS": "100",
        "NO_COLOR": "1",
    }
    for name in ("CI", "GITHUB_ACTIONS", "FORCE_COLOR", "RELEASE_TASKS_OUTPUT"):
        env.pop(name, None)
    if option(text, "registries") is None:
        yield env
        return
    with run_registries(folder / "registries") as registries:
        for name in registries.removed:
            env.pop(name, None)
        yield env | registries.env


def rendered(text: str, results: list[tuple[Block, list[str]]]) -> str:
    """Return the page with the outputs in place of those that it shows."""
    for block, outputs in reversed(results):
        if block.file:
            continue
        lines = []
        for command, output in zip(block.commands, outputs, strict=True):
            lines.append(f"$ {command.line}\n")
            shown = _shown(block, output)
            if re.search(r"^\$ ", shown, re.M):
                # the page would have it as a command of its own
                raise PageError(f"`{command.line}` prints a line with `$ `")
            lines.append(shown)
        text = text[: block.start] + "".join(lines) + text[block.end :]
    return text


def _shown(block: Block, output: str) -> str:
    """Return the part of an output that a page shows."""
    lines = [f"{line.rstrip()}\n" for line in output.splitlines()]
    tail = int(block.options.get("tail", 0))
    if tail and len(lines) > tail:
        return "".join([f"{ELSEWHERE}\n", *lines[-tail:]])
    if "lines" in block.options:
        first, _, last = block.options["lines"].partition("-")
        part = lines[int(first) - 1 : int(last)]
        begin = [f"{ELSEWHERE}\n"] * (int(first) > 1)
        end = [f"{ELSEWHERE}\n"] * (int(last) < len(lines))
        return "".join([*begin, *part, *end])
    return "".join(lines)


def compare(results: list[tuple[Block, list[str]]]) -> None:
    """Raise `PageError` for an output that is not what the page shows, times and hashes aside."""
    for block, outputs in results:
        for command, output in zip(block.commands, outputs, strict=True):
            if not _matches(_lines(command.output), _lines(output)):
                raise PageError(
                    f"`{command.line}` prints:\n{output}\nand the page shows:\n"
                    f"{command.output}\nrun: python -m manual --run PAGE"
                )


def _lines(text: str) -> list[str]:
    """Return the lines to compare; steps of one stage end in any order."""
    lines: list[str] = []
    stage: list[str] = []
    for line in filter(None, map(same, text.splitlines())):
        if re.fullmatch(_SIDE_BY_SIDE, line):
            stage.append(line)
            continue
        lines += [*sorted(stage), line]
        stage = []
    return [*lines, *sorted(stage)]


def _matches(shown: list[str], printed: list[str]) -> bool:
    """Tell whether lines are those shown, where `...` stands for any number of lines."""
    pattern = "".join(
        r"(?:[^\n]*\n)*?" if line == ELSEWHERE else re.escape(line) + r"\n"
        for line in shown
    )
    return (
        re.fullmatch(pattern, "".join(f"{line}\n" for line in printed))
        is not None
    )


def same(line: str) -> str:
    """Return a line without what differs from run to run."""
    for pattern, word in _SAME:
        line = re.sub(pattern, word, line)
    return " ".join(line.split())

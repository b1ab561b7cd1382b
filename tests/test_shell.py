"""Programs are started without a shell, without secrets, and end with us."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.contexts import context
from support.waiting import wait_until

from release_tasks import shell, terminal
from release_tasks.errors import ReleaseError

SECRET = "s3cret-" + "x" * 30


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def is_alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return (
        stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"
    )


def ends(pid: int) -> bool:
    wait_until(lambda: not is_alive(pid))
    return True


def test_no_variable_asks_a_program_for_colors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("FORCE_COLOR", "CLICOLOR_FORCE", "PY_COLORS"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("CARGO_TERM_COLOR", "always")
    said = shell.ask([sys.executable, "-m", "nox", "--version"])
    assert "force-color" not in said
    assert set(shell.environment()).isdisjoint(shell.COLORING)
    assert shell.environment()["NO_COLOR"] == "1"


def test_words_reach_the_program_as_they_are(tmp_path: Path) -> None:
    words = ["$HOME", "a b", "`id`", "*", "'", ""]
    assert shell.ask(
        [*python("import sys; print(sys.argv[1:])"), *words], cwd=tmp_path
    ).strip() == str(words)
    assert shell.ask(
        python("import os; print(os.getcwd())"), cwd=tmp_path
    ).strip() == str(tmp_path)
    assert (
        shell.ask(python("import sys; print(repr(sys.stdin.read()))")).strip()
        == "''"
    )


def test_a_program_sees_only_the_secrets_that_its_call_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secret = {
        "CARGO_REGISTRY_TOKEN",
        "TWINE_PASSWORD",
        "AWS_SECRET_ACCESS_KEY",
        "GH_PAT",
        "SIGNING_PASSPHRASE",
        "NPM_API_KEY",
    }
    for name in secret:
        monkeypatch.setenv(name, SECRET)
    monkeypatch.setenv("PATHWAY_DIR", "anywhere")
    show = python("import os; print(' '.join(os.environ))")
    assert not secret & set(shell.ask(show).split())
    assert "PATHWAY_DIR" in shell.ask(show).split()
    assert secret & set(shell.ask(show, secrets=("GH_PAT",)).split()) == {
        "GH_PAT"
    }


def test_a_secret_is_hidden_even_when_it_comes_in_two_pieces(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SOME_TOKEN", SECRET)
    monkeypatch.setenv("SOME_OTHER_TOKEN", SECRET[:20])
    monkeypatch.setenv(
        "SIGNING_PRIVATE_KEY", "-----BEGIN-----\nline-of-a-key\n-----END-----"
    )
    code = (
        "import os, time; t = os.environ['SOME_TOKEN'].encode()\n"
        "os.write(1, b'a' * 990 + t[:10]); time.sleep(.2); os.write(1, t[10:] + b'\\n')\n"
        "os.write(2, b'line-of-a-key https://me:pass-word@example.org\\n')"
    )
    shell.do(context(), python(code), secrets=("SOME_TOKEN",))
    said = capsys.readouterr().err
    assert "x" * 10 not in said
    assert f"{'a' * 990}***\n" in said
    assert "*** https://***@example.org" in said


def test_no_error_holds_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_TOKEN", SECRET)
    with pytest.raises(shell.Failed) as raised:
        shell.ask(
            python(
                "import os, sys; sys.exit('no: ' + os.environ['SOME_TOKEN'])"
            ),
            secrets=("SOME_TOKEN",),
        )
    assert SECRET not in (
        f"{raised.value.problem} {raised.value.output} {raised.value!r} "
        f"{raised.value.__dict__}"
    )
    assert "no: ***" in raised.value.problem


def test_letters_of_several_bytes_are_not_cut(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shell.do(
        context(), python("import os; os.write(1, ('a' + 'é' * 1500).encode())")
    )
    assert f"a{'é' * 1500}\n" in capsys.readouterr().err


def test_command_and_output_go_to_stderr_after_the_name_of_the_step(
    capsys: pytest.CaptureFixture[str],
) -> None:
    token = terminal.prefix.set("build-wheels")
    try:
        shell.do(
            context(),
            ["echo", "two words"],
            env={"A_TOKEN": "never", "PLAIN": "1"},
        )
    finally:
        terminal.prefix.reset(token)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "build-wheels: $ env A_TOKEN=*** PLAIN=1 echo 'two words'",
        "build-wheels:   two words",
    ]


def test_a_dry_run_prints_what_do_would_run_and_runs_what_is_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.do(context(dry=True), ["touch", tmp_path / "made"])
    assert capsys.readouterr().err == f"$ touch {tmp_path}/made\n"
    assert not (tmp_path / "made").exists()
    assert shell.ask(["echo", "yes"]) == "yes\n"


def test_a_failure_shows_the_last_lines_of_the_output() -> None:
    with pytest.raises(shell.Failed) as raised:
        shell.do(
            context(),
            python("import sys; print(*range(99), sep='\\n'); sys.exit(7)"),
        )
    assert raised.value.status == 7
    assert raised.value.problem.splitlines()[1:] == [
        str(n) for n in range(84, 99)
    ]


def test_a_program_that_cannot_be_started_is_an_error_that_says_why(
    tmp_path: Path,
) -> None:
    (tmp_path / "plain.txt").write_text("no program")
    with pytest.raises(ReleaseError, match="no-such-program is not installed"):
        shell.ask(["no-such-program"])
    with pytest.raises(
        ReleaseError, match=r"plain\.txt cannot be started: Permission denied"
    ):
        shell.ask([tmp_path / "plain.txt"])
    with pytest.raises(
        ReleaseError, match=r"the folder .*/absent does not exist"
    ):
        shell.ask(["true"], cwd=tmp_path / "absent")


@pytest.mark.skipif(sys.platform != "linux", reason="others start such a file")
def test_a_program_that_is_being_written_is_started_when_that_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = shutil.copy2("/bin/true", tmp_path / "true")
    with open(program, "ab") as written, monkeypatch.context() as patched:

        def closed_after_two_tries() -> Iterator[float]:
            yield 0.0
            yield 0.0
            written.close()
            yield 0.0

        patched.setattr(shell, "BUSY", closed_after_two_tries())
        assert shell.ask([str(program)]) == ""
        assert written.closed
    with (
        open(program, "ab"),
        pytest.raises(ReleaseError, match="Text file busy"),
    ):
        shell.ask([str(program)])


def test_a_line_that_matches_stop_at_ends_the_program() -> None:
    with pytest.raises(shell.Failed):
        shell.do(
            context(),
            python("import time; print('enough', flush=True); time.sleep(99)"),
            stop_at="^enough",
        )


CHILDREN = """
import os, sys
sys.path[:0] = {path!r}
from release_tasks import shell
from support.contexts import context
{before}
shell.do(context(), [sys.executable, "-c", {child!r}])
"""
NESTED = (
    "import os, signal, subprocess, sys, time\n"
    "inner = subprocess.Popen([sys.executable, '-c', 'import signal, time; "
    "signal.signal(15, signal.SIG_IGN);"
    " print(1, flush=True); time.sleep(99)'], stdout=subprocess.PIPE)\n"
    "inner.stdout.read(1); print('pids', os.getpid(), inner.pid, flush=True); time.sleep(99)"
)


def start(
    child: str, before: str = ""
) -> tuple[subprocess.Popen[str], list[int]]:
    """Start a Python process that starts `child`; return it and the pids that the child prints."""
    code = CHILDREN.format(path=sys.path, child=child, before=before)
    process = subprocess.Popen(
        [sys.executable, "-c", code], stderr=subprocess.PIPE, text=True
    )
    assert process.stderr
    for line in process.stderr:
        if " pids " in line:
            return process, [int(word) for word in line.split()[1:]]
    raise AssertionError("the child did not print its pid")


def test_ctrl_c_ends_the_child_and_its_own_child_that_ignores_sigterm() -> None:
    process, pids = start(NESTED)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert all(ends(pid) for pid in pids)


def test_a_child_that_outlives_its_parent_holds_the_lock(
    tmp_path: Path,
) -> None:
    import fcntl

    lock = tmp_path / "lock"
    take = (
        f"import fcntl; h = os.open({str(lock)!r}, os.O_CREAT | os.O_RDWR); fcntl.flock(h, "
        f"2); shell.inherit(h)"
    )
    stubborn = (
        "import os, signal, time; signal.signal(15, signal.SIG_IGN); print('pids', "
        "os.getpid(), flush=True); time.sleep(99)"
    )
    process, [child] = start(stubborn, take)
    process.kill()
    process.communicate()
    try:
        assert is_alive(child)
        with lock.open() as file, pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.kill(child, signal.SIGKILL)
    assert ends(child)

"""All gates run side by side, each to its end; one that fails stops the release."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.contexts import context
from support.sample_projects import RUNBOOKS, git, sample
from support.tiny_project import TINY, TinyProject, run_checks, tiny_project
from support.waiting import SECONDS, wait_until

from release_tasks.checks.check import CheckContext, Finding
from release_tasks.checks.preflight import gates

NOX = (sys.executable, "-m", "nox")
NOXFILE = """import nox
from release_tasks.sessions import preflight

preflight("own")


@nox.session(venv_backend="none", allow_parallel=True)
def own(session):
    session.run("test", "-e", "wanted.txt")
"""
MEETING = (  # each waits until the other has begun
    "sh -c 'touch {0}/{1}; for i in $(seq 300); do test -e {0}/{2} && exit 0; sleep 0.1; "
    "done; exit 1'"
)


@pytest.fixture
def tiny(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TinyProject]:
    with tiny_project(tmp_path, monkeypatch, TINY) as made:
        yield made


def settings(tiny: TinyProject, *lines: str) -> None:
    tiny.commit("release-tasks.toml", "\n".join(("[gates]", *lines, "")))


def found(tiny: TinyProject, version: str = "0.2.0") -> list[Finding]:
    return run_checks(CheckContext(context(), tiny.release(version)), gates)


def nox(root: Path, *words: str, code: int = 0) -> dict[str, str]:
    """Run nox as a person would, and return how each session ended."""
    report = root.parent / "report.json"
    done = subprocess.run(
        [*NOX, f"--report={report}", *words],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return {
        one["name"]: one["result"]
        for one in json.loads(report.read_text())["sessions"]
    }


def test_every_gate_runs_to_its_end_and_the_whole_of_each_failure_is_reported(
    tiny: TinyProject,
) -> None:
    settings(
        tiny,
        'run = ["false", "test -e tasks.py"]',
        "odd = \"sh -c 'echo one; echo two >&2; test -e fixed.txt'\"",
    )
    false, odd = found(tiny)
    assert (
        false.fact
        == "the gate false fails\nnox > false \nnox > Command false  failed with exit code 1"
    )
    assert odd.fact.splitlines()[0] == "the gate odd fails"
    assert {"one", "two"} <= set(odd.fact.splitlines())
    repeat = shlex.split(odd.fix.split("`")[1])
    assert (
        subprocess.run(repeat, capture_output=True, check=False).returncode == 1
    )
    tiny.commit("fixed.txt")
    assert (
        subprocess.run(repeat, capture_output=True, check=False).returncode == 0
    )
    assert [one.fact.splitlines()[0] for one in found(tiny)] == [
        "the gate false fails"
    ]
    assert not tiny.git("status", "--short")


def test_an_error_of_the_compiler_that_two_gates_share_is_shown_once(
    tiny: TinyProject,
) -> None:
    error = "error[E0425]: cannot find value `x`\n --> src/lib.rs:2:5\n  |\n2 |     x\n"
    tiny.commit("error.txt", error)
    tiny.commit("other.txt", error.replace("2:5", "9:1"))
    settings(
        tiny,
        "run = []",
        """clippy = "sh -c 'cat error.txt; false'" """,
        """doc = "sh -c 'cat error.txt; false'" """,
        """test = "sh -c 'cat error.txt other.txt; false'" """,
    )
    first, second, third = (one.fact for one in found(tiny))
    assert "2 |     x" in first
    assert second.splitlines()[1:] == [
        "the error that clippy has shown:",
        "error[E0425]: cannot find value `x`",
        " --> src/lib.rs:2:5",
    ]
    assert "src/lib.rs:9:1" in third


def test_gates_run_side_by_side(tiny: TinyProject) -> None:
    one, other = (
        MEETING.format(tiny.folder, "a", "b"),
        MEETING.format(tiny.folder, "b", "a"),
    )
    settings(tiny, f'one = "{one}"', f'other = "{other}"')
    assert found(tiny) == []


def test_without_gates_nothing_is_run(
    tiny: TinyProject, capfd: pytest.CaptureFixture[str]
) -> None:
    assert found(tiny) == []
    assert "nox" not in capfd.readouterr().err


def test_a_hotfix_passes_with_the_gates_of_hotfixes(tiny: TinyProject) -> None:
    settings(tiny, 'quick = "true"', 'slow = "false"', 'hotfix = ["quick"]')
    tiny.git("switch", "--quiet", "--create", "hotfix/v0.1.1")
    assert found(tiny, "0.1.1") == []
    assert [one.fact.splitlines()[0] for one in found(tiny, "0.2.0")] == [
        "the gate slow fails"
    ]


@pytest.mark.long
def test_a_project_adds_sessions_of_its_own_and_both_ways_to_run_them_agree(
    tiny: TinyProject,
) -> None:
    settings(tiny, 'quick = "true"', 'hotfix = ["quick"]')
    tiny.commit("noxfile.py", NOXFILE)
    listed = subprocess.run(
        [*NOX, "--list"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert [line for line in listed if line.startswith("*")] == [
        "* quick [hotfix] -> true",
        "* preflight -> Require every gate that a release of this project has to pass.",
        "* own",
    ]
    assert nox(tiny.root, "-s", "preflight", code=1) == {
        "quick": "success",
        "own": "failed",
        "preflight": "aborted",
    }
    [failed] = found(tiny)
    assert failed.fix == "fix it; `nox -s own` runs it again"
    tiny.commit("wanted.txt")
    assert found(tiny) == []
    assert nox(tiny.root, "-t", "hotfix") == {"quick": "success"}


def test_a_noxfile_that_cannot_be_read_is_reported(tiny: TinyProject) -> None:
    settings(tiny, 'quick = "true"')
    tiny.commit(
        "noxfile.py",
        "from release_tasks.sessions import preflight\n\npreflight(\n",
    )
    [failed] = found(tiny)
    assert "SyntaxError" in failed.fact
    assert failed.fix == "fix noxfile.py: `nox --list` reads it"
    tiny.commit("noxfile.py", NOXFILE)
    tiny.commit("release-tasks.toml", "[gates]\nquick = false\n")
    done = subprocess.run(
        [*NOX, "--list"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert (
        done.stderr
        == "release-tasks.toml: [gates]: there is no gate quick\nfix: available: none\n"
    )


def test_a_secret_is_kept_from_gates_that_a_person_runs(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings(tiny, "nosy = \"sh -c 'test -z $NPM_TOKEN'\"")
    tiny.commit("noxfile.py", NOXFILE)
    monkeypatch.setenv("NPM_TOKEN", "nobody-may-see-this")
    assert nox(tiny.root, "-s", "nosy") == {"nosy": "success"}


@pytest.mark.statement("B5.22", "B2.25")
@pytest.mark.tools("gh")
def test_a_failing_gate_stops_a_release_before_anything_changes(
    tiny: TinyProject,
) -> None:
    settings(tiny, 'late = "false"')
    head = tiny.head()
    argv = [
        sys.executable,
        "-m",
        "invoke",
        "release",
        "--version",
        "0.2.0",
        "--new",
        "all",
    ]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "error[failing-gate]: the gate late fails\n" in done.stderr
    assert (tiny.head(), tiny.git("tag"), tiny.git("status", "--short")) == (
        head,
        "",
        "",
    )


@pytest.mark.tools("gh")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_every_gate(
    tiny: TinyProject, number: signal.Signals
) -> None:
    pids = [tiny.folder / name for name in ("one.pid", "other.pid")]
    settings(
        tiny,
        *(
            f"{path.stem} = \"sh -c 'echo $$ > {path}; sleep 500; true'\""
            for path in pids
        ),
    )
    argv = [
        sys.executable,
        "-m",
        "invoke",
        "check",
        "--version",
        "0.2.0",
        "--new",
        "all",
    ]
    process = subprocess.Popen(argv, stderr=subprocess.PIPE, text=True)
    wait_until(
        lambda: all(path.exists() and path.read_text() for path in pids),
        process,
    )
    running = [int(path.read_text()) for path in pids]
    process.send_signal(number)
    assert (
        "interrupted\n  help: run `inv check --version 0.2.0 --new all` to resume\n"
        in process.communicate(timeout=SECONDS)[1]
    )
    assert process.returncode == 130
    # init may need a moment to forget those whose parent has ended
    wait_until(lambda: not any(map(is_there, running)))


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.slow
@pytest.mark.statement("B1.16", "B2.10", "B3.1", "B4.13", "B5.5", "B5.4")
@pytest.mark.parametrize("name", RUNBOOKS)
@pytest.mark.sample(3)
def test_preflight_of_a_sample_project_runs_exactly_the_gates_of_its_runbook(
    name: str, tmp_path: Path
) -> None:
    """Each gate runs a small command instead of its own."""
    root = sample(name, tmp_path, name)
    before, _, after = (
        (root / "release-tasks.toml").read_text().partition("[gates]\n")
    )
    theirs, _, after = after.partition("[github]\n")
    own = [f'"{gate}" = "test -e tasks.py"' for gate in RUNBOOKS[name]]
    drop = [line for line in theirs.splitlines() if " = false" in line]
    drop += (
        ["helm-lint = false", "helm-template = false"]
        if name == "llm-proxy"
        else []
    )  # its script does that
    (root / "release-tasks.toml").write_text(
        "\n".join((before, "[gates]", *own, *drop, "[github]", after))
    )
    (root / "noxfile.py").write_text(
        "from release_tasks.sessions import preflight\n\npreflight()\n"
    )
    git(root, "add", "--all")
    assert nox(root, "-s", "preflight") == dict.fromkeys(
        (*RUNBOOKS[name], "preflight"), "success"
    )


@pytest.mark.statement("B4.38")
def test_a_lint_that_nothing_asks_for_is_a_warning(tiny: TinyProject) -> None:
    tiny.commit(
        "Cargo.toml",
        '[package]\nname = "a"\nversion = "0.1.0"\nedition = "2021"\n',
    )
    tiny.commit("src/lib.rs", "pub  fn one()->u8{1}\n")
    settings(tiny, "clippy = false", "doc = false", "test = false")
    [failed] = found(tiny)
    assert (failed.name, failed.severity) == ("failing-lint", "warning")
    assert failed.fix.endswith(
        "-s rustfmt` runs it again: cargo fmt --all --check"
    )
    tiny.commit(
        ".github/workflows/ci.yml", "jobs: {a: {steps: [{run: cargo fmt}]}}\n"
    )
    [failed] = found(tiny)
    assert failed.fix.startswith("inv fix --version 0.2.0 corrects and commits")
    assert (failed.name, failed.severity) == ("failing-gate", "problem")


@pytest.fixture
def tagged(tiny: TinyProject) -> TinyProject:
    """A project with a gate that notes when it runs, whose version was tagged by hand."""
    settings(tiny, f"noted = \"sh -c 'echo ran >> {tiny.folder}/ran'\"")
    tiny.tag("v0.1.0")
    return tiny


def times_run(tiny: TinyProject) -> int:
    path = tiny.folder / "ran"
    return len(path.read_text().splitlines()) if path.exists() else 0


def names(tiny: TinyProject, version: str = "0.1.0") -> list[str]:
    return [one.name for one in found(tiny, version)]


@pytest.mark.tools("gh")
def test_gates_run_for_a_tag_made_by_hand_once(tagged: TinyProject) -> None:
    assert names(tagged) == []
    assert times_run(tagged) == 1
    [skipped] = found(tagged, "0.1.0")
    assert (skipped.name, skipped.severity) == ("skipped-gates", "note")
    assert f"they have passed for {tagged.head()[:7]}" in skipped.fact
    assert times_run(tagged) == 1
    subprocess.run(skipped.fix.split("`")[1].split(), check=True)
    assert names(tagged) == []
    assert times_run(tagged) == 2


@pytest.mark.tools("gh")
def test_a_failing_gate_stops_a_tagged_release_and_says_how_the_tag_moves(
    tiny: TinyProject,
) -> None:
    settings(tiny, 'late = "test -e late.txt"')
    tiny.tag("v0.1.0", push=False)
    [failed] = found(tiny, "0.1.0")
    assert (failed.name, failed.severity) == ("failing-gate", "problem")
    assert failed.fix.startswith(
        "fix it and commit, then inv release --version 0.1.0; "
    )
    tiny.git("push", "--quiet", "origin", "main", "v0.1.0")
    [failed] = found(tiny, "0.1.0")
    assert failed.fix.startswith(
        "fix it and commit, then inv retag --version 0.1.0; "
    )
    assert failed.fix.endswith("runs it again: test -e late.txt")
    tiny.commit("late.txt")
    # the tag's commit is what is released
    assert names(tiny) == ["failing-gate"]
    tiny.tag("v0.2.0", push=False)
    assert names(tiny, "0.2.0") == []


@pytest.mark.long
@pytest.mark.tools("gh")
def test_what_passed_before_the_bump_has_passed_for_the_tag(
    tiny: TinyProject,
) -> None:
    settings(tiny, f"noted = \"sh -c 'echo ran >> {tiny.folder}/ran'\"")
    tiny.git("push", "--quiet", "origin", "main")
    for words in (("check", "--new", "all"), ("bump",), ("tag",)):
        done = tiny.inv(*words, "--version", "0.2.0")
        assert done.returncode == 0, done.stderr
    assert names(tiny, "0.2.0") == ["skipped-gates"]
    assert times_run(tiny) == 1
    # the tag moves with it, and nothing has run on that
    tiny.commit("more.txt")
    done = tiny.inv("tag", "--version", "0.2.0")
    assert done.returncode == 0, done.stderr
    assert names(tiny, "0.2.0") == []
    assert times_run(tiny) == 2


@pytest.mark.tools("gh")
def test_no_gate_runs_once_something_is_public(tagged: TinyProject) -> None:
    create = [
        "gh",
        "release",
        "create",
        "v0.1.0",
        "--draft",
        "--notes=",
        "-R",
        "example/tiny",
    ]
    subprocess.run(create, check=True)
    assert names(tagged) == []
    (tagged.root / "dist/v0.1.0/gates.json").write_text("{")
    assert names(tagged) == []
    assert times_run(tagged) == 2
    (tagged.root / "dist/v0.1.0/gates.json").unlink()
    publish = [
        "gh",
        "release",
        "edit",
        "v0.1.0",
        "--draft=false",
        "-R",
        "example/tiny",
    ]
    subprocess.run(publish, check=True)
    [skipped] = found(tagged, "0.1.0")
    assert (
        skipped.fact
        == "the gates do not run: v0.1.0 on GitHub is public already"
    )
    assert skipped.fix.endswith(" -s preflight` runs them")


def test_a_level_without_gates_is_said(tiny: TinyProject) -> None:
    settings(tiny, 'slow = "false"', "patch = []")
    [skipped] = found(tiny, "0.1.1")
    assert skipped.name == "skipped-gates"
    assert "lists none for a release of this level" in skipped.fact

"""A first tasks.py, noxfile.py and release-tasks.toml for a project."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from invoke.context import Context

from release_tasks import errors, files, shell, terminal
from release_tasks.commands.table import print_table
from release_tasks.errors import ReleaseError
from release_tasks.tasks import command

if TYPE_CHECKING:
    from release_tasks.project.model import Component, Project

TASKS = '''\
"""Release tasks of this project; `inv --list` shows them."""

from release_tasks import ns

__all__ = ["ns"]
'''
NOXFILE = '''\
"""The gates of a release as nox sessions; `nox -l` lists them."""

from release_tasks.sessions import preflight

preflight()
'''
COMPILED = "__pycache__/"  # what `nox` leaves beside noxfile.py

WORDS = {  # what one of each kind is called
    "images": "image",
    "charts": "chart",
    "python": "Python package",
    "crates": "crate",
    "binaries": "program",
}
TARGETS = (  # of a program, and how its file for each may be called
    ("x86_64-unknown-linux-gnu", "linux-amd64.tar.gz"),
    ("aarch64-unknown-linux-gnu", "linux-arm64.tar.gz"),
    ("aarch64-apple-darwin", "macos-arm64.tar.gz"),
    ("x86_64-pc-windows-msvc", "windows-amd64.zip"),
)
UNFINISHED = ("dev", "snapshot", "pre", "git", "next", "main")
HEAD = "# Only what cannot be discovered; `inv settings` shows the rest.\n"


@command
def init(c: Context) -> None:
    """Write a first tasks.py, noxfile.py and release-tasks.toml."""
    from release_tasks.project.settings import FILE
    from release_tasks.tools import git

    top = git.top(Path.cwd())
    _require_tracked_files(top)
    wrote = "would write" if shell.is_dry(c) else "wrote"
    written = []
    for name, text in {"tasks.py": TASKS, "noxfile.py": NOXFILE}.items():
        if (top / name).exists():
            terminal.say(f"{name} exists already")
        else:
            files.write_all(c, {top / name: text})
            terminal.say(f"{wrote} {name}")
            written.append(name)
    if "noxfile.py" in written and not git.is_ignored(top, COMPILED):
        path = top / ".gitignore"
        files.write_all(c, {path: _with_line(path, COMPILED)})
        added = "would add" if shell.is_dry(c) else "added"
        terminal.say(f"{added} {COMPILED} to .gitignore")
        written.append(".gitignore")
    path = top / FILE
    if path.exists():
        terminal.say(f"{FILE} exists already")
    else:
        files.write_all(c, {path: _first_settings(top)})
        terminal.say(f"{wrote} {FILE}")
        written.append(FILE)
        if not shell.is_dry(c):
            _make_usable(c, path)
    _lead_on(top, written)


def _require_tracked_files(top: Path) -> None:
    """Raise `ReleaseError` where there are files, and git tracks none: nothing would be found."""
    from release_tasks.tools import git

    if git.changed(top) and not git.tracked(top):
        raise ReleaseError(
            "git tracks no file yet, and only tracked files are looked at",
            f"git add . && {errors.program} init",
        )


def _with_line(path: Path, line: str) -> str:
    """Return the text of a file, which need not exist, with a line after the last."""
    text = path.read_text("utf-8") if path.exists() else ""
    if text and not text.endswith("\n"):
        text += "\n"
    return f"{text}{line}\n"


def _lead_on(top: Path, written: Sequence[str]) -> None:
    """Show what a release would publish, and the commands that come next."""
    from release_tasks.project.discovery import discover

    try:
        project = discover(top)
    except ReleaseError as error:
        terminal.say(
            error.problem,
            "next: choose among the comments in release-tasks.toml",
            f"then: {errors.program} settings",
        )
        return
    rows = list(_found(project))
    if rows:
        print_table(("found", "name", "version", "in"), rows)
    else:
        terminal.say("nothing was found that a release could publish")
    steps = [f"{errors.program} rehearse --version {_next_version(project)}"]
    if written:
        names = " ".join(written)
        steps.insert(0, f"git add {names} && git commit -m 'Add release tasks'")
    terminal.say(f"next: {steps[0]}", *(f"then: {step}" for step in steps[1:]))


def _found(project: Project) -> Iterator[tuple[str, ...]]:
    """Yield kind, name, version and place of each thing that a release would publish."""
    from release_tasks.project.kinds import NAMED

    for component in project.components:
        for kind in NAMED:
            found = getattr(component, kind.name)
            word = WORDS[kind.name]
            if isinstance(found, ReleaseError):
                place = "release-tasks.toml has the choices, as comments"
                yield (word, "?", "", place)
                continue
            for thing in found:
                version = getattr(thing, "version", "") or component.version
                place = _place(project, thing)
                yield (word, kind.public_name(thing), version or "", place)


def _place(project: Project, thing: Any) -> str:
    """Return where something was found, from the root."""
    folder = getattr(thing, "folder", None)
    if folder is not None:
        return str(folder.relative_to(project.root))
    return str(getattr(thing, "dockerfile", "") or getattr(thing, "target", ""))


def _next_version(project: Project) -> str:
    """Return what `--version` takes for the next release."""
    requests = {
        component.name: _request_of(project, component)
        for component in project.components
    }
    if len(requests) == 1:
        return next(iter(requests.values()))
    return ",".join(f"{name}={request}" for name, request in requests.items())


def _request_of(project: Project, component: Component) -> str:
    """Return the version of the manifests where that was never released, else `patch`.

    A version that only stands for a later one counts as none, and `1.3.0-dev` as `1.3.0`; so does
    `1.3.0-dev.0` and `1.3.0.dev0` of a Python package.
    """
    from release_tasks.project.candidates import is_real, released
    from release_tasks.project.model import resolved_or_empty
    from release_tasks.versions.numbers import as_semver

    forms = (component.tag, *component.former_tags)
    public = released(project, forms)
    version = component.version or ""
    if not is_real(version):
        return "patch" if public else "0.1.0"
    version = as_semver(version.partition(".dev")[0])
    number, _, stage = version.partition("-")
    if resolved_or_empty(component.python):
        stage = stage.partition(".")[0]
    if stage.lower() in UNFINISHED:
        version = number
    return "patch" if version in public else version


def _first_settings(top: Path) -> str:
    """Return a settings file: components where there are several versions, and open questions."""
    from release_tasks.project.discovery import discover
    from release_tasks.project.suggested_components import SeveralVersions
    from release_tasks.project.suggested_settings import suggested

    try:
        project = discover(top)
    except SeveralVersions as error:
        return HEAD + "".join(f"{line}\n" for line in error.lines)
    except ReleaseError as error:
        return f"{HEAD}\n{_commented(str(error.message))}"
    lines = suggested(project)
    if lines:
        return HEAD + "".join(f"{line}\n" for line in lines)
    return HEAD + _questions(project)


def _make_usable(c: Context, path: Path) -> None:
    """Add what is open with the settings as written; comment them out where they do not work."""
    from release_tasks.project.discovery import discover

    text = path.read_text("utf-8")
    if not _active(text):
        return
    try:
        more = _questions(discover(path.parent))
    except ReleaseError as error:
        body = text.removeprefix(HEAD)
        more = f"\n{_commented(str(error.message))}"
        text = HEAD + "".join(map(_commented_line, body.splitlines()))
    if more:
        files.write_all(c, {path: text + more})


def _active(text: str) -> bool:
    return any(
        line.strip() and not line.startswith("#") for line in text.splitlines()
    )


def _commented_line(line: str) -> str:
    return f"{line}\n" if line.startswith("#") or not line else f"# {line}\n"


def _commented(text: str) -> str:
    return "".join(f"# {line}\n" for line in text.splitlines())


def _questions(project: Project) -> str:
    """Return the questions that discovery leaves open, and what is left out, as comments."""
    from release_tasks.project.kinds import NAMED

    blocks: dict[str, None] = {}  # in order, each once
    for component in project.components:
        for kind in NAMED:
            found = getattr(component, kind.name)
            if isinstance(found, ReleaseError):
                blocks[f"\n{_commented(str(found.message))}"] = None
    blocks |= dict.fromkeys(_unshipped_programs(project))
    if project.left_out:
        blocks[
            "\n" + _commented("\n".join(("left out:", *project.left_out)))
        ] = None
    return "".join(blocks)


def _unshipped_programs(project: Project) -> Iterator[str]:
    """Yield a table, as comments, for each program of a published crate that nothing names."""
    from release_tasks.project.model import resolved_or_empty

    for component in project.components:
        for crate in resolved_or_empty(component.crates):
            for program in crate.binaries:
                if program not in project.settings.binaries:
                    yield f"\n{_commented(_table_of(program))}"


def _table_of(program: str) -> str:
    lines = [
        f"{program} as a download on GitHub, for the targets that are named:",
        f"[binaries.{program}]",
        *(
            f'{target} = "{program}-{{version}}-{ending}"'
            for target, ending in TARGETS
        ),
    ]
    return "\n".join(lines)

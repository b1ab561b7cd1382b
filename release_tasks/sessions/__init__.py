"""The gates as nox sessions: a noxfile.py only has to import `preflight` and call it."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from release_tasks import environment, shell, signals
from release_tasks.errors import ReleaseError

if TYPE_CHECKING:
    from nox import Session

    from release_tasks.project.model import Gate, Project

ROOT = "RELEASE_TASKS_ROOT"  # the project's folder, where the project has no noxfile.py
ONLY_INSTALLED = {
    "PYTHONSAFEPATH": "1",
    "PYTHONPATH": None,
    "PYTHONDONTWRITEBYTECODE": "1",
}  # Python imports only what is installed


def preflight(*more: str) -> None:
    """Make a nox session of each gate, and the session `preflight`, which requires all of them.

    `more` are the names of sessions of the noxfile that `preflight` requires too. Sessions run side
    by side, unless `nox.options.parallel` was set before. Raises `SystemExit` with a message when
    the settings cannot be read.
    """
    import nox

    from release_tasks.project.discovery import outline
    from release_tasks.project.gates import ALL, gates
    from release_tasks.tools import git

    # nox shows what every library logs
    logging.getLogger("invoke").setLevel(logging.WARNING)
    signals.handle_sigterm()  # nox ends its workers on Ctrl-C alone
    try:
        root = git.top(Path(os.environ.get(ROOT) or Path.cwd()))
        project = outline(root)
        found = gates(project)
    except ReleaseError as error:
        raise SystemExit(error.message) from None

    slowest_first = sorted(found, key=lambda gate: not gate.installs)
    required = []
    for gate in slowest_first:
        _add_session(project, gate)
        required += _session_names(gate)
    add_all = nox.session(
        name=ALL,
        requires=[*required, *more],
        venv_backend="none",
        allow_parallel=True,
    )
    add_all(_all_gates)
    if not nox.options.parallel:
        nox.options.parallel = max(2, os.cpu_count() or 1)


def _add_session(project: Project, gate: Gate) -> None:
    """Register a gate with nox: in an environment of its own when it installs something."""
    import nox

    add = nox.session(
        name=gate.name,
        python=list(gate.pythons) or None,
        venv_backend=None if gate.installs else "none",
        tags=_tags(project, gate),
        allow_parallel=True,
        download_python="never",
    )
    add(_session_function(project, gate))


def _tags(project: Project, gate: Gate) -> list[str]:
    """Return the kinds of release whose list in [gates] names the gate, for `nox -t hotfix`."""
    from release_tasks.project.gates import LEVELS

    tags = []
    for kind in LEVELS:
        names = getattr(project.settings.gates, kind) or ()
        if gate.name in names:
            tags.append(kind)
    return tags


def _session_names(gate: Gate) -> list[str]:
    """Return the names that nox gives the sessions of a gate: one for each Python."""
    if not gate.pythons:
        return [gate.name]
    return [f"{gate.name}-{python}" for python in gate.pythons]


def _all_gates(session: Session) -> None:
    """Require every gate that a release of this project has to pass."""


def _session_function(
    project: Project, gate: Gate
) -> Callable[[Session], None]:
    def run(session: Session) -> None:
        try:
            _run(session, gate, project.root)
        except ReleaseError as error:
            session.error(error.message)

    run.__doc__ = gate.line  # `nox -l` shows it
    return run


def _run(session: Session, gate: Gate, root: Path) -> None:
    env = _environment(gate)
    words = [*gate.installs]
    for argv in gate.commands:
        words += argv
    with ExitStack() as stack:
        copy = root
        if any("{copy}" in word for word in words):
            copy = stack.enter_context(_copy_of(root))
        session.chdir(gate.folder)
        if gate.installs:
            session.install(*_fill(gate.installs, copy), env=env)
        options = _pytest_options(session, gate)
        for argv in gate.commands:
            filled = _fill(argv, copy)
            if argv[0] == "helm":
                _download_dependencies(Path(filled[-1]), copy)
                if reason := _needs_values(filled):
                    session.log(f"left out: {reason}")
                    continue
            session.run(*filled, *options, env=env)


def _environment(gate: Gate) -> dict[str, str | None]:
    """Return what a gate's commands get besides the caller's environment; None removes a name."""
    env: dict[str, str | None] = dict.fromkeys(environment.withheld())
    env |= shell.UNATTENDED
    if gate.installs:
        env |= ONLY_INSTALLED
    return env


def _fill(words: tuple[str, ...], copy: Path) -> list[str]:
    return [word.replace("{copy}", str(copy)) for word in words]


@contextmanager
def _copy_of(root: Path) -> Iterator[Path]:
    """Yield a clone with the uncommitted changes: a build backend may ask git for the version."""
    from release_tasks import files
    from release_tasks.tools import git
    from release_tasks.tools.git import clones

    with clones.clone(root, "HEAD") as copy:
        for path in git.changed(root):
            if (root / path).is_file():
                files.copy(root / path, copy / path)
            elif not (root / path).exists():
                files.remove(copy / path)
        yield copy


def _pytest_options(session: Session, gate: Gate) -> list[str]:
    """Return the `pythonpath` for pytest: its folders, without those of installed packages."""
    if not gate.paths:
        return []
    site_packages = Path(session.virtualenv.location).glob(
        "lib/*/site-packages/*"
    )
    installed = {path.name.split(".")[0] for path in site_packages}
    paths = [
        path
        for path in gate.paths
        if not _has_module(gate.folder / path, installed)
    ]
    return ["-o", f"pythonpath={' '.join(paths)}"]


def _has_module(folder: Path, names: set[str]) -> bool:
    return any(
        (folder / name).exists() or (folder / f"{name}.py").exists()
        for name in names
    )


def _download_dependencies(chart: Path, copy: Path) -> None:
    from invoke.context import Context

    from release_tasks.tools import helm

    if missing := helm.missing(chart):
        helm.fetch_dependencies(Context(), chart, missing, copy)


def _needs_values(argv: list[str]) -> str:
    """Return why helm cannot render a chart without values of its user, "" if it can or fails."""
    from release_tasks.tools.helm import rendering

    if any(word.startswith("--values=") for word in argv):
        return ""
    try:
        shell.ask(argv)
    except shell.Failed as error:
        return rendering.needs_more(error.output)
    return ""

"""The gates as nox sessions: an import of `preflight` from here, and a call of it, is a whole noxfile.py."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from release_tasks import shell, signals, terminal
from release_tasks.errors import ReleaseError

if TYPE_CHECKING:
    from nox import Session

    from release_tasks.project.model import Gate

ROOT = "RELEASE_TASKS_ROOT"  # where the project is that has no noxfile of its own
CLEAN = {
    "PYTHONSAFEPATH": "1",
    "PYTHONPATH": None,
    "PYTHONDONTWRITEBYTECODE": "1",
}  # only what is installed is imported


def preflight(*more: str) -> None:
    """Make a session of each gate, and `preflight`, which requires them all and `more` of the noxfile's own.

    Sessions run side by side, unless the noxfile has said another number in `nox.options.parallel` before.
    """
    import nox

    from release_tasks.project.discovery import outline
    from release_tasks.project.gates import KINDS, gates
    from release_tasks.tools import git

    logging.getLogger("invoke").setLevel(logging.WARNING)  # nox shows what every library logs
    signals.handle_sigterm()  # nox ends its workers on Ctrl-C alone
    try:
        root = git.top(Path(os.environ.get(ROOT) or Path.cwd()))
        project = outline(root)
        found = sorted(
            gates(project), key=lambda gate: not gate.installs
        )  # what takes longest begins first
    except ReleaseError as error:
        raise SystemExit(error.message) from None
    wanted = {kind: getattr(project.settings.gates, kind) for kind in KINDS}
    for gate in found:
        tags = [kind for kind, names in wanted.items() if gate.name in (names or ())]
        backend, pythons = (None, list(gate.pythons) or None) if gate.installs else ("none", None)
        session = nox.session(
            name=gate.name,
            python=pythons,
            venv_backend=backend,
            tags=tags,
            allow_parallel=True,
            download_python="never",
        )
        session(_session(gate, root))
    requires = [
        f"{gate.name}-{python}" if python else gate.name
        for gate in found
        for python in gate.pythons or ("",)
    ]
    nox.session(
        name="preflight", requires=[*requires, *more], venv_backend="none", allow_parallel=True
    )(_all)
    nox.options.parallel = nox.options.parallel or max(2, os.cpu_count() or 1)


def _all(session: Session) -> None:
    """Require every gate that a release of this project has to pass."""


def _session(gate: Gate, root: Path):  # type: ignore[no-untyped-def]
    def run(session: Session) -> None:
        try:
            _run(session, gate, root)
        except ReleaseError as error:
            session.error(error.message)

    run.__doc__ = gate.line
    return run


def _run(session: Session, gate: Gate, root: Path) -> None:
    env: dict[str, str | None] = {
        name: None for name in os.environ if terminal.SECRET_NAME.search(name)
    }
    env |= shell.UNATTENDED | (CLEAN if gate.installs else {})
    words = [*gate.installs, *(word for argv in gate.commands for word in argv)]
    with ExitStack() as stack:
        copy = (
            stack.enter_context(_copied(root)) if any("{copy}" in word for word in words) else root
        )
        session.chdir(gate.folder)
        if gate.installs:
            session.install(*(word.replace("{copy}", str(copy)) for word in gate.installs), env=env)
        options = ("-o", f"pythonpath={' '.join(_beside(session, gate))}") if gate.paths else ()
        for argv in gate.commands:
            filled = [word.replace("{copy}", str(copy)) for word in argv]
            if argv[0] == "helm":
                _complete(Path(filled[-1]), copy)
            session.run(*filled, *options, env=env)


@contextmanager
def _copied(root: Path) -> Iterator[Path]:
    """Give a clone that has the changes of the tree, too: a backend may ask git for the version."""
    from release_tasks import files
    from release_tasks.tools import git

    with git.clone(root, "HEAD") as copy:
        for path in git.changed(root):
            if (root / path).is_file():
                files.copy(root / path, copy / path)
            elif not (root / path).exists():
                files.remove(copy / path)
        yield copy


def _beside(session: Session, gate: Gate) -> list[str]:
    """Return those of pytest's paths that have nothing in them which is installed."""
    there = {
        one.name.split(".")[0]
        for one in Path(session.virtualenv.location).glob("lib/*/site-packages/*")
    }
    return [
        path
        for path in gate.paths
        if not any(
            (gate.folder / path / f"{name}{end}").exists() for name in there for end in ("", ".py")
        )
    ]


def _complete(chart: Path, copy: Path) -> None:
    from invoke.context import Context

    from release_tasks.tools import helm

    if lacking := helm.lacking(chart):
        helm.fetch_dependencies(Context(), chart, lacking, copy)

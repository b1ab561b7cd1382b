"""A whole release against registries on this machine, with the real clients and unchanged commands."""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from invoke.context import Context
from invoke.exceptions import Exit

from release_tasks import endpoints, files, shell, terminal
from release_tasks.commands import command
from release_tasks.errors import ReleaseError
from release_tasks.tools import git

if TYPE_CHECKING:
    from release_tasks.project.model import Project
    from release_tasks.rehearsal.registries import LocalRegistries

WHO = "Rehearsal"


@command
def rehearse(
    c: Context,
    version: str = "",
    component: str | None = None,
    json: bool = False,
    keep: bool = False,
    offline: bool = False,
    serve: bool = False,
    collect: str = "",
) -> None:
    """Release a clone of this commit to registries right here."""
    from release_tasks.project.discovery import discover
    from release_tasks.project.version_levels import resolve
    from release_tasks.rehearsal.registries import run_registries, serve_registries

    if serve:
        serve_registries(sys.stdin, sys.stdout, offline)
        return
    if not version:
        raise ReleaseError("no version to rehearse", "inv rehearse --version X.Y.Z")
    project = discover(git.top(Path.cwd()))
    wanted = resolve(version, component)  # here: a word counts from what is really public
    folder = Path(tempfile.mkdtemp(prefix="release-tasks-rehearsal-"))
    try:
        crates, packages = _names(project, "crates"), _names(project, "python")
        with run_registries(
            folder, offline=offline, crates=crates, packages=packages
        ) as registries:
            data, code = _rehearse(registries, project, folder, (wanted, component), collect)
        _show(data, json, keep)
    finally:
        if keep:
            terminal.say(f"everything is in {folder}")
        else:
            files.remove(folder)
    if code:
        raise Exit(code=code)


def _rehearse(
    registries: LocalRegistries,
    project: Project,
    folder: Path,
    wanted: tuple[str, str | None],
    elsewhere: str,
) -> tuple[dict[str, Any], int]:
    git.head(project.root)
    if git.changed(project.root):
        terminal.say("changes that are not committed are left out of the rehearsal")
    clone = _clone(registries, project, folder)
    env = _environment(registries, folder, clone)
    said = ["--version", wanted[0], *(["--component", wanted[1]] if wanted[1] else [])]
    brought = ",".join(
        str(Path(name.strip()).resolve()) for name in elsewhere.split(",") if name.strip()
    )
    code = shell.follow([*_INVOKE, "collect", brought, *said], clone, env) if brought else 0
    code = code or shell.follow(
        [*_INVOKE, "release", *said, "--new", "all", "--sign-off", WHO], clone, env
    )
    report = folder / "status.json"
    shell.follow([*_INVOKE, "status", *said, "--json"], clone, env, report)
    data = _read(report)
    timelines = sorted((clone / "dist").glob("*/timeline.json"))
    data["timeline"] = [row for path in timelines for row in json.loads(path.read_text())]
    data["requests"] = _requests(registries)
    data["refused"] = list(registries.log.refused())
    data["files"] = str(clone / "dist")
    return data, code


_INVOKE = (sys.executable, "-m", "invoke")


def _clone(registries: LocalRegistries, project: Project, folder: Path) -> Path:
    """Give the stand-in of origin this commit and its branch, and clone it as anybody would."""
    top, url = project.root, git.remote_url(project.root)
    branch = git.branch(top) or "main"
    if project.repository:
        owner, _, name = project.repository.partition("/")
        bare = registries.github.create(owner, name, top)
        origin = f"{endpoints.GITHUB}/{project.repository}"
        if project.settings.gates.ci:
            terminal.say("no workflow runs in a rehearsal: every commit is taken for green")
            registries.github.set_checks(
                owner, name, [{"name": "rehearsal", "app": {"slug": "rehearsal"}}]
            )
    else:
        bare = folder / f"{project.name}.git"
        shell.ask(["git", "clone", "--quiet", "--bare", top, bare])
        origin = url = str(bare)
    shell.ask(["git", "push", "--quiet", "--force", bare, f"HEAD:refs/heads/{branch}"], cwd=top)
    shell.ask(["git", "symbolic-ref", "HEAD", f"refs/heads/{branch}"], cwd=bare)
    clone = folder / "clone" / project.name
    shell.ask(["git", "clone", "--quiet", origin, clone], env=registries.env)
    shell.ask(["git", "remote", "set-url", "origin", url or origin], cwd=clone)
    return clone


def _environment(registries: LocalRegistries, folder: Path, clone: Path) -> dict[str, str]:
    """Return the caller's environment, pointed at the stand-ins, with a fixed identity and date."""
    moment = str(git.commit_time(clone))
    scratch = folder / "tmp"
    scratch.mkdir(exist_ok=True)
    fixed = {"TMPDIR": str(scratch), "SOURCE_DATE_EPOCH": moment}
    for role in ("AUTHOR", "COMMITTER"):
        fixed |= {
            f"GIT_{role}_NAME": WHO,
            f"GIT_{role}_EMAIL": "rehearsal@localhost",
            f"GIT_{role}_DATE": f"{moment} +0000",
        }
    kept = shell.environment()
    return (
        {key: kept[key] for key in kept if key not in registries.removed} | registries.env | fixed
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        data: dict[str, Any] = json.loads(path.read_text())
    except ValueError as error:
        raise ReleaseError(
            "the rehearsed release left no status", "read what was printed above"
        ) from error
    return data


def _requests(registries: LocalRegistries) -> list[dict[str, Any]]:
    """Return how many writes each client made to each stand-in, as the log has them."""
    made = Counter((e.app, e.host, e.agent.split(" (")[0]) for e in registries.log.writes())
    return [
        {"registry": app, "host": host, "client": agent, "writes": n}
        for (app, host, agent), n in made.items()
    ]


def _names(project: Project, kind: str) -> list[str]:
    """Return the names that the real registry may know already, because they are this project's."""
    from release_tasks.project.model import resolved_or_empty

    found = [getattr(component, kind) for component in project.components]
    return [one.name for some in found for one in resolved_or_empty(some)]


def _show(data: dict[str, Any], as_json: bool, keep: bool) -> None:
    from release_tasks.commands.status import table

    if as_json:
        print(json.dumps(data, indent=2))
        return
    table(
        [
            ("channel", "artifact", "state", "sha256 / digest"),
            *(
                (
                    a["channel"],
                    a["name"],
                    a["state"],
                    (a.get("digest") or a.get("sha256", "")).removeprefix("sha256:")[:16],
                )
                for a in data["artifacts"]
            ),
            *((p["channel"], f"→ {p['name']}", p["state"], p["target"]) for p in data["pointers"]),
        ]
    )
    print()
    table(
        [
            ("registry", "host", "client", "writes"),
            *((r["registry"], r["host"], r["client"], str(r["writes"])) for r in data["requests"]),
        ]
    )
    if data["refused"]:
        print(f"refused: {', '.join(data['refused'])}")
    if keep:
        print(f"files: {data['files']}")

"""A whole release against registries on this machine, with the real clients and unchanged commands."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import task

from release_tasks import shell
from release_tasks.errors import ReleaseError
from release_tasks.tools import git

if TYPE_CHECKING:
    from release_tasks.rehearsal.world import World

WHO = "Rehearsal"


@task(
    auto_shortflags=False,
    help={
        "version": "X.Y.Z, major, minor, patch, prerelease or release; several: core=0.5.0,python=minor",
        "component": "the component a single version is for",
        "json": "print one JSON object instead of a table",
        "keep": "leave the folder with the clone and everything that was published",
        "offline": "refuse reads of third-party packages, too",
        "serve": "only start the registries, print their addresses, and serve until standard input closes",
    },
)
def rehearse(
    c: Context, version: str = "", component: str | None = None, json: bool = False,
    keep: bool = False, offline: bool = False, serve: bool = False,
) -> None:
    """Release a clone of this commit to registries on this machine; nothing leaves it."""
    from release_tasks.rehearsal import world

    folder = Path(tempfile.mkdtemp(prefix="release-tasks-rehearsal-"))
    try:
        if serve:
            world.serve(folder, offline=offline)
            return
        if not version:
            raise ReleaseError("no version to rehearse", "inv rehearse --version X.Y.Z")
        with world.open_world(folder, offline=offline) as registries:
            data, code = _rehearse(registries, folder, version, component)
        _show(data, json, folder if keep else None)
    finally:
        if keep:
            shell.say(f"everything is in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    if code:
        raise Exit(code=code)


def _rehearse(registries: World, folder: Path, version: str, component: str | None) -> tuple[dict[str, Any], int]:
    top = git.top(Path.cwd())
    if git.changed(top):
        shell.say("changes that are not committed are left out of the rehearsal")
    clone = _clone(registries, folder, top)
    env = _environment(registries, folder, clone)
    said = ["--version", version, *(["--component", component] if component else [])]
    code = shell.follow([*_INVOKE, "release", *said, "--new", "all"], clone, env)
    reports = folder / "status.json"
    shell.follow([*_INVOKE, "status", *said, "--json"], clone, env, reports)
    data = _read(reports)
    timelines = sorted((clone / "dist").glob("*/timeline.json"))
    data["timeline"] = [row for path in timelines for row in json.loads(path.read_text())]
    data["requests"] = _requests(registries)
    data["refused"] = list(registries.log.refused())
    data["files"] = str(clone / "dist")
    return data, code


_INVOKE = (sys.executable, "-m", "invoke")


def _clone(registries: World, folder: Path, top: Path) -> Path:
    """Give the stand-in of origin this commit and its branch, and clone it as anybody would."""
    commit, url = git.head(top), git.remote_url(top)
    branch = git.branch(top) or "main"
    origin = registries.adopt(top, commit, branch, url)
    clone = folder / "clone"
    shell.ask(["git", "clone", "--quiet", "--branch", branch, origin, clone], env=registries.env)
    shell.ask(["git", "remote", "set-url", "origin", url or origin], cwd=clone)
    return clone


def _environment(registries: World, folder: Path, clone: Path) -> dict[str, str]:
    """Return the caller's environment, pointed at the stand-ins, with a fixed identity and date."""
    moment = str(git.commit_time(clone))
    scratch = folder / "tmp"
    scratch.mkdir(exist_ok=True)
    fixed = {"TMPDIR": str(scratch), "SOURCE_DATE_EPOCH": moment}
    for role in ("AUTHOR", "COMMITTER"):
        fixed |= {
            f"GIT_{role}_NAME": WHO, f"GIT_{role}_EMAIL": "rehearsal@localhost",
            f"GIT_{role}_DATE": f"{moment} +0000",
        }
    kept = {key: value for key, value in shell.environment().items() if key not in registries.removed}
    return kept | registries.env | fixed


def _read(path: Path) -> dict[str, Any]:
    try:
        data: dict[str, Any] = json.loads(path.read_text())
    except ValueError as error:
        raise ReleaseError("the rehearsed release left no status", "read what was printed above") from error
    return data


def _requests(registries: World) -> list[dict[str, Any]]:
    """Return how many writes each client made to each stand-in, as the log has them."""
    made = Counter((e.app, e.host, e.agent.split(" ")[0]) for e in registries.log.writes())
    return [{"registry": app, "host": host, "client": agent, "writes": n} for (app, host, agent), n in made.items()]


def _show(data: dict[str, Any], as_json: bool, folder: Path | None) -> None:
    from release_tasks.commands.status import table

    if as_json:
        print(json.dumps(data, indent=2))
        return
    table([
        ("channel", "artifact", "state", "sha256 / digest"),
        *((a["channel"], a["name"], a["state"], (a.get("digest") or a.get("sha256", "")).removeprefix("sha256:")[:16])
          for a in data["artifacts"]),
        *((p["channel"], f"→ {p['name']}", p["state"], p["target"]) for p in data["pointers"]),
    ])
    print()
    table([("registry", "host", "client", "writes"),
           *((r["registry"], r["host"], r["client"], str(r["writes"])) for r in data["requests"])])
    if data["refused"]:
        print(f"refused: {', '.join(data['refused'])}")
    if folder:
        print(f"files: {data['files']}")



"""A whole release against local registries, with the real clients and unchanged commands."""

from __future__ import annotations

import json as _json
import os
import re
import shlex
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from invoke.context import Context
from invoke.exceptions import Exit

from release_tasks import files, shell, terminal
from release_tasks.display import amount, github, lines, logs
from release_tasks.errors import ReleaseError, counted
from release_tasks.formats import text_files
from release_tasks.tasks import command
from release_tasks.tools import git, inv
from release_tasks.tools.git import origin

if TYPE_CHECKING:
    from release_tasks.commands.report import ReportData
    from release_tasks.project.model import Project
    from release_tasks.rehearsal.registries import LocalRegistries, Ours

AUTHOR = "Rehearsal"
SET_UP = ("tasks.py", "noxfile.py", ".gitignore", "release-tasks.toml")
# files whose sources are repositories of git: cargo's, uv's and pip's
GIT_SOURCES = (
    *("Cargo.toml", "Cargo.lock", "pyproject.toml", "uv.lock"),
    "requirements.txt",
)
CHECKS = [{"name": "rehearsal", "app": {"slug": "rehearsal"}}]


@dataclass(frozen=True)
class Rehearsal:
    """What is rehearsed, and where."""

    registries: LocalRegistries
    project: Project
    folder: Path
    # --version and --component, for each command in the clone
    options: tuple[str, ...]
    # the folder of the logs; None where they stay in the clone
    logs: Path | None


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
    report: str = "",
) -> None:
    """Rehearse the whole release against local registries."""
    from release_tasks.rehearsal.registries import (
        run_registries,
        serve_registries,
    )

    if serve:
        serve_registries(sys.stdin, sys.stdout, offline, _served_references())
        return
    if not version:
        raise ReleaseError("no version given", "inv rehearse --version X.Y.Z")
    began = time.monotonic()
    project, options = _request(version, component)
    with _folder(keep) as folder:
        terminal.activity("starting local registries")
        with run_registries(
            folder, offline=offline, ours=_ours(project)
        ) as registries:
            kept = None if keep else _logs(project, options)
            if kept:
                files.remove(kept)
            rehearsal = Rehearsal(registries, project, folder, options, kept)
            data, code = _rehearse(rehearsal, collect)
        page = _page(c, rehearsal, data, code, time.monotonic() - began)
        _write_report(page, report)
        if json:
            terminal.print_json(data)
        else:
            _print(data, keep)
    seconds = f"{time.monotonic() - began:.0f} s"
    if code:
        terminal.say(
            f"rehearsal failed after {seconds}; the error is printed above the table"
        )
        raise Exit(code=code)
    count = counted(len(data["artifacts"]), "artifact")
    terminal.say(
        f"rehearsal passed in {seconds}: {count}, and nothing left this machine",
        f"next: inv release {shlex.join(options)}",
    )


def _page(
    c: Context,
    rehearsal: Rehearsal,
    data: dict[str, Any],
    code: int,
    seconds: float,
) -> ReportData:
    """Return what a report says of the rehearsal, while its folder is there."""
    from release_tasks.commands import report

    dist = Path(data["files"])
    folder = rehearsal.logs or next(dist.rglob("logs"), dist)
    count = counted(len(data["artifacts"]), "artifact")
    verdict = f"The rehearsal passed in {seconds:.0f} s: {count}."
    following = f"inv release {shlex.join(rehearsal.options)}"
    if code:
        verdict = f"The rehearsal failed after {seconds:.0f} s."
        following = ""
    title = f"{rehearsal.project.name} {rehearsal.options[1]}: rehearsal"
    return report.ReportData(
        title,
        verdict,
        data,
        data["timeline"],
        report.stages(c),
        data["requests"],
        report.read_findings(folder),
        report.read_sizes(dist),
        report.read_logs(folder),
        following,
    )


def _write_report(page: ReportData, path: str) -> None:
    """Write the page where it is wanted, and the summary of a job on GitHub."""
    from release_tasks.commands import report

    if path:
        report.write(page, Path(path))
        terminal.say(f"the report is in {path}")
    report.add_to_summary(page)


def _logs(project: Project, options: tuple[str, ...]) -> Path:
    """Return where the logs are kept when the clone is gone."""
    from release_tasks.tools.programs import cache

    name = f"{project.name}-{options[1]}".replace("/", "-")
    return cache().with_name("rehearsals") / name / "logs"


def _ours(project: Project) -> Ours:
    """Return what the project publishes, and the GitHub that it is on."""
    from release_tasks.rehearsal.registries import Ours
    from release_tasks.tools.gh import hosts

    return Ours(
        _names(project, "crates"),
        _names(project, "python"),
        _references(project),
        hosts.host_of(project.repository or ""),
        _ssh_hosts(project),
    )


def _served_references() -> list[str]:
    """Return the references of the project in this folder, none where it cannot be read."""
    from release_tasks.project.discovery import discover

    try:
        return _references(discover(git.top(Path.cwd())))
    except ReleaseError:
        return []


def _ssh_hosts(project: Project) -> list[str]:
    """Return the hosts, `HOST[:PORT]`, from which files take repositories with ssh."""
    found: set[str] = set()
    for file in project.files:
        if Path(file).name in GIT_SOURCES:
            text = text_files.peek(project.root, file)
            found.update(
                re.findall(r"ssh://(?:[^@/\s\"']+@)?([\w.-]+(?::\d+)?)/", text)
            )
    return sorted(found)


def _request(
    version: str, component: str | None
) -> tuple[Project, tuple[str, ...]]:
    """Return the project, and the options that request the version in the clone."""
    from release_tasks.project.discovery import discover
    from release_tasks.project.version_levels import resolve

    project = discover(git.top(Path.cwd()))
    # `minor` counts from what is public
    options = ["--version", resolve(version, component)]
    if component:
        options += ["--component", component]
    return project, tuple(options)


@contextmanager
def _folder(keep: bool) -> Iterator[Path]:
    folder = files.temporary_folder("rehearsal")
    try:
        yield folder
    finally:
        if keep:
            terminal.say(f"everything is in {folder}")
        else:
            files.remove(folder)


def _names(project: Project, kind: str) -> list[str]:
    """Return this project's names, which the real registry may have already."""
    from release_tasks.project.model import resolved_or_empty

    names = []
    for component in project.components:
        names += [
            item.name for item in resolved_or_empty(getattr(component, kind))
        ]
    return names


def _references(project: Project) -> list[str]:
    """Return the references of this project's images and charts."""
    from release_tasks.project.model import resolved_or_empty

    found = []
    for component in project.components:
        for image in resolved_or_empty(component.images):
            found.append(image.reference)
        for chart in resolved_or_empty(component.charts):
            found.append(chart.reference)
    return found


def _rehearse(rehearsal: Rehearsal, collect: str) -> tuple[dict[str, Any], int]:
    """Release a clone, and return the report with the exit status of the release."""
    root = rehearsal.project.root
    git.head(root)
    terminal.activity("cloning this commit")
    clone = _clone(rehearsal)
    env = _environment(rehearsal, clone)
    _take_changes(root, clone, env)
    code = _run_release(rehearsal, clone, env, collect)
    data = _status(rehearsal, clone, env)
    data["timeline"] = _timeline(clone)
    data["requests"] = _requests(rehearsal.registries)
    data["refused"] = list(rehearsal.registries.log.refused())
    data["unreachable"] = rehearsal.registries.unreachable()
    data["files"] = str(clone / "dist")
    return data, code


def _clone(rehearsal: Rehearsal) -> Path:
    """Push this commit and its branch to a local origin, and clone that, as a user would."""
    from release_tasks.tools.git import clones

    top = rehearsal.project.root
    branch = git.branch(top) or "main"
    bare, origin_url = _origin(rehearsal)
    clones.push_head(top, bare, branch)
    clones.set_default_branch(bare, branch)
    clone = rehearsal.folder / "clone" / rehearsal.project.name
    clones.clone_url(origin_url, clone, rehearsal.registries.env, top)
    if rehearsal.project.repository:
        clones.set_origin(clone, _rehearsed_origin(origin.url(top), origin_url))
    return clone


def _take_changes(root: Path, clone: Path, env: dict[str, str]) -> None:
    """Commit in the clone how this project is set up; of what else is uncommitted, only tell."""
    from release_tasks.tools.git import clones

    changed = set(git.changed(root))
    taken = [
        name for name in SET_UP if name in changed and (root / name).is_file()
    ]
    for name in taken:
        files.copy(root / name, clone / name)
    if taken:
        clones.commit_files(clone, taken, env)
        terminal.say(
            f"not committed, but part of this rehearsal: {', '.join(taken)}"
        )
    if changed - set(taken):
        terminal.say("other uncommitted changes are not part of the rehearsal")


def _rehearsed_origin(written: str | None, origin_url: str) -> str:
    """Return the URL of origin in the clone: as written, where that leads to the local GitHub.

    An alias of git or ssh is not known there, and neither is a port.
    """
    base = origin_url.rsplit("/", 2)[0]
    host = base.removeprefix("https://")
    starts = (
        f"{base}/",
        f"git@{host}:",
        f"ssh://git@{host}/",
        f"git://{host}/",
    )
    if written and written.startswith(starts):
        return written
    return origin_url


def _origin(rehearsal: Rehearsal) -> tuple[Path, str]:
    """Return the bare repository of the local origin, and the address to clone it from."""
    from release_tasks.tools.gh import hosts
    from release_tasks.tools.git import clones

    project, local = rehearsal.project, rehearsal.registries.github
    if not project.repository:
        bare = rehearsal.folder / f"{project.name}.git"
        clones.clone_bare(project.root, bare)
        return bare, str(bare)
    owner, _, name = hosts.without_host(project.repository).partition("/")
    bare = local.create(owner, name, project.root)
    if project.settings.gates.ci:
        terminal.say("no CI runs in a rehearsal: every commit counts as green")
        local.set_checks(owner, name, CHECKS)
        local.set_green(owner, name, _awaited_workflows(project))
    return bare, hosts.web(project.repository)


def _awaited_workflows(project: Project) -> list[str]:
    """Return the files of the workflows that the settings name, as far as the project has them."""
    from release_tasks.channels import git_runs

    names = project.settings.gates.ci
    if not isinstance(names, tuple):
        return []
    found = [git_runs.find(project.root, name) for name in names]
    return [workflow.path.rpartition("/")[2] for workflow in found if workflow]


def _environment(rehearsal: Rehearsal, clone: Path) -> dict[str, str]:
    """Return the caller's environment, with the local registries and a fixed author and date."""
    scratch = rehearsal.folder / "tmp"
    scratch.mkdir(exist_ok=True)
    removed = rehearsal.registries.removed
    env = {
        name: value
        for name, value in shell.environment().items()
        if name not in removed
    }
    if not os.environ.get("NO_COLOR"):
        env.pop("NO_COLOR", None)  # programs have it, our own command does not
        if colored := os.environ.get("FORCE_COLOR"):
            env["FORCE_COLOR"] = colored
    env.pop(github.SUMMARY, None)  # the rehearsal itself writes it
    env[amount.REHEARSAL] = "1"
    if rehearsal.logs:
        env[logs.VARIABLE] = str(rehearsal.logs)
    env |= _build_secrets(rehearsal.project)
    env |= rehearsal.registries.env
    seconds = str(git.commit_time(clone))
    env |= {"TMPDIR": str(scratch), "SOURCE_DATE_EPOCH": seconds}
    for role in ("AUTHOR", "COMMITTER"):
        env[f"GIT_{role}_NAME"] = AUTHOR
        env[f"GIT_{role}_EMAIL"] = "rehearsal@localhost"
        env[f"GIT_{role}_DATE"] = f"{seconds} +0000"
    return env


def _build_secrets(project: Project) -> dict[str, str]:
    """Return the variables that the builds of images take secrets from, as a release has them."""
    from release_tasks.project.model import resolved_or_empty
    from release_tasks.tools.docker import secret_variable

    found = {}
    for component in project.components:
        for image in resolved_or_empty(component.images):
            for secret in image.secrets:
                name = secret_variable(secret)
                if name and name in os.environ:
                    found[name] = os.environ[name]
    return found


def _run_release(
    rehearsal: Rehearsal, clone: Path, env: dict[str, str], collect: str
) -> int:
    """Run `inv collect` for the folders, then `inv release`; return the first failing status."""
    lines.stop()  # the release has its own
    names = [name.strip() for name in collect.split(",")]
    folders = ",".join(str(Path(name).resolve()) for name in names if name)
    if folders:
        code = inv.run(
            ["collect", "--folders", folders, *rehearsal.options], clone, env
        )
        if code:
            return code
    answers = ("--new", "all", "--sign-off", AUTHOR)
    argv = ["release", *rehearsal.options, *answers]
    code = inv.run(argv, clone, env)
    if code and "release" in rehearsal.project.settings.gates.sign_off:
        signed = ["sign-off", *rehearsal.options, "--decision", "ship"]
        if inv.run([*signed, "--by", AUTHOR], clone, env) == 0:
            return inv.run(argv, clone, env)
    return code


def _status(
    rehearsal: Rehearsal, clone: Path, env: dict[str, str]
) -> dict[str, Any]:
    path = rehearsal.folder / "status.json"
    inv.run(["status", *rehearsal.options, "--json"], clone, env, path)
    try:
        data: dict[str, Any] = _json.loads(path.read_text())
    except ValueError as error:
        raise ReleaseError(
            "the rehearsal stopped: inv status failed in the clone",
            "fix the errors printed above",
        ) from error
    return data


def _timeline(clone: Path) -> list[dict[str, Any]]:
    rows = []
    # a tag may have a slash
    for path in sorted((clone / "dist").rglob("timeline.json")):
        rows += _json.loads(path.read_text())
    return rows


def _requests(registries: LocalRegistries) -> list[dict[str, Any]]:
    """Return how many writes each client made to each registry."""
    counts = Counter(
        (entry.app, entry.host, entry.agent.split(" (")[0])
        for entry in registries.log.writes()
    )
    rows = []
    for (app, host, agent), count in counts.items():
        rows.append(
            {"registry": app, "host": host, "client": agent, "writes": count}
        )
    return rows


def _print(data: dict[str, Any], keep: bool) -> None:
    from release_tasks.commands.status import shown_state
    from release_tasks.commands.table import Row, print_table

    rows: list[Row] = []
    for artifact in data["artifacts"]:
        checksum = artifact.get("digest") or artifact.get("sha256", "")
        short = checksum.removeprefix("sha256:")[:16]
        rows.append(
            (
                artifact["channel"],
                artifact["name"],
                shown_state(artifact["state"]),
                short,
            )
        )
    for pointer in data["pointers"]:
        state = shown_state(pointer["state"], pointer["now"])
        rows.append(
            (
                pointer["channel"],
                f"→ {pointer['name']}",
                state,
                pointer["target"],
            )
        )
    print_table(("channel", "artifact", "state", "sha256 / digest"), rows)
    writes: list[Row] = []
    for row in data["requests"]:
        writes.append(
            (row["registry"], row["host"], row["client"], str(row["writes"]))
        )
    if writes:
        terminal.show()
        print_table(("registry", "host", "client", "writes"), writes)
    if data["refused"]:
        terminal.show(f"refused: {', '.join(data['refused'])}")
    for host, reason in data["unreachable"].items():
        terminal.show(f"not reachable: {host}: {reason}")
    if keep:
        terminal.show(f"files: {data['files']}")

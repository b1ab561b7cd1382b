"""What is written down about a version that was taken back: an issue, and a known issue."""

from __future__ import annotations

import os
from pathlib import Path

from release_tasks import files
from release_tasks.changelogs.syntax import line_end
from release_tasks.channels import github
from release_tasks.formats import text_files
from release_tasks.project import settings_file
from release_tasks.project.settings import RollbackTable
from release_tasks.release import ComponentRelease, Release
from release_tasks.rollback.actions import Action, Progress, Request
from release_tasks.rollback.previous import previous
from release_tasks.tools import gh, git

HEADING = "# Known issues\n"


def all_of(request: Request) -> list[Action]:
    """Return what is to do for what `[rollback]` asks for, as the checkout has it."""
    table = settings_file.load(request.release.checkout).rollback
    found = []
    for part in request.release.parts:
        if table.issue is not None and request.release.project.repository:
            found.append(_issue(request, part, table))
        if table.known_issues:
            path = files.inside(request.release.checkout, table.known_issues)
            found.append(_known_issue(request, part, path))
    return found


def _issue(
    request: Request, part: ComponentRelease, table: RollbackTable
) -> Action:
    title = f"{part.tag} is yanked"
    repository = request.release.project.github_repository
    known = gh.issue_titles(repository)
    what = "open an issue"
    if title in known:
        return Action(github.NAME, title, what, Progress.DONE, known[title])
    labels = table.issue or ()
    data = {
        "title": title,
        "body": _body(request, part),
        "labels": list(labels),
    }
    remark = f"labels: {', '.join(labels)}" if labels else ""
    return Action(
        github.NAME,
        title,
        what,
        Progress.TO_DO,
        remark,
        lambda c: gh.open_issue(c, repository, data),
    )


def _body(request: Request, part: ComponentRelease) -> str:
    """Return the text of the issue: the reason, and what only a person knows."""
    before = _before(request.release, part)
    lines = [
        request.reason.why or "The reason is not written down yet.",
        "",
        f"- Version to use: {before}",
    ]
    for question, answer in request.reason.answers:
        lines.append(f"- {question}: {answer}")
    return "\n".join((*lines, ""))


def _known_issue(
    request: Request, part: ComponentRelease, path: Path
) -> Action:
    """Return the action that writes a section above the others of the file."""
    root = request.release.checkout
    name = path.relative_to(root).as_posix()
    what = "write down why"
    text = text_files.read(root, name) if path.exists() else HEADING
    title = f"## {part.tag} (yanked)"
    if title in text.splitlines():
        return Action("file", name, what, Progress.DONE)
    day = git.today(os.environ.get("SOURCE_DATE_EPOCH"))
    section = (
        f"{title}\n\n{day}: {request.reason.why or 'taken back.'} "
        f"Use {_before(request.release, part)}.\n\n"
    )
    if answered := request.reason.answered:
        section += "\n".join(f"- {line}" for line in answered) + "\n\n"
    new = _inserted(
        text, section.replace("\n", line_end(text.splitlines(True)))
    )
    return Action(
        "file",
        name,
        what,
        Progress.TO_DO,
        "commit it afterwards",
        lambda c: files.write_all(c, {path: new}),
    )


def _inserted(text: str, section: str) -> str:
    """Return the text with a section before its first one of the second level, else at the end."""
    lines = text.splitlines(keepends=True)
    for index, line in enumerate(lines):
        if line.startswith("## "):
            return "".join([*lines[:index], section, *lines[index:]])
    end = line_end(lines)
    return text.rstrip("\r\n") + end + end + section.rstrip("\r\n") + end


def _before(release: Release, part: ComponentRelease) -> str:
    before = previous(release, part)
    return before.tag if before else "a later version"

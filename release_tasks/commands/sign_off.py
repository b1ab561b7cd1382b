"""The sign-off of a version: what is known of its built files, and what a person decides."""

from __future__ import annotations

import json as _json
import os
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from invoke.context import Context

from release_tasks import shell, terminal
from release_tasks.errors import ReleaseError
from release_tasks.printable import one_line, word
from release_tasks.tasks import command

if TYPE_CHECKING:
    from release_tasks.commands import status
    from release_tasks.release import ComponentRelease, Release
    from release_tasks.tools.gh.pages import Page

RECORDED, UNCHANGED, OPEN = "signed off", "already signed off", "not signed off"
PUBLIC = "public already"
# what a second sign-off has to have in common with the first
SAME = ("decision", "by", "testers", "commit", "files", "issues")
BROKEN = ("different", "yanked", "closed")
# the rules: what is known, and which decision that suggests
SHIP = "no issue with a label of [gates] blockers is open: ship"
CONDITIONAL = (
    "only P1 issues are open: conditional, if there is a way around each"
)
URGENT = "an issue that is worse than P1 is open: hotfix if a fix is quick, else abort"
BAD = "something is different, yanked or closed: hotfix if a fix is quick, else abort"
UNREAD = "not everything could be read: nothing is suggested"
NO_LABELS = (
    "no issues were read, [gates] blockers has no labels: nothing is suggested"
)
NO_GITHUB = "no issues were read, origin is not on GitHub: nothing is suggested"


@command
def sign_off(
    c: Context,
    version: str | None = None,
    component: str | None = None,
    decision: str = "",
    by: str = "",
    testers: str = "",
    json: bool = False,
) -> None:
    """Record a person's decision about a draft release."""
    from release_tasks.commands import status
    from release_tasks.converge import begin

    _check_words(decision, by)
    release = begin(c, version, component)
    pages = [_page(release, part) for part in release.parts]
    for part, page in zip(release.parts, pages, strict=True):
        _refuse_public(part, page, decision)
    seen = status.read(release)
    rows = []
    for part, page in zip(release.parts, pages, strict=True):
        report = _report(seen, part, page)
        report |= {"decision": decision, "by": by.strip()}
        report["testers"] = _names(testers)
        state = _record(c, release, part, page, report)
        rows.append(report | {"state": state})
    if json:
        terminal.print_json({"sign_offs": rows})
        return
    for row in rows:
        if not decision:
            terminal.show(as_markdown(row).rstrip("\n"))
        _say(c, release, row)


def as_markdown(report: Mapping[str, Any]) -> str:
    """Return a report for people."""
    from release_tasks.commands.report import markdown_table
    from release_tasks.commands.status import shown_state

    decision = "nobody has decided yet"
    if report["decision"]:
        decision = f"{report['decision']}, by {report['by']}, {report['date']}"
    lines = [f"# Sign-off of {report['tag']}", ""]
    facts = (
        ("decision", decision),
        ("suggested", report["suggested"] or "nothing"),
        ("rule", report["rule"]),
        ("commit", report["commit"]),
        ("sha256 of all files", report["sha256"]),
        ("tried by", ", ".join(report["testers"]) or "nobody is named"),
    )
    lines += markdown_table(("fact", "value"), facts)
    issues = [
        (f"#{row['number']}", ", ".join(row["labels"]), row["title"])
        for row in report["issues"]
    ]
    if issues:
        lines += ["## Open issues", ""]
        lines += markdown_table(("issue", "labels", "title"), issues)
    runs = [
        (row["workflow"], row["state"], row["url"]) for row in report["runs"]
    ]
    if runs:
        lines += ["## Runs of the commit", ""]
        lines += markdown_table(("workflow", "state", "page"), runs)
    lines += ["## Artifacts", ""]
    artifacts = [
        (row["channel"], row["name"], shown_state(row["state"]), row["why"])
        for row in report["artifacts"]
    ]
    heading = ("channel", "artifact", "state", "remark")
    lines += markdown_table(heading, artifacts)
    for row in report["problems"]:
        lines += [f"- not read: {one_line(row['problem'])}", ""]
    files = [(row["file"], row["sha256"]) for row in report["files"]]
    if files:
        lines += ["## Files", ""]
        lines += markdown_table(("file", "sha256"), files)
    return "\n".join(lines)


def suggestion(
    issues: Sequence[Mapping[str, Any]], artifacts: Sequence[Mapping[str, Any]]
) -> tuple[str, str]:
    """Return what open issues and the states of artifacts suggest, and the rule for it.

    A label with `P1` in it is one, every other label of `[gates] blockers` is worse.
    """
    if any(row["state"] in BROKEN for row in artifacts):
        return "hotfix or abort", BAD
    labels = [label for row in issues for label in row["labels"]]
    if not labels:
        return "ship", SHIP
    if all(
        re.search(r"(?i)(?<![a-z0-9])p1(?![a-z0-9])", one) for one in labels
    ):
        return "conditional", CONDITIONAL
    return "hotfix or abort", URGENT


def _check_words(decision: str, by: str) -> None:
    from release_tasks.channels.sign_off import DECISIONS

    if decision and decision not in DECISIONS:
        raise ReleaseError(
            f"{decision} is none of the decisions",
            f"--decision with one of: {', '.join(DECISIONS)}",
        )
    if bool(decision) != bool(by.strip()):
        raise ReleaseError(
            "a sign-off says what was decided and who did that",
            "--decision ship --by NAME; or neither, which prints the report",
        )


def _page(release: Release, part: ComponentRelease) -> Page | None:
    """Return the draft or release of a tag, None where the project has none on GitHub.

    Raises `ReleaseError` when there is nothing yet that could be signed off.
    """
    from release_tasks import dist
    from release_tasks.channels import github_draft
    from release_tasks.channels import sign_off as kept

    page = kept.page_of(release, part)
    if github_draft.no_release_reason(release):
        is_there = release.is_tagged and bool(dist.inventory(part))
        place = f"dist/{part.tag}"
    else:
        is_there = page is not None and (
            not page.is_draft or kept.is_full(release, part, page)
        )
        place = f"the draft of {part.tag}"
    if not is_there:
        raise ReleaseError(
            f"{place} does not have every file yet",
            f"inv release --version {release.request}",
        )
    return page


def _refuse_public(
    part: ComponentRelease, page: Page | None, decision: str
) -> None:
    from release_tasks.channels.sign_off import STOP

    if page is not None and not page.is_draft and decision in STOP:
        raise ReleaseError(
            f"{part.tag} is public already, {decision} comes too late",
            f"inv rollback --version {part.request}; "
            f"or inv hotfix --from {word(part.tag)}",
        )


def _report(
    seen: status.Report,
    part: ComponentRelease,
    page: Page | None,
) -> dict[str, Any]:
    """Return the report of a part without a decision, in the shape that docs/json.md describes."""
    import hashlib

    from release_tasks.channels import sign_off as kept
    from release_tasks.formats import checksums
    from release_tasks.tools import git

    data = seen.data()
    artifacts = [
        row
        for row in data["artifacts"]
        if row["component"] == part.component.name
    ]
    sums = kept.sums(part, page)
    issues = _issues(seen.release)
    suggested, rule = suggestion(issues, artifacts)
    if suggested == "ship":
        suggested, rule = _unless_unread(seen, suggested, rule)
    return {
        "component": part.component.name,
        "version": part.version,
        "tag": part.tag,
        "commit": seen.release.commit,
        "date": git.today(os.environ.get("SOURCE_DATE_EPOCH")),
        "decision": "",
        "by": "",
        "testers": [],
        "suggested": suggested,
        "rule": rule,
        "sha256": hashlib.sha256(checksums.text(sums)).hexdigest(),
        "files": [
            {"file": file, "sha256": sha256} for file, sha256 in sums.items()
        ],
        "issues": issues,
        "runs": _runs(seen.release),
        "artifacts": artifacts,
        "problems": data["problems"],
    }


def _names(text: str) -> list[str]:
    """Return names that are separated by commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


def _runs(release: Release) -> list[dict[str, str]]:
    """Return the newest run of each workflow for the commit; none that the token may not read."""
    from release_tasks.tools.gh import runs

    if release.project.repository is None:
        return []
    try:
        found = list(runs.of_commit(release.project.repository, release.commit))
    except ReleaseError as error:
        terminal.say(f"runs of {release.commit[:7]}: {error.problem}")
        return []
    return [
        {"workflow": run.workflow, "state": run.state, "url": run.url}
        for run in found
    ]


def _issues(release: Release) -> list[dict[str, Any]]:
    """Return the open issues with a label of `[gates] blockers`, each once."""
    from release_tasks.tools import gh

    repository = release.project.repository
    if repository is None:
        return []
    found: dict[int, dict[str, Any]] = {}
    for label in release.project.settings.gates.blockers:
        for issue in gh.issues(repository, label):
            number = int(issue["number"])
            row = {
                "number": number,
                "title": str(issue["title"]),
                "labels": [],
                "url": str(issue["html_url"]),
            }
            found.setdefault(number, row)["labels"].append(label)
    return [found[number] for number in sorted(found)]


def _unless_unread(
    seen: status.Report, suggested: str, rule: str
) -> tuple[str, str]:
    """Return the suggestion, none where too little was read for one."""
    project = seen.release.project
    if seen.problems:
        return "", UNREAD
    if project.repository is None:
        return "", NO_GITHUB
    if not project.settings.gates.blockers:
        return "", NO_LABELS
    return suggested, rule


def _record(
    c: Context,
    release: Release,
    part: ComponentRelease,
    page: Page | None,
    report: Mapping[str, Any],
) -> str:
    """Keep a report that has a decision and says something new; return what has become of it."""
    from release_tasks import dist
    from release_tasks.channels import sign_off as kept

    if page is not None and not page.is_draft:
        return PUBLIC
    known = kept.kept(release, part, page)
    if not report["decision"]:
        return OPEN if known is None else UNCHANGED
    if known and all(known.get(key) == report[key] for key in SAME):
        return UNCHANGED
    markdown, data = dist.SIGN_OFFS
    texts = {
        markdown: as_markdown(report),
        data: _json.dumps(report, indent=1) + "\n",
    }
    kept.keep(c, release, part, page, texts)
    return RECORDED


def _say(c: Context, release: Release, row: Mapping[str, Any]) -> None:
    tag, state, decision = row["tag"], row["state"], row["decision"]
    if state == PUBLIC:
        terminal.say(f"nothing to do, {tag} is public already")
    elif not decision:
        terminal.say(
            f"suggested: {row['suggested'] or 'nothing'} ({row['rule']})"
        )
    elif state == UNCHANGED:
        terminal.say(
            f"nothing to do, {row['by']} has signed {tag} off: {decision}"
        )
    else:
        verb = "would sign" if shell.is_dry(c) else "signed"
        terminal.say(f"{row['by']} {verb} {tag} off: {decision}")
    if decision and decision not in (row["suggested"] or decision):
        terminal.say(f"suggested was {row['suggested']}: {row['rule']}")

"""The GitHub release: a notice that the version was taken back, and perhaps a draft again."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from invoke.context import Context

from release_tasks import files
from release_tasks.channels import github, github_draft
from release_tasks.project.tags import PROMOTED
from release_tasks.release import ComponentRelease, Release
from release_tasks.rollback.actions import Action, Progress, Request
from release_tasks.rollback.previous import previous
from release_tasks.tools import gh
from release_tasks.tools.gh import yank_notice
from release_tasks.tools.gh.pages import Page
from release_tasks.versions.numbers import is_prerelease


def back(request: Request) -> list[Action]:
    """Return what is to do with the GitHub release of each tag that has one."""
    found: list[Action] = []
    for part, page in _pages(request.release):
        found += _taken_back(request, part, page)
    return found


def forward(request: Request) -> list[Action]:
    """Return what is to do with each GitHub release that has the notice."""
    found = []
    for part, page in _pages(request.release):
        if page.is_yanked:
            found.append(_restored(request.release, part, page))
    return found


def _pages(release: Release) -> Iterator[tuple[ComponentRelease, Page]]:
    """Yield the GitHub release of each part, which is that of its promotion where it has one."""
    pages = github_draft.pages(release)
    for part in release.parts:
        page = pages.get(part.tag)
        if part.component.promotes and release.project.repository:
            page = gh.page(release.project.repository, part.tag + PROMOTED)
        if page is not None:
            yield part, page


def _taken_back(
    request: Request, part: ComponentRelease, page: Page
) -> list[Action]:
    if page.is_draft and not page.is_yanked:
        why = "it is a draft, which only maintainers see"
        return [Action(github.NAME, page.tag, "mark", Progress.STAYS, why)]
    found = [_mark(request, part, page)]
    if request.is_draft or page.is_draft:
        found.append(_hide(request, part, page))
    return found


def _mark(request: Request, part: ComponentRelease, page: Page) -> Action:
    """Return the action that writes the notice; another reason replaces the one that is there."""
    what = "mark as yanked"
    if page.is_yanked and not request.reason.is_given:
        return Action(github.NAME, page.tag, what, Progress.DONE)
    before = previous(request.release, part)
    instead = before.tag if before else ""
    title = yank_notice.with_title(page.title or page.tag)
    reason = request.reason
    body = yank_notice.add(page.body, reason.why, instead, reason.answered)
    if _is_written(page, title, body):
        return Action(github.NAME, page.tag, what, Progress.DONE)
    act = _rewriting(request.release, page, title, body)
    return Action(
        github.NAME,
        page.tag,
        what,
        Progress.TO_DO,
        "its files stay",
        act,
    )


def _hide(request: Request, part: ComponentRelease, page: Page) -> Action:
    what = "make a draft again"
    if page.is_draft:
        return Action(github.NAME, page.tag, what, Progress.DONE)
    if page.is_immutable:
        why = "it is immutable: only its title and notes can change"
        return Action(github.NAME, page.tag, what, Progress.STAYS, why)
    repository = request.release.project.github_repository
    return Action(
        github.NAME,
        page.tag,
        what,
        Progress.TO_DO,
        "its downloads end",
        lambda c: gh.unpublish(c, repository, page.tag),
    )


def _restored(release: Release, part: ComponentRelease, page: Page) -> Action:
    title = yank_notice.without_title(page.title)
    body = yank_notice.remove(page.body)
    rewrite = _rewriting(release, page, title, body)

    def act(c: Context) -> None:
        if page.is_draft:
            gh.publish(
                c,
                release.project.github_repository,
                page.tag,
                is_prerelease(part.version),
            )
        rewrite(c)  # last: by the notice, a second run knows what to publish

    what = "remove the notice"
    if page.is_draft:
        what = "publish, and remove the notice"
    return Action(github.NAME, page.tag, what, Progress.TO_DO, "", act)


def _rewriting(
    release: Release, page: Page, title: str, body: str
) -> Callable[[Context], None]:
    def act(c: Context) -> None:
        with files.scratch("notes") as folder:
            path = folder / "notes.md"
            files.write_bytes(path, body.encode())
            repository = release.project.github_repository
            gh.rewrite(c, repository, page, title, path)

    return act


def _is_written(page: Page, title: str, body: str) -> bool:
    """Tell whether GitHub has this title and text; it may keep other line ends."""
    return page.title == title and page.body.split() == body.split()

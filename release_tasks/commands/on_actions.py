"""A release that is begun here and carried out on GitHub: `[ci] publishes = "actions"`."""

from __future__ import annotations

from pathlib import Path

from invoke.context import Context

from release_tasks import order, shell, terminal
from release_tasks.display import amount
from release_tasks.errors import ReleaseError
from release_tasks.order import Order
from release_tasks.printable import word

HERE, ACTIONS = "here", "actions"


def is_left_to_actions(publishes: str | None, new: str | None) -> bool:
    """Tell whether GitHub Actions carries a release out, by the option or the settings.

    A rehearsal does everything itself. Raises `ReleaseError` for another word, for a project
    whose workflow would not do that, and for names to confirm, which a tag cannot.
    """
    from release_tasks.formats import text_files
    from release_tasks.pipelines import github, written
    from release_tasks.project.settings_file import load
    from release_tasks.tools import git

    if publishes not in (None, "", HERE, ACTIONS):
        raise ReleaseError(
            f"--publishes cannot be {publishes}",
            f"available: {HERE}, {ACTIONS}",
        )
    root = git.top(Path.cwd())
    chosen = publishes or load(root).ci.publishes
    if chosen != ACTIONS or amount.is_rehearsal():
        return False
    if not written.is_ours(text_files.peek(root, github.RELEASE)):
        raise ReleaseError(
            f"GitHub Actions has no {github.RELEASE} of generate-ci to carry this out",
            "inv generate-ci, and commit and push what it writes; "
            "or publish from this machine with --publishes here",
        )
    if new:
        raise ReleaseError(
            f"a tag confirms no new names, such as {new}",
            f"gh workflow run release.yml -f version=VERSION -f new={word(new)}, "
            "then inv watch --version VERSION",
        )
    return True


def until_pushed(steps: Order) -> Order:
    """Return the stages of an order that lead to a public tag, without those that build.

    Raises `ReleaseError` for an order without the steps `tag` and `push`.
    """
    from release_tasks.steps.push import push
    from release_tasks.steps.tag import tag

    every = order.steps(steps)
    for step in (tag, push):
        if step not in every:
            raise ReleaseError(
                f"this order has no {order.name(step)}, after which GitHub Actions begins",
                "--publishes here",
            )
    first = every[: every.index(tag) + 1]
    return tuple((step,) for step in (*first, push))


def follow(c: Context, version: str | None, component: str | None) -> None:
    """Wait until GitHub Actions has published a version, and verify it here."""
    from release_tasks.commands.watch import watch
    from release_tasks.steps.verify import verify

    if shell.is_dry(c):
        terminal.say("would follow release.yml on GitHub Actions, and verify")
        return
    watch.body(c, version, component)
    verify.body(c, version, component)

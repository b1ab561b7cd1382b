"""The tasks by what they are for: what `inv` alone prints."""

from __future__ import annotations

from invoke.context import Context

from release_tasks import errors, order
from release_tasks.tasks import command, dashed

START = ("init", "settings", "doctor", "rehearse")
RELEASE = ("check", "plan", "release", "status", "verify")
LATER = (
    "next",
    "notes",
    "sign-off",
    "announce",
    "downstream",
    "metrics",
    "milestone",
    "promote",
    "hotfix",
    "fix",
    "retag",
    "untag",
    "rollback",
)
CI = ("generate-ci", "matrix", "collect", "try-artifacts", "watch")
WIDTH = 18  # columns of a task's name


@command
def overview(c: Context) -> None:
    """List the tasks by what they are for."""
    import release_tasks

    tasks = {
        dashed(name): task for name, task in release_tasks.ns.tasks.items()
    }
    steps = {order.name(step): step for step in order.steps(order.of(c))}
    texts = {
        name: _first_line(task) for name, task in {**tasks, **steps}.items()
    }
    others = tuple(name for name in steps if name not in RELEASE)
    groups = {
        "Start here": START,
        "Release": RELEASE,
        "Around a release": LATER,
        "Each step by itself, as CI calls it": (*others, *CI),
    }
    for title, names in groups.items():
        print(f"{title}:")
        for name in names:
            print(f"  {name:<{WIDTH}}{texts[name]}")
        print()
    print(f"{errors.program} NAME --help shows the options of one.")


def _first_line(task: object) -> str:
    return (task.__doc__ or "").strip().partition("\n")[0]

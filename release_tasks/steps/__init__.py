"""One step per file: the file, the function and the step have one name."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

from invoke.exceptions import Exit
from invoke.tasks import Task, task

from release_tasks import memo, shell, signals
from release_tasks.errors import ReleaseError

WORDS = "X.Y.Z, major (it breaks), minor (it adds), patch (it mends), prerelease or release; several: core=0.5.0,python=minor"
HELP = {
    "version": "the version, X.Y.Z; default: the one this checkout is at",
    "component": "the component a single version is for; default: all",
    "new": "names that may be published for the first time, with commas, or all",
    "sign_off": "who has tried what was built, where [gates] sign-off waits for that",
    "fast": "leave out the gates: formatting, lints, tests",
    "json": "print one JSON object with everything that was found or done",
    "parse": "a tag: only print its component and version, as JSON",
    "target": "Rust targets to build for, with commas; default: all that this machine can",
}


class Interruptible(Task[Callable[..., None]]):
    """A task that says how to go on after Ctrl-C; invoke itself would end without a word."""

    again = "goes on from here"

    def __call__(self, *args: Any, **given: Any) -> Any:
        """Run the task; Ctrl-C and SIGTERM end every child, and the exit status is 130.

        It is 141 where nobody reads on, as with `| head`: 128 and the number of SIGPIPE, as shells have it.
        """
        signals.handle_sigterm()
        try:
            with memo.memoizing():
                super().__call__(*args, **given)
            sys.stdout.flush()
        except BrokenPipeError:
            os.dup2(
                os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
            )  # Python flushes it at the end
            raise Exit(code=141) from None
        except KeyboardInterrupt:
            shell.end_children()
            line = " ".join(
                [
                    f"inv {self.name.replace('_', '-')}",
                    *(
                        f"--{key}" if value is True else f"--{key} {value}"
                        for key, value in given.items()
                        if value
                    ),
                ]
            )
            raise ReleaseError("interrupted", f"{line} {self.again}", code=130) from None


def step(function: Callable[..., None]) -> Task[Callable[..., None]]:
    """Make a task of a step: `version` and `component` first, the same help everywhere."""
    return described(function, HELP, klass=Interruptible)


def described(
    function: Callable[..., None], texts: Mapping[str, str], **kind: Any
) -> Task[Callable[..., None]]:
    """Make a task of a function, with the help of each of its parameters from `texts`; `kind` is for invoke."""
    named = {key: texts[key] for key in list(inspect.signature(function).parameters)[1:]}
    made: Any = task(auto_shortflags=False, help=named, **kind)(function)
    return made  # type: ignore[no-any-return]  # invoke's decorator is untyped

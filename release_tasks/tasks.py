"""How a function becomes a task: the help of its parameters, and what Ctrl-C does."""

from __future__ import annotations

import inspect
import os
import shlex
import sys
from collections.abc import Callable, Mapping
from typing import Any

from invoke.collection import Collection
from invoke.exceptions import Exit
from invoke.parser.argument import Argument
from invoke.tasks import Task, task

from release_tasks import errors, memo, shell, signals, terminal
from release_tasks.display import amount
from release_tasks.display.amount import Amount
from release_tasks.errors import ReleaseError

VERSION_HELP = "X.Y.Z or a level; default: the version of this checkout"
CHECK_VERSION_HELP = (
    f"{VERSION_HELP}, or the next patch if that is released or cannot be"
)
NEW_VERSION_HELP = (
    "X.Y.Z, major (breaking), minor (feature), patch (fix), prerelease, release, "
    "or auto (as inv next suggests); "
    "for several components: core=0.5.0,python=minor"
)
PARAMETER_HELP = {
    "version": VERSION_HELP,
    "component": "the component that --version applies to; default: all",
    "new": "names to publish for the first time, comma-separated, or all",
    "sign_off": "who tested the built files, if sign-off in [gates] asks for it",
    "fast": "skip the gates (formatting, lints, tests)",
    "json": "print one JSON object",
    "show": "also print each version that the files have afterwards, with file and line",
    "parse": "only print the component and version of this tag, as JSON",
    "target": "Rust targets, comma-separated; default: all that this machine can build",
    "keep": "keep the folder with the clone and everything that was published",
    "offline": "also refuse to read third-party packages",
    "report": "write a report of everything that happened to this file (.html or .md)",
    "serve": "only start the registries, print their addresses, and serve until stdin closes",
    "collect": "folders with files that other machines built from this commit, comma-separated",
    "install": "run the commands that install what is missing",
    "ci": "check instead what the workflow needs on GitHub: secrets, permissions, environments",
    "check": "change nothing; fail if the file differs from the settings",
    "force": "overwrite a file that was written or edited by hand",
    "on": "which CI it is for: github (default) or gitlab",
    "pull_requests": "also write a workflow that rehearses each pull or merge request",
    "github_output": "also write it for later CI jobs, to the file that GITHUB_OUTPUT names",
    "no_credentials": "do not check for tokens; other jobs have them",
    "trusted_publishing": "do not check for tokens, as crates.io and PyPI use trusted publishing",
    "python": "the Python to install wheels with (path or name); default: the one that runs this",
    "publishes": "who publishes: here (this machine) or actions (GitHub); default: [ci] publishes",
    "rerun_failed": "run the failed jobs again, once",
    "minutes": "give up after this many minutes; default: 360",
    "here": "only wheels and programs for this machine; other machines verify the rest",
    "folders": "folders that contain the dist/ of other machines, comma-separated",
    "next": "the version or level of the next milestone, which is created unless it exists",
    "text": "plain text instead of Markdown",
    "why": "the reason, which users read in the notice",
    "affected": "who is affected, or how many users; printed after the reason",
    "workaround": "what users can do until a fix is out; printed after the reason",
    "fix_in": "how long a fix takes; printed after the reason",
    "undo": "undo the rollback: unyank, restore, move pointers forward again",
    "draft": "also turn the GitHub release back into a draft, which stops its downloads",
    "delete": "also delete images and charts from GHCR; they can be restored for 30 days",
    "yes": "do it without asking",
    "tag": "the tag to delete; it need not be that of a component",
    "from_": "the tag of the version to fix; default: that of the branch hotfix/TAG",
    "into": "the branch that the hotfix is merged into; default: the release branch",
    "edge": "publish the newest commit instead of a version, with the tags of [images] edge",
    "links": "print the web address of each artifact and of each run on GitHub instead",
    "leave_public": "delete the tag even if something of its release is public, which stays public",
    "decision": "ship, hotfix, abort or conditional; default: only print the report",
    "since": "count the issues of the last 24h, 2d, ...; default: all since it became public",
    "watch": "keep looking for 48h, 2d, ...; print changes, and fail at a new P0 issue",
    "by": "who decided",
    "testers": "who else tried the files, comma-separated",
    "all": "check for the tools of every kind of project, not only of this one",
}


# options that take several values: comma-separated, or one each time
REPEATABLE = ("new", "target", "folders", "collect")
VERBOSE_HELP = "also show the output of the programs that are run"


class ReleaseTask(Task[Callable[..., None]]):
    """A task that ends its children on Ctrl-C and SIGTERM, and prints how to continue."""

    continues = "again"

    def __call__(self, *args: Any, **arguments: Any) -> Any:
        """Run the task. The exit status is 130 after Ctrl-C or SIGTERM.

        It is 141 when the reader of stdout is gone, as with `| head`: 128 + SIGPIPE, like a shell.
        """
        signals.handle_sigterm()
        is_verbose = arguments.pop("verbose", False)
        arguments = _joined(arguments)
        _show_as_much_as_asked(args, is_verbose)
        terminal.begin_task(dashed(self.name))
        try:
            with memo.memoizing():
                super().__call__(*args, **arguments)
            sys.stdout.flush()
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            # Python flushes stdout once more at its end
            os.dup2(nowhere, sys.stdout.fileno())
            raise Exit(code=141) from None
        except KeyboardInterrupt:
            shell.end_children()
            arguments["verbose"] = is_verbose
            line = command_line(self.name, arguments)
            error = ReleaseError(
                "interrupted", f"run `{line}` {self.continues}", code=130
            )
            raise _shown(error) from None
        except ReleaseError as error:
            raise _shown(error)
        except OSError as error:
            closed = errors.of_disk(error)
            if closed is None:
                raise
            raise _shown(closed) from None
        finally:
            terminal.end_task()

    def get_arguments(
        self, ignore_unknown_help: bool | None = None
    ) -> list[Argument]:
        """Return the options of the function, and the one that every task has."""
        # invoke removes each text that it has read: asked again, it would have none
        texts = dict(self.help)
        found = []
        for argument in super().get_arguments(ignore_unknown_help):
            found.append(_repeatable(argument))
        self.help = texts
        verbose = Argument(
            name="verbose", kind=bool, default=False, help=VERBOSE_HELP
        )
        return [*found, verbose]


class ResumableTask(ReleaseTask):
    """A task that does only what is missing when it runs again."""

    continues = "to resume"


def step(function: Callable[..., None]) -> Task[Callable[..., None]]:
    """Make a step of a function whose first parameters are `version` and `component`."""
    return _task(function, ResumableTask)


def command(function: Callable[..., None]) -> Task[Callable[..., None]]:
    """Make a command of a function: a task that is not part of the order."""
    return _task(function, ReleaseTask)


def command_line(task: str, arguments: Mapping[str, Any]) -> str:
    """Return the line that runs a task with these arguments, without those that are empty."""
    words = [errors.program, dashed(task)]
    for name, value in arguments.items():
        if value:
            words.append(f"--{dashed(name)}")
        if value and value is not True:
            words.append(str(value))
    return shlex.join(words)


def dashed(name: str) -> str:
    """Return a Python name as the command line shows it."""
    return name.rstrip("_").replace("_", "-")


def accept_underscores() -> None:
    """Let `inv publish_crates` run `publish-crates`, for every task.

    invoke shows names with dashes and accepts only those. An alias of the task would be listed, and
    invoke copies a project's `ns` into a plain `Collection`, so that a subclass of ours is lost.
    What remains is the list of names that the command line's parser is made of, `to_contexts`.
    """
    if Collection.to_contexts is _to_contexts_with_underscores:
        return
    Collection.to_contexts = _to_contexts_with_underscores  # type: ignore[method-assign]


_to_contexts = Collection.to_contexts


def _to_contexts_with_underscores(
    self: Collection, *args: Any, **options: Any
) -> Any:
    contexts = _to_contexts(self, *args, **options)
    for context in contexts:
        underscored = str(context.name).replace("-", "_")
        if underscored != context.name and underscored not in context.aliases:
            context.aliases = [*context.aliases, underscored]
    return contexts


def _repeatable(argument: Argument) -> Argument:
    """Return an option that collects its values, if it is one that takes several."""
    if argument.name not in REPEATABLE:
        return argument
    return Argument(
        names=argument.names, kind=list, default=[], help=argument.help
    )


def _joined(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments with each list as one text, and without those that are empty."""
    found = {}
    for name, value in arguments.items():
        if isinstance(value, list) and value:
            found[name] = ",".join(value)
        elif not isinstance(value, list):
            found[name] = value
    return found


def _show_as_much_as_asked(args: tuple[Any, ...], is_verbose: bool) -> None:
    """Show more of the programs that are run after `--verbose` or invoke's `--echo`."""
    if is_verbose:
        amount.want(Amount.VERBOSE)
    elif args and args[0].config.run.echo:
        amount.want(Amount.ECHO)


def _shown(error: ReleaseError) -> ReleaseError:
    """Print an error and return it without the text that invoke would print."""
    terminal.show_error(error)
    error.message = ""
    return error


def _task(
    function: Callable[..., None], kind: type[ReleaseTask]
) -> Task[Callable[..., None]]:
    parameters = inspect.signature(function).parameters
    texts = {name: PARAMETER_HELP[name] for name in list(parameters)[1:]}
    if "version" in texts and parameters["version"].default == "":
        texts["version"] = NEW_VERSION_HELP
    made: Any = task(auto_shortflags=False, help=texts, klass=kind)(function)
    return made  # type: ignore[no-any-return]  # invoke's decorator is untyped

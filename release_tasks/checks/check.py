"""A check: a small function that looks for one kind of problem, with a name and a severity."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from invoke.context import Context

from release_tasks.checks.credentials import Credentials
from release_tasks.errors import Problem, ReleaseError, collect_problems
from release_tasks.http import get_many
from release_tasks.memo import memoized, memoizing
from release_tasks.project.workflows import Workflow, workflows
from release_tasks.tools import git
from release_tasks.tools.cargo import lock as cargo_lock

if TYPE_CHECKING:
    from release_tasks.bumping import stale_versions
    from release_tasks.channels.channel import Channel
    from release_tasks.project.artifacts import ArtifactStatus
    from release_tasks.project.model import Project
    from release_tasks.project.settings import Settings
    from release_tasks.release import Release
    from release_tasks.shell import Failed

# in the order in which they are shown
SEVERITIES = ("note", "warning", "problem")
T = TypeVar("T")


class Subject(Protocol):
    """What a check looks at: a release (`CheckContext`) or a machine (`MachineContext`)."""

    @property
    def project(self) -> Project | None:
        """Return the project, None outside of one."""

    @property
    def order(self) -> Any:
        """Return the order in which it is released."""

    @property
    def is_tagged(self) -> bool:
        """Tell whether the tag exists, so that nothing can be changed any more."""

    @property
    def is_requested(self) -> bool:
        """Tell whether somebody asked for this version, else nobody has decided on it yet."""


@dataclass(frozen=True, eq=False)
class CheckContext:
    """A release, and what several checks ask about it, asked once.

    `new` are the names that `--new` confirms, comma-separated.
    """

    c: Context
    release: Release
    new: str | None = None
    credentials: Credentials = Credentials.HERE

    @cached_property
    @memoized
    def states(
        self,
    ) -> tuple[tuple[Channel, list[ArtifactStatus] | ReleaseError], ...]:
        """Return each channel with the state of its artifacts, or why it cannot be read."""
        from release_tasks import channels, converge

        def read(channel: Channel) -> list[ArtifactStatus] | ReleaseError:
            try:
                return converge.state(self.release, channel)
            except ReleaseError as error:
                return error

        every = channels.every()
        return tuple(zip(every, get_many(read, every), strict=True))

    @cached_property
    @memoized
    def uncommitted(self) -> tuple[str, ...]:
        """Return what was not committed when this was asked first."""
        return git.changed(self.release.source_tree)

    @cached_property
    @memoized
    def cargo_graph(self) -> dict[str, Any] | Failed | None:
        """Return `cargo metadata` with dependencies, or why cargo refuses; None without a lock."""
        if not self.project.is_locked:
            return None
        return cargo_lock.resolved(self.release.cargo_tree)

    @cached_property
    @memoized
    def workflows(self) -> tuple[Workflow, ...]:
        """Return the project's workflows."""
        return workflows(self.release.source_tree)

    @cached_property
    @memoized
    def version_copies(
        self,
    ) -> tuple[list[stale_versions.Mismatch], list[stale_versions.StaleLine]]:
        """Return the copies of the version that differ, and the lines a bump leaves unchanged."""
        from release_tasks.bumping import file_edits

        return file_edits.inspect_copies(
            self.release, file_edits.compute(self.release)
        )

    @property
    def project(self) -> Project:
        """Return the project that is released."""
        return self.release.project

    @property
    def order(self) -> Any:
        """Return the order in which it is released."""
        return self.c.config.release_tasks.order

    @property
    def is_tagged(self) -> bool:
        """Tell whether the tag exists, so that nothing can be changed any more."""
        return self.release.is_tagged

    @property
    def is_requested(self) -> bool:
        """Tell whether somebody asked for this version, else nobody has decided on it yet."""
        return self.release.is_requested

    def shipped(self, kind: str, of: type[T]) -> Iterator[T]:
        """Yield the `kind` of every component; what is ambiguous is reported by the channels."""
        for part in self.release.parts:
            found = getattr(part.component, kind)
            if not isinstance(found, ReleaseError):
                yield from found


@dataclass(frozen=True)
class Finding:
    """What a check found; `ignored` is the reason in the settings why it may stay."""

    name: str
    area: str
    severity: str
    fact: str
    fix: str
    file: str = ""
    line: int = 0
    ignored: str = ""

    def data(self) -> dict[str, Any]:
        """Return it in the shape that docs/json.md describes."""
        return asdict(self)

    @property
    def problem(self) -> Problem:
        """Return it without the check that found it."""
        return Problem(self.fact, self.fix, self.file, self.line)


@dataclass(frozen=True)
class Check:
    """A function that looks for one kind of problem, and how bad that is.

    What is public cannot be changed any more, and no finding may stop a release from being
    finished: once the tag exists, only checks with `also_after_tag` look. What is written last of
    all (`may_come_last`) is a warning while nobody has asked for the version.
    """

    severity: str
    # its parameter is a Subject, or more than that
    look: Callable[..., Iterable[Problem]]
    also_after_tag: bool = False
    # whether the settings make it a problem
    is_error: Callable[[Settings], bool] | None = None
    may_come_last: bool = False

    @property
    def name(self) -> str:
        """Return the function's name as the settings and docs/findings.md have it."""
        return self.look.__name__.replace("_", "-")

    @property
    def area(self) -> str:
        """Return the name of its file."""
        return self.look.__module__.rpartition(".")[2]

    def __call__(self, subject: Subject) -> list[Finding]:
        """Return what is found, as notes where the settings say why it may stay."""
        if subject.is_tagged and not self.also_after_tag:
            return []
        severity, ignored = self.severity, ""
        if subject.project:
            settings = subject.project.settings
            ignored = settings.checks.ignore.get(self.name, "")
            if self.is_error and self.is_error(settings):
                severity = "problem"
        if self.may_come_last and not subject.is_requested:
            severity = "warning"
        if ignored:
            severity = "note"
        return [
            Finding(
                self.name,
                self.area,
                severity,
                ignored=ignored,
                **asdict(problem),
            )
            for problem in collect_problems(lambda: self.look(subject))
        ]


problem, warning, note = (
    partial(Check, severity) for severity in reversed(SEVERITIES)
)
also_after_tag = partial(Check, "problem", also_after_tag=True)
warning_also_after_tag = partial(Check, "warning", also_after_tag=True)
note_also_after_tag = partial(Check, "note", also_after_tag=True)


def checks_of(areas: Iterable[ModuleType]) -> tuple[Check, ...]:
    """Return the checks of modules, in the order in which they are written."""
    return tuple(
        value
        for area in areas
        for value in vars(area).values()
        if isinstance(value, Check)
    )


def run(
    checks: Sequence[Check], subject: Subject, at_once: int = 1
) -> list[Finding]:
    """Return what checks find, each fact once; `at_once` of them run at the same time."""
    found: dict[str, list[Finding]] = {}  # by what is wrong
    with memoizing():
        for findings in get_many(lambda check: check(subject), checks, at_once):
            for finding in findings:
                _add(found.setdefault(finding.fact, []), finding)
    return [finding for same in found.values() for finding in same]


def _add(same: list[Finding], finding: Finding) -> None:
    """Add a finding to those of the same fact, unless one of them says the same or more."""
    for place, other in enumerate(same):
        if other.fix.startswith(finding.fix):
            return
        if finding.fix.startswith(other.fix):
            same[place] = finding
            return
    same.append(finding)


def problems(context: CheckContext, area: ModuleType) -> list[Problem]:
    """Return the problems of one area alone, without warnings and notes."""
    found = run(checks_of((area,)), context)
    return [
        finding.problem for finding in found if finding.severity == "problem"
    ]

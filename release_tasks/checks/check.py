"""A finding: one small function with a name, a severity, a fact and a way out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import cached_property, partial
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from invoke.context import Context

from release_tasks.errors import ReleaseError, collect
from release_tasks.memo import memoized
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

SEVERITIES = ("note", "warning", "problem")  # in the order in which they are told
T = TypeVar("T")
Looked = Any  # a Case, or a Machine: it has `project`, `order` and `is_tagged`


class Located(ReleaseError):
    """A fact at a file, relative to the root, and at a line counted from 1 (0: at none)."""

    def __init__(self, problem: str, fix: str, file: str, line: int = 0) -> None:
        super().__init__(problem, fix)
        self.file, self.line = file, line


@dataclass(frozen=True, eq=False)
class CheckContext:
    """What is looked at: a release, and what several findings ask about it, asked once."""

    c: Context
    release: Release
    new: str | None = None

    @cached_property
    @memoized
    def seen(self) -> tuple[tuple[Channel, list[ArtifactStatus] | ReleaseError], ...]:
        """Return each channel with the state of all that the release has there, or why that cannot be read."""
        from release_tasks import channels, converge
        from release_tasks.http import get_many

        def read(channel: Channel) -> list[ArtifactStatus] | ReleaseError:
            try:
                return converge.state(self.release, channel)
            except ReleaseError as error:
                return error

        every = channels.every()
        return tuple(zip(every, get_many(read, every), strict=True))

    @cached_property
    @memoized
    def changed(self) -> tuple[str, ...]:
        """Return what was not committed when this was asked first."""
        return git.changed(self.release.source_tree)

    @cached_property
    @memoized
    def resolved(self) -> dict[str, Any] | Failed | None:
        """Return what cargo makes of Cargo.lock, or why it refuses; None where git has none."""
        return (
            cargo_lock.resolved(self.release.source_tree)
            if "Cargo.lock" in self.release.project.files
            else None
        )

    @cached_property
    @memoized
    def workflows(self) -> tuple[Workflow, ...]:
        """Return the project's workflows."""
        return workflows(self.release.source_tree)

    @cached_property
    @memoized
    def copies(self) -> tuple[list[stale_versions.Mismatch], list[stale_versions.StaleLine]]:
        """Return the copies of the version that disagree, and the lines that a bump would leave at an old one."""
        from release_tasks.bumping import file_edits

        return file_edits.inspect_copies(self.release, file_edits.compute(self.release))

    @property
    def project(self) -> Project:
        """Return what is released from."""
        return self.release.project

    @property
    def order(self) -> Any:
        """Return the order in which it is released."""
        return self.c.config.release_tasks.order

    @property
    def is_tagged(self) -> bool:
        """Tell whether nothing can be changed any more, as the tag exists."""
        return self.release.is_tagged

    def shipped(self, kind: str, of: type[T]) -> Iterator[T]:
        """Yield the `kind` of every component; an open question is asked by the channels."""
        for part in self.release.parts:
            found = getattr(part.component, kind)
            yield from () if isinstance(found, ReleaseError) else found


@dataclass(frozen=True)
class Finding:
    """What was found; `silenced` is the reason of the settings why it may stay."""

    name: str
    area: str
    severity: str
    problem: str
    fix: str
    file: str = ""
    line: int = 0
    silenced: str = ""

    def data(self) -> dict[str, Any]:
        """Return it in the shape that docs/json.md describes."""
        return asdict(self)


@dataclass(frozen=True)
class Check:
    """A function that looks for one finding, and how bad that is.

    What is public cannot be changed any more, and no finding may refuse to finish it: only a `also_after_tag` one is
    looked for once the tag exists.
    """

    severity: str
    look: Callable[..., Iterable[ReleaseError]]  # takes a Case, or more than that
    also_after_tag: bool = False
    is_strict: Callable[[Settings], bool] | None = None  # whether the settings make it a problem

    @property
    def name(self) -> str:
        """Return the function's name as the settings and docs/findings.md have it."""
        return self.look.__name__.replace("_", "-")

    @property
    def area(self) -> str:
        """Return the name of its file."""
        return self.look.__module__.rpartition(".")[2]

    def __call__(self, case: Looked) -> list[Finding]:
        """Return what is found, also where that is told by an error."""
        if case.is_tagged and not self.also_after_tag:
            return []
        about = (self.name, self.area, self._severity(case))
        return [
            Finding(*about, one.problem, one.fix, getattr(one, "file", ""), getattr(one, "line", 0))
            for one in collect(lambda: self.look(case))
        ]

    def _severity(self, case: Looked) -> str:
        if self.is_strict and self.is_strict(case.project.settings):
            return "problem"
        return self.severity


def run(kind: Check, case: Looked) -> list[Finding]:
    """Return what is found, as notes where the settings say why it may stay."""
    reason = case.project.settings.checks.ignore.get(kind.name, "") if case.project else ""
    return [replace(one, severity="note", silenced=reason) if reason else one for one in kind(case)]


def distinct(found: Iterable[Finding]) -> list[Finding]:
    """Return findings without those whose fact another one has told."""
    facts: dict[tuple[str, str], Finding] = {}
    for one in found:
        facts.setdefault((one.problem, one.fix), one)
    return list(facts.values())


def problems(case: CheckContext, area: ModuleType) -> list[ReleaseError]:
    """Return the problems of one area alone, as errors."""
    found = (
        one for kind in vars(area).values() if isinstance(kind, Check) for one in run(kind, case)
    )
    return [ReleaseError(one.problem, one.fix) for one in found if one.severity == "problem"]


problem, warning, note = (partial(Check, severity) for severity in reversed(SEVERITIES))
also_after_tag = partial(Check, "problem", also_after_tag=True)

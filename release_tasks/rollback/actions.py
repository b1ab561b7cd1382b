"""One thing that is done to take a version back, and how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from invoke.context import Context

from release_tasks.project.artifacts import ArtifactStatus, Pointer
from release_tasks.release import Release


class Progress(StrEnum):
    """How far an action is, as its registry shows it."""

    TO_DO = "to do"
    DONE = "done"
    BY_HAND = "by hand"  # no program may do it
    STAYS = "stays"  # it is not done, and the remark says why


@dataclass(frozen=True)
class Action:
    """What is done with one artifact or pointer; `act` does it where it is to do.

    Where an action that `comes_first` fails, nothing after it is done.
    """

    channel: str
    name: str
    what: str
    progress: Progress
    remark: str = ""
    act: Callable[[Context], None] | None = field(
        default=None, compare=False, repr=False
    )
    comes_first: bool = False


@dataclass(frozen=True)
class Reason:
    """Why a version is taken back, in the words of the person who decides; "" is not said."""

    why: str = ""
    affected: str = ""  # who, or how many users
    workaround: str = ""
    fix_in: str = ""  # how long a fix takes

    @property
    def answers(self) -> tuple[tuple[str, str], ...]:
        """Return the questions that a rollback is decided by, each with its answer."""
        return (
            ("Who is affected", _one_line(self.affected)),
            ("Is there a workaround", _one_line(self.workaround)),
            ("How long does a fix take", _one_line(self.fix_in)),
        )

    @property
    def answered(self) -> tuple[str, ...]:
        """Return a line for each question that has an answer."""
        return tuple(
            f"{question}: {answer}"
            for question, answer in self.answers
            if answer
        )

    @property
    def is_given(self) -> bool:
        """Tell whether anything is said."""
        return bool(self.why or self.answered)


@dataclass(frozen=True)
class Request:
    """What is asked for, and what the registries have of it.

    `is_draft` takes the GitHub release back to a draft, `deletes` deletes images and charts.
    """

    release: Release
    artifacts: tuple[ArtifactStatus, ...]
    pointers: tuple[Pointer, ...]
    reason: Reason = Reason()
    is_draft: bool = False
    deletes: bool = False

    def on(self, channel: str) -> list[ArtifactStatus]:
        """Return the state of everything on one channel, in the order of publication."""
        return [
            one for one in self.artifacts if one.artifact.channel == channel
        ]


def _one_line(text: str) -> str:
    return " ".join(text.split())

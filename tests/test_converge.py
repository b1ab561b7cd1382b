"""Converge reads, publishes what is missing, and waits: with a dictionary as registry."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from support.contexts import context
from support.tiny_project import TINY, TWO, tiny_project

from release_tasks import converge
from release_tasks.errors import ReleaseError
from release_tasks.project.artifacts import Artifact, ArtifactStatus, State
from release_tasks.release import Release


@dataclass
class Shelf:
    """A registry; what it accepts shows only at the `lag`-th look after that."""

    NAME: str = "shelf"
    NOUN: str = "thing"
    UNDO: str = "a thing can be deleted"
    names: tuple[str, ...] = ("a", "b")
    states: dict[str, State] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    lag: int = 0
    published: list[str] = field(default_factory=list)
    looks: int = 0

    def expected(self, release: Release) -> tuple[Artifact, ...]:
        return tuple(
            Artifact(self.NAME, name, "0.2.0", "tiny") for name in self.names
        )

    def state(
        self, release: Release, artifacts: Sequence[Artifact]
    ) -> list[ArtifactStatus]:
        self.looks += 1
        return [
            ArtifactStatus(a, self._state(a.name), "so it is")
            for a in artifacts
        ]

    def _state(self, name: str) -> State:
        if name in self.published and self.looks > self.lag:
            return State.SAME
        return self.states.get(name, State.MISSING)

    def is_new(self, artifact: Artifact) -> bool:
        return artifact.name not in self.known

    def credentials(self, release: Release) -> list[ReleaseError]:
        return []

    def publish(
        self, c: Any, release: Release, artifacts: Sequence[Artifact]
    ) -> None:
        if not c.config.run.dry:
            self.published += [a.name for a in artifacts]


@pytest.fixture
def release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Release]:
    with tiny_project(tmp_path, monkeypatch, TINY) as made:
        made.tag("v0.2.0")
        yield made.release("0.2.0")


def test_only_missing_and_partial_artifacts_are_published(
    release: Release,
) -> None:
    shelf = Shelf(
        names=("a", "b", "c", "d"),
        states={"a": State.SAME, "b": State.PRESENT, "c": State.PARTIAL},
    )
    converge.converge(context(), release, shelf, "all")
    assert shelf.published == ["c", "d"]


def test_nothing_happens_when_everything_is_published(
    release: Release, capsys: pytest.CaptureFixture[str]
) -> None:
    shelf = Shelf(states={"a": State.SAME, "b": State.PRESENT})
    converge.converge(context(), release, shelf)
    assert shelf.published == []
    assert (
        "nothing to do, every thing is already published"
        in capsys.readouterr().err
    )


def test_a_channel_without_artifacts_says_so(
    release: Release, capsys: pytest.CaptureFixture[str]
) -> None:
    converge.converge(context(), release, Shelf(names=()))
    assert "nothing to do, no things to publish" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (State.DIFFERENT, "a 0.2.0 on shelf differs: so it is"),
        (State.YANKED, "a 0.2.0 on shelf is yanked"),
        (State.CLOSED, "a 0.2.0 on shelf is closed: so it is"),
    ],
)
def test_a_different_yanked_or_closed_artifact_stops_before_anything_is_published(
    release: Release, state: State, words: str
) -> None:
    shelf = Shelf(states={"a": state})
    with pytest.raises(ReleaseError) as reported:
        converge.converge(context(), release, shelf, "all")
    assert reported.value.problem == words
    assert reported.value.fix
    assert shelf.published == []


def test_every_artifact_that_stops_the_release_is_named(
    release: Release,
) -> None:
    shelf = Shelf(states={"a": State.YANKED, "b": State.DIFFERENT})
    with pytest.raises(
        ReleaseError,
        match=r"(?s)2 problems\na 0\.2\.0 on shelf is yanked.*b 0\.2\.0 on shelf differs",
    ):
        converge.converge(context(), release, shelf, "all")


@pytest.mark.parametrize(
    ("new", "asked"),
    [
        (None, ["a", "b"]),
        ("a", ["b"]),
        ("a, b", []),
        ("all", []),
        ("other", ["a", "b"]),
    ],
)
def test_new_names_have_to_be_confirmed_once(
    release: Release, new: str | None, asked: list[str]
) -> None:
    shelf = Shelf()
    said = converge.unconfirmed_names(shelf, shelf.expected(release), new)
    assert [error.problem.split("`")[1] for error in said] == asked
    shelf.known = {"a", "b"}
    assert (
        converge.unconfirmed_names(shelf, shelf.expected(release), None) == []
    )


@pytest.mark.statement("B2.37")
def test_a_slow_registry_is_waited_for(
    release: Release, capsys: pytest.CaptureFixture[str]
) -> None:
    shelf = Shelf(lag=3)
    converge.converge(context(), release, shelf, "all")
    said = capsys.readouterr().err
    assert "waiting for a and 1 more to become visible" in said
    assert "published a 0.2.0, b 0.2.0" in said


def test_a_registry_that_never_shows_an_upload_is_an_error(
    release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(converge, "DEADLINE", 0.0)
    with pytest.raises(
        ReleaseError,
        match="gave up waiting for a and 1 more to become visible after 0 s",
    ) as reported:
        converge.converge(context(), release, Shelf(lag=99), "all")
    assert reported.value.fix == "run the release again later"


def test_nothing_is_published_without_a_tag(release: Release) -> None:
    shelf = Shelf()
    with pytest.raises(
        ReleaseError, match=r"there is no tag v0\.2\.0"
    ) as reported:
        converge.converge(
            context(), replace(release, is_tagged=False), shelf, "all"
        )
    assert reported.value.fix == "inv tag --version 0.2.0"
    assert shelf.published == []


def test_nothing_is_published_before_origin_has_the_tag_on_this_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelf()
    with tiny_project(tmp_path, monkeypatch, TINY) as made:
        made.tag("v0.2.0", push=False)
        with pytest.raises(
            ReleaseError, match=r"tag v0\.2\.0 is not pushed"
        ) as reported:
            converge.converge(context(), made.release("0.2.0"), shelf, "all")
        assert reported.value.fix == "inv push --version 0.2.0"
        made.git("push", "--quiet", "origin", "v0.2.0")
        made.commit("fix.txt")
        made.git("tag", "--force", "-m", "moved", "v0.2.0")
        with pytest.raises(ReleaseError, match=r"v0\.2\.0 on git differs: at "):
            converge.converge(context(), made.release("0.2.0"), shelf, "all")
    assert shelf.published == []


def test_the_help_names_the_component_where_there_are_several(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tiny_project(tmp_path, monkeypatch, TWO) as made:
        made.tag("other-v0.4.0", push=False)
        one = made.release("0.4.0", "other")
        with pytest.raises(ReleaseError, match="is not pushed") as reported:
            converge.converge(context(), one, Shelf(), "all")
        command = reported.value.fix
        assert command == "inv push --version other=0.4.0"
        done = made.inv(*command.split()[1:])
        assert done.returncode == 0, done.stderr
        assert "other-v0.4.0" in made.git("ls-remote", "--tags", "origin")


def test_a_dry_run_publishes_nothing_and_does_not_wait(
    release: Release,
) -> None:
    shelf = Shelf()
    converge.converge(context(dry=True), release, shelf, "all")
    assert (shelf.published, shelf.looks) == ([], 1)


def test_what_is_in_dist_or_public_is_not_built_again(release: Release) -> None:
    from release_tasks import dist

    part = release.parts[0]
    path = dist.folder(part) / "a"
    path.write_text("bytes")
    dist.record(part, "make", [dist.describe(release, part, "crate", path)])
    shelf = Shelf(names=("a", "b", "c"), states={"c": State.PRESENT})
    assert [a.name for a in converge.to_build(release, shelf, "crate")] == ["b"]
    assert [a.name for a in converge.to_build(release, shelf, "wheel")] == [
        "a",
        "b",
    ]
    path.unlink()
    assert [a.name for a in converge.to_build(release, shelf, "crate")] == [
        "a",
        "b",
    ]

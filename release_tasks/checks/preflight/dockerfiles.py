"""What a Dockerfile copies: from its build context, and until it starts cargo."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from release_tasks.formats import dockerfile as parser
from release_tasks.formats import text_files
from release_tasks.tools import git

# what needs the manifests of the workspace: no `cargo chef cook`, no `cargo install NAME`
_BUILDS = re.compile(
    r"\bcargo\s+(\S+\s+)?(build|fetch|check|chef\s+prepare|install\b[^&;|]*\s--path)\b"
)
_ALL = "."  # a source that is the whole folder


@dataclass(frozen=True)
class CargoRun:
    """The first run of cargo in a stage: its line, what was copied before, and what was run."""

    line: int  # counted from 1
    copied: tuple[str, ...]  # sources of COPY and ADD, as they are written
    commands: str  # of the stage so far, this one included

    def copies(self, path: str) -> bool:
        """Tell whether a file of the repository was copied."""
        return any(_includes(source, path) for source in self.copied)

    def has(self, path: str, word: str) -> bool:
        """Tell whether a file was copied, or a command names `word` and may have written it."""
        return word in self.commands or self.copies(path)

    def makes_folder_of(self, path: str) -> bool:
        """Tell whether a command makes a folder above a file."""
        made = " ".join(
            re.findall(r"\bmkdir ([^-&][^&;|]*)", self.commands)
        ).split()
        return any(
            str(folder) in made for folder in PurePosixPath(path).parents
        )


@dataclass(frozen=True)
class BuildContext:
    """The folder that a Dockerfile's COPY reads from, as the commit has it.

    `files` and `left` are paths in it: all of them, and those that .dockerignore leaves in it.
    """

    folder: Path
    dockerfile: str  # its text
    ignore_file: str  # relative to the root of the repository
    files: frozenset[str]
    left: frozenset[str]
    submodules: tuple[str, ...]

    @classmethod
    def of(cls, tree: Path, dockerfile: str, context: str) -> BuildContext:
        """Return the context of a Dockerfile; both are paths in the repository at `tree`."""
        prefix = ""
        if context != ".":
            prefix = f"{context}/"
        files = _below(prefix, git.tracked(tree))
        ignore_file = f"{dockerfile}.dockerignore"
        if not (tree / ignore_file).is_file():
            ignore_file = f"{prefix}.dockerignore"
        ignore = ""
        if (tree / ignore_file).is_file():
            ignore = text_files.peek(tree, ignore_file)
        return cls(
            tree / context,
            text_files.peek(tree, dockerfile),
            ignore_file,
            frozenset(files),
            frozenset(parser.present(files, ignore)),
            tuple(_below(prefix, git.submodules(tree))),
        )

    def missing(self, target: str | None) -> Iterator[parser.Copied]:
        """Yield what the build of a stage copies and does not find."""
        stages = parser.needed_stages(self.dockerfile, target)
        for source in parser.copied(self.dockerfile):
            if source.stage in stages and not self._has(self.left, source.path):
                yield source

    def is_ignored(self, source: parser.Copied) -> bool:
        """Tell whether a missing source is in the repository, and left out by .dockerignore."""
        return self._has(self.files, source.path)

    def _has(self, files: frozenset[str], path: str) -> bool:
        if path == "" or path in files:
            return True
        # what is behind a link or in a submodule is not among the tracked files
        parents = [str(parent) for parent in PurePosixPath(path).parents]
        if any(
            (self.folder / place).is_symlink() for place in (path, *parents)
        ):
            return True
        if any(place in self.submodules for place in (path, *parents)):
            return True
        return any(
            name.startswith(f"{path}/") for name in (*files, *self.submodules)
        )


@dataclass
class _Stage:
    """What a stage has so far, with what the stage has that it begins with."""

    copied: list[str] = field(default_factory=list)
    commands: str = ""
    is_built: bool = False  # cargo was started

    def following(self) -> _Stage:
        """Return a stage that begins with this one."""
        return _Stage(list(self.copied), self.commands, self.is_built)


def cargo_runs(text: str) -> Iterator[CargoRun]:
    """Yield the first run of cargo for the workspace in each stage of a Dockerfile.

    A stage has what the one before has from which it begins (docs.docker.com, FROM), and a run
    what it mounts (RUN --mount=type=bind).
    """
    stages: dict[str, _Stage] = {}
    stage = _Stage()
    for instruction in parser.instructions(text):
        if instruction.word == "FROM":
            words = [word.lower() for word in instruction.words]
            base = stages.get(words[0]) if words else None
            stage = (base or _Stage()).following()
            if len(words) > 1:
                stages[words[-1]] = stage
        elif instruction.word in ("COPY", "ADD"):
            stage.copied += _sources(instruction)
        elif instruction.word == "RUN":
            command = " ".join((*instruction.flags, instruction.text))
            stage.commands += f"{command}\n"
            if _BUILDS.search(command) and not stage.is_built:
                stage.is_built = True
                copied = (*stage.copied, *_mounted(instruction))
                yield CargoRun(instruction.line, copied, stage.commands)


def _sources(instruction: parser.Instruction) -> Iterator[str]:
    """Yield what a COPY or ADD takes; `_ALL` where that may be everything."""
    is_from_elsewhere = instruction.flag("from") is not None
    for source in instruction.words[:-1]:
        name = PurePosixPath(source).name
        is_file = "." in name.strip(".")
        if is_from_elsewhere:
            yield name if is_file and "$" not in source else _ALL
        elif "$" in source or "://" in source:
            yield _ALL
        else:
            yield source.removeprefix("./")


def _mounted(instruction: parser.Instruction) -> Iterator[str]:
    """Yield what a RUN mounts; `_ALL` for what comes from another stage."""
    for source, origin in parser.mounts(instruction):
        yield _ALL if origin else source.removeprefix("./")


def _includes(source: str, path: str) -> bool:
    """Tell whether a file is what is copied, or in it."""
    source = source.rstrip("/")
    if source in ("", "."):
        return True
    parents = [str(parent) for parent in PurePosixPath(path).parents]
    return any(fnmatchcase(name, source) for name in (path, *parents[:-1]))


def _below(prefix: str, paths: Iterable[str]) -> list[str]:
    """Return the paths in a folder, relative to it."""
    return [
        path.removeprefix(prefix) for path in paths if path.startswith(prefix)
    ]

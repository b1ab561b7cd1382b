"""What a Dockerfile has copied and run when it starts cargo."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

_BUILDS = re.compile(r"\bcargo\s+(\S+\s+)?(build|fetch|check|install|chef)\b")
_INSTRUCTION = re.compile(r"(?:[^\n]*\\\n)*[^\n]*\n?")


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
        made = " ".join(re.findall(r"\bmkdir ([^-&][^&;|]*)", self.commands)).split()
        return any(str(folder) in made for folder in PurePosixPath(path).parents)


def cargo_runs(text: str) -> Iterator[CargoRun]:
    """Yield the first run of cargo in each stage of a Dockerfile."""
    copied: list[str] = []
    commands, is_found, line = "", False, 1
    for instruction in _INSTRUCTION.findall(text):
        word, *rest = instruction.split() or [""]
        if word.upper() == "FROM":
            copied, commands, is_found = [], "", False
        elif word.upper() in ("COPY", "ADD"):
            paths = [path for path in rest if not path.startswith("--")]
            sources = [path.strip('[],"').removeprefix("./") for path in paths]
            copied += sources[:-1]
        elif word.upper() == "RUN":
            commands += instruction
            if _BUILDS.search(instruction) and not is_found:
                is_found = True
                yield CargoRun(line, tuple(copied), commands)
        line += instruction.count("\n")


def _includes(source: str, path: str) -> bool:
    """Tell whether a file is what is copied, or in it."""
    source = source.rstrip("/")
    if source in ("", "."):
        return True
    parents = [str(parent) for parent in PurePosixPath(path).parents]
    return any(fnmatchcase(name, source) for name in (path, *parents[:-1]))

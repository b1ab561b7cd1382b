"""Dockerfiles: their instructions, stages, and what they copy from the build context.

Source: Docker's Dockerfile reference, and the parser of BuildKit's frontend.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from release_tasks.formats import globs

_DIRECTIVE = re.compile(r"#\s*([A-Za-z][\w-]*)\s*=\s*(.+?)\s*$")
_WORD = re.compile(r"""(?:[^\s'"]|'[^']*'|"(?:\\.|[^"\\])*")+|\S""")
_HEREDOC = re.compile(r"""\d*<<-?(['"]?)([^\s<'"]+)\1""")
_WILDCARDS = frozenset("*?[")


@dataclass(frozen=True)
class Instruction:
    """One instruction: its first line (counted from 1), its word in capitals, flags and rest."""

    line: int
    word: str
    flags: tuple[str, ...]
    text: str
    has_heredoc: bool = False

    @property
    def words(self) -> list[str]:
        """Return the rest in words, of the JSON form, too."""
        if self.text.startswith("["):
            try:
                found = json.loads(self.text)
            except ValueError:
                return self.text.split()
            return [str(word) for word in found]
        return self.text.split()

    def flag(self, name: str) -> str | None:
        """Return the value of `--name=value`, None without it."""
        for flag in self.flags:
            if flag.startswith(f"--{name}="):
                return flag.partition("=")[2]
        return None


@dataclass(frozen=True)
class Copied:
    """A file or folder that an instruction copies from the build context."""

    line: int
    stage: int  # counted from 0
    source: str  # as it is written
    path: str  # relative to the context, "" for all of it


def instructions(text: str) -> Iterator[Instruction]:
    """Yield the instructions of a Dockerfile's text, without comments."""
    lines = text.lstrip("\ufeff").splitlines()
    escape = _escape(lines)
    at = 0
    while at < len(lines):
        first = at + 1
        logical, at = _logical_line(lines, at, escape)
        if not logical:
            continue
        word, _, rest = logical.partition(" ")
        flags, arguments = _split_flags(rest.strip())
        ends = []
        if word.upper() in ("RUN", "COPY", "ADD"):
            ends = list(_heredocs(arguments))
        at = _skip_heredocs(lines, at, ends)
        yield Instruction(first, word.upper(), flags, arguments, bool(ends))


def stages(text: str) -> list[str]:
    """Return the name of each stage in small letters, empty where it has none."""
    names = []
    for instruction in instructions(text):
        if instruction.word == "FROM":
            words = instruction.words
            is_named = len(words) == 3 and words[1].upper() == "AS"
            names.append(words[2].lower() if is_named else "")
    return names


def has_stage(text: str, target: str) -> bool:
    """Tell whether `--target` finds a stage: by its name in any case, or by its number."""
    names = stages(text)
    if target.lower() in names:
        return True
    return target.isdigit() and int(target) < len(names)


def copied(text: str) -> Iterator[Copied]:
    """Yield what is copied from the build context by a fixed path.

    What another stage, an address, a variable or a wildcard names is not known, or may be absent.
    """
    return copied_from(text, None)


def copied_from(text: str, name: str | None) -> Iterator[Copied]:
    """Yield what is copied, or bound by RUN, by a fixed path from a stage or context.

    `name` is None for the build context.
    """
    stage = -1
    for instruction in instructions(text):
        if instruction.word == "FROM":
            stage += 1
        sources: list[str] = []
        if instruction.word == "RUN":
            bound = mounts(instruction)
            sources += [source for source, origin in bound if origin == name]
        if (
            instruction.word in ("COPY", "ADD")
            and instruction.flag("from") == name
        ):
            sources += instruction.words[:-1]
        for source in sources:
            if _is_fixed(source):
                path = posixpath.normpath(f"/{source}").strip("/")
                yield Copied(instruction.line, stage, source, path)


def mounts(instruction: Instruction) -> Iterator[tuple[str, str | None]]:
    """Yield what `RUN --mount` binds, and from which stage or context; bind is the default type.

    That is None for the build context.
    """
    for flag in instruction.flags:
        if not flag.startswith("--mount="):
            continue
        rows = flag.removeprefix("--mount=").split(",")
        fields = dict(row.partition("=")[::2] for row in rows)
        if fields.get("type", "bind") == "bind":
            source = fields.get("source") or fields.get("src") or "."
            yield source, fields.get("from")


def needed_stages(text: str, target: str | None) -> set[int]:
    """Return the stages that the build of a target needs, the last one without a target."""
    names = stages(text)
    needs: list[set[str]] = []
    for instruction in instructions(text):
        if instruction.word == "FROM":
            needs.append({word.lower() for word in instruction.words[:1]})
        elif needs:
            needs[-1] |= {name.lower() for name in _other_stages(instruction)}
    wanted = [len(names) - 1]
    if target is not None:
        wanted = _numbers(target.lower(), names, len(names))
    found: set[int] = set()
    while wanted:
        stage = wanted.pop()
        if stage in found or not 0 <= stage < len(needs):
            continue
        found.add(stage)
        for name in needs[stage]:
            wanted += _numbers(name, names, stage)
    return found


def present(files: Iterable[str], ignore: str) -> Iterator[str]:
    """Yield the files of a context that the text of its .dockerignore leaves in it."""
    patterns = []
    for line in ignore.splitlines():
        pattern = line.strip()
        if pattern and not line.startswith("#"):
            patterns.append(_ignore_pattern(pattern))
    for path in files:
        if not _is_ignored(path, patterns):
            yield path


def _heredocs(arguments: str) -> Iterator[str]:
    """Yield the words that end heredocs: one starts a word of its own, outside of quotes."""
    for word in _WORD.findall(arguments):
        if found := _HEREDOC.fullmatch(word):
            yield found[2]


def _escape(lines: list[str]) -> str:
    """Return the escape character, which a directive at the top may set."""
    for line in lines:
        directive = _DIRECTIVE.match(line.strip())
        if directive is None:
            break
        if directive[1].lower() == "escape":
            return directive[2]
    return "\\"


def _logical_line(lines: list[str], at: int, escape: str) -> tuple[str, int]:
    """Return a line with those that continue it, and the number of the next one."""
    parts: list[str] = []
    while at < len(lines):
        line = lines[at].strip()
        at += 1
        if line.startswith("#") or (not line and parts):
            continue
        is_continued = line.endswith(escape)
        parts.append(line.removesuffix(escape).strip())
        if not is_continued:
            break
    return " ".join(" ".join(parts).split()), at


def _split_flags(text: str) -> tuple[tuple[str, ...], str]:
    flags = []
    while text.startswith("--"):
        flag, _, text = text.partition(" ")
        flags.append(flag)
        text = text.strip()
    return tuple(flags), text


def _skip_heredocs(lines: list[str], at: int, ends: Iterable[str]) -> int:
    """Return the number of the line behind the bodies that end with `ends`."""
    for end in ends:
        while at < len(lines) and lines[at].lstrip("\t") != end:
            at += 1
        at += 1
    return at


def _is_fixed(source: str) -> bool:
    is_address = "://" in source or source.startswith("git@")
    is_open = "$" in source or source.startswith("<<")
    return not (is_address or is_open or _WILDCARDS.intersection(source))


def _other_stages(instruction: Instruction) -> Iterator[str]:
    """Yield what an instruction takes files from, by name or number."""
    if name := instruction.flag("from"):
        yield name
    for flag in instruction.flags:
        yield from re.findall(r"\bfrom=([^,\s]+)", flag)


def _numbers(name: str, names: list[str], before: int) -> list[int]:
    """Return the stage that a name or a number means, none for an image."""
    for number in reversed(range(min(before, len(names)))):
        if names[number] == name:
            return [number]
    return [int(name)] if name.isdigit() else []


def _ignore_pattern(pattern: str) -> tuple[globs.Glob, bool]:
    """Return what a line of .dockerignore matches, and whether it takes files back in.

    Its parts are those of moby/patternmatcher.
    """
    is_exception = pattern.startswith("!")
    cleaned = posixpath.normpath(pattern.lstrip("!").strip()).lstrip("/")
    return globs.of_path(cleaned), is_exception


def _is_ignored(path: str, patterns: list[tuple[globs.Glob, bool]]) -> bool:
    """Tell whether the last pattern that matches a path, or a folder above it, leaves it out."""
    parts = path.split("/")
    places = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
    is_ignored = False
    for pattern, is_exception in patterns:
        if any(pattern.matches(place) for place in places):
            is_ignored = not is_exception
    return is_ignored

"""Commands of scripts that build and push images: docker, podman, nerdctl, buildah, skopeo."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from posixpath import join, normpath

UNKNOWN = "\0"  # stands for what is only known when a workflow runs
_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
_VARIABLE = re.compile(r"\$(?:\{(\w+)(?:,,|:-[^}]*|\^\^)?\}|(\w+)|\([^)]*\))")
_ASSIGNMENT = re.compile(
    r"^\s*(?:export\s+)?([A-Za-z_]\w*)=(\"[^\"\n]*\"|'[^'\n]*'|[^\s;]*)", re.M
)
_EXPORTED = re.compile(
    r"echo\s+[\"']?([A-Za-z_]\w*)=([^\"'\n]*?)[\"']?\s*>>\s*\"?\$\{?GITHUB_ENV"
)
_BUILD = re.compile(
    r"(?:docker|podman|nerdctl|buildah|depot)\s+(?:buildx\s+|image\s+)?(?:build|bud)\b(.*)"
)
_BAKE = re.compile(r"(?:docker\s+buildx|depot)\s+bake\b(.*)")
_PUSH = re.compile(
    r"(?:(?:docker|podman|nerdctl)\s+(?:image\s+|manifest\s+)?"
    r"|buildah\s+(?:manifest\s+)?)push\b(.*)"
    r"|skopeo\s+copy\b(.*)"
)
_TAG = re.compile(r"(?:docker|podman|nerdctl|buildah)\s+(?:image\s+)?tag\b(.*)")
# short and long options of these commands that have no value of their own
_FLAGS = re.compile(
    r"-[aqD]+|--(?:push|load|pull|no-cache|quiet|rm|all|all-tags|debug|remove-signatures"
    r"|squash|compress|force-rm|tls-verify|multi-arch|print|no-cache-filter)"
)


@dataclass(frozen=True)
class Built:
    """What an image is built from, as far as it is said; paths are from the root."""

    dockerfile: str = ""
    context: str = ""
    target: str = ""
    platforms: tuple[str, ...] = ()


@dataclass(frozen=True)
class Command:
    """A command about images."""

    names: tuple[str, ...] = ()
    is_pushed: bool = False
    built: Built | None = None
    source: str = ""  # the name that it was built under
    bake: tuple[list[str], list[str]] | None = None  # files and targets


def filled(text: str, values: Mapping[str, str]) -> str:
    """Return a text with its expressions filled in, `UNKNOWN` for others."""
    return _EXPRESSION.sub(lambda found: values.get(found[1], UNKNOWN), text)


def commands(script: str, values: Mapping[str, str]) -> Iterator[Command]:
    """Yield the commands of a script, with its variables and expressions filled in."""
    variables = {
        key[4:]: value
        for key, value in values.items()
        if key.startswith("env.")
    }
    text = filled(re.sub(r"\\\n\s*", " ", script), values)
    names: dict[str, str] = {}
    for line in text.splitlines():
        assigned = _ASSIGNMENT.match(line)
        if assigned:
            value = assigned[2].strip("\"'")
            variables[assigned[1]] = _with_variables(value, variables)
        for part in re.split(r"&&|\|\||;|\|", line):
            command = _command(_with_variables(part.strip(), variables), names)
            if command:
                yield command


def exported(
    script: str, values: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Yield the variables that a script sets for later steps."""
    variables = {
        key[4:]: value
        for key, value in values.items()
        if key.startswith("env.")
    }
    for found in _EXPORTED.finditer(filled(script, values)):
        yield found[1], _with_variables(found[2], variables)


def _with_variables(text: str, variables: Mapping[str, str]) -> str:
    return _VARIABLE.sub(
        lambda found: variables.get(found[1] or found[2] or "", UNKNOWN), text
    )


def _command(text: str, names: dict[str, str]) -> Command | None:
    """Return a command; `names` has the name that each other name was tagged from."""
    if text.startswith(("#", "echo ", "printf ")):
        return None
    if found := _BAKE.search(text):
        return _bake(_words(found[1]))
    if found := _BUILD.search(text):
        return _build(_words(found[1]))
    if found := _TAG.search(text):
        words = _positional(_words(found[1]))
        names.update(dict.fromkeys(words[1:], words[0] if words else ""))
        return None
    if found := _PUSH.search(text):
        words = _positional(_words(found[1] or found[2]))
        if words and "--dry-run" not in text:
            source = words[0] if len(words) > 1 else names.get(words[0], "")
            return Command((words[-1],), is_pushed=True, source=source)
    return None


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text, comments=True)
    except ValueError:  # a quote that ends on another line
        return text.split()


def _positional(words: list[str]) -> list[str]:
    return [value for name, value in _options(words) if not name]


def _options(words: list[str]) -> Iterator[tuple[str, str]]:
    """Yield each option with its value, and each other word with an empty name."""
    waiting = ""
    for word in words:
        if waiting:
            yield waiting, word
            waiting = ""
        elif not word.startswith("-") or word == "-":
            yield "", word
        elif "=" in word:
            name, _, value = word.partition("=")
            yield name, value
        elif _FLAGS.fullmatch(word):
            yield word, "true"
        else:
            waiting = word


def _build(words: list[str]) -> Command:
    names = []
    values: dict[str, str] = {}
    context = "."
    for name, value in _options(words):
        if name in ("-t", "--tag"):
            names.append(value)
        elif name:
            values[name] = value
        else:
            context = value
    context = normpath(context.replace(UNKNOWN, "."))
    file = values.get("-f") or values.get("--file") or ""
    output = values.get("--output", "") + values.get("-o", "")
    platforms = values.get("--platform", "")
    built = Built(
        normpath(file or join(context, "Dockerfile")),
        context if file and context != "." else "",
        values.get("--target", ""),
        tuple(platforms.split(","))
        if platforms and UNKNOWN not in platforms
        else (),
    )
    is_pushed = (
        values.get("--push") == "true"
        or "registry" in output
        or "push=true" in output
    )
    return Command(tuple(names), is_pushed, built)


def _bake(words: list[str]) -> Command | None:
    files = []
    targets = []
    is_pushed = False
    for name, value in _options(words):
        if name in ("-f", "--file"):
            files.append(value)
        elif name == "--push":
            is_pushed = value == "true"
        elif not name:
            targets.append(value)
        elif "type=registry" in value or "push=true" in value:
            is_pushed = True
    return Command(bake=(files, targets)) if is_pushed else None

"""How a project calls its tags, read from those that it has."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from release_tasks.errors import ReleaseError
from release_tasks.versions import earlier_tags
from release_tasks.versions.numbers import from_pep440, parse

DEFAULT = "v{version}"
RECENT = 20  # tags of the project from which the form is read
GIVEN_UP = 3  # higher versions in another form after which the first one is not used any more
NEUTRAL = (
    "",
    "release",
    "releases",
    "rel",
    "version",
    "ver",
    "r",
    "tag",
    "tags",
)
LANGUAGES = {  # words for what is shipped, by the name of its kind
    "crates": ("rust", "rs", "crate", "crates", "cargo"),
    "python": ("python", "py", "pypi", "wheel"),
    "charts": ("chart", "charts", "helm", "helm-chart"),
    "images": ("docker", "image", "container"),
    "binaries": ("cli", "bin"),
}
FOREIGN = (
    "js",
    "node",
    "npm",
    "wasm",
    "go",
    "java",
    "docs",
    "web",
    "website",
    "ui",
    "vscode",
)
# three numbers and what may follow them, at the end of a tag and not inside of other numbers
_TAG = re.compile(
    r"(?P<before>(?:.*?[^0-9.]\.?)?)"
    r"(?P<version>[0-9]+\.[0-9]+\.[0-9]+(?:[-+.]?[0-9A-Za-z][0-9A-Za-z.+-]*)?)"
)
_WORD = re.compile(r"(?P<word>.*?)(?:==|[-_/@.])?(?:(?<![A-Za-z])[vV])?[-_/.]?")


@dataclass(frozen=True)
class TagForms:
    """The form of a component's next tag, and all that it certainly had."""

    current: str
    known: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Tag:
    template: str
    word: str  # before the version, in lower case: `core` of `core-v1.2.0`
    version: str  # as SemVer


@dataclass(frozen=True)
class TagOwner:
    """What decides which tags are a component's.

    `names` are what it and its things are called, the most important first; `kinds` are those
    that it ships. Only the main component may have tags without a word.
    """

    names: tuple[str, ...]
    kinds: tuple[str, ...]
    is_main: bool
    is_only: bool


def read_forms(tags: Iterable[str], owner: TagOwner) -> TagForms:
    """Return how the tags of a component are called.

    `tags` are those of the repository, the oldest first. Of the last ones that can be the
    component's, those without a word or with its first name come first, then those with another
    name, then those with a word for a language; of these the newest. A form that was given up for
    another one is passed over.
    """
    ranks = _ranks(owner)
    known = _all_parsed(tuple(tags))
    own = [tag for tag in known if tag.word in ranks]
    if not own and owner.is_only:
        own = _only_form(known)
        ranks = ranks | {tag.word: 0 for tag in own}
    if not own:
        return TagForms(DEFAULT)
    recent = own[-RECENT:]
    used = sorted({ranks[tag.word] for tag in recent})
    best = next(rank for rank in used if not _is_given_up(rank, recent, ranks))
    current = [tag.template for tag in recent if ranks[tag.word] == best][-1]
    certain = [tag.template for tag in own if ranks[tag.word] == 0]
    return TagForms(current, tuple(dict.fromkeys((current, *certain))))


def has_versions(tags: Iterable[str]) -> bool:
    """Tell whether some tag has a version: whether anything was ever released."""
    return bool(_all_parsed(tuple(tags)))


def last_version(tags: Iterable[str], forms: Iterable[str]) -> str:
    """Return the version of the newest tag of some forms, "" for none; `tags`: the oldest first."""
    known = tuple(forms)
    for tag in reversed(tuple(tags)):
        for form in known:
            if version := version_in_form(form, tag):
                return version
    return ""


def of_name(tags: Iterable[str], name: str) -> TagForms:
    """Return the forms of the tags that have a name; `known` is empty where there are none."""
    return read_forms(tags, TagOwner((name,), (), is_main=False, is_only=False))


def last_of_other_form(tags: Iterable[str]) -> tuple[str, str]:
    """Return the newest tag with a version, and its form; two empty texts for none.

    `tags` are those of no component, the oldest first. A word for a language or a website in a tag
    means that it is of something else.
    """
    others = {
        *FOREIGN,
        *(word for words in LANGUAGES.values() for word in words),
    }
    found = [(name, tag) for name in tags if (tag := _parsed(name))]
    for name, tag in reversed(found):
        if tag.word not in others:
            return name, tag.template
    return "", ""


def last_of_other_numbers(tags: Iterable[str], names: Iterable[str]) -> str:
    """Return the newest tag whose version has other numbers than SemVer, "" for none.

    These are two, or some with zeros in front: `v1.4`, `2026.04.01`. `names` may be in front.
    """
    known = tuple(names)
    for tag in reversed(tuple(tags)):
        found = earlier_tags.version_of(tag, known)
        if found and not found.is_exact:
            return tag
    return ""


def version_in_form(form: str, tag: str) -> str | None:
    """Return the version that a tag of a form has, as SemVer; also a PEP 440 one (`1.2.0rc1`)."""
    before, _, after = form.partition("{version}")
    if not tag.startswith(before) or not tag.endswith(after):
        return None
    return _semver(tag[len(before) : len(tag) - len(after)])


def _ranks(owner: TagOwner) -> dict[str, int]:
    """Return how well each word in a tag fits a component: 0 is best."""
    ranks: dict[str, int] = {}
    if owner.is_main:
        ranks = dict.fromkeys(NEUTRAL, 0)
    for number, name in enumerate(owner.names):
        for spelling in (name.lower(), name.lower().replace("_", "-")):
            ranks.setdefault(spelling, min(number, 1))
    for kind in owner.kinds:
        for word in LANGUAGES.get(kind, ()):
            ranks.setdefault(word, 2)
            for name in map(str.lower, owner.names):
                for both in (
                    f"{name}-{word}",
                    f"{word}-{name}",
                    f"{word}/{name}",
                ):
                    ranks.setdefault(both, 1)
    return ranks


def _is_given_up(rank: int, tags: list[_Tag], ranks: Mapping[str, int]) -> bool:
    """Tell whether a component's last releases all had tags of a worse rank.

    After the last tag of this rank there are some of higher versions; a few alone may be of
    something else.
    """
    last = max(n for n, tag in enumerate(tags) if ranks[tag.word] == rank)
    highest = parse(tags[last].version)
    later = {tag.version for tag in tags[last + 1 :] if ranks[tag.word] > rank}
    return sum(parse(version) > highest for version in later) >= GIVEN_UP


def _only_form(tags: tuple[_Tag, ...]) -> list[_Tag]:
    """Return the last tags if all of them have one form, with a word that means nothing else."""
    recent = tags[-RECENT:]
    forms = {tag.template for tag in recent}
    if len(forms) != 1 or recent[0].word in FOREIGN:
        return []
    return list(recent)


@lru_cache(
    maxsize=8
)  # every component and crate asks for those of one repository
def _all_parsed(tags: tuple[str, ...]) -> tuple[_Tag, ...]:
    return tuple(tag for name in tags if (tag := _parsed(name)))


def _parsed(tag: str) -> _Tag | None:
    found = _TAG.fullmatch(tag)
    if found is None or (version := _semver(found["version"])) is None:
        return None
    before = found["before"]
    if "{" in before or "}" in before:
        return None
    word = _WORD.fullmatch(before)
    called = word["word"].lower() if word else before
    return _Tag(f"{before}{{version}}", called, version)


@lru_cache(maxsize=4096)
def _semver(text: str) -> str | None:
    for read in (parse, from_pep440):
        try:
            return str(read(text))
        except ReleaseError:
            continue
    return None

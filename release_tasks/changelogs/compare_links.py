"""Addresses of versions: comparisons of two, and pages of one, made for the next version.

Forms: GitHub, Gitea and GitLab `compare/OLD...NEW`, Bitbucket `branches/compare/NEW..OLD`,
sourcehut and Gitiles `log/OLD..NEW`, Bitbucket Server, Azure DevOps and cgit `?a=OLD&b=NEW`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from release_tasks.changelogs.titles import SEMVER

_REFS = r"(?P<left>.+?)(?P<gap>\.{2,3}|%0D)(?P<right>[^?#]+)(?P<rest>.*)"
_COMPARISONS = (  # a repository can be called `compare`, too
    re.compile(rf"(?P<start>.*?/compare/)(?!(?:-/|branches/)?compare/){_REFS}"),
    re.compile(rf"(?P<start>.*?/(?:\+?log|diff|commits)/)(?!\+?log/){_REFS}"),
    re.compile(
        r"(?P<start>.*?[?&]\w+=)(?P<left>[^&#]+)(?P<gap>&\w+=)(?P<right>[^&#]+)(?P<rest>.*)"
    ),
)
_PAGE = re.compile(
    r"(?P<start>.*/(?:releases/tag|tree|src/tag|src|-/tags|-/releases|commits/tag)/)"
    r"(?P<tag>[^?#]+)(?P<rest>.*)"
)
_BEFORE_TAG = re.compile(
    r"(?:[^:]*:)?(?:refs(?:/|%2F)tags(?:/|%2F)|GT(?=[v0-9]))?", re.I
)
_BRANCH = re.compile(
    r"(?:HEAD|main|master|trunk|develop(?:ment)?|dev|next|GB.*)", re.I
)


@dataclass(frozen=True)
class NextVersion:
    """The version that gets a link, and the one before it, whose link is the example."""

    number: str
    old: str | None  # None where no version is known
    tag: str | None = None  # None makes it like the old one

    def ref(self, old_ref: str) -> str | None:
        """Return what stands in the place of the old version's tag, None where it has none."""
        if self.tag is None:
            return self._renamed(old_ref)
        found = _BEFORE_TAG.match(old_ref)
        before = found[0] if found else ""
        for old_tag, tag in self._tags():
            if old_ref == before + old_tag:
                return before + tag
        return before + self.tag

    def _renamed(self, old_ref: str) -> str | None:
        found = SEMVER.search(old_ref)
        if found is None:
            return None
        return old_ref[: found.start()] + self.number + old_ref[found.end() :]

    def page(self, url: str) -> str | None:
        """Return the address of this version's page for that of the old version."""
        if self.old is None or self.old not in url:
            return None
        for old_tag, tag in self._tags():
            whole = rf"(?<=[/=]){re.escape(old_tag)}(?=$|[/?#&]|\.(?:tar|zip))"
            if re.search(whole, url):
                return re.sub(whole, tag, url)
        found = _PAGE.fullmatch(url)
        if found and found["tag"].endswith(self.old):
            return f"{found['start']}{self.ref(found['tag'])}{found['rest']}"
        number = rf"(?<![0-9.]){re.escape(self.old)}(?![0-9]|\.[0-9])"
        if len(re.findall(number, url)) != 1:
            return None
        return re.sub(number, self.number, url)

    def _tags(self) -> Iterator[tuple[str, str]]:
        """Yield the old and the new tag, as they are and with escapes of addresses."""
        if self.tag is None or self.old is None or self.number not in self.tag:
            return
        old_tag = self.tag.replace(self.number, self.old)
        yield old_tag, self.tag
        for safe in ("/", ""):
            yield quote(old_tag, safe=safe), quote(self.tag, safe=safe)


@dataclass(frozen=True)
class Comparison:
    """An address that compares two commits."""

    start: str
    left: str
    gap: str
    right: str
    rest: str
    is_reversed: bool  # the newer one comes first

    @property
    def base(self) -> str:
        """Return the older of the two."""
        return self.right if self.is_reversed else self.left

    @property
    def head(self) -> str:
        """Return the newer of the two."""
        return self.left if self.is_reversed else self.right

    def of(self, base: str, head: str) -> str:
        """Return the address that compares two others."""
        left, right = (head, base) if self.is_reversed else (base, head)
        return f"{self.start}{left}{self.gap}{right}{self.rest}"


def comparison(url: str, old: str | None = None) -> Comparison | None:
    """Return what an address compares, None where it does not.

    `old` is the version whose link it is; without one it is the link of what is unreleased.
    """
    for form in _COMPARISONS:
        found = form.fullmatch(url)
        if found is None:
            continue
        left, right = found["left"], found["right"]
        return Comparison(
            found["start"],
            left,
            found["gap"],
            right,
            found["rest"],
            _is_reversed(url, left, right, old),
        )
    return None


def following(url: str, new: NextVersion) -> str | None:
    """Return the address for a version, made like that of the version before it.

    The result is None where the address has an unknown form.
    """
    compared = comparison(url, new.old)
    if compared is None:
        return new.page(url)
    if new.old and new.old not in compared.head:
        return None
    head = new.ref(compared.head)
    if head is None:
        return None
    return compared.of(compared.head, head)


def _is_reversed(url: str, left: str, right: str, old: str | None) -> bool:
    if old is not None and (old in left) != (old in right):
        return old in left
    if bool(SEMVER.search(left)) != bool(SEMVER.search(right)) and old is None:
        return SEMVER.search(left) is None
    if _BRANCH.fullmatch(left) or _BRANCH.fullmatch(right):
        return _BRANCH.fullmatch(left) is not None
    return "/branches/compare/" in url

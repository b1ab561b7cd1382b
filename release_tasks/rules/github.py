"""GitHub's limits for releases: assets and their names, the notes, the tag."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from release_tasks.rules import git
from release_tasks.rules.rule import KnownGap, rule

SERVICE = "GitHub"
ASSET_SIZE = 2 << 30  # bytes; every asset is smaller
ASSETS = 1000  # of one release
ACCOUNT, REPOSITORY = 39, 100  # characters of a name
_LONGEST_END = "\n" + "`" * 20
NOTES = 125_000  # characters, not bytes
QUOTAS = "GitHub Docs, About releases, Storage and bandwidth quotas"
UPLOAD = "GitHub REST API, Upload a release asset"
GAPS = (
    KnownGap(
        SERVICE,
        "a ruleset or a protected tag may refuse a tag to some people",
        "GitHub Docs, About rulesets",
        "the push says so, before anything is published",
    ),
    KnownGap(
        SERVICE,
        "an asset name is transliterated by rules of its own for some letters (`ß` is `ss`)",
        UPLOAD,
        "a name with such a letter is refused in any case",
    ),
)


def stored_name(name: str) -> str:
    """Return the name that GitHub gives an uploaded asset: dots for all special characters.

    As gh's `sanitizeFileName` predicts it for `gh release upload --clobber`.
    """
    letters = unicodedata.normalize("NFD", name)
    plain = "".join(one for one in letters if unicodedata.category(one) != "Mn")
    if plain.startswith("."):
        plain = f"default{plain}"
    dotted = re.sub(r"[^A-Za-z0-9_+@-]+", ".", plain).strip(".")
    if dotted != name and "." not in dotted:
        return f"default.{dotted}".rstrip(".")
    return dotted


@rule(SERVICE, UPLOAD)
def asset_name(name: str) -> Iterator[str]:
    """Check an asset's name: letters, digits, `_`, `+`, `@`, `-`, single dots inside.

    GitHub renames every other one, so that nobody finds it under the name that was announced.
    """
    if not name:
        yield "name is missing"
    elif stored_name(name) != name:
        yield f"GitHub renames it to {stored_name(name)}"


@rule(SERVICE, "GitHub Enterprise Server docs, Username considerations")
def account(name: str) -> Iterator[str]:
    """Check the name of a user or organization: at most 39 letters, digits and single hyphens.

    A managed user has an underscore and a short code behind it.
    """
    if not re.fullmatch(
        r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*-?(_[A-Za-z0-9]+)?", name
    ):
        yield (
            "Username may only contain alphanumeric characters or single hyphens, "
            "and cannot begin or end with a hyphen"
        )
    elif len(name) > ACCOUNT:
        yield f"Username is too long (maximum is {ACCOUNT} characters)"


@rule(
    SERVICE,
    "GitHub REST API, Create a repository, parameter name; the form's own message",
)
def repository(name: str) -> Iterator[str]:
    """Check the name of a repository: at most 100 letters, digits, `.`, `-`, `_`."""
    if not re.fullmatch(r"[A-Za-z0-9._-]+", name) or name in (".", ".."):
        yield "name can only contain ASCII letters, digits, and the characters ., -, and _"
    elif len(name) > REPOSITORY:
        yield f"name is too long (maximum is {REPOSITORY} characters)"


@rule(SERVICE, QUOTAS)
def asset_size(size: int) -> Iterator[str]:
    """Check the size of an asset in bytes: at least 1, and less than 2 GiB."""
    if size < 1:
        yield "size must be greater than or equal to 1"
    if size >= ASSET_SIZE:
        yield f"size must be less than {ASSET_SIZE}"


@rule(SERVICE, QUOTAS)
def asset_count(count: int) -> Iterator[str]:
    """Check how many assets a release has: at most 1000."""
    if count > ASSETS:
        yield f"file_count limited to {ASSETS} assets per release"


@rule(SERVICE, "GitHub REST API, Create a release, parameter body")
def notes(text: str) -> Iterator[str]:
    """Check the notes of a release: at most 125,000 characters."""
    if len(text) > NOTES:
        yield f"body is too long (maximum is {NOTES} characters)"


@rule(
    SERVICE,
    "git-check-ref-format(1); GitHub REST API, Create a release, parameter tag_name",
)
def tag(name: str) -> Iterator[str]:
    """Check a tag: the name of a git ref, and not the 40 hex digits of a commit."""
    if not name:
        yield "tag_name wasn't supplied"
    elif git.tag(name):
        yield "tag_name is not well-formed"
    elif re.fullmatch("[0-9a-fA-F]{40}", name):
        yield "tag_name is not a valid tag"


def shortened(text: str, link: str) -> str:
    """Return notes that GitHub takes; what is too long ends at a line, and with a link to all."""
    if not notes(text):
        return text
    ending = f"\n\n[The rest of the notes]({link})\n"
    kept = (
        text[: NOTES - len(ending) - len(_LONGEST_END)]
        .rpartition("\n")[0]
        .rstrip()
    )
    return kept + _end_of_code(kept) + ending


def _end_of_code(text: str) -> str:
    """Return the fence that ends a block of code, where a text ends inside one (GFM, 4.5)."""
    fence = ""
    for line in text.splitlines():
        found = re.match(r" {0,3}(`{3,}|~{3,})([^`]*)$", line)
        if found is None:
            continue
        if not fence:
            fence = found[1]
        elif found[1].startswith(fence) and not found[2].strip():
            fence = ""
    return f"\n{fence}" if fence else ""

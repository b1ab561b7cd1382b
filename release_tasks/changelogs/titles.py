"""Titles of headings: the version, date and words in them, and a new title of the same form."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from release_tasks.changelogs.day_forms import Day, days_in

SEMVER = re.compile(
    r"[0-9]+\.[0-9]+\.[0-9]+(?:(?:a|b|rc)[0-9]+)?"
    r"(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?(?:\+[0-9A-Za-z.-]*[0-9A-Za-z])?"
)
# also versions that are not SemVer: two or four numbers, `.dev0`, `.post1`, an epoch
_VERSION = re.compile(
    r"(?<![0-9A-Za-z.])(?:[vV]\.?\s?)?(?P<number>(?:[0-9]+!)?[0-9]+(?:\.[0-9]+)+"
    r"(?:[._]?(?:alpha|beta|a|b|c|rc|pre|dev|post)\.?[0-9]+)*"
    r"(?:-[0-9A-Za-z-]*[0-9A-Za-z](?:\.[0-9A-Za-z-]+)*)?(?:\+[0-9A-Za-z.-]*[0-9A-Za-z])?)"
    r"(?![0-9A-Za-z%+!]|\.[0-9*x])"
)
_HIDDEN = re.compile(  # what Markdown does not show: addresses, labels, HTML, emoji codes
    r"(?<=\])\((?:[^()\s]|\([^()\s]*\))*(?:\s+\"[^\"]*\")?\)|(?<=\])\[[^\]]*\]"
    r"|<[^<>]*>|https?://[^\s)\]]+|(?<!\w):[a-z][a-z0-9_+-]*:|\{[#.][^{}]*\}"
)
_RELEASE_WORDS = r"(?:version|release|released|ver|rel|v)"
_ONLY_MARKS = re.compile(rf"[\W_]*(?:{_RELEASE_WORDS}[\W_]*)?", re.I)
# words in the place of a date
_NO_DATE = (
    r"unreleased|not\s+(?:yet\s+)?released(?:\s+yet)?|to\s+be\s+(?:released|determined|announced)"
    r"|tb[acd]|releasedate|release[\s_-]date|in\s+(?:progress|development)|work\s+in\s+progress"
    r"|[xy]{4}[-/.](?:mm|xx)[-/.](?:dd|xx)"
    r"|20[0-9x?]{2}[-/.](?:mm|xx|\?\?|[0-9]{2})[-/.](?:dd|xx|\?\?)"
    r"|(?:dd|xx)[-/.](?:mm|xx)[-/.](?:yyyy|20[0-9]{2})|(?:mm)/(?:dd)/yyyy|month\s+dd,?\s+yyyy"
)
_ALONE = r"wip|upcoming|pending|coming\s+soon|soon|next|dev|development|future|draft|date|\?+"
_GLUED = re.compile(rf"-(?:{_NO_DATE}|{_ALONE})$(?<!-dev)", re.I)
_IN_DEVELOPMENT = re.compile(r"(?:-dev|\.dev0?|-snapshot)(?:\.0)?$", re.I)
_PLACEHOLDER = re.compile(rf"(?<![\w-])(?:{_NO_DATE})(?![\w-])", re.I)
_PLACEHOLDER_ALONE = re.compile(
    rf"[\s(\[{{*_:\u2013\u2014-]*(?P<word>{_ALONE})[\s)\]}}*_.]*", re.I
)
_UNRELEASED = re.compile(r"[\W_]*unreleased(?![^\W_])", re.I)
_UNRELEASED_BEHIND = re.compile(r"\Wunreleased", re.I)
_WORDS_BEFORE = 3  # `unreleased` at most
_NEXT = re.compile(
    r"[\W_]*(?:upcoming|next|future|current|development|dev|in\s+development|in\s+progress|wip"
    r"|work\s+in\s+progress|pending|head|main|master|trunk|develop|v\.?next|tb[acd]"
    r"|not\s+(?:yet\s+)?released(?:\s+yet)?|to\s+be\s+released|unpublished|coming\s+soon)"
    r"(?:\s+(?:release|version|changes))?[\W_]*",
    re.I,
)
_PHRASE = re.compile(
    r"\b(?:to|from|for|in|since|with|of|until|before|after|upgrad\w*|updat\w*|migrat\w*|bump\w*"
    r"|requir\w*|support\w*|msrv|minimum|python|rust|node)\b",
    re.I,
)
_STATUS = re.compile(r"\[[^\]]*\]|\([^)]*\)|[\u2013\u2014:-].*")
_CLOSERS = re.compile(r"[\])*_`~'\"\u201d]*")
_SEPARATOR = re.compile(
    r"(?:\s*[\u2013\u2014:|,\xb7\u2022/@-]+\s*|\s+)?[\[(*_`]*$"
)
_YANKED = re.compile(r"yanked|withdrawn", re.I)


@dataclass(frozen=True)
class Title:
    """What a title says. Positions are in its text."""

    text: str
    # the text with what Markdown does not show made blank, of the same length
    shown: str
    days: tuple[Day, ...] = ()
    version: str | None = None
    start: int = 0  # of the version
    end: int = 0
    name: str = ""  # words before the version, in small letters: a name, "" where there are none
    # of a word in the place of a date
    placeholder: tuple[int, int] | None = None

    @property
    def day(self) -> Day | None:
        """Return the first date."""
        return next(iter(self.days), None)

    @property
    def says_unreleased(self) -> bool:
        """Return whether it announces, without a version, what is not released."""
        if self.version:
            return False
        return bool(
            _UNRELEASED.match(self.shown) or _has_words_before(self.shown)
        )

    @property
    def says_next(self) -> bool:
        """Return whether it is a word such as `Next` or `main`, which can also be a group's."""
        return self.version is None and bool(_NEXT.fullmatch(self.shown))

    @property
    def is_in_order(self) -> bool:
        """Return whether the word in the place of a date stands behind the version and a mark."""
        if self.placeholder is None:
            return True
        between = self.text[self.end : self.placeholder[0]]
        return re.search(r"[(\[{*_:,/|\u2013\u2014-]\s*$", between) is not None

    @property
    def is_in_development(self) -> bool:
        """Return whether the version is one that is worked on: `1.3.0-dev`, `1.3.0-SNAPSHOT`."""
        return bool(_IN_DEVELOPMENT.search(self.version or ""))

    @property
    def is_phrase(self) -> bool:
        """Return whether the words before the version are more than a name: `Update to 1.2.0`."""
        return bool(_PHRASE.search(self.name)) or len(self.name.split()) > 4

    @property
    def is_closed(self) -> bool:
        """Return whether nothing but a date, a status or a codename follows the version."""
        rest = _blanked(self.shown, self.days)[self.end :]
        rest = _PLACEHOLDER.sub("", rest)
        return not re.search(r"\w", _STATUS.sub("", rest))

    @property
    def is_only_a_date(self) -> bool:
        """Return whether the title is a date and nothing else."""
        return bool(self.days) and not re.search(
            r"\w", _blanked(self.shown, self.days)
        )


def _has_words_before(title: str) -> bool:
    """Tell whether a title begins with up to three words and `unreleased`.

    `my-project` and `v1.2` are one word. No regular expression could say that in linear time.
    """
    found = _UNRELEASED_BEHIND.search(title)
    if found is None or not re.match(r"\w", title):
        return False
    # the last one stands before `unreleased`
    gaps = re.findall(r"\W+", title[: found.start() + 1])[:-1]
    between = [gap for gap in gaps if gap.strip(".-")]
    return len(between) < _WORDS_BEFORE


def read(text: str) -> Title:
    """Return what a title says. Of several versions the first one counts if it comes first."""
    shown = _HIDDEN.sub(lambda match: " " * len(match[0]), text)
    days = tuple(days_in(shown))
    found = list(_VERSION.finditer(_blanked(shown, days)))
    if not found:  # a version that begins with a year
        days = tuple(day for day in days if not day.is_dotted)
        found = list(_VERSION.finditer(_blanked(shown, days)))
    plain = _blanked(shown, days)
    for match in found:
        before = plain[: match.start()]
        title = _with_version(Title(text, shown, days), match, plain)
        if _ONLY_MARKS.fullmatch(_PLACEHOLDER.sub("", before)):
            if title.version and (
                SEMVER.fullmatch(title.version) or title.is_closed
            ):
                return title
            break
        if len(found) == 1 and title.is_closed:
            name = re.sub(r"[\W_]+", " ", re.sub(r"[vV]$", "", before))
            words = re.sub(rf"\b{_RELEASE_WORDS}\b", "", name, flags=re.I)
            return replace(
                title, name=" ".join(words.split()).casefold() or "version"
            )
        break
    return Title(text, shown, days)


def placeholder_in(text: str) -> tuple[int, int] | None:
    """Return where a word such as `TBD` stands last in a text without a version."""
    found = list(_PLACEHOLDER.finditer(text))
    return found[-1].span() if found else None


def like(
    model: Title,
    second: Title | None,
    version: str,
    day: date,
    link: Callable[[str], str | None],
) -> str:
    """Return a title for a new version in the form of `model`.

    What only the old version has, such as a codename or `[YANKED]`, is left out; `second` is
    the title before `model`, which shows what both have. `link` gives the new address for an
    address in the title, None where its form is unknown.
    """
    before = _with_day(model.text[: model.start], 0, model, day)
    new = before + version + _tail(model, second, day)
    old = model.version or ""

    def renew(match: re.Match[str]) -> str:
        if not match[0].startswith("("):
            return _renumbered(match[0], old, version)
        url = link(match[0][1:-1].split()[0])
        return f"({url})" if url else ""

    return _HIDDEN.sub(renew, new).rstrip()


def dated(title: Title, day: Day | None, today: date) -> str:
    """Return a title with today's date in the place of a word such as `TBD`, or of a later date.

    `day` is a date whose form is taken; without one the word is removed.
    """
    text = title.text
    if title.placeholder is not None and title.day is None:
        start, end = title.placeholder
        if day is None:
            return _without(title, start, end)
        return text[:start] + day.like(today) + text[end:]
    if title.day is None:
        return text
    changed = (
        text[: title.day.start] + title.day.like(today) + text[title.day.end :]
    )
    if title.placeholder is None:
        return changed
    return dated(read(changed), None, today)


def first(unreleased: Title | None, version: str, day: date) -> str:
    """Return a title for the first version, in the form of that of what is unreleased."""
    opening, closing = "[", "]"
    if unreleased is not None:
        word = re.search(r"\w", unreleased.shown)
        at = word.start() if word else 0
        opening = re.search(r"[\[*_`]*$", unreleased.text[:at])[0]  # type: ignore[index]
        closing = opening[::-1].replace("[", "]")
    return f"{opening}{version}{closing} - {day.isoformat()}"


def _blanked(text: str, days: tuple[Day, ...]) -> str:
    for day in days:
        text = text[: day.start] + " " * (day.end - day.start) + text[day.end :]
    return text


def _with_version(title: Title, match: re.Match[str], plain: str) -> Title:
    number, start, end = (
        match["number"],
        match.start("number"),
        match.end("number"),
    )
    placeholder = _placeholder(plain, start, end)
    word = _GLUED.search(number)
    if word:  # 1.0.0-unreleased
        placeholder = (start + word.start(), end)
        number = number[: word.start()]
        end = start + len(number)
    return replace(
        title, version=number, start=start, end=end, placeholder=placeholder
    )


def _placeholder(plain: str, start: int, end: int) -> tuple[int, int] | None:
    """Return where a word stands in the place of a date, before or behind the version."""
    found = _PLACEHOLDER.search(plain, end) or _PLACEHOLDER.search(
        plain, 0, start
    )
    if found:
        return found.span()
    alone = _PLACEHOLDER_ALONE.fullmatch(plain, end)
    if alone:
        return alone.span("word")
    if _NEXT.fullmatch(plain[:start]):
        return 0, start
    return None


def _with_day(text: str, offset: int, title: Title, day: date) -> str:
    """Return a piece of a title, which begins at `offset`, with the new day for its dates."""
    for found in reversed(title.days):
        start, end = found.start - offset, found.end - offset
        if start >= 0 and end <= len(text):
            text = text[:start] + found.like(day) + text[end:]
    return text


def _tail(model: Title, second: Title | None, day: date) -> str:
    """Return what follows the version: closing marks and the date, and what both titles have."""
    closers = _closers(model.text, model.shown, model.end)
    after = [one for one in model.days if one.start >= model.end]
    shared = _shared(model, second)
    if shared is not None and after:
        return _with_day(model.text[model.end :], model.end, model, day)
    if shared is not None and not _YANKED.search(model.text):
        return model.text[model.end :]
    if not after:
        return model.text[model.end : closers]
    found = after[0]
    between = model.text[closers : found.start]
    opening = between
    if re.search(r"\w", model.shown[closers : found.start]):  # a codename
        opening = _SEPARATOR.search(between)[0]  # type: ignore[index]
    end = _closers(model.text, model.shown, found.end)
    closing = model.text[found.end : end]
    return model.text[model.end : closers] + opening + found.like(day) + closing


def _closers(text: str, shown: str, at: int) -> int:
    """Return where the marks that close a version or a date end; a link's address is one."""
    end = _CLOSERS.match(text, at).end()  # type: ignore[union-attr]
    attribute = re.compile(r"\s*(?=\{[#.])").match(text, end)
    hidden = _HIDDEN.match(text, attribute.end() if attribute else end)
    if hidden and shown[end : hidden.end()].strip() == "":
        return _closers(text, shown, hidden.end())
    return end


def _shared(model: Title, second: Title | None) -> str | None:
    """Return the words behind the version if both titles have the same ones, None otherwise."""
    if second is None or second.version is None:
        return None
    words = []
    for title in (model, second):
        rest = _blanked(title.shown, title.days)[title.end :]
        words.append(" ".join(re.findall(r"\w+", rest)))
    if words[0] != words[1] or re.search("[0-9]", words[0]):
        return None
    return words[0] or None


def _renumbered(text: str, old: str, new: str) -> str:
    """Return an anchor or a label for another version; `1.2.0` can be `1-2-0` there, too."""
    for mark in ("-", "_"):
        text = text.replace(old.replace(".", mark), new.replace(".", mark))
    return text.replace(old, new)


def _without(title: Title, start: int, end: int) -> str:
    """Return a title without the word in the place of its date, and the marks around that."""
    before = re.sub(r"[\s(\[{*_:,/\u2013\u2014-]+$", "", title.text[:start])
    after = re.sub(r"^[\s)\]}*_.,:]+", " ", title.text[end:])
    if len(before) < title.end or before.endswith(
        title.text[title.start : title.end]
    ):
        before = title.text[: _closers(title.text, title.shown, title.end)]
    return (before + after).rstrip()

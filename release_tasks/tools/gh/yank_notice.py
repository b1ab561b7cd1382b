"""The notice on a GitHub release whose version was taken back; nothing else of it changes.

GitHub has no state for that. The notice stands between two comments, which nobody sees on the page
and by which every later run finds it.
"""

from __future__ import annotations

from collections.abc import Sequence

TITLE = "[YANKED] "
BEGIN = "<!-- release-tasks: yanked -->"
END = "<!-- release-tasks: end of yanked -->"


def is_in(body: str) -> bool:
    """Tell whether the text of a release has the notice."""
    return BEGIN in body and END in body


def add(body: str, why: str, instead: str, more: Sequence[str] = ()) -> str:
    """Return the text with the notice before it, and without an earlier one.

    `instead` is the tag of the version to use, or ""; `more` are lines of a list.
    """
    reason = " ".join(why.split()) or "This version was taken back."
    lines = [BEGIN, "> [!CAUTION]", f"> **YANKED**: {reason}"]
    if instead:
        lines += [">", f"> Use {instead} instead."]
    if more:
        lines += [">", *(f"> - {line}" for line in more)]
    lines += [END, "", remove(body)]
    return "\n".join(lines)


def remove(body: str) -> str:
    """Return the text as it was before the notice."""
    if not is_in(body):
        return body
    before, _, rest = body.partition(BEGIN)
    after = rest.partition(END)[2]
    # GitHub may keep line ends as a browser sends them
    return before + after.lstrip("\r\n")


def with_title(title: str) -> str:
    """Return the title of a release that was taken back."""
    return TITLE + without_title(title)


def without_title(title: str) -> str:
    """Return the title as it was before."""
    return title.removeprefix(TITLE)

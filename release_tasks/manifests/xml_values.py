"""Where the text of an XML element is, so that an edit changes its characters and nothing else."""

from __future__ import annotations

from typing import NamedTuple

from release_tasks.errors import ReleaseError
from release_tasks.formats.text_files import BOM


class Element(NamedTuple):
    """An element that contains only text."""

    names: tuple[str, ...]  # from the root to the element
    start: int  # of its text
    end: int


def elements(text: str, path: str, name: str) -> list[Element]:
    """Return each element `name` that contains only text, with positions in characters."""
    plain = text.removeprefix(BOM)
    data = plain.encode(errors="replace")
    shift = len(text) - len(plain)

    def position(byte: int) -> int:
        return len(data[:byte].decode(errors="replace")) + shift

    found = [
        element for element in _parsed(data, path) if element.names[-1] == name
    ]
    return [
        Element(element.names, position(element.start), position(element.end))
        for element in found
    ]


class _Reader:
    """Handlers for expat that collect the elements that contain only text, by bytes."""

    def __init__(self) -> None:
        from xml.parsers import expat

        self.found: list[Element] = []
        self._open: list[str] = []  # names of the elements that are open
        self._has_only_text = False  # so far, for the innermost one
        self._start: int | None = None  # of the innermost one's text
        self.parser = expat.ParserCreate("UTF-8")
        self.parser.StartElementHandler = self._begin_element
        self.parser.CharacterDataHandler = self._text
        self.parser.EndElementHandler = self._end_element

    def _begin_element(self, name: str, _attributes: dict[str, str]) -> None:
        self._open.append(name)
        self._has_only_text = True
        self._start = None

    def _text(self, _piece: str) -> None:
        if self._has_only_text and self._start is None:
            self._start = self.parser.CurrentByteIndex

    def _end_element(self, _name: str) -> None:
        if self._has_only_text and self._start is not None:
            names = tuple(self._open)
            self.found.append(
                Element(names, self._start, self.parser.CurrentByteIndex)
            )
        self._open.pop()
        self._has_only_text = False


def _parsed(data: bytes, path: str) -> list[Element]:
    from xml.parsers import expat

    reader = _Reader()
    try:
        reader.parser.Parse(data, True)
    except (expat.ExpatError, ValueError) as error:
        raise ReleaseError(
            f"{path} is not valid XML: {error}", f"correct the syntax of {path}"
        ) from None
    return reader.found

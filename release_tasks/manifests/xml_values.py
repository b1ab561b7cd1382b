"""Where the text of an XML element stands, so that an edit changes its characters and nothing else."""

from __future__ import annotations

from release_tasks.errors import ReleaseError
from release_tasks.manifests.version_locations import BOM

Found = tuple[tuple[str, ...], int, int]


def elements(text: str, path: str, name: str) -> list[Found]:
    """Return each element `name` that holds nothing but text: its path from the root, and where the text stands."""
    plain = text.removeprefix(BOM)
    data, shift = plain.encode(errors="replace"), len(text) - len(plain)

    def position(byte: int) -> int:
        return len(data[:byte].decode(errors="replace")) + shift

    return [
        (names, position(a), position(b))
        for names, a, b in _parsed(data, path)
        if names[-1] == name
    ]


def _parsed(data: bytes, path: str) -> list[Found]:
    from xml.parsers import expat

    parser = expat.ParserCreate("UTF-8")
    names: list[str] = []  # of the elements that are open
    found: list[Found] = []
    begin: int | None = (
        None  # of the innermost one's text: -1 before it, None behind another element
    )

    def start(name: str, _attributes: dict[str, str]) -> None:
        nonlocal begin
        names.append(name)
        begin = -1

    def text(_piece: str) -> None:
        nonlocal begin
        begin = parser.CurrentByteIndex if begin == -1 else begin

    def end(_name: str) -> None:
        nonlocal begin
        if begin is not None and begin >= 0:
            found.append((tuple(names), begin, parser.CurrentByteIndex))
        names.pop()
        begin = None

    parser.StartElementHandler, parser.CharacterDataHandler, parser.EndElementHandler = (
        start,
        text,
        end,
    )
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError) as error:
        raise ReleaseError(f"{path} is no XML: {error}", f"mend {path}") from None
    return found

"""Where the text of an XML element stands, so that an edit changes its characters and nothing else."""

from __future__ import annotations

from release_tasks.errors import ReleaseError
from release_tasks.manifests.copies import BOM

Found = tuple[tuple[str, ...], int, int]


def elements(text: str, path: str) -> list[Found]:
    """Return each element that holds only text: its path, and where the text stands."""
    from xml.parsers import expat

    data = text.removeprefix(BOM).encode()
    parser = expat.ParserCreate("UTF-8")
    open_at: list[tuple[str, int]] = []  # name, and byte position behind the start tag
    found: list[tuple[tuple[str, ...], int, int]] = []
    leaf = False

    def start(name: str, _attributes: dict[str, str]) -> None:
        nonlocal leaf
        open_at.append((name, _behind_tag(data, parser.CurrentByteIndex)))
        leaf = True

    def end(_name: str) -> None:
        nonlocal leaf
        if leaf:
            found.append((tuple(name for name, _ in open_at), open_at[-1][1], parser.CurrentByteIndex))
        open_at.pop()
        leaf = False

    parser.StartElementHandler, parser.EndElementHandler = start, end
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError) as error:
        raise ReleaseError(f"{path} is no XML: {error}", f"mend {path}") from None
    shift = len(text) - len(text.removeprefix(BOM))
    return [(names, _characters(data, a) + shift, _characters(data, b) + shift) for names, a, b in found if a <= b]


def _behind_tag(data: bytes, at: int) -> int:
    quote = 0
    for position in range(at, len(data)):
        byte = data[position]
        if quote:
            quote = 0 if byte == quote else quote
        elif byte in b"\"'":
            quote = byte
        elif byte == ord(">"):
            return position + 1
    return len(data)


def _characters(data: bytes, position: int) -> int:
    return len(data[:position].decode())

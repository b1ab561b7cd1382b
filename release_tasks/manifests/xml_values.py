"""Where the text of an XML element stands, so that an edit changes its characters and nothing else."""

from __future__ import annotations

from release_tasks.errors import ReleaseError
from release_tasks.manifests.copies import BOM

Found = tuple[tuple[str, ...], int, int]


def elements(text: str, path: str, name: str) -> list[Found]:
    """Return each element `name` that holds only text: its path from the root, and where the text stands."""
    plain = text.removeprefix(BOM)
    data, shift = plain.encode(errors="replace"), len(text) - len(plain)

    def position(byte: int) -> int:
        return len(data[:byte].decode(errors="replace")) + shift

    return [(names, position(a), position(b)) for names, a, b in _parsed(data, path) if names[-1] == name and a <= b]


def _parsed(data: bytes, path: str) -> list[Found]:
    from xml.parsers import expat

    parser = expat.ParserCreate("UTF-8")
    open_at: list[tuple[str, int]] = []  # name, and byte position behind the start tag
    found: list[Found] = []
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
    return found


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

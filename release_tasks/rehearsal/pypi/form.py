"""A multipart form, as twine and uv send it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from release_tasks.rehearsal.web import Request


@dataclass
class Form:
    """The fields of an upload, each with all its values, and the one file."""

    values: dict[str, list[str]] = field(default_factory=dict)
    filename: str | None = None
    content: bytes = b""

    def get(self, name: str) -> str:
        """Return the first value of a field, empty where it was not sent or is UNKNOWN."""
        value = self.values.get(name, [""])[0]
        return "" if value == "UNKNOWN" else value


def read_form(request: Request) -> Form:
    """Return the form in a request's body; an empty one where that is no multipart form (RFC 7578)."""
    form = Form()
    found = re.search(r'boundary="?([^";]+)', request.headers.get("content-type", ""))
    if found is None:
        return form
    for part in (b"\r\n" + request.body).split(b"\r\n--" + found[1].encode())[1:-1]:
        head, _, value = part.partition(b"\r\n\r\n")
        name = re.search(rb'[; ]name="([^"]*)"', head)
        file = re.search(rb'filename="([^"]*)"', head)
        if file:
            form.filename, form.content = file[1].decode(), value
        elif name:
            form.values.setdefault(name[1].decode(), []).append(value.decode(errors="replace"))
    return form

"""A multipart form, as twine and uv send it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from packaging.utils import canonicalize_name, canonicalize_version

from release_tasks.rehearsal import bodies
from release_tasks.rehearsal.web import Request


@dataclass
class Form:
    """The fields of an upload, each with all its values, and the one file."""

    values: dict[str, list[str]] = field(default_factory=dict)
    filename: str | None = None
    content: bytes = b""

    @property
    def project(self) -> str:
        """Return the normalized name of the project."""
        return canonicalize_name(self.get("name"))

    @property
    def release(self) -> str:
        """Return the normalized version, without trailing zeros."""
        return canonicalize_version(self.get("version"))

    def get(self, name: str) -> str:
        """Return the first value of a field, empty where it was not sent or is UNKNOWN."""
        value = self.values.get(name, [""])[0]
        if value == "UNKNOWN":
            return ""
        return value


def read_form(request: Request) -> Form:
    """Return the multipart form (RFC 7578) of a request, an empty one where there is none."""
    form = Form()
    found = re.search(r'boundary="?([^";]+)', request.header("content-type"))
    if found is None:
        return form
    delimiter = b"\r\n--" + found[1].encode()
    body = request.read_body(bodies.LARGEST_UPLOAD)
    for part in (b"\r\n" + body).split(delimiter)[1:-1]:
        head, _, value = part.partition(b"\r\n\r\n")
        name = re.search(rb'[; ]name="([^"]*)"', head)
        file = re.search(rb'filename="([^"]*)"', head)
        if file:
            form.filename = file[1].decode()
            form.content = value
        elif name:
            values = form.values.setdefault(name[1].decode(), [])
            values.append(value.decode(errors="replace"))
    return form

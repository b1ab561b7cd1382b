"""A server of files, with or without ranges, which can fail on demand."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from release_tasks.rehearsal.web import Request, Response

RANGE = re.compile(r"bytes=(\d+)-(\d+)")


@dataclass
class FileServer:
    """Serves files by name."""

    name: str = "files"
    hosts: tuple[str, ...] = ("files.example",)
    files: dict[str, bytes] = field(default_factory=dict)
    # whether a range is answered with that part of the file
    ranges: bool = True
    broken: int = 0  # how many of the next answers are errors
    sent: list[int] = field(default_factory=list)  # bytes of each answer

    def handle(self, request: Request) -> Response:
        """Answer with a file, or the part of it that the request names."""
        name = request.target.rpartition("/")[2].partition("?")[0]
        data = self.files.get(name)
        if data is None:
            return Response(404, b"", {})
        if self.broken:
            self.broken -= 1
            return Response(403, b"not now", {})
        headers = {key.lower(): value for key, value in request.headers.items()}
        wanted = RANGE.fullmatch(headers.get("range", ""))
        if not wanted or not self.ranges:
            self.sent.append(len(data))
            return Response(200, data, {})
        start, end = int(wanted[1]), min(int(wanted[2]), len(data) - 1)
        if start >= len(data):
            return Response(416, b"", {"Content-Range": f"bytes */{len(data)}"})
        part = data[start : end + 1]
        self.sent.append(len(part))
        content_range = f"bytes {start}-{end}/{len(data)}"
        return Response(206, part, {"Content-Range": content_range})

"""A server of files for tests: with ranges or without, and cut in the middle where that is asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from release_tasks.rehearsal.web import Request, Response


@dataclass
class FileServer:
    """Serves its files by name; `ranges` says whether it knows them."""

    name: str = "shelf"
    hosts: tuple[str, ...] = ("files.example",)
    files: dict[str, bytes] = field(default_factory=dict)
    ranges: bool = True
    broken: int = 0  # how many of the next answers fail
    sent: list[int] = field(default_factory=list)  # bytes of each answer

    def handle(self, request: Request) -> Response:
        data = self.files.get(request.target.rpartition("/")[2].partition("?")[0])
        if data is None:
            return Response(404, b"", {})
        if self.broken:
            self.broken -= 1
            return Response(403, b"not now", {})
        asked = re.fullmatch(
            r"bytes=(\d+)-(\d+)",
            {k.lower(): v for k, v in request.headers.items()}.get("range", ""),
        )
        if not asked or not self.ranges:
            self.sent.append(len(data))
            return Response(200, data, {})
        start, end = int(asked[1]), min(int(asked[2]), len(data) - 1)
        if start >= len(data):
            return Response(416, b"", {"Content-Range": f"bytes */{len(data)}"})
        self.sent.append(end + 1 - start)
        return Response(
            206,
            data[start : end + 1],
            {"Content-Range": f"bytes {start}-{end}/{len(data)}"},
        )

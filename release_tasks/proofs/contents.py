"""What is proved: the files of a release, each opened once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from release_tasks import dist
from release_tasks.findings.finding import Case
from release_tasks.release import Part


@dataclass(frozen=True, eq=False)
class Contents(Case):
    """A release whose files are looked at."""

    @cached_property
    def files(self) -> list[tuple[Part, dist.Built, Path]]:
        """Return each line of the inventories whose file is in dist/, and that file."""
        rows = ((part, row, part.dist / row.file) for part in self.release.parts for row in dist.inventory(part))
        return [one for one in rows if one[2].is_file()]

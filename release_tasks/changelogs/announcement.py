"""The announcement of a version: what is new, and how to get it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from release_tasks.changelogs import notes
from release_tasks.changelogs.install_lines import (
    InstallLine,
    as_markdown,
    install_lines,
)
from release_tasks.formats.text_files import BOM, read
from release_tasks.project.history import previous
from release_tasks.release import ComponentRelease, Release
from release_tasks.versions.templates import fill

TEMPLATE = """\
# {component} {version}

{notes}

{install}
"""


@dataclass(frozen=True)
class Announcement:
    """What is told about one component's version."""

    component: str
    version: str
    tag: str
    previous: str  # the tag of the version before, "" for the first
    notes: str  # Markdown, without those on how to install it
    install: tuple[InstallLine, ...]
    template: str

    @property
    def markdown(self) -> str:
        """Return it as Markdown. Raises `ReleaseError` for an unknown placeholder."""
        return self._filled(as_markdown(list(self.install)))

    @property
    def text(self) -> str:
        """Return it as plain text: without the marks of headings, with the commands indented."""
        commands = [f"    {line.command}" for line in self.install]
        install = "\n".join(["Install", "", *commands]) if commands else ""
        return re.sub(r"^#+ +", "", self._filled(install), flags=re.MULTILINE)

    def _filled(self, install: str) -> str:
        values = {
            "component": self.component,
            "version": self.version,
            "tag": self.tag,
            "previous": self.previous,
            "notes": self.notes,
            "install": install.strip(),
        }
        text = fill(self.template, values)
        return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def announcement(release: Release, part: ComponentRelease) -> Announcement:
    """Return what is told about a part; the template is that of `[announce]`, where it has one."""
    path = release.project.settings.announce.template
    template = TEMPLATE
    if path is not None:
        template = read(release.source_tree, path).removeprefix(BOM)
    before, _ = previous(release.project, part.component, part.version)
    return Announcement(
        part.component.name,
        part.version,
        part.tag,
        before,
        notes.without_install(release, part).strip(),
        tuple(install_lines(release, part)),
        template,
    )

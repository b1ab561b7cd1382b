"""Check the built files, wherever they were built, before the first public act."""

from __future__ import annotations

from invoke.context import Context

from release_tasks.tasks import step


@step
def check_artifacts(
    c: Context, version: str | None = None, component: str | None = None
) -> None:
    """Check the built files against the settings."""
    from release_tasks import shell, terminal
    from release_tasks.checks import report
    from release_tasks.checks.artifacts.all import check_files
    from release_tasks.checks.artifacts.contents import Contents
    from release_tasks.converge import begin
    from release_tasks.errors import counted

    release = begin(c, version, component)
    folders = ", ".join(f"dist/{part.tag}" for part in release.parts)
    if shell.is_dry(c):
        terminal.say(f"would verify every file in {folders}")
        return
    contents = Contents(c, release)
    report.print_findings(check_files(contents))
    terminal.say(
        f"verified {counted(len(contents.files), 'file')} in {folders}"
    )

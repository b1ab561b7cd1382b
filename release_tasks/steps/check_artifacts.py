"""What was built is looked at once more, wherever it was built, before the first public act."""

from __future__ import annotations

from invoke.context import Context

from release_tasks.steps import step


@step
def check_artifacts(c: Context, version: str | None = None, component: str | None = None) -> None:
    """Show that the files are those declared, and whole."""
    from release_tasks import shell, terminal
    from release_tasks.checks import report
    from release_tasks.checks.artifacts.all import proofs
    from release_tasks.checks.artifacts.contents import Contents
    from release_tasks.converge import begin

    release = begin(c, version, component)
    if shell.is_dry(c):
        terminal.say(
            "then every declared file has to be in dist/ or public, whole, and what its name says"
        )
        return
    case = Contents(c, release)
    report.print_findings(proofs(case))
    terminal.say(f"{len(case.files)} files of {release.title} are what was declared")

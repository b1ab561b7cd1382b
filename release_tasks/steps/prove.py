"""What was built is looked at once more, wherever it was built, before the first public act."""

from __future__ import annotations

from invoke.context import Context

from release_tasks.steps import step


@step
def prove(c: Context, version: str | None = None, component: str | None = None) -> None:
    """Show that the files are those declared, and whole."""
    from release_tasks import shell
    from release_tasks.converge import begin
    from release_tasks.findings import report
    from release_tasks.proofs.all import proofs
    from release_tasks.proofs.contents import Contents

    release = begin(c, version, component)
    if shell.is_dry(c):
        shell.say("then every declared file has to be in dist/ or public, whole, and what its name says")
        return
    case = Contents(c, release)
    report.tell(proofs(case))
    shell.say(f"{len(case.files)} files of {release.title} are what was declared")

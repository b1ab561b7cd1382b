"""rustup: which toolchains are installed."""

from __future__ import annotations

from release_tasks.shell import ask


def toolchains() -> list[str]:
    """Return the names of the installed toolchains, with their host (`1.90.0-x86_64-...`)."""
    lines = ask(["rustup", "toolchain", "list"]).splitlines()
    return [line.split()[0] for line in lines if line.strip()]

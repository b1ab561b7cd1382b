"""Programs that were fetched back are started, to see which version they say they are."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from errno import ETXTBSY
from pathlib import Path

from release_tasks import files, shell, terminal
from release_tasks.errors import ReleaseError
from release_tasks.formats import machines
from release_tasks.versions.numbers import spellings

LONGEST = 10.0  # seconds; a server that ignores --version would serve for ever
NEXT = "choose the next version for a mended one"
# What chroot, a container runtime and the dynamic loader say of a program that cannot even begin.
_NOT_STARTED = r"failed to run command|OCI runtime|error while loading shared libraries"


def check_version_output(
    argv: Sequence[str | Path], version: str, what: str, env: Mapping[str, str] | None = None
) -> Iterator[ReleaseError]:
    """Start `argv`, and yield an error where it prints another version or cannot begin.

    A program that fails, names no version or runs on for 10 s does not know `--version`, which
    is only said. `env` is all that it sees; without it, the caller's environment less secrets.
    """
    try:
        status, text = _output(argv, env)
    except (OSError, ReleaseError) as error:
        yield ReleaseError(f"{what} cannot be started: {error}", NEXT)
        return
    if status in (126, 127) and re.search(_NOT_STARTED, text):
        yield ReleaseError(f"{what} cannot be started: {reason(text)}", NEXT)
    elif status == 0 and says(text, version):
        terminal.say(f"{what} runs, and says {version}")
    elif status == 0 and (other := re.search(r".*\d+\.\d+\.\d+.*", text)):
        yield ReleaseError(f"{what} says it is {other[0].strip()[:80]!r}, not {version}", NEXT)
    else:
        terminal.say(f"{what} does not know --version, so its version was not compared")


def runner(target: str, needs: Sequence[str] = ()) -> list[str] | None:
    """Return what starts a program of a target: nothing more on such a machine, else qemu; None where it cannot run.

    In qemu's user mode a program finds the libraries it `needs` where Debian's cross compilers have them.
    """
    machine, _, system = target.partition("-")
    here = machines.this_machine()
    families = {
        "linux": ("unknown-linux-gnu", "unknown-linux-musl"),
        "darwin": ("apple-darwin",),
    }.get(sys.platform, ())
    if here and machine == here.rust and system in families:
        return []
    name = machines.qemu_name(target)
    qemu = next(filter(None, map(shell.found, (f"qemu-{name}-static", f"qemu-{name}"))), None)
    root = Path(f"/usr/{machines.gnu_name(target)}-linux-gnu")
    if (
        qemu is None
        or "-linux-" not in target
        or not all((root / "lib" / one).exists() for one in needs)
    ):
        return None
    return [qemu, "-L", str(root)]


def says(text: str, version: str) -> bool:
    """Tell whether a text names exactly this version, in SemVer or as PEP 440 writes it."""
    forms = spellings(version.partition("+")[0])
    return any(
        re.search(rf"(?<![\d.]){re.escape(form)}(?!\d|\.\d|-?[A-Za-z])", text) for form in forms
    )


def reason(output: str) -> str:
    """Return the line of a failed program's output that says most."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", output).strip("\n")
    built = re.search(r"(.*)\n.*\[end of output\]", text)  # so pip quotes what a build printed
    first = built or re.search(r"^(?:error|Error)\b.*", text, re.M)
    shouted = re.findall(r"^ERROR.*", text, re.M)
    return (
        first[built is not None]
        if first
        else (shouted or text.splitlines() or ["it printed nothing"])[-1]
    ).strip()


def _output(argv: Sequence[str | Path], env: Mapping[str, str] | None) -> tuple[int | None, str]:
    with files.scratch("run") as folder:
        log = folder / "output"
        try:
            status = _status(argv, folder, env, log)
        except OSError as error:
            if error.errno != ETXTBSY:
                raise
            # A child that another thread is just starting still holds the new file open.
            terminal.pause(0.5)
            status = _status(argv, folder, env, log)
        return status, log.read_text("utf-8", "replace")


def _status(
    argv: Sequence[str | Path], folder: Path, env: Mapping[str, str] | None, log: Path
) -> int | None:
    """Return the exit status, None for a program that had to be ended."""
    deadline = time.monotonic() + LONGEST
    with shell.running(argv, cwd=folder, env=env, log=log) as process:
        while process.poll() is None and time.monotonic() < deadline:
            terminal.pause(0.02)
        return process.poll()

"""Start a program with `--version`, and compare the version that it prints."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from errno import ETXTBSY
from pathlib import Path

from release_tasks import files, shell, terminal
from release_tasks.errors import Problem, ReleaseError
from release_tasks.formats import machines
from release_tasks.versions.numbers import spellings, without_build

LONGEST = 10.0  # seconds; a server that ignores --version would run forever
NEXT = "fix it, and release it in the next version"
# what chroot, a container runtime and the dynamic loader print for a program that cannot start
_NOT_STARTED = (
    r"failed to run command|OCI runtime|error while loading shared libraries"
)
_FAMILIES = {
    "linux": ("unknown-linux-gnu", "unknown-linux-musl"),
    "darwin": ("apple-darwin",),
}


def check_version_output(
    argv: Sequence[str | Path],
    version: str,
    label: str,
    env: Mapping[str, str] | None = None,
    is_ours: bool = True,
) -> Iterator[Problem]:
    """Start `argv`, and yield a problem where it prints another version or cannot start.

    A program that fails, prints no version or runs for more than 10 s does not know `--version`:
    that is only shown. `env` is its whole environment; without it, it gets the caller's without
    secrets. `label` names it in messages. Of a program that is not ours, only the start counts.
    """
    try:
        status, output = _output(argv, env)
    except (OSError, ReleaseError) as error:
        yield Problem(f"{label} cannot be started: {error}", NEXT)
        return
    other = re.search(r".*(?<![\d.])\d+\.\d+\.\d+(?!\d|\.\d).*", output)
    if status in (126, 127) and re.search(_NOT_STARTED, output):
        yield Problem(f"{label} cannot be started: {reason(output)}", NEXT)
    elif status == 0 and names_version(output, version):
        terminal.say(f"{label} runs and prints {version}")
    elif not is_ours:
        terminal.say(
            f"{label} starts; its version was not compared, as this project has no "
            "program of that name"
        )
    elif status == 0 and other:
        shown = other[0].strip()[:80]
        yield Problem(f"{label} prints {shown!r}, expected {version}", NEXT)
    else:
        terminal.say(
            f"{label} does not know --version, so its version was not compared"
        )


def runner(target: str, needs: Sequence[str] = ()) -> list[str] | None:
    """Return what a program of a target is started with; None where it cannot run here.

    That is nothing on such a machine, otherwise qemu. There it finds the libraries that it
    `needs` where Debian's cross compilers have them.
    """
    machine, _, system = target.partition("-")
    host = machines.this_machine()
    if (
        host
        and machine == host.rust
        and system in _FAMILIES.get(sys.platform, ())
    ):
        return []
    qemu = _qemu(target)
    if qemu is None or "-linux-" not in target:
        return None
    root = Path(f"/usr/{machines.gnu_name(target)}-linux-gnu")
    if not all((root / "lib" / library).exists() for library in needs):
        return None
    return [qemu, "-L", str(root)]


def names_version(text: str, version: str) -> bool:
    """Tell whether a text has exactly this version, as SemVer or PEP 440 writes it."""
    for form in spellings(without_build(version)):
        if re.search(
            rf"(?<![\d.]){re.escape(form)}(?!\d|\.\d|-?[A-Za-z])", text
        ):
            return True
    return False


def reason(output: str) -> str:
    """Return the most useful line of what a failed program printed."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", output).strip("\n")
    # pip quotes what a build printed so
    quoted = re.search(r"(.*)\n.*\[end of output\]", text)
    if quoted:
        return quoted[1].strip()
    first = re.search(r"^(?:error|Error)\b.*", text, re.M)
    if first:
        return first[0].strip()
    lines = (
        re.findall(r"^ERROR.*", text, re.M)
        or text.splitlines()
        or ["it printed nothing"]
    )
    return str(lines[-1]).strip()


def _qemu(target: str) -> str | None:
    """Return the emulator for programs of a target."""
    name = machines.qemu_name(target)
    return shell.found(f"qemu-{name}-static") or shell.found(f"qemu-{name}")


def _output(
    argv: Sequence[str | Path], env: Mapping[str, str] | None
) -> tuple[int | None, str]:
    """Return the exit status (None for a program that had to be ended), and the output."""
    with files.scratch("run") as folder:
        log = folder / "output"
        try:
            status = _status(argv, folder, env, log)
        except OSError as error:
            if error.errno != ETXTBSY:
                raise
            # a child that another thread is starting has the new file still open
            terminal.pause(0.5)
            status = _status(argv, folder, env, log)
        return status, log.read_text("utf-8", "replace")


def _status(
    argv: Sequence[str | Path],
    folder: Path,
    env: Mapping[str, str] | None,
    log: Path,
) -> int | None:
    deadline = time.monotonic() + LONGEST
    with shell.running(argv, cwd=folder, env=env, log=log) as process:
        while process.poll() is None and time.monotonic() < deadline:
            terminal.pause(0.02)
        return process.poll()

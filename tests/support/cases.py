"""Run shell scripts that each print one line, `ok NAME` or `FAIL NAME: why`, and count them.

    python tests/support/cases.py FOLDER|FILE...

A folder stands for every `*.sh` one level below it. Scripts run two at a time with this Python's
`inv` first on PATH. The exit status is 1 unless every script printed `ok`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

AT_ONCE = 2
LIMIT = 600  # seconds, for a script that has no limit of its own


def main(arguments: list[str]) -> int:
    """Run the scripts and return the exit status."""
    scripts = [script for name in arguments for script in _scripts(Path(name))]
    if not scripts:
        print("no scripts given: nox -s cases -- FOLDER", file=sys.stderr)
        return 1
    failed = 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for line in pool.map(_run, scripts):
            print(line, flush=True)
            failed += not line.startswith("ok ")
    print(f"{len(scripts) - failed} of {len(scripts)} are ok")
    return int(failed > 0)


def _scripts(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    else:
        yield from sorted(
            path.glob("*.sh" if _holds_scripts(path) else "*/*.sh")
        )


def _holds_scripts(folder: Path) -> bool:
    """Tell whether the scripts lie in the folder itself; `lib.sh` is what they share."""
    return any(script.name != "lib.sh" for script in folder.glob("*.sh"))


def _run(script: Path) -> str:
    programs = str(Path(sys.executable).parent)
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    try:
        ended = subprocess.run(
            ["bash", script],
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=LIMIT,
            env=os.environ | {"PATH": path},
        )
    except subprocess.TimeoutExpired:
        return f"FAIL {script.stem}: no end within {LIMIT} s"
    return (
        ended.stdout.strip()
        or f"FAIL {script.stem}: status {ended.returncode}, no line"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

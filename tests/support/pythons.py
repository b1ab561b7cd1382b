"""Pythons for jobs that install this project."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path


def python_with_libraries(folder: Path) -> Path:
    """Return the folder of a new Python that has our libraries, as if they were cached."""
    words = (sys.executable, "-m", "venv", "--without-pip", str(folder))
    subprocess.run(words, check=True)
    paths = {"base": str(folder), "platbase": str(folder)}
    own = Path(sysconfig.get_path("purelib", "venv", paths))
    (own / "libraries.pth").write_text(sysconfig.get_path("purelib"))
    return folder

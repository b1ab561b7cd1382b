"""Say when this was built."""

from pathlib import Path

BUILT = (Path(__file__).parent / "built.txt").read_text() if (Path(__file__).parent / "built.txt").exists() else ""

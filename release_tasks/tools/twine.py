"""twine: what PyPI would say to a file, and the upload."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from invoke.context import Context

from release_tasks.errors import ReleaseError
from release_tasks.shell import Failed, ask, do

TWINE = (sys.executable, "-m", "twine", "--no-color")
WHOLE_LINES = {"COLUMNS": "500"}  # else rich breaks PyPI's reasons into pieces

# twine sends an upload again whose connection broke, without its body, and waits for ever; what was not
# connected at all can be tried again
BROKEN = r"connection broken by '(?!NewConnection|ConnectTimeout|NameResolution|Proxy)"


def check(paths: Sequence[Path]) -> None:
    """Raise `ReleaseError` for a file whose description PyPI would not show, with twine's reason."""
    try:
        ask([*TWINE, "check", *paths], env=WHOLE_LINES)
    except Failed as error:
        names = [
            path.name
            for path in paths
            if re.search(rf"{re.escape(path.name)}: FAILED", error.output)
        ]
        reasons = [
            " ".join(line.split()[1:])
            for line in error.output.splitlines()
            if re.match(r"(ERROR|WARNING)\s+\S", line)
        ]
        said = "; ".join(dict.fromkeys(reasons)) or " ".join(error.output.split())[-300:]
        raise ReleaseError(
            f"twine check: {', '.join(names) or paths[0].name}: {said}",
            "mend `readme` in pyproject.toml",
        ) from error


def upload(c: Context, paths: Sequence[Path], token: str) -> None:
    """Upload files to PyPI in this order; raise `Failed` with what PyPI said.

    `token` is the name of the variable that holds the package's own token.
    """
    env, secrets = _credential(token)
    # wheels before the sdist: an installer that sees only the sdist would compile
    ordered = sorted(paths, key=lambda path: (not path.name.endswith(".whl"), path.name))
    do(
        c,
        [*TWINE, "upload", "--non-interactive", "--disable-progress-bar", *ordered],
        env=WHOLE_LINES | env,
        secrets=secrets,
        stop_at=BROKEN,
    )


def has_credential(token: str) -> bool:
    """Tell whether an upload would know who it is: by a token, Trusted Publishing or ~/.pypirc."""
    names = (token, "TWINE_PASSWORD", "ACTIONS_ID_TOKEN_REQUEST_URL")
    return any(os.environ.get(name) for name in names) or (Path.home() / ".pypirc").is_file()


def was_cut(output: str) -> bool:
    """Tell whether an upload failed because its connection broke, so that nobody knows how it ended."""
    return re.search(BROKEN, output) is not None


def is_taken(output: str) -> bool:
    """Tell whether PyPI said that a file of that name exists with other bytes."""
    return "File already exists" in output


def explained(error: Failed, token: str) -> ReleaseError:
    """Return what a failed upload means, with a way on where PyPI's words allow one."""
    if gone := re.search(
        r"This filename was previously used by a file that has since been deleted", error.output
    ):
        return ReleaseError(
            f"PyPI: {gone[0]}", "choose the next version: PyPI never takes a name twice"
        )
    if re.search(r"\b403\b", error.output):
        return ReleaseError(
            f"{error.problem}",
            f"check the token in {token} or TWINE_PASSWORD, and that it may upload this project",
        )
    return error


def _credential(token: str) -> tuple[dict[str, str], tuple[str, ...]]:
    if value := os.environ.get(token):
        return {"TWINE_USERNAME": "__token__", "TWINE_PASSWORD": value}, ()
    if os.environ.get("TWINE_PASSWORD"):
        return {"TWINE_USERNAME": os.environ.get("TWINE_USERNAME") or "__token__"}, (
            "TWINE_PASSWORD",
        )
    return {}, ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL")

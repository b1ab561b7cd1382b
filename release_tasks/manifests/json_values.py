"""Where each string of a JSON text stands, so that an edit changes its characters and nothing else."""

from __future__ import annotations

import json
from typing import Any

from release_tasks.errors import ReleaseError
from release_tasks.manifests import toml_values
from release_tasks.manifests.toml_values import KeyPath, Span
from release_tasks.manifests.version_locations import BOM


def load(text: str, path: str) -> Any:
    """Return the data of a JSON text; raise `ReleaseError` with line and column for a broken one."""
    try:
        return json.loads(
            text.removeprefix(BOM), parse_float=str, parse_int=str, parse_constant=str
        )
    except (ValueError, RecursionError) as error:
        raise ReleaseError(f"{path} is no JSON: {error}", f"mend {path}") from None


def spans(text: str, path: str) -> dict[KeyPath, Span]:
    """Return for the path of each string where its characters stand, without the quotes."""
    load(text, path)
    try:  # an object is written like an inline table of TOML, but for the colons
        return dict(toml_values.strings_in(text, (), 1 if text.startswith(BOM) else 0))
    except RecursionError:
        raise ReleaseError(f"{path} is nested too deeply", f"mend {path}") from None

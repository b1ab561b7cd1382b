"""Chart.lock: the versions of the charts that another one depends on, and the digest of both.

Charts of apiVersion v1 have it as requirements.lock.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from release_tasks.manifests import yaml_values
from release_tasks.manifests.chart_yaml import Siblings, dependency_key
from release_tasks.manifests.version_locations import (
    FileBump,
    VersionLocation,
    VersionLocations,
)

Rows = Sequence[Mapping[str, Any]]
# In the order and with the names of helm's `chart.Dependency` (pkg/chart/dependency.go).
_KEYS = (
    "name",
    "version",
    "repository",
    "condition",
    "tags",
    "enabled",
    "import-values",
    "alias",
)
_TEXTS = ("version", "condition", "alias")
# the other keys are left out where they are empty
_ALWAYS = ("name", "repository")


def kind(requirements: Rows, siblings: Siblings) -> VersionLocations:
    """Return the kind of a lock beside a Chart.yaml with these new `requirements`.

    `siblings` are the charts of this repository that get a new version.
    """

    def locations(text: str, bump: FileBump) -> Iterator[VersionLocation]:
        scalars = yaml_values.scalars(text, bump.path)
        locked = rows(text, bump.path)
        new_rows = []
        for index, row in enumerate(locked):
            new = siblings.get(dependency_key(row))
            place = ("dependencies", index, "version")
            if new and place in scalars:
                name = f"the locked version of {row['name']}"
                yield VersionLocation(name, *scalars[place], new)
                row = {**row, "version": new}
            new_rows.append(row)
        if ("digest",) in scalars:
            renewed = digest(requirements, new_rows)
            yield VersionLocation("digest", *scalars["digest",], renewed)

    return VersionLocations(locations)


def rows(text: str, path: str) -> Rows:
    """Return the dependencies that a lock lists; raise `ReleaseError` for bad YAML."""
    data = yaml_values.data(text, path)
    if not isinstance(data, dict):
        return ()
    found = data.get("dependencies")
    if not isinstance(found, list):
        return ()
    return [row for row in found if isinstance(row, dict)]


def is_current(requirements: Rows, lock: str, path: str) -> bool:
    """Tell whether a lock is for these requirements, as `helm dependency build` demands.

    For a requirements.lock it takes the digest of Helm 2, too (internal/resolver, `HashV2Req`).
    """
    data = yaml_values.data(lock, path)
    if not isinstance(data, dict):
        return False
    accepted = [digest(requirements, rows(lock, path))]
    if path.endswith("requirements.lock"):
        accepted.append(
            _sha256({"dependencies": list(map(_as_go, requirements))})
        )
    return data.get("digest") in accepted


def digest(requirements: Rows, locked: Rows) -> str:
    """Return the digest of a lock (`sha256:` and 64 hex digits).

    That is helm's: over the JSON of both lists as Go writes it (internal/resolver, `HashReq`).
    """
    return _sha256([list(map(_as_go, requirements)), list(map(_as_go, locked))])


def _sha256(value: Any) -> str:
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _as_go(row: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key in _KEYS:
        value = row.get(key)
        if key in _ALWAYS:
            found[key] = str(value or "")
        elif key in _TEXTS and value:
            found[key] = str(value)
        elif value:
            found[key] = _sorted(value)
    return found


def _sorted(value: Any) -> Any:
    """Return a value of YAML with the keys of each mapping sorted, as Go's maps are."""
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_sorted(one) for one in value]
    return value

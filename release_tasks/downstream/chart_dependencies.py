"""Our charts as dependencies of the charts of another repository, and the locks beside these."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from release_tasks.downstream.uses import Ours, Place, Use, moved, stays
from release_tasks.errors import ReleaseError
from release_tasks.manifests import chart_lock, chart_yaml, yaml_values
from release_tasks.manifests.version_locations import FileBump
from release_tasks.versions import helm_ranges

MANIFESTS = (chart_yaml.MANIFEST, chart_yaml.REQUIREMENTS)


def uses(place: Place, ours: Ours) -> Iterator[Use]:
    """Yield each dependency on a chart of ours; raise `ReleaseError` for bad YAML."""
    scalars = yaml_values.scalars(place.text, place.path)
    for keys, value in scalars.items():
        if keys[:1] != ("dependencies",) or keys[-1] != "version":
            continue
        row = {
            key: scalars[place_of].value
            for key in ("name", "repository")
            if (place_of := (*keys[:-1], key)) in scalars
        }
        version = ours.charts.get(chart_yaml.dependency_key(row))
        if version is None:
            continue
        what = f"the dependency {row['name']}"
        if helm_ranges.is_above(value.value, version):
            yield stays(
                what, value.start, value.value, f"it is above {version}"
            )
            continue
        try:
            new = helm_ranges.updated(value.value, version)
        except ReleaseError as error:
            why = f"{error.problem}: {error.fix}"
            yield stays(what, value.start, value.value, why)
            continue
        yield moved(what, (value.start, value.end), value.value, new)


def lock_path(manifest: str) -> str:
    """Return the path of the lock beside a manifest."""
    folder, name = posixpath.split(manifest)
    if name == chart_yaml.REQUIREMENTS:
        return posixpath.join(folder, "requirements.lock")
    return posixpath.join(folder, "Chart.lock")


def renewed_lock(lock: Place, old: Place, new: str, ours: Ours) -> str | None:
    """Return the text of a lock for the `new` text of its manifest, None where helm has to.

    helm has to where the lock was for other requirements than the manifest had.
    """
    before = chart_yaml.read(old.text, old.path).dependencies
    after = chart_yaml.read(new, old.path).dependencies
    if not chart_lock.is_current(before, lock.text, lock.path):
        return None
    kind = chart_lock.kind(after, ours.charts)
    return kind.set_versions(lock.text, FileBump(lock.path))

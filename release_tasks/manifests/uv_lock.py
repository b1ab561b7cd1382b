"""uv.lock: the entries of the project's own packages, which have no source but a folder of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from release_tasks.manifests import toml_values
from release_tasks.manifests.version_locations import VersionLocation, VersionLocations
from release_tasks.versions.numbers import pep440


def _places(
    text: str, path: str, versions: Mapping[str, str], version: str | None
) -> Iterator[VersionLocation]:
    from packaging.utils import canonicalize_name

    ours = {str(canonicalize_name(name)): new for name, new in versions.items()}
    packages = toml_values.load(text, path).get("package")
    spans = toml_values.spans(text, path) if isinstance(packages, list) else {}
    for index, row in enumerate(packages if isinstance(packages, list) else ()):
        source = row.get("source") if isinstance(row, dict) else None
        span = spans.get(("package", index, "version"))  # none where the version is dynamic
        if span and isinstance(source, dict) and {"editable", "virtual"} & set(source):
            new = ours.get(str(row.get("name")), version if "." in source.values() else None)
            yield VersionLocation(
                f"{row.get('name')} in [[package]]",
                text[slice(*span)],
                *span,
                pep440(new) if new else None,
            )


KIND = VersionLocations(_places)

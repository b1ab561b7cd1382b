"""The names of files in the settings: GitHub keeps them, and their endings say what is inside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from release_tasks.errors import ReleaseError
from release_tasks.formats import archive_names
from release_tasks.project.settings import FILE, Settings
from release_tasks.rules import github

EXAMPLE = "1.2.3"  # fills {version}; no other text has it by chance


@dataclass(frozen=True)
class _Name:
    """A name in the settings, and the line that would set it."""

    place: str
    key: str
    template: str
    example: str


def check(settings: Settings) -> None:
    """Raise `ReleaseError` for the first name of a binary or bundle that cannot be an asset."""
    for name in _binaries(settings):
        _check_name(name)
        _check_ending(name)
    for name in _bundles(settings):
        _check_name(name)
        if not archive_names.is_archive(name.template):
            raise ReleaseError(
                f"{FILE}: {name.place}: {name.template} is not the name of an archive",
                f"let it end with one of: {' '.join(archive_names.PACKED)}",
            )


def _binaries(settings: Settings) -> Iterator[_Name]:
    for binary, table in settings.binaries.items():
        for target, file in table.targets.items():
            example = file.format(version=EXAMPLE)
            yield _Name(
                f"[binaries.{binary}] {target}", f'"{target}" = ', file, example
            )


def _bundles(settings: Settings) -> Iterator[_Name]:
    for file, variants in settings.bundles.items():
        for variant in variants:
            example = file.format(version=EXAMPLE, asset="a", variant=variant)
            yield _Name(f'[bundles."{file}"] {variant}', "", file, example)


def _check_name(name: _Name) -> None:
    refused = github.asset_name(name.example)
    if not refused:
        return
    fix = "use only letters, digits, `.`, `_`, `+`, `@` and `-`"
    if name.key:
        better = github.stored_name(name.example).replace(EXAMPLE, "{version}")
        fix = f'{name.key}"{better}"'
    raise ReleaseError(
        f"{FILE}: {name.place}: {name.template} is not the name of an asset: {refused[0]}",
        fix,
    )


def _check_ending(name: _Name) -> None:
    """Raise `ReleaseError` for a program under the name of an archive or package."""
    ending = archive_names.unpacked_ending(name.template)
    if not ending:
        return
    bare = name.template[: -len(ending)]
    raise ReleaseError(
        f"{FILE}: {name.place}: {name.template} would be a bare program, as {ending} is not packed",
        f'{name.key}"{bare}.tar.gz"; packed are {" ".join(archive_names.PACKED)}',
    )

"""The images and charts of a repository, from its Dockerfiles and Chart.yaml files."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import TypeVar

from release_tasks import endpoints
from release_tasks.errors import ReleaseError
from release_tasks.formats.text_files import read
from release_tasks.project.model import Chart, Image, Resolved, ambiguity, either
from release_tasks.project.settings import FILE, ChartTable, ImageTable, Settings

T = TypeVar("T", ImageTable, ChartTable)
HOST = endpoints.host(endpoints.GHCR)  # where a GitHub project's images and charts go


def images(files: tuple[str, ...], settings: Settings, name: str | None) -> Resolved[Image]:
    """Return the images; `name` is owner/name on GitHub, for the reference of an image nobody named."""
    candidates = [
        path for path in files if path.rpartition("/")[2] in ("Dockerfile", "Containerfile")
    ]
    tables = settings.images or (_named(settings, "images", ImageTable) if candidates else {})
    if not tables:
        if len(candidates) > 1:
            return ambiguity(
                "Dockerfiles",
                [
                    f'[images."{_reference(name, path)}"]\ndockerfile = "{path}"'
                    for path in candidates
                ],
            )
        if not candidates:
            return ()
        if name is None:
            return _unnamed("image", '[images."REGISTRY/OWNER/NAME"]')
    found = []
    for reference, table in (tables or {f"{HOST}/{(name or '').lower()}": ImageTable()}).items():
        file = table.dockerfile or next(
            (p for p in ("Dockerfile", *candidates) if p in candidates), None
        )
        if file is None or file not in files:
            return ReleaseError(
                f"{FILE}: [images.{reference}]: {file or 'no Dockerfile'} is not in the repository",
                "name it with dockerfile = ...",
            )
        if table.dockerfile is None and file != "Dockerfile" and len(candidates) > 1:
            return ambiguity(
                "Dockerfiles", [f'[images."{reference}"]', either("dockerfile", candidates)]
            )
        cache = (
            *(f"--cache-from={one}" for one in table.cache_from),
            *(f"--cache-to={one}" for one in table.cache_to),
        )
        own = (table.scan, table.test, tuple(sorted(table.labels.items())), cache)
        found.append(
            Image(
                reference,
                file,
                table.platforms,
                table.tags,
                tuple(sorted(table.args.items())),
                *own,
            )
        )
    return tuple(found)


def charts(
    root: Path, files: tuple[str, ...], settings: Settings, name: str | None
) -> Resolved[Chart]:
    """Return the charts; one that another depends on by its path is a part of that one."""
    folders = [(root / path).parent for path in files if path.rpartition("/")[2] == "Chart.yaml"]
    texts = {
        folder: read(root, (folder / "Chart.yaml").relative_to(root).as_posix())
        for folder in folders
    }
    parts = {
        (f / m[1]).resolve()
        for f, text in texts.items()
        for m in re.finditer(r"file://([^\s\"']+)", text)
    }
    candidates = [folder for folder in folders if folder not in parts]
    tables = settings.charts or (_named(settings, "charts", ChartTable) if candidates else {})
    if not tables:
        if len(candidates) > 1:
            owner = name.split("/")[0].lower() if name else "OWNER"
            rows = (
                (f"{HOST}/{owner}/charts/{_chart_name(f)}", f.relative_to(root)) for f in candidates
            )
            return ambiguity(
                "charts", [f'[charts."{reference}"]\npath = "{path}"' for reference, path in rows]
            )
        if not candidates:
            return ()
        if name is None:
            return _unnamed("chart", '[charts."REGISTRY/OWNER/charts/NAME"]')
        owner = name.split("/")[0].lower()
        return (
            Chart(
                f"{HOST}/{owner}/charts/{_chart_name(candidates[0])}", candidates[0], "{version}"
            ),
        )
    found = []
    for reference, table in tables.items():
        named = [f for f in candidates if _chart_name(f) == reference.rsplit("/", 1)[-1]]
        places = [root / table.path] if table.path else named
        if len(places) != 1 or places[0] not in folders:
            return ReleaseError(
                f"{FILE}: [charts.{reference}]: no chart of that name",
                "name its folder with path = ...",
            )
        found.append(Chart(reference, places[0], table.app_version))
    return tuple(found)


def _reference(name: str | None, dockerfile: str) -> str:
    """Return what an image might be called: the project, and the folder of a Dockerfile that is not at the root."""
    folder = PurePosixPath(dockerfile).parent.name.lower()
    return f"{HOST}/{name.lower() if name else 'OWNER/NAME'}{folder and f'-{folder}'}"


def _named(settings: Settings, kind: str, table: type[T]) -> dict[str, T]:
    """Return an empty table for each name that a component gives."""
    return {
        name: table()
        for component in settings.components.values()
        for name in getattr(component, kind)
    }


def _chart_name(folder: Path) -> str:
    got = re.search(
        r"^name:\s*[\"']?([^\s\"'#]+)", (folder / "Chart.yaml").read_text("utf-8-sig"), re.M
    )
    return got[1] if got else folder.name


def _unnamed(kind: str, line: str) -> ReleaseError:
    return ReleaseError(
        f"origin is no GitHub repository, so nothing names the {kind}", f"add to {FILE}:\n{line}"
    )

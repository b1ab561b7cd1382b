"""Images and charts: what is found only when the image is built or the chart is installed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import partial
from pathlib import PurePosixPath

from release_tasks.channels import charts, oci_registry
from release_tasks.checks.check import CheckContext, Located, problem, warning
from release_tasks.errors import ReleaseError, shorten
from release_tasks.formats.text_files import read
from release_tasks.http import get_many
from release_tasks.manifests import toml_values
from release_tasks.project.model import Chart, Image
from release_tasks.shell import found
from release_tasks.tools import docker
from release_tasks.tools.docker import buildkit
from release_tasks.tools.helm import dependencies as helm_dependencies
from release_tasks.tools.helm.dependencies import Dependency

TARGETS = {"bin": "src/bin", "bench": "benches", "test": "tests", "example": "examples"}
BUILDS = re.compile(r"\bcargo\s+(\S+\s+)?(build|fetch|check|install|chef)\b")


@problem
def reference_collision(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield each reference that is an image's and a chart's, so that one would overwrite the other."""
    yield from charts.collisions(case.release)


@problem
def chart_image_unpublished(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield each chart whose default image is nearly one of ours, or is nobody's."""
    images = list(case.shipped("images", Image))
    is_open = any(
        isinstance(part.component.images, ReleaseError) for part in case.release.parts
    )  # which are ours is a question
    version = case.release.parts[0].version
    for chart in case.shipped("charts", Chart):
        path = (chart.folder / "values.yaml").relative_to(case.release.source_tree).as_posix()
        reference, tag = _default_image(case, path)
        ours = next(
            (
                one
                for one in images
                if one.reference.rsplit("/", 1)[-1] == reference.rsplit("/", 1)[-1]
            ),
            None,
        )
        if ours is None and not is_open:
            yield from _absent_image(
                path, reference, tag or chart.app_version.format(version=version)
            )
        if ours is None:
            continue
        if ours.reference != reference:
            fix = f"let image.repository in {path} be {ours.reference}"
            yield Located(
                f"{path} takes the image {reference}, and {ours.reference} is published", fix, path
            )
        wanted, there = (
            chart.app_version.format(version=version),
            {one.replace("{version}", version) for one in ours.tags},
        )
        if not tag and wanted not in there:
            fix = f'[charts."{chart.reference}"] app-version = "{{version}}", or give the image that tag'
            yield Located(
                f"{path} takes the tag {wanted} (the appVersion), and the image gets {shorten(sorted(there))}",
                fix,
                path,
            )


@problem
def platform_not_run(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield each image with platforms whose programs its Dockerfile runs, and docker's builder cannot."""
    images = [
        one
        for one in case.shipped("images", Image)
        if docker.steps_per_platform(
            (case.release.source_tree / one.dockerfile).read_text("utf-8", "replace")
        )
    ]
    known = buildkit.platforms() if images and found("docker") else frozenset()
    for image in images if known else ():
        if lacking := [one for one in image.platforms if one not in known]:
            fact = f"{image.dockerfile} runs programs of {shorten(lacking)}, and docker's builder runs those of {', '.join(sorted(known))}"
            fix = "let its stages be FROM --platform=$BUILDPLATFORM, install qemu-user-static (binfmt), or take a builder on such a machine"
            yield Located(fact, fix, image.dockerfile)


@problem
def chart_dependency_gone(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield the dependencies of a chart that helm cannot get, together where one reason holds for several."""
    for path, chart, needs in _fetched(case) if found("helm") else ():
        faults = dict(
            zip(needs, get_many(partial(helm_dependencies.fault, chart.folder), needs), strict=True)
        )
        for why in dict.fromkeys(filter(None, faults.values())):
            gone = shorten([f"{one.name} {one.version}" for one in needs if faults[one] == why])
            fix = f"mend repository or version in {path}, or commit it to charts/ beside that"
            yield Located(f"helm cannot get {gone}, which {path} depends on: {why}", fix, path)


@warning
def chart_unlocked(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield each chart without Chart.lock whose dependencies may be another version tomorrow."""
    for path, chart, needs in _fetched(case):
        loose = [f"{one.name} {one.version}" for one in needs if not one.is_exact]
        if loose and not (chart.folder / "Chart.lock").exists():
            fix = f"helm dependency update {path.removesuffix('Chart.yaml') or '.'}, and commit {path.removesuffix('yaml')}lock"
            yield Located(
                f"{path} gets whatever is newest of {shorten(loose)} when it is packed", fix, path
            )


@problem
def dockerfile_lacks_member(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield each Dockerfile that runs cargo with the manifests of some members of the workspace, not of all."""
    tree, members = case.release.source_tree, case.release.project.crates
    folders = [
        crate.folder.relative_to(tree).as_posix() for crate in members if crate.folder != tree
    ]
    for image in case.shipped("images", Image):
        text = (tree / image.dockerfile).read_text("utf-8")
        for line, copied, ran in _builds(text):
            lacking = [
                one
                for one in folders
                if one not in ran
                and not any(_holds(source, f"{one}/Cargo.toml") for source in copied)
            ]
            if lacking and len(lacking) < len(folders):
                rows = " and ".join(
                    f"COPY {one}/Cargo.toml {one}/Cargo.toml{_stub(case, one, copied)}"
                    for one in lacking
                )
                fact = f"{image.dockerfile} runs cargo without the manifest of {shorten(lacking)}, and cargo refuses the workspace"
                yield Located(fact, f"add before that line: {rows}", image.dockerfile, line)


@problem
def dockerfile_lacks_target(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield each Dockerfile that runs cargo at the root without a file that the manifest there names."""
    named = list(_named(case))
    for image in case.shipped("images", Image) if named else ():
        text = (case.release.source_tree / image.dockerfile).read_text("utf-8")
        for line, copied, ran in _builds(text):
            lacking = [
                one
                for one in named
                if one not in ran and not any(_holds(source, one) for source in copied)
            ]
            if lacking and any(_holds(source, "Cargo.toml") for source in copied):
                rows = " and ".join(f"COPY {one} {one}" for one in lacking)
                made = " ".join(re.findall(r"\bmkdir ([^-&][^&;|]*)", ran)).split()
                is_made = any(
                    str(folder) in made for one in lacking for folder in PurePosixPath(one).parents
                )
                more = (
                    "; it finds the folder there then, so let its mkdir be mkdir -p"
                    if is_made
                    else ""
                )
                fact = f"{image.dockerfile} runs cargo without {shorten(lacking)}, which Cargo.toml names, and cargo refuses the package"
                yield Located(fact, f"add before that line: {rows}{more}", image.dockerfile, line)


def _stub(case: CheckContext, folder: str, copied: list[str]) -> str:
    """Return the line that writes a first source of a member, where none is copied: cargo refuses a member without."""
    crate = next(
        one
        for one in case.release.project.crates
        if one.folder == case.release.source_tree / folder
    )
    packages = case.release.project.workspace.packages if case.release.project.workspace else {}
    source = PurePosixPath(
        folder,
        PurePosixPath(packages[crate.name]["targets"][0]["src_path"]).relative_to(
            crate.folder.as_posix()
        ),
    )
    is_there = any(_holds(one, source.as_posix()) for one in copied)
    return (
        "" if is_there else f" and RUN mkdir -p {source.parent} && echo 'fn main() {{}}' > {source}"
    )


def _named(case: CheckContext) -> Iterator[str]:
    """Yield the files of the root package without which cargo builds nothing of it: it looks for tests by name only."""
    files = case.release.project.files
    package = (
        toml_values.load(read(case.release.source_tree, "Cargo.toml"), "Cargo.toml")
        if "Cargo.toml" in files
        else {}
    )
    if isinstance(script := package.get("package", {}).get("build"), str):
        yield script
    for kind, folder in TARGETS.items():
        for one in package.get(kind, ()):
            at = f"{folder}/{one.get('name')}"
            places = (
                [one["path"]]
                if "path" in one and kind == "bin"
                else []
                if "path" in one
                else [f"{at}.rs", f"{at}/main.rs"]
            )
            yield from [place for place in places if place in files][:1]


def _fetched(case: CheckContext) -> Iterator[tuple[str, Chart, list[Dependency]]]:
    """Yield the Chart.yaml of each chart, the chart, and its dependencies less those that are in the repository."""
    for chart in case.shipped("charts", Chart):
        path = (chart.folder / "Chart.yaml").relative_to(case.release.source_tree).as_posix()
        place, files = path.removesuffix("Chart.yaml"), case.release.project.files
        needs = helm_dependencies.dependencies(chart.folder)
        lacking = [
            one
            for one in needs
            if not any(
                file.startswith((f"{place}charts/{one.name}-", f"{place}charts/{one.name}/"))
                for file in files
            )
        ]
        if lacking:
            yield path, chart, lacking


def _absent_image(path: str, reference: str, tag: str) -> Iterator[ReleaseError]:
    registry = oci_registry.split(reference)[0]
    if (
        reference and registry != "docker.io" and oci_registry.digest(reference, tag) is None
    ):  # Docker Hub counts what is asked there
        yield Located(
            f"{path} takes the image {reference}:{tag}, and {registry} has none",
            f"name an image that is there in {path}",
            path,
        )


def _builds(text: str) -> Iterator[tuple[int, list[str], str]]:
    """Yield, for the first run of cargo in each stage, its line, what was copied until then and what was run."""
    copied: list[str] = []
    ran, is_done, at = "", False, 1
    for instruction in re.findall(r"(?:[^\n]*\\\n)*[^\n]*\n?", text):
        word, *rest = instruction.split() or [""]
        if word.upper() == "FROM":
            copied, ran, is_done = [], "", False
        elif word.upper() in ("COPY", "ADD"):
            copied += [
                one.strip('[],"').removeprefix("./") for one in rest if not one.startswith("--")
            ][:-1]
        elif word.upper() == "RUN":
            ran += instruction
            if BUILDS.search(instruction) and not is_done:
                is_done = True
                yield at, list(copied), ran
        at += instruction.count("\n")


def _holds(source: str, path: str) -> bool:
    """Tell whether what is copied holds a file."""
    source = source.rstrip("/")
    parents = [str(one) for one in PurePosixPath(path).parents]
    return source in ("", ".") or any(fnmatchcase(one, source) for one in (path, *parents[:-1]))


def _default_image(case: CheckContext, path: str) -> tuple[str, str]:
    """Return the reference and the tag that a chart's values name, empty where they name none."""
    from ruamel.yaml import YAML

    file = case.release.source_tree / path
    values = YAML(typ="safe", pure=True).load(file) if file.exists() else None
    image = values.get("image") if isinstance(values, dict) else None
    if not isinstance(image, dict) or not image.get("repository"):
        return "", ""
    place = f"{image['registry']}/" if image.get("registry") else ""
    return f"{place}{image['repository']}", str(image.get("tag") or "")

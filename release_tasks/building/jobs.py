"""The jobs of a CI matrix: for each target a machine, and the commands that build it there.

Beside them, the machines on which the built files are tried, and those that verify a release.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatch
from typing import Any

from release_tasks.building import binaries, wheels
from release_tasks.errors import as_called
from release_tasks.formats import machines
from release_tasks.printable import word
from release_tasks.project.model import Image, resolved_or_empty
from release_tasks.release import Release
from release_tasks.tools import rustup

ANY = "ubuntu-latest"
HERE = "linux/amd64"  # the platform of ANY
# GitHub's runners, native if there are any (docs.github.com, GitHub-hosted runners).
RUNNERS = {
    "linux/arm64*": "ubuntu-24.04-arm",
    "aarch64-*-linux-*": "ubuntu-24.04-arm",
    "*-apple-darwin": "macos-latest",
    "aarch64-*-windows-*": "windows-11-arm",
    "*-windows-*": "windows-latest",
    "*": ANY,
}
# Where a program runs that is built elsewhere: macos-latest has an arm64.
NATIVE = {"x86_64-apple-darwin": "macos-15-intel"} | RUNNERS
# how labels of GitHub's own machines begin, and what targets for them contain
SYSTEMS = {
    "ubuntu-": "-linux-",
    "macos-": "-apple-darwin",
    "windows-": "-windows-",
}


def jobs(release: Release, options: str = "") -> Iterator[dict[str, Any]]:
    """Yield `target`, `runner` and `commands` of each job; `options` end each command."""
    commands = {
        "inv build-binaries": binaries.targets_of(release),
        "inv build-wheels": wheels.targets_of(release),
    }
    targets = [target for built in commands.values() for target in built]
    for target in dict.fromkeys(targets):
        lines = []
        if release.project.has_cargo:
            names = _rust_targets(target)
            lines.append(rustup.add_targets(release.source_tree, names))
            lines.append(rustup.add_targets(release.cargo_tree, names))
        for command, built in commands.items():
            if target in built:
                lines.append(f"{command} --target {word(target)}{options}")
        yield {
            "target": target,
            "runner": runner(release, target),
            "commands": [as_called(line) for line in dict.fromkeys(lines)],
        }
    if not commands["inv build-wheels"] and wheels.declared(release):
        yield {
            "target": "any",
            "runner": ANY,
            "commands": [as_called(f"inv build-wheels{options}")],
        }


def image_jobs(release: Release, options: str = "") -> Iterator[dict[str, Any]]:
    """Yield `platform`, `name`, `runner` and `commands` for each platform of the images.

    `name` is the platform without a slash. There is none where any machine builds them all.
    """
    # a question about images is one of `check`
    images = [
        image
        for part in release.parts
        for image in resolved_or_empty(part.component.images)
    ]
    apart = [image for image in images if is_built_apart(image)]
    platforms = [platform for image in apart for platform in image.platforms]
    for platform in dict.fromkeys(platforms):
        line = f"inv docker-buildx --target {word(platform)}{options}"
        yield {
            "platform": platform,
            "name": platform.replace("/", "-"),
            "runner": runner(release, platform),
            "commands": [as_called(line)],
        }


def test_jobs(release: Release) -> Iterator[dict[str, str]]:
    """Yield `runner` and `python` of each machine on which the built files are tried.

    They are those of `[ci.tests]`, or else one for each target, with the Pythons of its wheels.
    """
    settings = release.project.settings.ci
    if settings.tests is False:
        return
    if settings.tests:
        for label, wanted in settings.tests.items():
            for python in wanted or (settings.python,):
                yield {"runner": label, "python": python}
        return
    targets = [*binaries.targets_of(release), *wheels.targets_of(release)]
    labels = [_native(release, target) for target in targets]
    if wheels.declared(release) and not labels:
        labels = [ANY]
    pythons = dict.fromkeys(
        python
        for job in wheels.declared(release)
        for python in job.file.package.pythons or (settings.python,)
    )
    for label in dict.fromkeys(labels):
        for python in pythons or (settings.python,):
            yield {"runner": label, "python": python}


def verify_jobs(release: Release) -> Iterator[dict[str, str]]:
    """Yield `runner` and `here` of each machine that verifies what is public.

    The first one looks at everything; the others, whose `here` is `yes`, only at what they run.
    """
    settings = release.project.settings.ci
    label = settings.runners.get("verify", settings.runner)
    yield {"runner": label, "here": ""}
    others = dict.fromkeys(row["runner"] for row in test_jobs(release))
    for other in others:
        is_same_kind = _kind(other) == _kind(label) != ""
        if other != label and not is_same_kind:
            yield {"runner": other, "here": "yes"}


def is_built_apart(image: Image) -> bool:
    """Tell whether an image is built on several machines, or one of another kind than ours."""
    return image.platforms != (HERE,)


def runner(release: Release, target: str) -> str:
    """Return the runner for a target or platform: that of the settings, else GitHub's own kind."""
    runners = release.project.settings.build.runners
    if target in runners:
        return runners[target]
    return next(
        name for pattern, name in RUNNERS.items() if fnmatch(target, pattern)
    )


def _native(release: Release, target: str) -> str:
    """Return a machine that a target is for: that of the settings, unless it only links for it."""
    label = release.project.settings.build.runners.get(target, "")
    is_of_another = any(
        label.startswith(start) and system not in target
        for start, system in SYSTEMS.items()
    )
    if label and not is_of_another:
        return label
    return next(
        name for pattern, name in NATIVE.items() if fnmatch(target, pattern)
    )


def _kind(label: str) -> str:
    """Return the system and machine of one of GitHub's own labels, "" for another one."""
    for start in SYSTEMS:
        if label.startswith(start):
            is_arm = label.endswith("-arm")
            is_intel = label.endswith("-intel")
            return f"{start}{is_arm}{is_intel}"
    return ""


def _rust_targets(target: str) -> tuple[str, ...]:
    if target == machines.UNIVERSAL:
        return machines.UNIVERSAL_TARGETS
    return (target,)

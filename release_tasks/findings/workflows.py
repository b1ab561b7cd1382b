"""The project's own workflows: none may publish on the tag that this release pushes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from release_tasks.errors import ReleaseError
from release_tasks.release import Release

PUBLISHES = re.compile(
    r"cargo publish|twine upload|uv publish|maturin (?:publish|upload)|gh-action-pypi-publish|docker push"
    r"|helm push|gh release create|action-gh-release|push:\s*true|goreleaser|release-plz"
)


def look(release: Release) -> Iterator[ReleaseError]:
    """Yield each workflow that would publish the same things a second time, with other bytes."""
    folder = release.tree / ".github" / "workflows"
    for path in sorted([*folder.glob("*.yml"), *folder.glob("*.yaml")]):
        filters = _tag_filters(path)
        hit = PUBLISHES.search(path.read_text("utf-8", errors="replace"))
        tags = [part.tag for part in release.parts if any(_matches(part.tag, one) for one in filters)]
        if hit and tags:
            yield ReleaseError(
                f"{path.relative_to(release.tree)} runs on tag {tags[0]} and publishes too ({hit[0]})",
                "let the workflow call the tasks, or take its tag trigger away",
            )


def _tag_filters(path: Path) -> list[str]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        data: Any = YAML(typ="safe", pure=True).load(path)
    except YAMLError as error:
        raise ReleaseError(f"{path.name} is no YAML: {str(error).splitlines()[0]}", f"mend {path.name}") from error
    about = data if isinstance(data, dict) else {}
    trigger = about.get("on", about.get(True, {}))  # YAML 1.1 reads `on` as true
    events = [trigger] if isinstance(trigger, str) else list(trigger or ())
    if "release" in events:
        return ["*"]  # a release that goes public has a tag
    if "push" not in events:
        return []
    push = (trigger["push"] if isinstance(trigger, dict) else None) or {}
    if "tags" not in push:
        return [] if "branches" in push or "tags-ignore" in push else ["*"]
    tags = push["tags"]
    return [tags] if isinstance(tags, str) else [str(one) for one in tags or ()]


def _matches(tag: str, pattern: str) -> bool:
    """Tell whether a tag passes a filter; of GitHub's syntax `+` after a group is the one fnmatch lacks."""
    expanded = re.sub(r"(\[[^\]]+\])\+", r"\1*", pattern)
    return fnmatchcase(tag, expanded)

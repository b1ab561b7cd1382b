"""The project's own workflows: they run on the tags that are made here, and publish nothing besides."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from release_tasks.errors import ReleaseError
from release_tasks.findings.finding import Case, Located, lasting, warning
from release_tasks.project.tags import tag_names

PUBLISHES = re.compile(
    r"cargo publish|twine upload|uv publish|maturin (?:publish|upload)|gh-action-pypi-publish|docker push"
    r"|helm push|gh release create|action-gh-release|push:\s*true|goreleaser|release-plz"
)
ALL = "**"
SAMPLES = ("1.2.3", "1.2.3-rc.1")


@lasting
def unreadable_workflow(case: Case) -> Iterator[ReleaseError]:
    """Yield each workflow that is no YAML, which GitHub passes over."""
    yield from (filters for _, _, filters in _workflows(case) if isinstance(filters, ReleaseError))


@lasting
def second_publisher(case: Case) -> Iterator[ReleaseError]:
    """Yield each workflow that would publish the same things a second time, with other bytes."""
    for path, text, filters in _readable(case):
        hit = PUBLISHES.search(text)
        tags = [tag for part in case.release.parts for tag in tag_names(part.component, part.version) if passes(tag, filters)]
        if hit and tags:
            yield Located(
                f"{path} runs on tag {tags[0]} and publishes too ({hit[0]})",
                "let the workflow call the tasks, or take its tag trigger away", path, text[:hit.start()].count("\n") + 1,
            )


@warning
def tag_filter_too_narrow(case: Case) -> Iterator[ReleaseError]:
    """Yield each workflow that waits for tags, and for none that this project or this release makes."""
    forms = [component.tag for component in case.release.project.components]
    for path, text, filters in _readable(case):
        if not filters or filters == (ALL,):
            continue
        matched = [form for form in forms if any(passes(form.format(version=one), filters) for one in SAMPLES)]
        left_out = [part.tag for part in case.release.parts if part.component.tag in matched and not passes(part.tag, filters)]
        if left_out or not (matched or _promoted(case, filters)):
            tag = left_out[0] if left_out else forms[0].format(version=SAMPLES[0])
            fix = f"add {_shortest(left_out[0], text) if left_out else forms[0].format(version='[0-9]*')!r} to its tags"
            yield Located(f"{path} waits for tags, but not for {tag}", fix, path, _line(text, filters[0]))


@warning
def tag_filter_too_wide(case: Case) -> Iterator[ReleaseError]:
    """Yield each filter that lets the tags of several components through, as `*v*` does."""
    forms = {component.tag: component.name for component in case.release.project.components}
    for path, text, filters in _readable(case):
        for one in filters:
            matched = [form for form in forms if passes(form.format(version=SAMPLES[0]), (one,))]
            if len(matched) > 1 and one not in ("*", ALL):
                narrow = " and ".join(repr(form.format(version="[0-9]*")) for form in matched)
                names = " and ".join(forms[form] for form in matched)
                yield Located(f"{path} runs on the tags of {names} alike ({one})", f"write {narrow} in its place, or those that are meant", path, _line(text, one))


def passes(tag: str, filters: tuple[str, ...]) -> bool:
    """Tell whether a tag passes the filters of a workflow, of which the last that matches decides."""
    found = False
    for one in filters:
        if re.fullmatch(_pattern(one.removeprefix("!")), tag):
            found = not one.startswith("!")
    return found


def _promoted(case: Case, filters: tuple[str, ...]) -> bool:
    """Tell whether the filters let the tags through that `inv promote` makes."""
    components = case.release.project.components
    return any(passes(tag, filters) for one in components for tag in tag_names(one, SAMPLES[0])[1:])


def _pattern(glob: str) -> str:
    """Return GitHub's glob as a regular expression: `*` stops at a slash, `?` and `+` repeat what is before them."""
    words = re.findall(r"\*\*|\\.|\[[^\]]*\]|.", glob)
    known = {"**": ".*", "*": "[^/]*", "?": "?", "+": "+"}
    return "".join(known.get(word) or (word if len(word) > 1 else re.escape(word)) for word in words)


def _shortest(tag: str, text: str) -> str:
    return re.sub(r"\d+", "[0-9]+", tag) if "[0-9]+" in text else re.sub(r"\d.*", "[0-9]*", tag)


def _line(text: str, word: str) -> int:
    return text.partition(word)[0].count("\n") + 1 if word in text else 0


def _readable(case: Case) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for path, text, filters in _workflows(case):
        if not isinstance(filters, ReleaseError):
            yield path, text, filters


def _workflows(case: Case) -> Iterator[tuple[str, str, tuple[str, ...] | ReleaseError]]:
    """Yield the path and text of each workflow, and the filters for the tags it runs on (`ALL` where it has none)."""
    from ruamel.yaml.error import YAMLError

    tree = case.release.tree
    folder = tree / ".github" / "workflows"
    for file in sorted([*folder.glob("*.yml"), *folder.glob("*.yaml")]):
        path, text = file.relative_to(tree).as_posix(), file.read_text("utf-8", errors="replace")
        try:
            yield path, text, _tag_filters(text)
        except YAMLError as error:
            yield path, text, Located(f"{file.name} is no YAML: {str(error).splitlines()[0]}", f"mend {file.name}", path)


def _tag_filters(text: str) -> tuple[str, ...]:
    from ruamel.yaml import YAML

    data: Any = YAML(typ="safe", pure=True).load(text)
    about = data if isinstance(data, dict) else {}
    trigger = about.get("on", about.get(True, {}))  # YAML 1.1 reads `on` as true
    events = [trigger] if isinstance(trigger, str) else list(trigger or ())
    if "release" in events:
        return (ALL,)  # a release that goes public has a tag
    if "push" not in events:
        return ()
    push = (trigger["push"] if isinstance(trigger, dict) else None) or {}
    if "tags" not in push:
        return () if "branches" in push or "tags-ignore" in push else (ALL,)
    tags = push["tags"]
    return (tags,) if isinstance(tags, str) else tuple(str(one) for one in tags or ())

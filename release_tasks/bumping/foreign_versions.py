"""Which lines have a version that is not the project's: of what it needs, or of its history."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from release_tasks.errors import ReleaseError
from release_tasks.manifests import (
    cargo_toml,
    package_json,
    pyproject,
    requirement_files,
    yaml_values,
)
from release_tasks.project.kinds import KINDS
from release_tasks.project.model import resolved_or_empty

if TYPE_CHECKING:
    from release_tasks.release import Release

Span = tuple[int, int]  # start and end of characters
_SHORTEST = 3  # characters of a name that can be told from other words

# Files whose every version is that of something else, unless the line has the project's name:
# go.dev/ref/mod, pip's requirements files, Bundler, Gradle's catalogs, conda, mise
_REQUIREMENTS = re.compile(
    r"(?:^|/)(?:go\.(?:mod|work)|[\w.-]*requirements[^/]*\.(?:txt|in)"
    r"|[\w.-]*constraints[^/]*\.(?:txt|in)|requirements/[^/]+\.(?:txt|in)"
    r"|gemfile|pipfile|podfile|mix\.exs|package\.swift|[\w.-]*\.versions\.toml"
    r"|environment[^/]*\.ya?ml|\.pre-commit-config\.ya?ml|pubspec\.yaml|renovate\.json5?"
    r"|\.tool-versions|\.?mise\.toml|rust-toolchain(?:\.toml)?|\.nvmrc|\.(?:python|node)-version"
    r"|composer\.json|build\.gradle(?:\.kts)?)$",
    re.I,
)
# what is told about the past: rustdoc, Sphinx, Javadoc, semver's words for what goes away
_PAST = re.compile(
    r"\bdeprecat|\bsince\s*=|@since\b|\b(?:version(?:added|changed|removed)|deprecated)::"
    r"|\bgenerated\s+(?:by|with)\b"
    r"|\b(?:since|(?:new|added|introduced|changed|removed|fixed|published|released)\s+in)\s+"
    r"(?:[\w-]+\s+)?v?[0-9]"
    r"|\bpre-v?[0-9]+\.[0-9]",
    re.I,
)
# in a sentence, an older version is history or a lower bound; only that of today has to follow
_HISTORY = re.compile(
    r"\b(?:since|until|before|after|prior|older|newer|later|earlier|above|below|least|minimum|up to"
    r"|upgrad\w*|updat\w*|migrat\w*|chang\w*|introduc\w*|remov\w*|renam\w*|add(?:ed|s)"
    r"|fix\w*|broke\w*|break\w*|bug|regress\w*|from|was|were|had"
    r"|as of|starting|compat\w*|support\w*|requir\w*)\b"
    r"|(?:>=?|<=?|!=|~=|≥|≤)\s*[\"']?v?[0-9]",
    re.I,
)
_COMMENT = re.compile(r"\s*(?:#|//)+\s*(?P<text>.*)")
_KEY = re.compile(r"[\"']?(?P<name>[\w.-]+)[\"']?\s*[=:]")
# this program, as a workflow that it has written requires it
_PROGRAM = re.compile(r"\brelease-tasks(?:\[\w+\])?==")
# the version of a format that a file is written in: citation-file-format, OpenAPI, npm, Chrome
_FORMAT = re.compile(
    r"\s*[\"']?(?:cff-version|openapi|swagger|asyncapi|jsonrpc"
    r"|(?:schema|spec|manifest|lockfile|config|model|format)[-_]?version)[\"']?\s*[:=]",
    re.I,
)
# a variable of CI or of a Dockerfile with the version of a program
_VARIABLE = re.compile(
    r"\s*(?:-\s*|export\s+|ARG\s+|ENV\s+)?(?P<name>[A-Z][A-Z0-9_]*)_VERSION\s*[:=]"
)
_OF_PIPELINES = re.compile(
    r"(?:^|/)(?:\.github/|\.gitlab|\.circleci/|ci/)|(?:^|/)(?:Dockerfile|Containerfile)\b"
    r"|\.Dockerfile$|(?:^|/)azure-pipelines"
)
# names that a project may give itself
_ANY_NAME = re.compile(
    r"APP|APPLICATION|BASE|BIN(?:ARY)?|BUILD|CHART|CLI|CLIENT|CRATE|CURRENT|DEFAULT|IMAGE|LATEST"
    r"|MY|NEW|NEXT|PACKAGE|PKG|PRODUCT|PROGRAM|PROJECT|RELEASE|SERVER|SERVICE|STABLE|TAG|TOOL"
)
_USES = re.compile(r"^\s*(?:-\s*)?uses:\s")
_REPO = re.compile(r"^\s*-?\s*repo:\s*(.*)", re.M)


def names(release: Release) -> re.Pattern[str] | None:
    """Return a pattern of the names of what the project ships, None where it has none."""
    project = release.project
    found = {
        project.name,
        *(component.name for component in project.components),
    }
    found.update(crate.name for crate in project.crates if crate.publish)
    for component in project.components:
        for kind in KINDS:
            for shipped in resolved_or_empty(getattr(component, kind.name)):
                name = getattr(
                    shipped, "name", getattr(shipped, "reference", "")
                )
                found.add(str(name).rpartition("/")[2])
    parts = []
    for name in sorted(found, key=len, reverse=True):
        if len(name) >= _SHORTEST:
            parts.append("[-_.]".join(map(re.escape, re.split("[-_.]+", name))))
    if not parts:
        return None
    return re.compile(
        rf"(?<![A-Za-z0-9])(?:{'|'.join(parts)})(?![A-Za-z0-9])", re.I
    )


def is_past(text: str) -> bool:
    """Return whether a line says since when something is deprecated, or there."""
    return _PAST.search(text) is not None


def is_history(text: str) -> bool:
    """Return whether a line speaks of an older version as of one: a bound, an upgrade, a change."""
    return _HISTORY.search(text) is not None


def is_commented_out(path: str, text: str, own: re.Pattern[str] | None) -> bool:
    """Return whether a line of a manifest is a comment that does not name what is the project's.

    `own` matches its names; `# name = "1.2.0"` has to be about one of these as a whole.
    """
    if posixpath.basename(path) not in _FINDERS:
        return False
    comment = _COMMENT.match(text)
    if comment is None:
        return False
    if own is None:
        return True
    key = _KEY.match(comment["text"])
    if key is None:
        return own.search(comment["text"]) is None
    return own.fullmatch(key["name"]) is None


def is_of_others(
    path: str, line: int, text: str, own: re.Pattern[str] | None, whole: str
) -> bool:
    """Return whether a line has a version of something that is not the project's.

    `own` matches the names of the project; `whole` is the text of the file.
    """
    if _PROGRAM.search(text) and (own is None or not own.search(text)):
        return True
    if _FORMAT.match(text) or _is_variable_of_others(path, text, own):
        return True
    if not _USES.match(text) and not _REQUIREMENTS.search(path):
        return False
    if own is None:
        return True
    is_named = own.search(text) or own.search(_repo_above(whole, line))
    return is_named is None


def _is_variable_of_others(
    path: str, text: str, own: re.Pattern[str] | None
) -> bool:
    """Tell whether a line sets the version of another program, as `HELM_VERSION: 3.5.0` does."""
    found = _VARIABLE.match(text)
    if not found or not _OF_PIPELINES.search(path):
        return False
    words = found["name"].split("_")
    if any(map(_ANY_NAME.fullmatch, words)):
        return False
    return own is None or own.search(text) is None


def requirements(
    path: str, text: str, own: re.Pattern[str] | None
) -> list[Span]:
    """Return where a manifest requires something other than `own` (None: anything)."""
    find = _FINDERS.get(posixpath.basename(path))
    if find is None:
        return []
    found = []
    # test data, or a template: then any text may be a copy
    with suppress(ReleaseError):
        for name, start, end in find(text, path):
            if own is None or own.fullmatch(name) is None:
                found.append((start, end))
    return found


def _repo_above(text: str, line: int) -> str:
    """Return the last `repo:` before a line of .pre-commit-config.yaml, which `rev:` belongs to."""
    before = "\n".join(text.split("\n")[: line - 1])
    repos = _REPO.findall(before)
    return repos[-1] if repos else ""


def _chart(text: str, path: str) -> Iterator[tuple[str, int, int]]:
    for keys, value in yaml_values.scalars(text, path).items():
        if keys[0] in ("dependencies", "kubeVersion"):
            yield "", value.start, value.end


_FINDERS: dict[str, Callable[[str, str], Iterator[tuple[str, int, int]]]] = {
    "Cargo.toml": cargo_toml.requirements,
    "pyproject.toml": pyproject.requirements,
    "package.json": package_json.requirements,
    "setup.cfg": requirement_files.requirements,
    "setup.py": requirement_files.requirements,
    "Chart.yaml": _chart,
}

"""What a step before `push` can stop with, `inv check` says before anything has changed.

The errors are collected from the code of these steps. Each belongs to findings of `inv check`, or
has a reason why nobody can know it earlier.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.contexts import context
from support.tiny_project import LOG, TinyProject

import release_tasks
from release_tasks.checks.check import CheckContext
from release_tasks.checks.preflight.all import check_release, checks

PACKAGE = Path(str(release_tasks.__file__)).parent
BEFORE_PUSH = ("bumping", "changelogs", "building", "checks/artifacts")
BUILT = "only the built file shows it"
EDGE = "images of a commit, which are no part of a release"
STEP = "a step that is run alone, without the one before it"
SAID_BY = {  # file and function: findings that say the same
    "building/binaries.py:_check_version": ["tag-without-version"],
    "building/binaries.py:_conflicts": ["name-for-two-files"],
    "building/bundles.py:_program": ["bundle-of-archive", "unusable-bundle"],
    "building/charts.py:_packed": ["chart-name-mismatch"],
    "building/crates.py:_refusals": ["unpackable-file", "crate-too-large"],
    "building/image_checks.py:untestable": ["image-test-without-daemon"],
    "building/images.py:_copy_binaries": ["absent-binaries"],
    "building/papers.py:_inside": ["published-outside-file"],
    "building/targets.py:unlinkable": ["unbuildable-target"],
    "building/wheels.py:_refusal": ["unbuildable-target"],
    "bumping/bump.py:pending": ["uncommitted-changes"],
    "bumping/file_edits.py:_refuse_two_versions": ["unbumpable-file"],
    "bumping/file_edits.py:read_bytes": ["unbumpable-file"],
    "bumping/listed_files.py:_refuse_empty": ["unbumpable-file"],
    "bumping/pins.py:_kept_pin_error": ["pin-refused"],
    "bumping/pins.py:_shared_version_errors": ["pin-refused"],
    "bumping/python_pins.py:kept_errors": ["pin-refused"],
    "bumping/python_pins.py:unfollowed": ["pin-refused"],
    "bumping/together.py:left_behind": ["component-left-behind"],
    "bumping/version_copies.py:listed_paths": ["unbumpable-file"],
    "bumping/version_copies.py:relative": ["unbumpable-file"],
    "bumping/version_copies.py:version_of": ["unbumpable-file"],
    "bumping/version_files.py:_refuse_untracked": ["unbumpable-file"],
    "changelogs/changelog.py:find": ["double-section"],
    "changelogs/changelog.py:section": ["missing-changelog-entry"],
    "changelogs/new_section.py:_check": ["unbumpable-file"],
    "changelogs/new_section.py:_refuse_other_forms": ["unbumpable-file"],
    "checks/artifacts/binaries.py:missing_license": ["archive-without-license"],
    "checks/artifacts/declared.py:file_twice": ["name-for-two-files"],
    "checks/artifacts/followed_links.py:_followed": ["outside-link"],
    "checks/artifacts/images.py:missing_platform": ["unbuildable-target"],
    "checks/artifacts/wheels.py:outdated_requirement": ["pin-refused"],
    "checks/artifacts/wheels.py:refused_by_pypi": ["refused-metadata"],
}
NOT_EARLIER = {  # file and function: why not
    "building/bundles.py:_check_sign_off": "somebody tries what was built",
    "building/downloads.py:fetch": "the server decides what it sends",
    "building/edge.py:_compare": EDGE,
    "building/edge.py:_push": EDGE,
    "building/edge.py:_require_merged": EDGE,
    "building/edge.py:_state": EDGE,
    "building/edge.py:release": EDGE,
    "building/edge.py:wrong": EDGE,
    "building/targets.py:chosen": "an option of the step itself",
    "building/wheels.py:_check_name": BUILT,
    "bumping/bump.py:_check": "a program that writes into the same files at that moment",
    "bumping/commit.py:_check_written": STEP,
    "bumping/commit.py:_commit": "a hook of the user decides it",
    "bumping/commit.py:_refused": "a hook or a signature of the user",
    "changelogs/notes.py:_generated": "origin is read when notes are asked for",
    "checks/artifacts/binaries.py:_run": BUILT,
    "checks/artifacts/binaries.py:newer_glibc": BUILT,
    "checks/artifacts/binaries.py:not_static": BUILT,
    "checks/artifacts/binaries.py:wrong_machine": BUILT,
    "checks/artifacts/declared.py:_missing": STEP,
    "checks/artifacts/declared.py:broken_file": "somebody changed a built file",
    "checks/artifacts/declared.py:undeclared_file": "somebody put a file into dist/",
    "checks/artifacts/images.py:image_does_not_start": BUILT,
    "checks/artifacts/images.py:label_mismatch": BUILT,
    "checks/artifacts/incoming.py:_broken": "files of another machine",
    "checks/artifacts/incoming.py:_conflict": "files of another machine",
    "checks/artifacts/incoming.py:_rejection": "files of another machine",
    "checks/artifacts/incoming.py:find": "files of another machine",
    "checks/artifacts/wheels.py:missing_module": BUILT,
    "checks/artifacts/wheels.py:stale_record": BUILT,
    "checks/artifacts/wheels.py:stray_file": BUILT,
    "checks/artifacts/wheels.py:tag_mismatch": BUILT,
}


def errors() -> Iterator[str]:
    """Yield the file and function of each error that is made in the code of these steps."""
    for folder in BEFORE_PUSH:
        for path in sorted((PACKAGE / folder).rglob("*.py")):
            tree = ast.parse(path.read_text())
            for function in ast.walk(tree):
                if isinstance(function, ast.FunctionDef) and _makes_error(
                    function
                ):
                    name = path.relative_to(PACKAGE).as_posix()
                    yield f"{name}:{function.name}"


def _makes_error(function: ast.FunctionDef) -> bool:
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("ReleaseError", "Problem")
        for node in ast.walk(function)
    )


def test_every_error_of_these_steps_is_said_earlier_or_has_a_reason() -> None:
    assert set(errors()) - SAID_BY.keys() - NOT_EARLIER.keys() == set()


def test_no_row_is_for_an_error_that_is_gone() -> None:
    assert (SAID_BY.keys() | NOT_EARLIER.keys()) - set(errors()) == set()
    assert SAID_BY.keys() & NOT_EARLIER.keys() == set()


@pytest.mark.parametrize("place", SAID_BY)
def test_what_says_it_is_a_check(place: str) -> None:
    names = {kind.name for kind in checks()}
    assert set(SAID_BY[place]) - names == set()


CHART = "apiVersion: v2\nname: other\nversion: 0.1.0\n"
BREAKS = {  # the file and function that would stop, and a project where it does
    "changelogs/new_section.py:_check": {
        "CHANGELOG.md": "# Changelog\n\n<!-- open\n\n## [Unreleased]\n\n- More.\n"
    },
    "changelogs/changelog.py:find": {
        "CHANGELOG.md": f"{LOG}\n## [0.2.0]\n\n- A.\n\n## [0.2.0]\n\n- B.\n"
    },
    "bumping/listed_files.py:_refuse_empty": {
        "README.md": "nothing here\n",
        "release-tasks.toml": "[files]\n\"README.md\" = 'tiny = {version}'\n",
    },
    "bumping/version_copies.py:listed_paths": {
        "release-tasks.toml": "[files]\n\"no.md\" = 'tiny = {version}'\n"
    },
    "building/charts.py:_packed": {
        "chart/Chart.yaml": CHART,
        "release-tasks.toml": '[charts."ghcr.io/example/charts/tiny"]\npath = "chart"\n',
    },
}


@pytest.mark.tools("gh")
@pytest.mark.parametrize("place", BREAKS)
def test_it_is_said_before_anything_changes(
    place: str, tiny: TinyProject
) -> None:
    for name, text in BREAKS[place].items():
        tiny.commit(name, text)
    tiny.git("push", "--quiet", "origin", "main")
    case = CheckContext(context(), tiny.release("0.2.0"), "all")
    problems = {
        one.name for one in check_release(case) if one.severity == "problem"
    }
    assert problems & set(SAID_BY[place])

"""What is said about built files is done in the project, and then the same file is taken."""

from __future__ import annotations

import dataclasses
import os
import re

import pytest
from helps.test_projects import (
    FILE,
    OTHER,
    Case,
    Here,
    commits,
    nothing,
    replaces,
    writes,
)
from helps.test_projects import here as here
from support import python_projects as projects
from support.contexts import context
from support.help_texts import comes_from, helped
from support.repositories import git
from support.tiny_project import PYPROJECT

from release_tasks import memo
from release_tasks.building import wheels
from release_tasks.bumping import python_pins
from release_tasks.channels import github_draft
from release_tasks.errors import raise_all
from release_tasks.project import discovery
from release_tasks.project.model import Binary
from release_tasks.release import ComponentRelease, Release
from release_tasks.tools import twine

pytestmark = pytest.mark.quick
ANY = "py3-none-any"
NUMBER = '__version__ = "0.1.0"\n'
DYNAMIC = PYPROJECT.replace('version = "0.1.0"', 'dynamic = ["version"]')
READ = '[tool.hatch.version]\nsource = "code"\npath = "number.py"\n'
TAGS = '[project]\nversion = "tag"\n'
GITLAB = "git remote add origin https://gitlab.com/example/tiny.git"


def made(here: Here, name: str = "tiny_plain", tags: str = ANY) -> object:
    """Look at the name of the wheel that the backend has built."""
    release = Release.at(context(), "0.2.0")
    job = next(job for job in wheels.declared(release) if job.is_wheel)
    if os.environ.get("ABI3") == "1":
        job = dataclasses.replace(
            job, file=dataclasses.replace(job.file, is_abi3=True)
        )
    version = "0.2.0"
    number = here.root / "number.py"
    if number.exists():
        version = re.findall(r'"(.*)"', number.read_text())[0]
    tags = os.environ.get("TAGS", tags)
    return wheels._check_name(job, f"{name}-{version}-{tags}.whl")


def sets(name: str, value: str) -> object:
    return lambda here, fix: here.env.setenv(name, value)


def lists(here: Here, fix: str) -> None:
    """Add what the backend reads to [files], and bump as it is said."""
    here.commit(FILE, "[files]\n'number.py' = '__version__ = \"{version}\"'\n")
    assert fix.endswith("then inv bump --version 0.2.0")
    here.bump()


def two(here: Here) -> None:
    """Let one package need an old version of the other, where only tags have versions."""
    needs = 'dependencies = ["tiny-plain<0.2"]\n'
    here.commit("other/pyproject.toml", OTHER["other/pyproject.toml"] + needs)
    here.commit(FILE, f"{TAGS}[python.tiny-plain]\n[python.tiny-other]\n")


def pins(here: Here) -> object:
    found = python_pins.unfollowed(Release.at(context(), "0.2.0"))
    return raise_all(found)


def placed(here: Here) -> object:
    """Look for a place for a program that the settings declare."""
    discovery._discover.cache_clear()  # another process reads origin again
    project = here.project
    binary = Binary("tiny", "tiny", "x86_64-unknown-linux-gnu", "tiny")
    binaries = () if os.environ.get("REMOVED") else (binary,)
    component = dataclasses.replace(project.components[0], binaries=binaries)
    part = ComponentRelease(component, "0.2.0", "v0.2.0", here.root / "dist")
    release = Release(
        project,
        (part,),
        here.root,
        here.root,
        git(here.root, "rev-parse", "HEAD"),
        is_tagged=False,
    )
    return raise_all(github_draft.assets_without_place(release))


def rendered(here: Here) -> object:
    """Let twine read the readme in a wheel, as it is before an upload."""
    kind, text = (here.root / "README").read_text().split("\n", 1)
    about = f"Description-Content-Type: {kind}\n\n{text}"
    path = here.root / f"tiny-0.2.0-{ANY}.whl"
    path.write_bytes(projects.wheel("tiny", about=about))
    return twine.check([path])


BROKEN = "text/x-rst\nTitle\n=====\n\n.. nonsense::\n   text\n"
CASES = [
    Case("building/wheels.py:_check_name", nothing, lambda here: made(here, "tiny_plane"), "fix the name in pyproject.toml", replaces("pyproject.toml", "tiny-plain", "tiny-plane")),
    Case("building/wheels.py:_check_name", lambda here: (here.commit("number.py", NUMBER), here.commit("pyproject.toml", DYNAMIC + READ)), made, "where it reads a file, add that to [files]", lists),
    Case("building/wheels.py:_check_name", lambda here: here.env.setenv("ABI3", "1"), lambda here: made(here, tags="cp311-cp311-linux_armv7l"), "build it with a Python that the feature names", sets("TAGS", "cp311-abi3-linux_armv7l")),
    Case("building/wheels.py:_check_name", lambda here: here.env.setenv("ABI3", "1"), lambda here: made(here, tags="cp311-cp311-linux_armv7l"), "or remove abi3 from the features", sets("ABI3", "0")),
    Case("building/wheels.py:_check_name", commits(FILE, '[python.tiny-plain]\nwheels = ["manylinux_2_28_x86_64"]\n'), made, "change `wheels` in release-tasks.toml", writes(FILE, "[python.tiny-plain]\n")),
    Case("building/wheels.py:_check_name", nothing, lambda here: made(here, tags="py3-none-linux_x86_64"), "such as manylinux_2_28_x86_64", lambda here, fix: here.env.setenv("TAGS", f"py3-none-{fix.split()[-1]}")),
    Case("bumping/python_pins.py:unfollowed", two, pins, "commit a requirement that admits it", replaces("other/pyproject.toml", "<0.2", "<0.3")),
    Case("channels/github_draft.py:assets_without_place", lambda here: here.type(GITLAB), placed, "git remote set-url origin https://github.com/OWNER/NAME", lambda here, fix: here.type(fix.partition(", or ")[0].replace("OWNER/NAME", "example/tiny"))),
    Case("channels/github_draft.py:assets_without_place", lambda here: here.type(GITLAB), placed, "or remove [binaries]", sets("REMOVED", "1")),
    Case("tools/twine.py:check", lambda here: here.write("README", BROKEN), rendered, "correct the file that `readme`", lambda here, fix: here.replace("README", ".. nonsense::\n   text\n", "Text.\n")),
    Case("tools/twine.py:check", lambda here: here.write("README", BROKEN), rendered, "or its content type", lambda here, fix: here.replace("README", "text/x-rst", "text/markdown")),
]  # fmt: skip


@pytest.mark.parametrize(
    "case",
    CASES,
    ids=[f"{case.place}-{number}" for number, case in enumerate(CASES)],
)
def test_what_is_said_of_a_built_file_is_done_and_it_is_taken(
    case: Case, here: Here
) -> None:
    for name in ("ABI3", "TAGS", "REMOVED"):
        here.env.delenv(name, raising=False)
    case.breaks(here)
    fix = helped(lambda: case.fails(here), case.help)
    assert comes_from(case.place, fix), fix
    case.follow(here, fix)
    memo.invalidate()  # what is typed next is another process
    case.fails(here)

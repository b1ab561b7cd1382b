"""Locks hold what their own programs would write for the bumped manifests.

The texts are those that npm 11, pnpm 9, Yarn 1 and 4, Bun 1.4, Poetry 2.5 and PDM 2.22 wrote; each
was content with the result (`npm ci`, `--frozen-lockfile`, `--immutable`, `check --lock`).
"""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
from support.contexts import context
from support.repositories import commit_files

from release_tasks.bumping import bump
from release_tasks.bumping.python_locks import outdated
from release_tasks.manifests import (
    content_hashes,
    directory_locks,
    package_json,
    toml_values,
    uv_lock,
    yarn_lock,
)
from release_tasks.manifests.package_json import Listed
from release_tasks.manifests.uv_lock import OwnPackages
from release_tasks.manifests.version_locations import FileBump, Siblings
from release_tasks.release import Release

pytestmark = pytest.mark.tools("git")
A = '{\n  "name": "@kit/a",\n  "version": "0.3.0"\n}\n'
B = """{
  "name": "@kit/b",
  "version": "0.3.0",
  "dependencies": {"@kit/a": "^0.3.0", "left": "^0.3.0"},
  "devDependencies": {"kit-c": "workspace:*"},
  "peerDependencies": {"@kit/a": ">=0.3.0 <0.4.0"}
}
"""
C = '{"name": "kit-c", "version": "0.3.0", "dependencies": {"@kit/a": "workspace:^0.3.0"}}\n'
PNPM = """\
lockfileVersion: '9.0'

importers:

  .: {}

  packages/a: {}

  packages/b:
    dependencies:
      '@kit/a':
        specifier: ^0.3.0
        version: link:../a
      left:
        specifier: ^0.3.0
        version: 0.3.0
    devDependencies:
      kit-c:
        specifier: workspace:*
        version: link:../c

  packages/c:
    dependencies:
      '@kit/a':
        specifier: workspace:^0.3.0
        version: link:../a

packages:

  left@0.3.0:
    resolution: {integrity: sha512-x}
"""
BUN = """\
{
  "lockfileVersion": 2,
  "workspaces": {
    "": {
      "name": "kit-root",
    },
    "packages/a": {
      "name": "@kit/a",
      "version": "0.3.0",
    },
    "packages/b": {
      "name": "@kit/b",
      "version": "0.3.0",
      "dependencies": {
        "@kit/a": "^0.3.0",
        "left": "^0.3.0",
      },
      "peerDependencies": {
        "@kit/a": ">=0.3.0 <0.4.0",
      },
    },
  },
  "packages": {
    "@kit/a": ["@kit/a@workspace:packages/a"],

    "kit-c": ["kit-c@workspace:packages/c", { "dependencies": { "@kit/a": "workspace:^0.3.0" } }],

    "left": ["left@0.3.0", "", {}, "sha512-x"],
  }
}
"""
YARN = """\
__metadata:
  version: 10
  cacheKey: 10c0

"@kit/a@npm:^0.3.0, @kit/a@workspace:^0.3.0, @kit/a@workspace:packages/a":
  version: 0.0.0-use.local
  resolution: "@kit/a@workspace:packages/a"
  languageName: unknown
  linkType: soft

"@kit/b@workspace:packages/b":
  version: 0.0.0-use.local
  resolution: "@kit/b@workspace:packages/b"
  dependencies:
    "@kit/a": "npm:^0.3.0"
    kit-c: "workspace:*"
    left: "npm:^0.3.0"
  peerDependencies:
    "@kit/a": ">=0.3.0 <0.4.0"
  languageName: unknown
  linkType: soft

"kit-c@workspace:*, kit-c@workspace:packages/c":
  version: 0.0.0-use.local
  resolution: "kit-c@workspace:packages/c"
  dependencies:
    "@kit/a": "workspace:^0.3.0"
  languageName: unknown
  linkType: soft

"left@npm:^0.3.0":
  version: 0.3.0
  resolution: "left@npm:0.3.0"
  linkType: hard
"""


def python(name: str, lines: str = "") -> str:
    return (
        '[build-system]\nrequires = ["poetry-core"]\n'
        'build-backend = "poetry.core.masonry.api"\n'
        f'[project]\nname = "{name}"\nversion = "0.3.0"\n{lines}'
    )


def bumped(root: Path, files: dict[str, str]) -> bump.Bumped:
    commit_files(root, {"tasks.py": "from release_tasks import ns\n", **files})
    return bump.write(context(), Release.at(context(), "0.4.0"))


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_locks_of_npm_packages_follow_their_manifests(root: Path) -> None:
    files = {
        "pyproject.toml": python("kit"),
        "packages/a/package.json": A,
        "packages/b/package.json": B,
        "packages/c/package.json": C,
        "pnpm-lock.yaml": PNPM,
        "bun.lock": BUN,
        "bun.lockb": "#!/usr/bin/env bun\n",
        "site/package.json": '{\n"name": "x",\n"dependencies": {"@kit/a": "~0.3.0"}\n}\n',
        "old/package.json": '{"name": "y", "dependencies": {"@kit/a": ">=0.1.0"}}\n',
        "yarn.lock": YARN,
        "release-tasks.toml": '[files]\n"packages/*/package.json" = "version"\n',
    }
    done = bumped(root, files)
    found = [(line.path, line.line) for line in done.stale]
    assert found == [("bun.lockb", 1), ("site/package.json", 3)]
    for name in ("pnpm-lock.yaml", "bun.lock", "yarn.lock"):
        wanted = files[name]
        for text in (
            '"version": "0.3.0"',
            '@kit/a": "^0.3.0',
            "workspace:^0.3.0",
        ):
            wanted = wanted.replace(text, text.replace("0.3.0", "0.4.0"))
        wanted = wanted.replace(">=0.3.0 <0.4.0", ">=0.4.0 <0.5.0")
        wanted = wanted.replace("@kit/a@npm:^0.3.0", "@kit/a@npm:^0.4.0")
        wanted = wanted.replace('@kit/a": "npm:^0.3.0', '@kit/a": "npm:^0.4.0')
        first = "'@kit/a':\n        specifier: ^0.{}.0"
        wanted = wanted.replace(first.format(3), first.format(4))
        assert (root / name).read_text() == wanted


LISTED = (
    Listed("a", {("version",): "0.4.0"}),
    Listed("b", {("version",): "0.4.0", ("dependencies", "@kit/a"): "^0.4.0"}),
)
NPM_6 = """{
  "name": "root", "version": "0.3.0", "lockfileVersion": 1, "requires": true,
  "dependencies": {
    "left": {"version": "0.3.0", "requires": {"@kit/a": "^0.3.0"}},
    "@kit/a": {"version": "file:a"},
    "@kit/b": {"version": "file:b", "requires": {"@kit/a": "^0.3.0", "left": "^0.3.0"}}
  }
}"""
YARN_1 = """\
# yarn lockfile v1


"@kit/a@file:../a", "@kit/a@file:a":
  version "0.3.0"

"@kit/b@file:b":
  version "0.3.0"
  dependencies:
    "@kit/a" "^0.3.0"
    left "^0.3.0"

left@^0.3.0:
  version "0.3.0"
"""


def test_a_lock_of_npm_6_has_ranges_of_folders() -> None:
    kind = package_json.lock_kind(LISTED)
    old = '"file:b", "requires": {"@kit/a": "^0.3.0"'
    wanted = NPM_6.replace(old, old.replace("0.3.0", "0.4.0"))
    assert kind.set_versions(NPM_6, FileBump("package-lock.json")) == wanted


def test_yarn_1_has_versions_of_folders() -> None:
    kind = yarn_lock.kind(LISTED)
    wanted = YARN_1.replace('"0.3.0"', '"0.4.0"', 2).replace(
        'a" "^0.3.0', 'a" "^0.4.0'
    )
    assert kind.set_versions(YARN_1, FileBump("yarn.lock")) == wanted


def test_yarn_keeps_a_range_that_another_package_still_needs() -> None:
    text = YARN.replace("packages/b", "b").replace("packages/a", "a")
    new = yarn_lock.kind(LISTED).set_versions(
        text.replace('"workspace:^0.3.0"', '"npm:^0.3.0"'),
        FileBump("yarn.lock"),
    )
    assert '"@kit/a@npm:^0.3.0, @kit/a@npm:^0.4.0, @kit/a@workspace:' in new


POETRY = """\
[[package]]
name = "kit-core"
version = "0.3.0"
description = ""
optional = false
python-versions = ">=3.9"
groups = ["main"]
files = []
develop = true

[package.dependencies]
kit-base = "0.3.0"
left = {version = "0.3.0", markers = "python_version < \\"3.9\\""}

[package.source]
type = "directory"
url = "../core"

[[package]]
name = "left"
version = "0.3.0"
files = []

[metadata]
lock-version = "2.1"
python-versions = ">=3.9"
content-hash = "c411d5d0391e68caa0444b37184a75b6195ae0ba31aa006a9a03af52272d5ab3"
"""
PDM = """\
[metadata]
groups = ["default", "dev"]
content_hash = "sha256:d686c4079841f8868de217f00131b14369a58dcd37b6f8b01532fa62f1bc2b91"

[[metadata.targets]]
requires_python = ">=3.9"

[[package]]
name = "kit-core"
version = "0.3.0"
editable = true
path = "../core"
dependencies = [
    "kit-base==0.3.0",
    "left==0.3.0",
]
"""
PYLOCK = """\
lock-version = "1.0"

[[packages]]
name = "kit-core"
version = "0.3.0"
directory = { path = "../core", editable = true }

[[packages]]
name = "kit-core"
version = "0.3.0"
directory = { path = "../elsewhere" }
"""
CLI = """\
requires-python = ">=3.9"
dependencies = ["po-core==0.3.0"]
[tool.poetry.dependencies]
po-core = { path = "../core", develop = true }
"""


def test_locks_of_python_packages_have_new_versions_and_hashes(
    root: Path,
) -> None:
    hashes = (
        '"c411d5d0391e68caa0444b37184a75b6195ae0ba31aa006a9a03af52272d5ab3"'
    )
    new = '"e14eb82ef69e68d31c39b159b454bfaf023835952818cc3e724733195e5db89c"'
    lock = POETRY.replace("kit-core", "po-core").replace("kit-base", "po-base")
    done = bumped(
        root,
        {
            "core/pyproject.toml": python("po-core"),
            "base/pyproject.toml": python("po-base"),
            "cli/pyproject.toml": python("po-cli", CLI),
            "cli/poetry.lock": lock,
            "cli/pdm.lock": PDM.replace("kit-", "po-"),
            "release-tasks.toml": "[python.po-core]\n[python.po-cli]\n[python.po-base]\n",
        },
    )
    wanted = lock.replace('version = "0.3.0"', 'version = "0.4.0"', 1)
    wanted = wanted.replace('po-base = "0.3.0"', 'po-base = "0.4.0"')
    assert (root / "cli/poetry.lock").read_text() == wanted.replace(hashes, new)
    assert [(line.path, line.line) for line in done.stale] == [
        ("cli/pdm.lock", 3)
    ]
    assert "(pdm lock" in done.stale[0].text


NEW = {"kit-core": "0.4.0", "kit-base": "0.4.0"}
OWN = OwnPackages(
    Siblings(NEW, dict.fromkeys(NEW, "0.3.0")),
    {"kit-core": "core", "kit-base": "base"},
)


@pytest.mark.parametrize(
    ("path", "text", "edits"),
    [
        (
            "cli/pdm.lock",
            PDM,
            {
                'version = "0.3.0"': 'version = "0.4.0"',
                "base==0.3.0": "base==0.4.0",
            },
        ),
        (
            "cli/pylock.dev.toml",
            PYLOCK,
            {'version = "0.3.0"': 'version = "0.4.0"'},
        ),
        ("other/cli/pdm.lock", PDM, {}),
    ],
)
def test_an_entry_is_ours_by_its_folder(
    path: str, text: str, edits: dict[str, str]
) -> None:
    wanted = text
    for old, new in edits.items():
        wanted = wanted.replace(old, new, 1)
    new = directory_locks.kind(OWN, {}).set_versions(text, FileBump(path))
    assert new == wanted


def test_hashes_are_those_of_poetry_and_pdm() -> None:
    text = python(
        "pd-cli", 'requires-python = ">=3.9"\ndependencies = []\n'
    ) + (
        "[tool.pdm.resolution]\nrespect-source-order = false\n[tool.pdm.dev-dependencies]\n"
        'dev = ["-e file:///${PROJECT_ROOT}/../core#egg=kit-core", '
        '"-e file:///${PROJECT_ROOT}/../base#egg=kit-base"]\n'
    )
    assert content_hashes.of_pdm(toml_values.load(text, "x"))[0] in PDM
    legacy = (
        '[tool.poetry]\nname = "kit-cli"\nversion = "0.3.0"\n[tool.poetry.dependencies]\n'
        'python = "^3.9"\n'
        'kit-core = { path = "../core", develop = true, extras=["x"] }\n'
    )
    assert content_hashes.of_poetry(toml_values.load(legacy, "x")) == [
        "4ace65b8a36bd87be075711b286b63bc5593f9d8745f3f3c6fae6f88b1278d7b"
    ]


def test_a_hash_is_only_outdated_where_requirements_have_changed() -> None:
    texts = {
        "pyproject.toml": (python("a"), python("a").replace("0.3.0", "0.4.0"))
    }
    assert outdated(texts, "poetry.lock", POETRY) == 0
    texts = {
        "pyproject.toml": (python("a"), python("a", 'dependencies = ["b"]\n'))
    }
    assert outdated(texts, "poetry.lock", POETRY) == POETRY.count("\n")


def test_a_large_lock_is_read_by_its_own_entries() -> None:
    """Here 4 MB; 30 MB take about a second each."""
    entry = '[[package]]\nname = "left"\nversion = "0.3.0"\nfiles = [\n{}]\n\n'
    files = '    {file = "left-0.3.0.whl", hash = "sha256:%s"},\n' % ("0" * 64)
    others = entry.format(files * 15) * 2_000
    rows = {f"node_modules/{n}": {"version": "0.3.0"} for n in range(10_000)}
    npm = json.dumps(
        {"packages": {**rows, "a": {"version": "0.3.0"}}}, indent=2
    )
    own = '[[package]]\nname = "kit-core"\nversion = "0.3.0"\nsource = { editable = "core" }\n'
    begin = time.process_time()
    made = (
        directory_locks.kind(OWN, {}).set_versions(
            others + POETRY, FileBump("cli/poetry.lock")
        ),
        package_json.lock_kind(LISTED).set_versions(
            npm, FileBump("package-lock.json")
        ),
        uv_lock.kind(OWN).set_versions(others + own, FileBump("uv.lock", NEW)),
    )
    assert time.process_time() - begin < 2
    assert all(
        len(re.findall('version"? ?[=:] "0.4.0"', new)) == 1 for new in made
    )

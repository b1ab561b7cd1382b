"""Requirements between siblings and their lock files, as the ecosystems' own programs see them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from invoke.context import Context
from support.repositories import commit_files, git

from release_tasks.bumping import bump, python_pins
from release_tasks.errors import ReleaseError
from release_tasks.release import Release

pytestmark = [pytest.mark.tools("git")]
Enter = Callable[[Mapping[str, str]], Path]
TASKS = "from release_tasks import ns\n"


@pytest.fixture
def enter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Enter:
    def enter(files: Mapping[str, str]) -> Path:
        root = commit_files(tmp_path / "project", {"tasks.py": TASKS, **files})
        monkeypatch.chdir(root)
        return root

    return enter


def write(version: str) -> bump.Bumped:
    return bump.write(Context(), Release.at(Context(), version))


def run(folder: Path, *argv: str) -> None:
    done = subprocess.run(
        argv, cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def crate(name: str, version: str, lines: str = "") -> str:
    return f'[package]\nname = "{name}"\nversion = "{version}"\nedition = "2021"\n{lines}'


def python(name: str, version: str, lines: str = "") -> str:
    return (
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        f'[project]\nname = "{name}"\nversion = "{version}"\nrequires-python = ">=3.9"\n{lines}'
    )


@pytest.mark.tools("cargo")
def test_a_tree_outside_of_the_workspace_follows_with_its_lock(
    enter: Enter,
) -> None:
    lock = (
        'version = 4\n\n[[package]]\nname = "kit"\nversion = "0.1.4"\n\n'
        '[[package]]\nname = "kit-fuzz"\nversion = "0.0.0"\ndependencies = [\n "kit",\n]\n'
    )
    pin = (
        '[dependencies]\nkit = { path = "..", version = "0.1" }\n[workspace]\n'
    )
    root = enter(
        {
            "Cargo.toml": crate(
                "kit", "0.1.4", '[workspace]\nexclude = ["fuzz"]\n'
            ),
            "src/lib.rs": "",
            "fuzz/Cargo.toml": crate("kit-fuzz", "0.0.0", pin),
            "fuzz/Cargo.lock": lock,
            "fuzz/src/lib.rs": "",
            "tests/broken/Cargo.toml": 'kit = { path = "{{ path }}"\n',
        }
    )
    assert {"fuzz/Cargo.toml", "fuzz/Cargo.lock"} <= set(write("0.2.0").files)
    assert 'version = "0.2"' in (root / "fuzz/Cargo.toml").read_text()
    run(
        root / "fuzz",
        "cargo",
        "metadata",
        "--locked",
        "--offline",
        "--format-version=1",
    )
    assert bump.pending(Release.at(Context(), "0.2.0"))  # and nothing of others
    assert write("0.2.0").files == ()


@pytest.mark.tools("cargo")
def test_what_cargo_takes_from_elsewhere_stays(enter: Enter) -> None:
    """A pin is reported by its path or `[patch]`, not by its name."""
    before = (
        '[dependencies]\nkit = { path = ".." }\n'
        'old = { package = "kit", version = "=0.1.4" }\n'
    )
    root = enter(
        {
            "Cargo.toml": crate(
                "kit", "0.1.4", '[workspace]\nexclude = ["a", "b"]\n'
            ),
            "src/lib.rs": "",
            "a/Cargo.toml": crate("a", "0.0.0", before),
            "a/src/lib.rs": "",
            "b/Cargo.toml": crate(
                "b", "0.0.0", '[dependencies]\nkit = "0.1.4"\n'
            ),
            "b/src/lib.rs": "",
        }
    )
    write("0.2.0")
    assert git(root, "diff", "--name-only").split() == ["Cargo.toml"]


def test_a_lower_bound_is_no_mismatch_and_is_not_searched(enter: Enter) -> None:
    dependencies = 'dependencies = ["kit-core>=0.1.2", "other==0.3.0"]\n'
    root = enter(
        {
            "core/pyproject.toml": python("kit-core", "0.3.0"),
            "cli/pyproject.toml": python("kit-cli", "0.3.0", dependencies),
            "README.md": "kit-core 0.1.2 and later, and other 0.1.2\n",
            "release-tasks.toml": "[python.kit-core]\n[python.kit-cli]\n",
        }
    )
    done = write("0.4.0")
    assert (done.mismatches, done.stale) == ((), ())
    assert dependencies in (root / "cli/pyproject.toml").read_text()


def test_every_list_of_requirements_follows(enter: Enter) -> None:
    lists = (
        'dependencies = ["Kit.Core [x] == 0.3.0 ; python_version > \'3.8\'", "left>=2"]\n'
        '[project.optional-dependencies]\nall = ["kit_core~=0.3.0"]\n'
        '[dependency-groups]\ndev = ["kit-core>=0.3,<0.4"]\n'
        '[tool.poetry.dependencies]\nkit-core = "^0.3"\nleft = "^0.3"\n'
        '[tool.uv]\nconstraint-dependencies = ["kit-core==0.3.*"]\n'
    )
    root = enter(
        {
            "core/pyproject.toml": python("kit-core", "0.3.0"),
            "cli/pyproject.toml": python("kit-cli", "0.3.0", lists),
            "release-tasks.toml": "[python.kit-core]\n[python.kit-cli]\n",
        }
    )
    write("0.4.0")
    new = lists.replace("== 0.3.0", "== 0.4.0").replace("~=0.3.0", "~=0.4.0")
    new = new.replace(">=0.3,<0.4", ">=0.4,<0.5").replace("==0.3.*", "==0.4.*")
    new = new.replace('kit-core = "^0.3"', 'kit-core = "^0.4"')
    assert (root / "cli/pyproject.toml").read_text() == python(
        "kit-cli", "0.4.0", new
    )


def test_a_requirement_that_cannot_follow_is_refused_with_its_line(
    enter: Enter,
) -> None:
    root = enter(
        {
            "core/pyproject.toml": python("kit-core", "0.3.0"),
            "cli/pyproject.toml": python(
                "kit-cli", "0.3.0", 'dependencies = ["kit-core<0.4"]\n'
            ),
            "release-tasks.toml": "[python.kit-core]\n[python.kit-cli]\n",
        }
    )
    with pytest.raises(ReleaseError) as caught:
        write("0.4.0")
    assert caught.value.problem == (
        "cli/pyproject.toml:8: kit-core in [project] dependencies: "
        "`<0.4` does not admit 0.4.0"
    )
    assert git(root, "status", "--porcelain") == ""


UV_LOCK = """\
version = 1
revision = 3
requires-python = ">=3.9"

[[package]]
name = "kit-cli"
version = "0.3.0"
source = { editable = "." }
dependencies = [
    { name = "kit-core" },
]

[package.metadata]
requires-dist = [{ name = "kit-core", specifier = "==0.3.0", editable = "../core" }]

[[package]]
name = "kit-core"
version = "0.3.0"
source = { editable = "../core" }
"""


@pytest.mark.tools("uv")
def test_uv_is_content_with_the_lock_of_a_package_beside_another(
    enter: Enter, tmp_path: Path
) -> None:
    source = (
        '[tool.uv.sources]\nkit-core = { path = "../core", editable = true }\n'
    )
    root = enter(
        {
            "core/pyproject.toml": python("kit-core", "0.3.0"),
            "core/src/kit_core/__init__.py": "",
            "cli/pyproject.toml": python(
                "kit-cli",
                "0.3.0",
                f'dependencies = ["kit-core==0.3.0"]\n{source}',
            ),
            "cli/src/kit_cli/__init__.py": "",
            "cli/uv.lock": UV_LOCK,
            "release-tasks.toml": "[python.kit-core]\n[python.kit-cli]\n",
        }
    )
    write("0.4.0")
    assert (root / "cli/uv.lock").read_text() == UV_LOCK.replace(
        '0.3.0"', '0.4.0"'
    )
    cache = str(tmp_path / "cache")
    run(
        root / "cli", "uv", "lock", "--check", "--offline", "--cache-dir", cache
    )


def npm(name: str, **more: object) -> str:
    return json.dumps({"name": name, "version": "1.0.0", **more}, indent=2)


def test_npms_lock_has_what_the_manifests_of_its_workspaces_say(
    enter: Enter,
) -> None:
    needs = {"@kit/a": "^1.0.0", "left": "1.0.0"}
    lock = {
        "name": "kit-root",
        "version": "1.0.0",
        "packages": {
            "": {
                "name": "kit-root",
                "version": "1.0.0",
                "workspaces": ["packages/*"],
            },
            "node_modules/@kit/a": {"resolved": "packages/a", "link": True},
            "node_modules/left": {"version": "1.0.0"},
            "packages/a": {"name": "@kit/a", "version": "1.0.0"},
            "packages/b": {
                "name": "@kit/b",
                "version": "1.0.0",
                "dependencies": needs,
            },
        },
    }
    root = enter(
        {
            "pyproject.toml": python("kit", "1.0.0"),
            "package.json": npm(
                "kit-root", private=True, workspaces=["packages/*"]
            ),
            "package-lock.json": json.dumps(lock, indent=2),
            "packages/a/package.json": npm("@kit/a"),
            "packages/b/package.json": npm("@kit/b", dependencies=needs),
            "release-tasks.toml": (
                '[files]\n"package.json" = "version"\n"packages/*/package.json" = "version"\n'
            ),
        }
    )
    assert write("2.0.0").stale == ()
    new = json.loads((root / "package-lock.json").read_text())["packages"]
    needs = {"@kit/a": "^2.0.0", "left": "1.0.0"}
    assert (
        json.loads((root / "packages/b/package.json").read_text())[
            "dependencies"
        ]
        == needs
    )
    assert new["packages/b"] == {
        "name": "@kit/b",
        "version": "2.0.0",
        "dependencies": needs,
    }
    assert (new[""]["version"], new["packages/a"]["version"]) == (
        "2.0.0",
        "2.0.0",
    )
    assert new["node_modules/left"] == {"version": "1.0.0"}


def test_a_pattern_covers_many_files_and_leaves_those_without_the_text(
    enter: Enter,
) -> None:
    root = enter(
        {
            "pyproject.toml": python("kit", "0.1.0"),
            "a/README.md": "kit 0.1.0\n",
            "a/b/README.md": "kit 0.1.0\n",
            "c/README.md": "nothing\n",
            "release-tasks.toml": '[files]\n"*/README.md" = "kit {version}"\n',
        }
    )
    assert [str(line) for line in write("0.2.0").stale] == [
        "a/b/README.md:1: kit 0.1.0"
    ]
    assert (root / "a/README.md").read_text() == "kit 0.2.0\n"


def test_a_pattern_that_finds_no_text_is_refused(enter: Enter) -> None:
    enter(
        {
            "pyproject.toml": python("kit", "0.1.0"),
            "a/README.md": "nothing\n",
            "release-tasks.toml": '[files]\n"**/README.md" = "kit {version}"\n',
        }
    )
    with pytest.raises(
        ReleaseError, match=r"no file that `\*\*/README.md` matches"
    ):
        write("0.2.0")


def test_only_versions_of_the_project_are_stale(enter: Enter) -> None:
    root = enter(
        {
            "pyproject.toml": python(
                "kitten", "1.2.3", '[tool.bumper]\ncurrent = "1.2.3"\n'
            ),
            "go.mod": "module kitten\n\nrequire example.org/x v1.2.3\n",
            "requirements.txt": "other==1.2.3\nkitten==1.2.3\n",
            ".pre-commit-config.yaml": (
                "repos:\n- repo: https://example.org/x\n  rev: v1.2.3\n"
                "- repo: https://example.org/kitten\n  rev: v1.2.3\n"
            ),
            "web/package.json": '{\n"version": "1.2.3",\n"dependencies": {"x": "1.2.3"}\n}\n',
            "old.py": "# .. deprecated:: 1.2.3\n",
            "README.md": (
                "install kitten 1.1.0\nsince kitten 1.1.0 it purrs\nother 1.1.0\n"
                "from kitten 1.1.0 to 1.2.0\n"
            ),
        }
    )
    for tag in ("v1.1.0", "v1.2.0", "v1.2.3"):
        git(root, "tag", tag)
    found = [f"{line.path}:{line.line}" for line in write("1.3.0").stale]
    assert found == [
        ".pre-commit-config.yaml:5",
        "README.md:1",
        "pyproject.toml:9",
        "requirements.txt:2",
        "web/package.json:2",
    ]


def test_two_components_with_one_new_version_keep_their_old_ones(
    enter: Enter,
) -> None:
    enter(
        {
            "a/pyproject.toml": python("kit-a", "0.4.19"),
            "a/VERSION.md": "kit-a 0.4.20\n",
            "b/pyproject.toml": python("kit-b", "0.4.20"),
            "release-tasks.toml": (
                '[components.a]\npython = ["kit-a"]\n'
                '[components.b]\npython = ["kit-b"]\ntag = "b-v{version}"\nlatest = false\n'
                '[files]\n"a/VERSION.md" = "kit-a {version}"\n'
            ),
        }
    )
    done = write("a=0.5.0,b=0.5.0")
    assert [str(row) for row in done.mismatches] == [
        "a/VERSION.md:1 had 0.4.20, expected 0.4.19"
    ]


def test_a_kept_requirement_that_does_not_admit_the_new_version_is_refused(
    enter: Enter,
) -> None:
    settings = (
        '[components.core]\npython = ["kit-core"]\n'
        '[components.cli]\npython = ["kit-cli"]\ntag = "cli-v{version}"\nlatest = false\n'
        'pins = { core = "keep" }\n'
    )
    needs = 'dependencies = ["kit-core~=0.3.0"]\n'
    root = enter(
        {
            "core/pyproject.toml": python("kit-core", "0.3.0"),
            "cli/pyproject.toml": python("kit-cli", "0.3.0", needs),
            "release-tasks.toml": settings,
        }
    )
    with pytest.raises(ReleaseError) as caught:
        write("core=0.4.0")
    assert caught.value.problem == (
        "cli/pyproject.toml:8: kit-core in [project] dependencies is kept at ~=0.3.0, "
        "which 0.4.0 does not satisfy"
    )
    write("core=0.3.1")
    assert needs in (root / "cli/pyproject.toml").read_text()


SETUP_PY = """\
from setuptools import setup

PINS = ["left==0.3.0"]
setup(
    install_requires=["kit-core==0.3.0", *PINS],  # kit-core==0.3.0
    extras_require={"all": ("Kit_Core[x]>=0.3,<0.4 ; python_version < '4'",)},
    description=f"kit-core=={1}",
)
"""
SETUP_CFG = """\
[metadata]
name = kit-cli
[options]
install_requires =
    left==0.3.0
    # kit-core==0.2.0
    kit-core ~= 0.3.0  # ours
setup_requires = kit-core==0.3.0
python_requires = >=0.3.0
[options.extras_require]
all =
    kit-core>=0.1
"""
LIST = "-r more.txt\nleft==0.3.0\nkit.core==0.3.0\n"
HASHED = "kit-core==0.3.0 --hash=sha256:aa\n"


def test_requirements_outside_of_pyproject_follow_or_are_listed(
    enter: Enter,
) -> None:
    dynamic = '[tool.setuptools.dynamic]\ndependencies = {file = ["requirements.txt"]}\n'
    root = enter(
        {
            "core/pyproject.toml": python("kit-core", "0.3.0"),
            "cli/pyproject.toml": python("kit-cli", "0.3.0", dynamic),
            "cli/setup.py": SETUP_PY,
            "cli/setup.cfg": SETUP_CFG,
            "cli/requirements.txt": LIST,
            "cli/requirements-ci.txt": HASHED,
            "docs/requirements/build.in": "kit-core>=0.3,<0.4\nkit-cli>=0.1\n",
            "tests/fixtures/requirements.txt": "kit-core<0.4\n",
            "release-tasks.toml": "[python.kit-core]\n[python.kit-cli]\n",
        }
    )
    done = write("0.4.0")
    new = SETUP_PY.replace('"kit-core==0.3.0"', '"kit-core==0.4.0"')
    new = new.replace(">=0.3,<0.4", ">=0.4,<0.5")
    assert (root / "cli/setup.py").read_text() == new
    new = SETUP_CFG.replace("~= 0.3.0", "~= 0.4.0").replace(
        "kit-core==0.3.0", "kit-core==0.4.0"
    )
    assert (root / "cli/setup.cfg").read_text() == new
    assert (root / "cli/requirements.txt").read_text() == LIST.replace(
        "core==0.3.0", "core==0.4.0"
    )
    assert [(line.path, line.line) for line in done.stale] == [
        ("cli/requirements-ci.txt", 1),
        ("cli/setup.py", 5),
        ("docs/requirements/build.in", 1),
    ]


def test_a_pin_that_no_bump_moves_is_refused_where_only_tags_have_versions(
    enter: Enter,
) -> None:
    versions = 'dependencies = ["kit-core>=0.1,<0.4", "kit-core>=0.1"]\n'
    enter(
        {
            "core/pyproject.toml": python("kit-core", "0.3.0"),
            "cli/pyproject.toml": python("kit-cli", "0.3.0", versions),
            "release-tasks.toml": (
                '[project]\nversion = "tag"\n[python.kit-core]\n[python.kit-cli]\n'
            ),
        }
    )
    [error] = python_pins.unfollowed(Release.at(Context(), "0.4.0"))
    assert error.problem == (
        "cli/pyproject.toml:8: kit-core in [project] dependencies is >=0.1,<0.4, "
        "which 0.4.0 does not satisfy"
    )
    assert list(python_pins.unfollowed(Release.at(Context(), "0.3.5"))) == []

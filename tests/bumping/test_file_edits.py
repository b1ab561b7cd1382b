"""A file that cannot be bumped: the error has its path, its line and a fix, and nothing changes."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from invoke.context import Context
from support.repositories import commit_all

from release_tasks.bumping import bump
from release_tasks.errors import ReleaseError
from release_tasks.release import Release

pytestmark = pytest.mark.tools("git")

PROJECT = {
    "pyproject.toml": (
        '[build-system]\nrequires = ["hatchling"]\n[project]\nname = "tiny"\nversion = "0.1.0"\n'
    ),
    "setup.py": 'from setuptools import setup\nsetup(version="0.1.0")\n',
    "setup.cfg": "[metadata]\nversion = 0.1.0\n",
    "tiny/__init__.py": '__version__ = "0.1.0"\n',
    "uv.lock": '[[package]]\nname = "tiny"\nversion = "0.1.0"\nsource = { editable = "." }\n',
    "deploy/tiny/Chart.yaml": "name: tiny\nversion: 0.1.0\nappVersion: 0.1.0\n",
    "package.json": '{"version": "0.1.0"}\n',
    "package-lock.json": '{"version": "0.1.0"}\n',
    "tiny.nuspec": "<package>\n<version>0.1.0</version>\n</package>\n",
    "README.md": "tiny 0.1.0\n",
    "CHANGELOG.md": "## [Unreleased]\n\n- More.\n",
    "release-tasks.toml": '[charts."ghcr.io/example/charts/tiny"]\n[files]\n'
    '"README.md" = "tiny {version}"\n'
    '"package.json" = "version"\n"tiny.nuspec" = "version"\n',
}
EDITED = [name for name in PROJECT if name != "release-tasks.toml"]
WORKSPACE = '[workspace]\nmembers = ["core", "gone"]\nresolver = "2"\n'
CRATE = '[package]\nname = "core"\nversion = "0.1.0"\nedition = "2021"\n'
Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    def made(**files: str | bytes) -> Path:
        root = tmp_path / "tiny"
        for name, text in (PROJECT | files).items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(
                text.encode() if isinstance(text, str) else text
            )
        commit_all(root, "Begin")
        monkeypatch.chdir(root)
        return root

    return made


def refused(root: Path, version: str = "0.2.0") -> ReleaseError:
    """Return the error of a bump; each has a fix and leaves the tree as it was."""
    with pytest.raises(ReleaseError) as caught:
        bump.write(Context(), Release.at(Context(), version))
    assert (
        subprocess.run(
            ["git", "diff", "HEAD", "--name-only"],
            cwd=root,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        == ""
    )
    assert caught.value.fix
    assert "\n" not in caught.value.problem
    return caught.value


def test_the_unchanged_project_is_bumped(make: Make) -> None:
    root = make()
    bump.write(Context(), Release.at(Context(), "0.2.0"))
    remaining = subprocess.run(
        ["git", "grep", "-l", "0[.]1[.]0"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    assert remaining == ""


@pytest.mark.parametrize(
    ("path", "text", "problem"),
    [
        (
            "pyproject.toml",
            "[project]\nname = \n",
            "pyproject.toml is not valid TOML: Invalid value (at line 2, column 8)",
        ),
        (
            "uv.lock",
            "[[package]]\n<<<<<<< HEAD\n",
            "uv.lock is not valid TOML: Invalid statement (at line 2, column 1)",
        ),
        (
            "release-tasks.toml",
            "[files]\na\n",
            (
                "release-tasks.toml is not valid TOML: Expected '=' after a key in a "
                "key/value pair (at line 2, column 2)"
            ),
        ),
        (
            "setup.py",
            "setup(\n  version=\n",
            "setup.py is not valid Python: '(' was never closed (line 1, column 6)",
        ),
        (
            "tiny/__init__.py",
            "x = 1\ny = [\n",
            "tiny/__init__.py is not valid Python: '[' was never closed (line 2, column 5)",
        ),
        (
            "deploy/tiny/Chart.yaml",
            "name: tiny\nversion: [\n",
            (
                "deploy/tiny/Chart.yaml is not valid YAML: expected the node content, but "
                "found '<stream end>' (line 3, column 1)"
            ),
        ),
        (
            "package.json",
            '{\n  "version": 0.1.0\n}\n',
            "package.json is not valid JSON: Expecting ',' delimiter: line 2 column 17 (char 18)",
        ),
        (
            "package-lock.json",
            '{"version": "0.1.0"',
            (
                "package-lock.json is not valid JSON: Expecting ',' delimiter: line 1 column "
                "20 (char 19)"
            ),
        ),
        (
            "tiny.nuspec",
            "<package>\n<version>0.1.0\n</package>\n",
            "tiny.nuspec is not valid XML: mismatched tag: line 3, column 2",
        ),
        (
            "tiny.nuspec",
            "",
            "tiny.nuspec is not JSON, TOML, YAML, XML or Python, so it has no keys",
        ),
        (
            "README.md",
            "# tiny\n",
            "README.md has no text that matches `tiny {version}`",
        ),
        (
            "package.json",
            '{"version": 1}\n',
            "package.json has no string at the key `version`",
        ),
    ],
)
def test_a_broken_file_is_reported_with_line_and_column(
    make: Make, path: str, text: str, problem: str
) -> None:
    assert refused(make(**{path: text})).problem == problem


@pytest.mark.parametrize("path", [*EDITED, "release-tasks.toml"])
def test_other_than_utf_8_is_reported_with_its_line(
    make: Make, path: str
) -> None:
    root = make(**{path: PROJECT[path].encode() + b"# caf\xe9\n"})
    line = PROJECT[path].count("\n") + 1
    assert refused(root).problem == f"{path}:{line}: byte 0xe9 is not UTF-8"


@pytest.mark.parametrize("path", EDITED)
def test_a_link_is_refused_and_its_target_stays(
    make: Make, tmp_path: Path, path: str
) -> None:
    outside = tmp_path / "outside"
    outside.write_text(PROJECT[path])
    root = make()
    (root / path).unlink()
    (root / path).symlink_to(outside)
    commit_all(root, "Link it")
    problem = refused(root).problem
    assert problem.startswith(f"{path} ")
    assert problem.endswith(f" to {outside}")
    assert outside.read_text() == PROJECT[path]


@pytest.mark.parametrize("path", EDITED)
def test_a_read_only_file_is_refused(make: Make, path: str) -> None:
    root = make()
    (root / path).chmod(0o444)
    error = refused(root)
    assert (error.problem, error.fix) == (
        f"{path} is read-only",
        f"chmod u+w {path}",
    )


@pytest.mark.parametrize(
    "path", ["pyproject.toml", "deploy/tiny/Chart.yaml", "README.md"]
)
def test_a_missing_tracked_file_is_reported(make: Make, path: str) -> None:
    root = make()
    (root / path).unlink()
    with pytest.raises(
        ReleaseError, match=f"{path} cannot be read: No such file or directory"
    ) as caught:
        bump.write(Context(), Release.at(Context(), "0.2.0"))
    assert f"git restore {path}" in caught.value.fix


@pytest.mark.parametrize(
    "path",
    [
        "gone.md",
        "notes/untracked.md",
        "../outside.md",
        "/etc/hostname",
        "deploy",
    ],
)
def test_an_untracked_listed_path_is_refused(
    make: Make, tmp_path: Path, path: str
) -> None:
    (tmp_path / "outside.md").write_text("tiny 0.1.0\n")
    settings = f'{PROJECT["release-tasks.toml"]}"{path}" = "tiny {{version}}"\n'
    root = make(
        **{
            "release-tasks.toml": settings,
            ".gitignore": "notes\n",
            "notes/untracked.md": "tiny 0.1.0\n",
        }
    )
    (root / "notes/untracked.md").write_text("tiny 0.1.0\n")
    assert (
        refused(root).problem
        == f"release-tasks.toml: [files] {path} is not in the repository"
    )


TWO = (
    '[components.core]\npython = ["tiny"]\nlatest = true\n[components.extra]\n'
    'tag = "extra-v{version}"\npython = ["extra"]\n'
)
EXTRA = PROJECT["pyproject.toml"].replace("tiny", "extra")


def test_two_components_cannot_share_a_chart(make: Make) -> None:
    names = ("core", "extra")
    charts = "".join(
        f'[charts."ghcr.io/example/{name}"]\npath = "deploy/tiny"\n'
        for name in names
    )
    settings = TWO.replace(
        '["tiny"]\n', '["tiny"]\ncharts = ["ghcr.io/example/core"]\n'
    ).replace('["extra"]\n', '["extra"]\ncharts = ["ghcr.io/example/extra"]\n')
    root = make(
        **{
            "release-tasks.toml": settings + charts,
            "extra/pyproject.toml": EXTRA,
        }
    )
    assert (
        "two versions for one place: deploy/tiny/Chart.yaml:"
        in refused(root, "core=0.2.0,extra=0.3.0").problem
    )


def test_a_listed_text_and_a_component_cannot_share_a_version(
    make: Make,
) -> None:
    settings = (
        TWO + '[files]\n"extra/pyproject.toml" = \'version = "{core}"\'\n'
    )
    root = make(
        **{"release-tasks.toml": settings, "extra/pyproject.toml": EXTRA}
    )
    assert refused(root, "core=0.2.0,extra=0.3.0").problem == (
        "two versions for one place: extra/pyproject.toml:5: [project] version is 0.2.0, "
        "expected 0.3.0"
    )


def test_a_listed_file_follows_the_component_of_its_folder(make: Make) -> None:
    settings = TWO + (
        '[files]\n"extra/a.md" = "it {version}"\n'
        '"README.md" = ["tiny {version}", "extra={extra}"]\n'
    )
    root = make(
        **{
            "release-tasks.toml": settings,
            "extra/pyproject.toml": EXTRA,
            "extra/a.md": "it 0.0.1\n",
            "README.md": "tiny 0.1.0\nextra=0.0.1\n",
        }
    )
    bump.write(Context(), Release.at(Context(), "core=0.2.0"))
    assert (
        (root / "extra/a.md").read_text(),
        (root / "README.md").read_text(),
    ) == (
        "it 0.0.1\n",
        "tiny 0.2.0\nextra=0.1.0\n",
    )
    commit_all(root, "Bump")
    bump.write(Context(), Release.at(Context(), "extra=0.3.0"))
    assert (
        (root / "extra/a.md").read_text(),
        (root / "README.md").read_text(),
    ) == (
        "it 0.3.0\n",
        "tiny 0.2.0\nextra=0.3.0\n",
    )


@pytest.mark.parametrize(
    "text",
    [
        "project = 1",
        "project = []",
        "[project]\nname = 5",
        "[project]\nname = 'x'\nversion = 1",
        "[project]\nclassifiers = 1",
        "build-system = 1\n[project]\nname = 'x'",
        "[build-system]\nbuild-backend = 3",
        "tool = 1\n[build-system]\nbuild-backend = 'maturin'",
        "[build-system]\nbuild-backend = 'maturin'\n[tool.maturin]\nmanifest-path = 3",
        "[build-system]\n[project]\nname = 'tiny'\ndynamic = 'version'",
        (
            "[build-system]\n[project]\nname = 'tiny'\ndynamic = ['version']\n[tool.hatch]\n"
            "version = 1"
        ),
    ],
)
def test_an_unusual_pyproject_raises_nothing(make: Make, text: str) -> None:
    make(**{"pyproject.toml": text})
    bump.write(Context(), Release.at(Context(), "0.2.0"))


@pytest.mark.tools("cargo")
def test_a_missing_workspace_member_is_reported(make: Make) -> None:
    root = make(
        **{
            "Cargo.toml": WORKSPACE,
            "core/Cargo.toml": CRATE,
            "core/src/lib.rs": "",
        }
    )
    assert (
        "workspace member `gone` referenced by workspace at `Cargo.toml`"
        in refused(root).problem
    )


@pytest.mark.tools("cargo")
def test_a_broken_lock_is_reported_with_line_and_column(make: Make) -> None:
    alone = {
        "Cargo.toml": WORKSPACE.replace(', "gone"', ""),
        "core/Cargo.toml": CRATE,
        "core/src/lib.rs": "",
    }
    root = make(**alone, **{"Cargo.lock": "version = 4\n<<<<<<< HEAD\n"})
    assert (
        refused(root).problem
        == "Cargo.lock is not valid TOML: Invalid statement (at line 2, column 1)"
    )


def test_a_repository_without_versions_has_nothing_to_do(
    make: Make, capfd: pytest.CaptureFixture[str]
) -> None:
    root = make()
    for path in EDITED:
        (root / path).unlink()
    (root / "release-tasks.toml").write_text("")
    commit_all(root, "Begin again")
    bump.write(Context(), Release.at(Context(), "0.2.0"))
    assert (
        capfd.readouterr().err == "nothing to do, no manifest has a version\n"
    )


@pytest.mark.tools("cargo")
def test_a_workspace_member_outside_of_the_repository_is_refused(
    make: Make, tmp_path: Path
) -> None:
    (tmp_path / "gone/src").mkdir(parents=True)
    (tmp_path / "gone/src/lib.rs").write_text("")
    (tmp_path / "gone/Cargo.toml").write_text(
        CRATE.replace("core", "gone") + 'workspace = "../tiny"\n'
    )
    root = make(
        **{
            "Cargo.toml": WORKSPACE.replace('"gone"', '"../gone"'),
            "core/Cargo.toml": CRATE,
            "core/src/lib.rs": "",
        }
    )
    assert (
        refused(root).problem
        == f"{tmp_path}/gone/Cargo.toml is outside of the repository"
    )
    # the help works as typed: it is removed from the workspace
    text = (root / "Cargo.toml").read_text()
    left = text.replace(', "../gone"', "")
    (root / "Cargo.toml").write_text(left)
    commit_all(root, "Remove it")
    bump.write(Context(), Release.at(Context(), "0.2.0"))
    assert 'version = "0.2.0"' in (root / "core/Cargo.toml").read_text()

"""pip installs packages that twine has uploaded, from the wheel and from the sdist."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest
from invoke.context import Context
from support.published_project import (
    HERE,
    OTHER,
    Releasing,
    facts,
    left_behind,
    run,
)

from release_tasks.checks.published import all, python
from release_tasks.release import Release

pytestmark = [pytest.mark.tools("git"), pytest.mark.slow]
ABOUT = (
    "Metadata-Version: 2.1\nName: fetched-hello\nVersion: 0.2.0\nSummary: Hello\n"
    "Requires-Python: >=3.8\n"
)
GOOD = '"""Says hello."""\n'
PYPROJECT = (
    '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    '[project]\nname = "fetched-hello"\nversion = "0.2.0"\n'
)
SETTINGS = '[project]\nversion = "tag"\n'
# A build backend of the sdist's own, so that nothing has to be downloaded.
BACKEND = """
import zipfile
def build_wheel(folder, config_settings=None, metadata_directory=None):
    {first}
    name = "fetched_hello-0.2.0-py3-none-any.whl"
    with zipfile.ZipFile(f"{{folder}}/{{name}}", "w") as out:
        for path, text in {files!r}.items():
            out.writestr(path, text)
    return name
"""


def content(
    module: str, about: str = ABOUT, tag: str = "py3-none-any"
) -> dict[str, str]:
    info = "fetched_hello-0.2.0.dist-info"
    tags = f"Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: {tag}\n"
    files = {
        "fetched_hello/__init__.py": module,
        f"{info}/METADATA": about,
        f"{info}/WHEEL": tags,
    }
    return files | {
        f"{info}/RECORD": "".join(
            f"{name},,\n" for name in [*files, f"{info}/RECORD"]
        )
    }


def wheel(
    folder: Path,
    module: str = GOOD,
    about: str = ABOUT,
    tag: str = "py3-none-any",
) -> Path:
    path = folder / f"fetched_hello-0.2.0-{tag}.whl"
    with zipfile.ZipFile(path, "w") as out:
        for name, text in content(module, about, tag).items():
            out.writestr(name, text)
    return path


def sdist(folder: Path, module: str = GOOD, first: str = "pass") -> Path:
    files = {
        "PKG-INFO": ABOUT,
        "pyproject.toml": PYPROJECT,
        "backend.py": BACKEND.format(files=content(module), first=first),
    }
    path = folder / "fetched_hello-0.2.0.tar.gz"
    with tarfile.open(path, "w:gz") as out:
        for name, text in files.items():
            entry = tarfile.TarInfo(f"fetched_hello-0.2.0/{name}")
            entry.size = len(text.encode())
            out.addfile(entry, io.BytesIO(text.encode()))
    return path


@pytest.fixture
def release(releasing: Releasing) -> Release:
    return releasing(
        {"pyproject.toml": PYPROJECT, "release-tasks.toml": SETTINGS}
    )


def upload(*paths: Path) -> None:
    run("twine", "upload", *paths)


def verify(release: Release) -> list[str]:
    return facts(python.verify(Context(), release))


@pytest.mark.statement("B1.26")
def test_wheel_and_sdist_install_and_import(release, tmp_path, capsys):
    upload(wheel(tmp_path), sdist(tmp_path))
    assert verify(release) == []
    said = capsys.readouterr().err
    for kind in ("wheel", "sdist"):
        assert (
            f"fetched-hello 0.2.0 from PyPI ({kind}) installs, and imports fetched_hello"
            in said
        )
    assert left_behind(tmp_path) == []


def test_a_wheel_that_does_not_import_is_found_and_the_sdist_is_tried_all_the_same(
    release, tmp_path, capsys
):
    upload(wheel(tmp_path, module="import no_such_module\n"), sdist(tmp_path))
    [problem] = verify(release)
    assert problem.startswith(
        "fetched-hello 0.2.0 from PyPI (wheel) does not import: ModuleNotFoundError"
    )
    assert "(sdist) installs" in capsys.readouterr().err
    assert left_behind(tmp_path) == []


def test_an_sdist_that_does_not_build_is_found_but_not_on_other_systems(
    release, tmp_path, capsys
):
    upload(
        wheel(tmp_path),
        sdist(tmp_path, first='raise SystemExit("no compiler")'),
    )
    [problem] = verify(release)
    assert (
        problem
        == "fetched-hello 0.2.0 from PyPI (sdist) does not install: no compiler"
    )
    capsys.readouterr()
    # GitHub has none of it, and that is found, too
    found = facts(all.problems_here(Context(), release))
    assert found == ["v0.2.0 on GitHub is missing"]
    said = capsys.readouterr().err
    assert "(wheel) installs" in said
    assert "(sdist)" not in said


def test_a_dependency_that_nobody_has_is_found(release, tmp_path):
    upload(wheel(tmp_path, about=ABOUT + "Requires-Dist: fetched-nowhere\n"))
    assert (
        "does not install: ERROR: No matching distribution found for fetched-nowhere"
        in verify(release)[0]
    )


def test_a_wheel_for_another_machine_is_not_installed_and_that_is_said(
    release, tmp_path, capsys
):
    machine = {"amd64": "x86_64", "arm64": "aarch64"}[OTHER]
    upload(wheel(tmp_path, tag=f"py3-none-manylinux_2_17_{machine}"))
    assert HERE != OTHER
    assert verify(release) == []
    assert (
        "no wheel of fetched-hello 0.2.0 fits this machine"
        in capsys.readouterr().err
    )


def test_a_package_for_other_pythons_is_not_installed_and_that_is_said(
    release, tmp_path, capsys
):
    upload(wheel(tmp_path, about=ABOUT.replace(">=3.8", ">=3.99")))
    assert verify(release) == []
    assert "is for other versions of Python" in capsys.readouterr().err


def test_files_from_the_settings_of_pip_do_not_stand_in_for_pypi(
    release, tmp_path, monkeypatch
):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("PIP_PREFER_BINARY", "1")
    wheel(tmp_path / "elsewhere")
    upload(
        wheel(
            tmp_path, module="import no_such_module\n", tag="py2.py3-none-any"
        )
    )
    assert "does not import" in verify(release)[0]


def test_a_program_in_a_wheel_without_modules_is_run(release, tmp_path, capsys):
    path = tmp_path / "fetched_hello-0.2.0-py3-none-any.whl"
    files = {
        name: text
        for name, text in content(GOOD).items()
        if "dist-info" in name and "RECORD" not in name
    }
    files["fetched_hello-0.2.0.data/scripts/fetched-hello"] = (
        "#!python\nprint('hello 0.1.0')\n"
    )
    record = "fetched_hello-0.2.0.dist-info/RECORD"
    with zipfile.ZipFile(path, "w") as out:
        for name, text in {
            **files,
            record: "".join(f"{name},,\n" for name in [*files, record]),
        }.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o100755 << 16
            out.writestr(entry, text)
    upload(path)
    assert verify(release) == [
        (
            "fetched-hello of fetched-hello 0.2.0 from PyPI (wheel) prints 'hello 0.1.0', "
            "expected 0.2.0"
        )
    ]


def test_a_project_without_packages_starts_no_pip(
    releasing: Releasing, monkeypatch
):
    release = releasing({"README.md": "hello", "release-tasks.toml": SETTINGS})
    monkeypatch.setenv("PATH", "")
    assert verify(release) == []

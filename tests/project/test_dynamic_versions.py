"""A version that [project] calls dynamic is where the build backend reads it."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.repositories import write_files

from release_tasks.manifests import pyproject
from release_tasks.manifests.version_locations import FileBump
from release_tasks.project import python_packages
from release_tasks.project.model import PythonPackage, resolved_or_raise
from release_tasks.project.settings import Settings

PROJECT = '[project]\nname = "acme-dyn"\ndynamic = ["version"]\n'
MODULE = "src/acme_dyn/__init__.py"


def build(backend: str, requires: str = "x") -> str:
    return f'[build-system]\nrequires = ["{requires}"]\nbuild-backend = "{backend}"\n'


HATCH = build("hatchling.build") + PROJECT
SETUPTOOLS = build("setuptools.build_meta") + PROJECT
FLIT = build("flit_core.buildapi") + PROJECT
PDM = build("pdm.backend") + PROJECT
SCIKIT = build("scikit_build_core.build") + PROJECT
DYNAMIC = "[tool.setuptools.dynamic]\n"
SCIKIT_REGEX = (
    "[tool.scikit-build.metadata.version]\n"
    'provider = "scikit_build_core.metadata.regex"\n'
)
IN_TREE = '[build-system]\nrequires = []\nbuild-backend = "acme_dyn.own"\nbackend-path = ["src"]\n'
ROWS = [
    (
        "hatch path with a backend of its own",
        IN_TREE + PROJECT + '[tool.hatch.version]\npath = "about.py"\n',
        "about.py",
        '__version__ = "1.4.2"\n',
    ),
    (
        "hatch path",
        HATCH + '[tool.hatch.version]\npath = "src/acme_dyn/__about__.py"\n',
        "src/acme_dyn/__about__.py",
        '__version__ = "1.4.2"\n',
    ),
    (
        "hatch VERSION with a v",
        HATCH + '[tool.hatch.version]\npath = "about.py"\n',
        "about.py",
        "VERSION = 'v1.4.2'\n",
    ),
    (
        "hatch pattern",
        HATCH
        + '[tool.hatch.version]\npath = "Makefile"\npattern = "^REL := (?P<version>.+)$"\n',
        "Makefile",
        "REL := 1.4.2\n",
    ),
    (
        "hatch regex_commit",
        HATCH
        + '[tool.hatch.version]\nsource = "regex_commit"\npath = "a.py"\n',
        "a.py",
        "__version__ = '1.4.2'\n",
    ),
    (
        "hatch code",
        HATCH
        + '[tool.hatch.version]\nsource = "code"\npath = "a.py"\nexpression = "release"\n',
        "a.py",
        'release = "1.4.2"\n',
    ),
    (
        "hatch nodejs",
        HATCH + '[tool.hatch.version]\nsource = "nodejs"\n',
        "package.json",
        '{"version": "1.4.2"}\n',
    ),
    (
        "setuptools attr in src",
        SETUPTOOLS + DYNAMIC + 'version = {attr = "acme_dyn.__version__"}\n',
        MODULE,
        '__version__: str = "1.4.2"\n',
    ),
    (
        "setuptools attr of another name",
        SETUPTOOLS + DYNAMIC + 'version = {attr = "acme_dyn.meta.RELEASE"}\n',
        "acme_dyn/meta.py",
        'RELEASE = "1.4.2"\n',
    ),
    (
        "setuptools attr below package-dir",
        SETUPTOOLS
        + '[tool.setuptools.package-dir]\n"" = "code"\n'
        + DYNAMIC
        + 'version = {attr = "acme_dyn.__version__"}\n',
        "code/acme_dyn.py",
        '__version__ = "1.4.2"\n',
    ),
    (
        "setuptools attr of a package with a folder of its own",
        SETUPTOOLS
        + '[tool.setuptools.package-dir]\nacme_dyn = "lib/dyn"\n'
        + DYNAMIC
        + 'version = {attr = "acme_dyn.__version__"}\n',
        "lib/dyn/__init__.py",
        '__version__ = "1.4.2"\n',
    ),
    (
        "setuptools file",
        SETUPTOOLS + DYNAMIC + 'version = {file = "VERSION"}\n',
        "VERSION",
        "1.4.2\n",
    ),
    (
        "setuptools list of files",
        SETUPTOOLS + DYNAMIC + 'version = {file = ["RELEASE.txt"]}\n',
        "RELEASE.txt",
        "1.4.2",
    ),
    ("setup.py reads VERSION", SETUPTOOLS, "VERSION", "1.4.2\n"),
    ("setup.py", SETUPTOOLS, "setup.py", 'setup(version="1.4.2")\n'),
    ("setup.cfg", SETUPTOOLS, "setup.cfg", "[metadata]\nversion = 1.4.2\n"),
    ("flit package", FLIT, MODULE, '"""D."""\n__version__ = "1.4.2"\n'),
    ("flit module", FLIT, "acme_dyn.py", '"""D."""\n__version__ = "1.4.2"\n'),
    ("flit file", FLIT, "acme_dyn/_version.py", '__version__ = "1.4.2"\n'),
    (
        "flit module name",
        FLIT + '[tool.flit.module]\nname = "acme.dyn"\n',
        "src/acme/dyn/__init__.py",
        '__version__ = "1.4.2"\n',
    ),
    (
        "pdm file",
        PDM + '[tool.pdm.version]\nsource = "file"\npath = "v.py"\n',
        "v.py",
        "__version__ = '1.4.2'  # here\n",
    ),
    (
        "pdm pattern",
        PDM
        + '[tool.pdm.version]\nsource = "file"\npath = "v"\npattern = "is (.+)"\n',
        "v",
        "it is 1.4.2\n",
    ),
    (
        "scikit-build",
        SCIKIT + SCIKIT_REGEX + 'input = "a.py"\n',
        "a.py",
        'version = "1.4.2"\n',
    ),
    (
        "meson",
        build("mesonpy") + PROJECT,
        "meson.build",
        "project('acme', 'c',\n  version: '1.4.2',\n)\n",
    ),
    (
        "poetry without [project]",
        build("poetry.core.masonry.api")
        + '[tool.poetry]\nname = "acme-dyn"\nversion = "1.4.2"\n',
        "",
        "",
    ),
    (
        "setup.cfg with attr, and no [project]",
        build("setuptools.build_meta"),
        "setup.cfg",
        "[metadata]\nname = acme-dyn\nversion = attr: acme_dyn.__version__\n",
    ),
]


def package(root: Path, files: dict[str, str]) -> PythonPackage:
    write_files(root, files)
    found = python_packages.packages(root, tuple(files), Settings())
    (only,) = resolved_or_raise(found)
    return only


@pytest.mark.parametrize(
    ("manifest", "path", "text"), [row[1:] for row in ROWS]
)
def test_a_version_is_found_where_the_backend_reads_it(
    manifest: str, path: str, text: str, tmp_path: Path
) -> None:
    files = {"pyproject.toml": manifest, path: text}
    if "attr:" in text:
        files[MODULE] = '__version__ = "1.4.2"\n'
    files.pop("", None)
    found = package(tmp_path, files)
    assert (found.name, found.version, found.is_from_tags) == (
        "acme-dyn",
        "1.4.2",
        False,
    )


@pytest.mark.parametrize(
    ("manifest", "path", "text"), [row[1:] for row in ROWS]
)
def test_it_is_edited_there_and_nothing_else_changes(
    manifest: str, path: str, text: str
) -> None:
    about = pyproject.read(
        manifest, "pyproject.toml", text if path == "setup.cfg" else ""
    )
    sources = {one.path: one for one in about.dynamic.sources}
    if path == "":
        path, text = "pyproject.toml", manifest
    kind = sources[path].kind
    new = kind.set_versions(text, FileBump(path, {}, "1.5.0-rc.1"))
    spelled = "1.5.0-rc.1" if path == "package.json" else "1.5.0rc1"
    assert new == text.replace("1.4.2", spelled)
    assert kind.mismatches(new, FileBump(path, {}, "1.5.0-rc.1")) == []


@pytest.mark.parametrize(
    "manifest",
    [
        build("hatchling.build", "hatch-vcs") + PROJECT,
        HATCH + '[tool.hatch.version]\nsource = "vcs"\n',
        SETUPTOOLS + "[tool.setuptools_scm]\n",
        build("setuptools.build_meta", "setuptools-scm>=8") + PROJECT,
        build("flit_scm:buildapi", "flit_scm") + PROJECT,
        PDM + '[tool.pdm.version]\nsource = "scm"\n',
        HATCH + '[tool.hatch.version]\nsource = "versioningit"\n',
        HATCH + '[tool.hatch.version]\nsource = "uv-dynamic-versioning"\n',
        SETUPTOOLS + "[tool.setuptools-git-versioning]\nenabled = true\n",
        SETUPTOOLS + '[tool.versioneer]\nVCS = "git"\n',
        build("poetry.core.masonry.api")
        + PROJECT
        + "[tool.poetry-dynamic-versioning]\nenable = true\n",
        build("poetry_dynamic_versioning.backend", "poetry-dynamic-versioning")
        + PROJECT,
    ],
)
def test_a_version_from_git_tags_is_in_no_file(
    manifest: str, tmp_path: Path
) -> None:
    found = package(tmp_path, {"pyproject.toml": manifest})
    assert (found.version, found.is_from_tags) == ("", True)


@pytest.mark.parametrize(
    ("manifest", "path", "text"),
    [
        (
            HATCH + '[tool.hatch.version]\npath = "a.py"\n',
            "a.py",
            "from b import v\n",
        ),
        (
            HATCH + '[tool.hatch.version]\npath = "a.py"\npattern = "("\n',
            "a.py",
            "x",
        ),
        (
            HATCH + '[tool.hatch.version]\nsource = "env"\nvariable = "V"\n',
            "a.py",
            "",
        ),
        (SETUPTOOLS, "setup.py", "setup(version=read())\n"),
        (
            SETUPTOOLS + DYNAMIC + 'version = {attr = "a.v"}\n',
            "a.py",
            "v = (\n",
        ),
        (FLIT, "acme_dyn.py", "__version__ = make()\n"),
        (FLIT, "acme_dyn.py", "from acme_dyn import __version__\n"),
        (FLIT, "acme_dyn.py", 'P = ("1", "4")\n__version__ = ".".join(P)\n'),
        (
            PDM + '[tool.pdm.version]\nsource = "call"\ngetter = "a:v"\n',
            "a.py",
            "",
        ),
    ],
)
def test_what_no_rule_finds_is_unknown(
    manifest: str, path: str, text: str, tmp_path: Path
) -> None:
    assert (
        package(tmp_path, {"pyproject.toml": manifest, path: text}).version
        == ""
    )


def test_a_generated_file_that_git_does_not_track_is_no_source(
    tmp_path: Path,
) -> None:
    manifest = (
        SETUPTOOLS + DYNAMIC + 'version = {attr = "acme_dyn.__version__"}\n'
    )
    write_files(tmp_path, {MODULE: '__version__ = "1.4.2"\n'})
    assert package(tmp_path, {"pyproject.toml": manifest}).version == ""


ATTR = SETUPTOOLS + DYNAMIC + 'version = {attr = "acme_dyn.__version__"}\n'
DEEP = {
    MODULE: "from .a.b import __version__\n",
    "src/acme_dyn/a/b.py": "from ..c import N\n__version__ = N\n",
}


@pytest.mark.parametrize(
    ("manifest", "files", "path", "name"),
    [
        (
            ATTR,
            {MODULE: "from ._version import __version__\n"},
            "src/acme_dyn/_version.py",
            "__version__",
        ),
        (
            FLIT,
            {
                "acme_dyn/__init__.py": "from acme_dyn.about import V as __version__\n"
            },
            "acme_dyn/about.py",
            "V",
        ),
        (
            ATTR,
            {MODULE: "from . import meta as m\n__version__: str = m.V\n"},
            "src/acme_dyn/meta/__init__.py",
            "V",
        ),
        (ATTR, DEEP, "src/acme_dyn/c.py", "N"),
    ],
)
def test_a_version_that_modules_pass_on_is_found_and_edited(
    manifest: str, files: dict[str, str], path: str, name: str, tmp_path: Path
) -> None:
    text = f'{name} = "1.4.2"\n'
    found = package(tmp_path, {"pyproject.toml": manifest, **files, path: text})
    assert found.version == "1.4.2"
    about = python_packages.about_package(tmp_path, "pyproject.toml")
    kinds = {source.path: source.kind for source in about.dynamic.sources}
    new = kinds[path].set_versions(text, FileBump(path, {}, "1.5.0"))
    assert new == f'{name} = "1.5.0"\n'

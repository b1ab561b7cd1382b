"""Which workspace is released, by layout: its folder, its crates, and what is left out and why."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.repositories import commit_files

from release_tasks.errors import ReleaseError
from release_tasks.project.discovery import discover
from release_tasks.project.model import Project, resolved_or_raise

pytestmark = pytest.mark.tools("git", "cargo")

HEAD = '[package]\nname = "{0}"\nversion = "0.3.0"\nedition = "2021"\n'
CRATE = HEAD + 'description = "Light"\nlicense = "MIT"\n'
PRIVATE = HEAD + "publish = false\n"
WORKSPACE = '[workspace]\nmembers = [{0}]\nresolver = "2"\n'
SHARED = (
    '[workspace.package]\nversion = "0.3.0"\nedition = "2021"\n'
    'description = "Light"\nlicense = "MIT"\n'
)
INHERITS = '[package]\nname = "{0}"\n' + "".join(
    f"{key}.workspace = true\n"
    for key in ("version", "edition", "description", "license")
)
CDYLIB = '[lib]\ncrate-type = ["cdylib"]\n'
LAMP = '[dependencies]\nlamp = {{ path = "{0}" }}\n'
MATURIN = (
    '[build-system]\nrequires = ["maturin>=1"]\nbuild-backend = "maturin"\n'
    '[project]\nname = "{0}"\ndynamic = ["version"]\n'
)
PROGRAM = "fn main() {}\n"
FUZZ = PRIVATE.format("lamp-fuzz") + "[workspace]\n"
OUT = "{0} (crates: {1}/Cargo.toml is not in the workspace {2}; "
PUBLISH = "cargo publish --manifest-path {1}/Cargo.toml releases it)"
SEVERAL = (
    "{0} (crates: {1}/ is one of several workspaces; "
    'folder = "{1}" in [crates] releases that one)'
)


def outside(name: str, folder: str, place: str) -> str:
    return (OUT + PUBLISH).format(name, folder, place)


@dataclass(frozen=True)
class Layout:
    """Files; the folder, published and private crates, lock; what is left out."""

    files: dict[str, str]
    folder: str
    published: tuple[str, ...] = ()
    private: tuple[str, ...] = ()
    lock: str = "Cargo.lock"
    left_out: tuple[str, ...] = ()


LAYOUTS = {
    "a workspace at the root, and another one beside it": Layout(
        {
            "Cargo.toml": WORKSPACE.format('"lamp"') + 'exclude = ["rust"]\n',
            "lamp/Cargo.toml": CRATE.format("lamp"),
            "rust/Cargo.toml": CRATE.format("oil") + "[workspace]\n",
        },
        "",
        ("lamp",),
        left_out=(outside("oil", "rust", "at the root"),),
    ),
    "a workspace in a folder, whose crates inherit all": Layout(
        {
            "rust/Cargo.toml": WORKSPACE.format('"lamp", "cli"') + SHARED,
            "rust/lamp/Cargo.toml": INHERITS.format("lamp"),
            "rust/cli/Cargo.toml": INHERITS.format("lamp-cli"),
            "rust/cli/src/main.rs": PROGRAM,
            "rust/Cargo.lock": "",
            "site/package.json": '{"name": "site", "private": true}',
        },
        "rust",
        ("lamp", "lamp-cli"),
        lock="rust/Cargo.lock",
    ),
    "a crate in a folder, bindings beside it, no workspace": Layout(
        {
            "lamp/Cargo.toml": CRATE.format("lamp"),
            "lamp/fuzz/Cargo.toml": FUZZ,
            "bindings/python/Cargo.toml": CRATE.format("lamp-python")
            + CDYLIB
            + LAMP.format("../../lamp"),
            "bindings/python/pyproject.toml": MATURIN.format("lamp"),
            "bindings/node/Cargo.toml": CRATE.format("lamp-node")
            + CDYLIB
            + LAMP.format("../../lamp"),
        },
        "lamp",
        ("lamp",),
        lock="lamp/Cargo.lock",
        left_out=(outside("lamp-node", "bindings/node", "in lamp/"),),
    ),
    "a workspace with the package of a wheel in it": Layout(
        {
            "src/rust/Cargo.toml": WORKSPACE.format('"core", "py"'),
            "src/rust/core/Cargo.toml": CRATE.format("lamp-core"),
            "src/rust/py/Cargo.toml": CRATE.format("lamp-py") + CDYLIB,
            "src/rust/py/pyproject.toml": MATURIN.format("lamp"),
        },
        "src/rust",
        ("lamp-core",),
        ("lamp-py",),
        lock="src/rust/Cargo.lock",
        left_out=("lamp-py (crates: it is built into lamp)",),
    ),
    "a program that is a wheel, too": Layout(
        {
            "pyproject.toml": MATURIN.format("lamp")
            + '[tool.maturin]\nbindings = "bin"\n'
            'manifest-path = "rust/Cargo.toml"\n',
            "rust/Cargo.toml": CRATE.format("lamp"),
            "rust/src/main.rs": PROGRAM,
        },
        "rust",
        ("lamp",),
        lock="rust/Cargo.lock",
    ),
    "a crate for a wheel alone needs no workspace": Layout(
        {
            "pyproject.toml": MATURIN.format("lamp")
            + '[tool.maturin]\nmanifest-path = "rust/Cargo.toml"\n',
            "rust/Cargo.toml": CRATE.format("lamp-rust") + CDYLIB,
        },
        "",
    ),
    "an application's crate, which crates.io would refuse": Layout(
        {"src-tauri/Cargo.toml": HEAD.format("app")},
        "",
        left_out=(outside("app", "src-tauri", "at the root"),),
    ),
    "private crates are in no registry": Layout(
        {"native/Cargo.toml": PRIVATE.format("app")}, ""
    ),
    "crates of tests and examples, beside the one": Layout(
        {
            "core/Cargo.toml": CRATE.format("lamp"),
            "examples/one/Cargo.toml": CRATE.format("one"),
            "tests/two/Cargo.toml": CRATE.format("two"),
            "vendor/three/Cargo.toml": CRATE.format("three"),
        },
        "core",
        ("lamp",),
        lock="core/Cargo.lock",
    ),
    "two of which neither is named": Layout(
        {
            "core/Cargo.toml": CRATE.format("lamp"),
            "cli/Cargo.toml": CRATE.format("lamp-cli") + LAMP.format("../core"),
        },
        "",
        left_out=(
            SEVERAL.format("lamp-cli", "cli"),
            SEVERAL.format("lamp", "core"),
        ),
    ),
    "two of which the settings choose one": Layout(
        {
            "core/Cargo.toml": CRATE.format("lamp"),
            "cli/Cargo.toml": CRATE.format("lamp-cli"),
            "release-tasks.toml": '[crates]\nfolder = "core"\n',
        },
        "core",
        ("lamp",),
        lock="core/Cargo.lock",
        left_out=(outside("lamp-cli", "cli", "in core/"),),
    ),
    "two of which the settings name a crate": Layout(
        {
            "core/Cargo.toml": CRATE.format("lamp"),
            "cli/Cargo.toml": CRATE.format("lamp-cli"),
            "release-tasks.toml": '[crates.lamp-cli]\nfeatures = ["x"]\n',
        },
        "cli",
        ("lamp-cli",),
        lock="cli/Cargo.lock",
        left_out=(outside("lamp", "core", "in cli/"),),
    ),
    "a private server of which the settings name the program": Layout(
        {
            "server/Cargo.toml": PRIVATE.format("lampd")
            + '[[bin]]\nname = "lamp-server"\npath = "src/main.rs"\n',
            "server/src/main.rs": PROGRAM,
            "release-tasks.toml": "[binaries.lamp-server]\n"
            'x86_64-unknown-linux-gnu = "lamp-{version}"\n',
        },
        "server",
        (),
        ("lampd",),
        lock="server/Cargo.lock",
    ),
    "a crate, and a private program that the settings name": Layout(
        {
            "core/Cargo.toml": CRATE.format("lamp"),
            "server/Cargo.toml": PRIVATE.format("lampd"),
            "server/src/main.rs": PROGRAM,
            "release-tasks.toml": "[binaries.lampd]\n"
            'x86_64-unknown-linux-gnu = "lampd-{version}"\n',
        },
        "",
        left_out=(SEVERAL.format("lamp", "core"),),
    ),
    "a root that the settings do not want": Layout(
        {
            "Cargo.toml": PRIVATE.format("xtask") + "[workspace]\n",
            "rust/Cargo.toml": CRATE.format("lamp") + "[workspace]\n",
            "release-tasks.toml": '[crates]\nfolder = "./rust/"\n',
        },
        "rust",
        ("lamp",),
        lock="rust/Cargo.lock",
    ),
    "a package that names its workspace elsewhere": Layout(
        {
            "rust/Cargo.toml": WORKSPACE.format('"../plug"'),
            "plug/Cargo.toml": CRATE.format("lamp").replace(
                "[package]\n", '[package]\nworkspace = "../rust"\n'
            ),
        },
        "rust",
        ("lamp",),
        lock="rust/Cargo.lock",
    ),
}


def project(root: Path, files: dict[str, str]) -> Project:
    sources = {".gitignore": "target/\n"}
    for path in files:
        if path.endswith("Cargo.toml") and "[package]" in files[path]:
            sources[f"{path.removesuffix('Cargo.toml')}src/lib.rs"] = ""
    return discover(commit_files(root / "lamp", sources | files))


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_workspace_of_a_layout_is_found(name: str, tmp_path: Path) -> None:
    layout = LAYOUTS[name]
    found = project(tmp_path, layout.files)
    (component,) = found.components
    assert found.cargo_folder == layout.folder
    assert found.cargo_root == found.root / layout.folder
    assert found.cargo_lock == layout.lock
    published = resolved_or_raise(component.crates)
    assert tuple(one.name for one in published) == layout.published
    private = tuple(one.name for one in found.crates if not one.publish)
    assert private == layout.private
    assert found.left_out == layout.left_out


def test_a_folder_without_a_manifest_is_refused(tmp_path: Path) -> None:
    files = {
        "rust/Cargo.toml": CRATE.format("lamp"),
        "release-tasks.toml": '[crates]\nfolder = "rast"\n',
    }
    with pytest.raises(ReleaseError) as refusal:
        project(tmp_path, files)
    assert refusal.value.message == (
        "release-tasks.toml:2: [crates] folder: git tracks no rast/Cargo.toml\n"
        "fix: available: rust"
    )


def test_a_crate_of_one_of_several_workspaces_is_asked_for(
    tmp_path: Path,
) -> None:
    files = {
        "core/Cargo.toml": CRATE.format("lamp"),
        "server/Cargo.toml": PRIVATE.format("lampd"),
        "release-tasks.toml": '[crates]\nignore = ["lampd"]\n',
    }
    with pytest.raises(ReleaseError) as refusal:
        project(tmp_path, files)
    assert refusal.value.message == (
        "release-tasks.toml:2: [crates] ignore: there is no crate lampd\n"
        "fix: name the workspace that has it:\n"
        '[crates]\nfolder = "core"  # or server'
    )


def test_what_cargo_cannot_read_is_told_by_its_path_from_the_root(
    tmp_path: Path,
) -> None:
    files = {
        "rust/Cargo.toml": WORKSPACE.format('"lamp"'),
        "rust/lamp/Cargo.toml": CRATE.format("lamp") + '[lib]\npath = "no.rs"\n'
        '[dependencies]\nlamp = { path = "." }\nnothing = 3\n',
    }
    with pytest.raises(ReleaseError) as refusal:
        project(tmp_path, files)
    assert "`rust/Cargo.toml`" in refusal.value.problem
    assert str(tmp_path) not in refusal.value.problem
    # the help works as typed
    assert refusal.value.fix == "fix that manifest"
    fixed = {"rust/lamp/Cargo.toml": CRATE.format("lamp")}
    assert discover(commit_files(tmp_path / "lamp", fixed)).crates


def test_the_workspace_at_the_root_is_asked_of_cargo_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {
        "Cargo.toml": WORKSPACE.format('"lamp"'),
        "lamp/Cargo.toml": CRATE.format("lamp"),
        "other/Cargo.toml": CRATE.format("other") + "[workspace]\n",
    }
    calls: list[object] = []
    run = subprocess.Popen.__init__

    def recorded(self: object, argv: object, *rest: object, **more: object):
        calls.append(argv)
        return run(self, argv, *rest, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess.Popen, "__init__", recorded)
    project(tmp_path, files)
    cargo = [argv for argv in map(str, calls) if "metadata" in argv]
    assert len(cargo) == 1

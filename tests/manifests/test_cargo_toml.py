"""Cargo.toml: what is read, and whether the real cargo agrees with what is written."""

from __future__ import annotations

import subprocess

import pytest

from release_tasks.errors import ReleaseError
from release_tasks.manifests import cargo_toml
from release_tasks.manifests.version_locations import FileBump
from release_tasks.versions.requirements import updated

ROOT = """
[package]
name = "app"
version.workspace = true
publish = ["company"]

[lib]
name = "app_lib"

[[bin]]
name = "one"

[workspace]
members = ["crates/*"]

[workspace.package]
version = "0.3.0"
publish = false

[dependencies]
a = { workspace = true }
b = { path = "../b" }

[target.'cfg(unix)'.build-dependencies]
c = { package = "core", path = "../core", version = "0.3" }
"""


def test_a_manifest_is_read():
    found = cargo_toml.read(ROOT, "Cargo.toml")
    assert (found.name, found.version, found.inherits) == ("app", None, True)
    assert [pin[:4] for pin in found.pins] == [
        ("dependencies", "a", "a", None),
        ("dependencies", "b", "b", None),
        ("target.'cfg(unix)'.build-dependencies", "c", "core", "0.3"),
    ]
    assert [pin.folder for pin in found.pins] == [None, "../b", "../core"]
    assert found.pins[0].inherits


def test_every_copy_without_the_new_version_is_a_mismatch():
    assert cargo_toml.KIND.mismatches(
        ROOT, FileBump("Cargo.toml", {"core": "0.4.0"}, "0.4.0")
    ) == [
        "Cargo.toml:17: [workspace.package] version is 0.3.0, expected 0.4.0",
        "Cargo.toml:25: c in [target.'cfg(unix)'.build-dependencies] is 0.3, expected 0.4",
    ]


REQUIREMENTS = (
    "0.1.0",
    "0.1",
    "0",
    "^0.1.0",
    "~0.1",
    "=0.1.0",
    "=0.1",
    ">=0.1.0",
    ">=0.1, <0.2",
    ">=0.1.0, <0.2.0",
    ">=0.1, <2",
    "0.1.*",
    "*",
    "<3",
    ">0.0.9",
    "<=3.0",
    ">=0.1.0,<0.1.1",
)


@pytest.mark.tools("cargo")
@pytest.mark.parametrize(
    "version",
    ["0.2.0", "0.1.7", "1.0.0", "2.4.1", "0.2.0-rc.1", "0.1.0-alpha.2"],
)
def test_cargo_resolves_every_updated_requirement(tmp_path, version):
    """A dependency by path whose requirement leaves its version out is an error to cargo."""
    admitted = {}
    for index, requirement in enumerate(REQUIREMENTS):
        try:
            admitted[f"dep{index}"] = (
                requirement,
                updated(requirement, version),
            )
        except ReleaseError:
            assert "-" in version or requirement == ">=0.1, <2"
    names = dict.fromkeys(admitted, version)
    for name in admitted:
        write(
            tmp_path / name,
            cargo_toml.KIND.set_versions(
                crate(name, ""), FileBump("Cargo.toml", names)
            ),
        )
    pins = "".join(
        f'{name} = {{ path = "../{name}", version = "{old}" }}\n'
        for name, (old, _) in admitted.items()
    )
    bumped = cargo_toml.KIND.set_versions(
        crate("app", pins), FileBump("Cargo.toml", names)
    )
    assert all(
        f'version = "{new}" }}' in bumped for _, new in admitted.values()
    )
    assert len(admitted) >= 10
    write(tmp_path / "app", bumped)
    argv = (
        "cargo",
        "metadata",
        "--offline",
        "--format-version",
        "1",
        "--manifest-path",
        str(tmp_path / "app/Cargo.toml"),
    )
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def crate(name, pins):
    return (
        f'[package]\nname = "{name}"\nversion = "0.1.0"\nedition = "2021"\n\n[dependencies]\n'
        f"{pins}"
    )


def write(folder, text):
    (folder / "src").mkdir(parents=True)
    (folder / "src/lib.rs").write_text("")
    (folder / "Cargo.toml").write_text(text)


# A workspace of 500 crates: every version and every pin changes, and nothing else.
COUNT, OLD, NEW = 500, "0.9.9", "0.10.0"
NAMES = [f"crate-{number:03}" for number in range(COUNT)]
FORMS = (
    '{0} = "{1}"',
    '{0} = {{ path = "../{0}", version = "={1}" }}',
    '{0}.version = "^{1}"',
    'alias-{0} = {{ package = "{0}", version = "~{1}" }}',
    '{0} = {{ version = ">={1}", features = ["{1}"] }}',
    '"{0}" = "{1}" # was {1}',
)
VERSIONS = dict.fromkeys(NAMES, NEW)


def manifest(number: int, version: str) -> str:
    """A crate that needs the ten before it in different forms, and one of another project."""
    pins = [
        FORMS[other % len(FORMS)]
        .format(NAMES[other], version)
        .replace(f'["{version}"]', f'["{OLD}"]')
        .replace(f"was {version}", f"was {OLD}")
        for other in range(max(0, number - 10), number)
    ]
    head = [
        "[package]",
        f'name = "{NAMES[number]}"',
        f'version = "{version}"',
        'rust-version = "1.85.0"',
        "",
        "[dependencies]",
        f'serde = "{OLD}"',
    ]
    return "\n".join(
        [
            *head,
            *pins[::2],
            "",
            "[target.'cfg(unix)'.dev-dependencies]",
            *pins[1::2],
            "",
        ]
    )


@pytest.mark.statement("B1.5")
def test_every_pin_of_500_crates_changes_and_no_other_byte() -> None:
    for number in range(COUNT):
        path = f"crates/{NAMES[number]}/Cargo.toml"
        text = cargo_toml.KIND.set_versions(
            manifest(number, OLD), FileBump(path, VERSIONS)
        )
        assert text == manifest(number, NEW)
        assert cargo_toml.KIND.mismatches(text, FileBump(path, VERSIONS)) == []


def test_one_stale_crate_among_500_is_reported() -> None:
    newer = VERSIONS | {NAMES[7]: "0.11.0"}
    sentences = [
        line
        for number in range(COUNT)
        for line in cargo_toml.KIND.mismatches(
            manifest(number, NEW), FileBump(f"{number}/Cargo.toml", newer)
        )
    ]
    assert len(sentences) == 11
    assert (
        sentences[0]
        == f"7/Cargo.toml:3: [package] version is {NEW}, expected 0.11.0"
    )

"""What crates.io refuses: the check, the build step and the local registry give one answer."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.package_clients import crate
from support.repositories import write_files

from release_tasks.building.crates import tarball_refusals
from release_tasks.rehearsal.crates_io import publish
from release_tasks.rehearsal.crates_io.checks import check_tarball
from release_tasks.rehearsal.crates_io.store import Refused
from release_tasks.rules import crates_io as rules

NAMES = [
    ("a", True),
    ("A-b_9", True),
    ("n" * 64, True),
    ("n" * 65, False),
    ("", False),
    ("9a", False),
    ("-a", False),
    ("_a", False),
    ("a.b", False),
    ("a b", False),
    ("é", False),
]


@pytest.mark.parametrize(("name", "is_accepted"), NAMES)
def test_names(name: str, is_accepted: bool) -> None:
    assert (rules.name(name) == []) is is_accepted


@pytest.mark.parametrize("name", ["std", "Core", "proc_macro", "nul", "COM1"])
def test_names_that_nobody_may_have(name: str) -> None:
    assert rules.reserved_name(name) == [
        "cannot upload a crate with a reserved name"
    ]


SIMILAR = [
    ("shop-a", "shop_a", False),
    ("shop-a", "Shop-A", False),
    ("shop-a_b", "shop_a-b", False),
    ("shop-a", "shop-a", True),
    ("shop-a", "shopa", True),
    ("shop-a", "shop--a", True),
]


@pytest.mark.parametrize(("name", "other", "is_accepted"), SIMILAR)
def test_names_that_differ_in_case_and_separators_are_one(
    name: str, other: str, is_accepted: bool
) -> None:
    refused = rules.similar_name(name, [other])
    assert refused == (
        [] if is_accepted else [f"crate was previously named `{other}`"]
    )


VERSIONS = [
    ("0.1.0", True),
    ("1.0.0-rc.1+5", True),
    ("0.2.0+3.4.5", True),
    ("1.0", False),
    ("v1.0.0", False),
    ("1.0.0-01", False),
    ("01.0.0", False),
    (f"1.0.0-{'a' * 150}", False),
]


@pytest.mark.parametrize(("version", "is_accepted"), VERSIONS)
def test_versions(version: str, is_accepted: bool) -> None:
    assert (rules.version(version) == []) is is_accepted


def test_a_tarball_has_at_most_ten_mebibytes() -> None:
    assert rules.size(10 << 20) == []
    assert rules.size((10 << 20) + 1) == ["max upload size is: 10485760"]


def test_a_tarball_unpacks_to_at_most_512_mebibytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert rules.unpacked_size(512 << 20) == []
    said = rules.unpacked_size((512 << 20) + 1)
    data = crate(manifest(1, WELL))
    path = tmp_path / "shop-1-0.1.0.crate"
    path.write_bytes(data)
    assert list(tarball_refusals(path)) == []
    monkeypatch.setattr(rules, "MAX_UNPACKED", 600)
    assert list(tarball_refusals(path)) == [("crate-too-large", said[0])]
    with pytest.raises(Refused) as refused:
        check_tarball({"name": "shop-1", "vers": "0.1.0"}, data)
    assert str(refused.value) == said[0]


WELL: dict[str, Any] = {"description": "Sells things", "license": "MIT"}
URLS = (
    ("https://a.example", True),
    ("http://a.example/x?y#z", True),
    ("HTTPS://a.example", False),
    ("a.example", False),
    ("https://", False),
    ("https:///a.example", True),
    ("https:////a.example/x", True),
    ("https:///", False),
    ("https://?x", False),
    ("https://a.example/x y", True),
    ("https://a.example/ä?ö", True),
    ("https://ä.example", True),
    ("https://a.example:8080/x", True),
    ("https://a.example:/x", True),
    ("https://a.example:port", False),
    ("https://a.example:65536", False),
    ("https://me:secret@a.example/x", True),
    ("https://[::1]:80/x", True),
    ("https://[::1/x", False),
    ("https://[::g]/", False),
    ("https://1.2.3.4/", True),
    ("https://1.2.3", True),
    ("https://256.1.1.1", False),
    ("https://1.2.3.4.5", False),
    ("https://a<b>.example", False),
    ("https://a%20b.example", False),
    ("https://a_b.example", True),
    ("ftp://a.example", False),
    ("git@a.example:o/r.git", False),
    ("https://a b.example", False),
    ("", False),
)
LICENSES = (
    ("MIT OR Apache-2.0", True),
    ("MIT/Apache-2.0", True),
    ("(MIT OR Apache-2.0) AND Unicode-3.0", True),
    ("GPL-2.0-only WITH Classpath-exception-2.0", True),
    ("GPL-3.0-or-later", True),
    ("LicenseRef-Ours", True),
    ("MIT and more", False),
    ("mit", False),
    ("AGPL-3", False),
    ("MIT or Apache-2.0", False),
    ("Proprietary", False),
    ("MIT OR", False),
)
WORDS = (
    (["a"], True),
    (["3d"], True),
    (["c++", "no_std", "a-b"], True),
    (["k" * 20], True),
    (["k" * 21], False),
    (["-a"], False),
    (["+a"], False),
    (["two words"], False),
    (["é"], False),
    ([""], False),
    (list("abcde"), True),
    (list("abcdef"), False),
)
RUSTS = (("1", True), ("1.81", True), ("1.81.0", True))
DESCRIPTIONS = (
    ("d" * 1000, True),
    ("d" * 1001, False),
    ("é" * 500, True),
    ("é" * 501, False),
    ("", False),
)


def packages() -> list[tuple[dict[str, Any], str, bool]]:
    """Return `[package]`, further tables, and whether crates.io takes such a crate."""
    rows: list[tuple[dict[str, Any], str, bool]] = [
        (WELL, "", True),
        ({"license": "MIT"}, "", False),
        ({"description": "Sells things"}, "", False),
        ({}, "", False),
        ({"description": "Sells things", "license-file": "LICENSE"}, "", True),
    ]
    singles = {
        "license": LICENSES,
        "keywords": WORDS,
        "rust-version": RUSTS,
        "description": DESCRIPTIONS,
    }
    singles |= dict.fromkeys(("homepage", "documentation", "repository"), URLS)
    for key, values in singles.items():
        for value, is_accepted in values:
            rows.append((WELL | {key: value}, "", is_accepted))
    rows += [
        (WELL | {"categories": ["os"] * n}, "", n < 6) for n in range(4, 8)
    ]
    rows += [(WELL, tables, is_accepted) for tables, is_accepted in TABLES]
    return rows


def feature_table(count: int, enabled: int = 0) -> str:
    lines = [f"f{number} = []" for number in range(count - 1)]
    lines.append(
        f"g = {json.dumps([f'f{number}' for number in range(enabled)])}"
    )
    return "[features]\n" + "\n".join(lines) + "\n"


def dependency_table(count: int) -> str:
    lines = "".join(f'd{number} = "1"\n' for number in range(count))
    return f"[dependencies]\n{lines}"


TABLES = (
    (feature_table(300), True),
    (feature_table(301), False),
    (feature_table(300, enabled=299), True),
    (dependency_table(500), True),
    (dependency_table(501), False),
    ('[dependencies]\nd = "1"\n', True),
    ('[dependencies]\nd = ">=0.1, <3"\n', True),
    ('[dependencies]\nd = "*"\n', False),
    ('[dev-dependencies]\nd = "*"\n', False),
    ('[build-dependencies]\nd = "*"\n', False),
    ('[dependencies]\nd = "1.*"\n', True),
    ("[target.'cfg(unix)'.dependencies]\nd = \"*\"\n", False),
    (
        '[dependencies]\nd = { version = "1", registry-index = "https://a.example/i" }\n',
        False,
    ),
    (
        '[dev-dependencies]\nd = { version = "1", registry-index = "https://a.example/i" }\n',
        False,
    ),
    ('[dependencies]\ne = { version = "1", package = "d" }\n', True),
    ('[dependencies]\nd = "x"\n', False),
    ('[dependencies]\n_e = { version = "1", package = "d" }\n', True),
    ('[dependencies]\n"größe" = { version = "1", package = "d" }\n', False),
    ('[dependencies]\n"größe" = "1"\n', False),
    (
        f'[dependencies]\n{"e" * 65} = {{ version = "1", package = "d" }}\n',
        False,
    ),
    ('[dependencies]\nd = { version = "1", features = ["größe"] }\n', True),
    ('[features]\n"größe" = []\n"c++17" = ["größe"]\n"1st.a-b" = []\n', True),
    (
        '[features]\nf = ["dep:d", "d?/größe"]\n'
        '[dependencies]\nd = { version = "1", optional = true }\n',
        True,
    ),
    (
        "[target.'cfg(unix)'.dependencies]\nd = \"1\"\n"
        "[target.'cfg(windows)'.dependencies]\nd = \"2\"\n",
        True,
    ),
)


def manifest(number: int, package: Mapping[str, Any]) -> dict[str, Any]:
    """Return `[package]` of the crate with this number."""
    about = {"name": f"shop-{number}", "version": "0.1.0", "edition": "2015"}
    return about | dict(package)


@pytest.mark.tools("cargo")
@pytest.mark.quick
def test_check_build_step_and_local_registry_give_the_same_answer(
    tmp_path: Path,
) -> None:
    rows = packages()
    texts = {
        "Cargo.toml": '[workspace]\nmembers = ["crates/*"]\nresolver = "2"\n'
    }
    for number, (package, tables, _) in enumerate(rows):
        folder = f"crates/shop-{number}"
        lines = ["[package]"]
        for key, value in manifest(number, package).items():
            lines.append(f"{key} = {json.dumps(value)}")
        texts[f"{folder}/Cargo.toml"] = "\n".join([*lines, tables])
        texts[f"{folder}/src/lib.rs"] = ""
    write_files(tmp_path, texts)
    argv = ["cargo", "metadata", "--no-deps", "--offline", "--format-version=1"]
    said = subprocess.run(argv, cwd=tmp_path, check=True, capture_output=True)
    known = {one["name"]: one for one in json.loads(said.stdout)["packages"]}
    for number, (package, tables, is_accepted) in enumerate(rows):
        own = manifest(number, package)
        published = rules.as_published(known[own["name"]])
        checked = [
            refusal.text for refusal in rules.manifest_refusals(published)
        ]
        data = crate(own, tables)
        tarball = tmp_path / f"{own['name']}-0.1.0.crate"
        tarball.write_bytes(data)
        built = [text for _, text in tarball_refusals(tarball)]
        uploaded = answer(own, data)
        answers = (checked == [], built == [], uploaded == "")
        assert (own, tables, answers) == (own, tables, (is_accepted,) * 3)
        assert uploaded in ("", *checked)


def answer(package: Mapping[str, Any], data: bytes) -> str:
    """Return what the local registry says to an upload, "" where it takes it."""
    try:
        check_tarball(
            {"name": package["name"], "vers": package["version"]}, data
        )
    except Refused as error:
        return error.detail
    return ""


ALIASES = [
    ("d", True),
    ("_d", True),
    ("d-1_2", True),
    ("d" * 64, True),
    ("d" * 65, False),
    ("1d", False),
    ("größe", False),
    ("d.e", False),
]


@pytest.mark.parametrize(("name", "is_accepted"), ALIASES)
def test_names_that_a_manifest_gives_to_dependencies(
    name: str, is_accepted: bool
) -> None:
    assert (rules.alias(name) == []) is is_accepted


ENABLED = [
    ("std", True),
    ("größe", True),
    ("c++17", True),
    ("1st", True),
    ("dep:serde", True),
    ("serde/std", True),
    ("serde?/std", True),
    ("", False),
    ("+std", False),
    ("a b", False),
    ("serde/", False),
    ("dep:größe", False),
    ("größe/std", False),
]


@pytest.mark.parametrize(("value", "is_accepted"), ENABLED)
def test_what_a_feature_enables(value: str, is_accepted: bool) -> None:
    assert (rules.feature(value) == []) is is_accepted


FILES = [
    ("src/lib.rs", True),
    ("data/größe (1)+x.txt", True),
    ("a:b/c.txt", True),  # cargo looks at the last part only
    ("data/a:b.txt", False),
    ("data/what?.txt", False),
    ('data/"x".txt', False),
    ("data/a|b", False),
    ("data/a\\b", False),
]


@pytest.mark.parametrize(("path", "is_accepted"), FILES)
def test_names_of_files_that_cargo_packs(path: str, is_accepted: bool) -> None:
    assert (rules.packed_name(path) == []) is is_accepted


SIZES = [(0, True), (1 << 20, True), ((1 << 20) + 1, False)]


@pytest.mark.parametrize(("size", "is_accepted"), SIZES)
def test_sizes_of_what_is_sent_with_a_tarball(
    size: int, is_accepted: bool
) -> None:
    assert (rules.metadata_size(size) == []) is is_accepted


READMES = ["x" * 1000, "x" * 1_048_600, '"' * 600_000, "ä" * 400_000]


@pytest.mark.parametrize("readme", READMES)
def test_build_step_and_local_registry_agree_about_a_readme(
    tmp_path: Path, readme: str
) -> None:
    own = manifest(0, WELL) | {"readme": "README.md"}
    data = crate(own, files={"README.md": readme})
    tarball = tmp_path / f"{own['name']}-0.1.0.crate"
    tarball.write_bytes(data)
    built = [check for check, _ in tarball_refusals(tarball)]
    sent = {"name": own["name"], "vers": "0.1.0", "readme": readme}
    body = b""
    for part in (json.dumps(sent, ensure_ascii=False).encode(), data):
        body += len(part).to_bytes(4, "little") + part
    uploaded = ""
    try:
        publish._split(body)
    except Refused as error:
        uploaded = error.detail
    assert (built == ["readme-too-large"]) is bool(uploaded)
    assert uploaded in ("", "JSON metadata blob too large")

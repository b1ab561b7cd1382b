"""PyPI's rules, a row for each value that is accepted and each that is refused."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from support.package_clients import sdist, wheel

from release_tasks.rules import pypi, pypi_files

LONG = "x" * 33
BASE = {"metadata_version": "2.4", "name": "rehearsed", "version": "0.1.0"}
NEW_NAMES = [
    ("acme-snipe", ""),
    ("tests", ""),
    ("os", "Standard Library"),
    ("OS.path", "Standard Library"),
    ("unittest-mock", "Standard Library"),
    ("tomllib", "Standard Library"),
    ("asyncore", "Standard Library"),  # of an older Python
    ("acme-too1", "too similar"),
    ("acmetooI", "too similar"),
    ("Acme.T00l", "too similar"),
    ("acme-tool-s", ""),
]
URLS = [
    ("https://example.org", ""),
    ("http://example.org/a?b=c#d", ""),
    ("HTTPS://example.org", ""),
    ("https:example.org", ""),  # an authority is not needed
    ("example.org", "is not a valid url"),
    ("git://example.org/x", "is not a valid url"),
    ("mailto:a@example.org", "is not a valid url"),
    ("//example.org/x", "is not a valid url"),
]
LABELS = [
    ("Homepage", "https://example.org", ""),
    (LONG[1:], "https://example.org", ""),
    (LONG, "https://example.org", "must be 32 characters or less"),
    ("", "https://example.org", "Must have a label"),
    ("Homepage", "", "Must have a URL"),
    ("Homepage", "ftp://example.org", "is not a valid url"),
]
EMAILS = [
    ("ada@example.org", ""),
    ("Ada <ada@example.org>", ""),
    ('"Lovelace, Ada" <ada@example.org>', ""),
    ("ada+x@mail.example.org", ""),
    ("adä@exämple.org", ""),
    ("Ada <ada@example.org>, Bob <bob>", ""),  # of several, none is looked at
    ("", ""),
    ("ada@localhost", "not a valid email"),
    ("ada@example", "not a valid email"),
    ("ada at example.org", "not a valid email"),
    ("ada@example..org", "not a valid email"),
    ("ada@x.test", "not a valid email"),
    ("Ada <ada>", "not a valid email"),
]
CLASSIFIERS = [
    ("Programming Language :: Rust", ""),
    ("Typing :: Typed", ""),
    ("License :: OSI Approved :: MIT License", ""),
    ("License :: OSI Approved :: MIT", "is not a valid classifier"),
    ("programming language :: rust", "is not a valid classifier"),
    ("Programming Language :: Python :: 3.99", "is not a valid classifier"),
    ("Private :: Do Not Upload", "is not a valid classifier"),
    (
        "Natural Language :: Ukranian",
        "use one of ['Natural Language :: Ukrainian']",
    ),
]
REQUIREMENTS = [
    ("tqdm", ""),
    ("tqdm[notebook]>=4; python_version < '3.12'", ""),
    ("tqdm @ https://example.org/tqdm.whl", "Can't have direct dependency"),
    ("tqdm@git+https://example.org/tqdm", "Can't have direct dependency"),
    ("tqdm @ file:///work/tqdm ; extra == 'x'", "Can't have direct dependency"),
    ("tqdm >= 4 beta", "is invalid"),
]
PLATFORMS = """any win32 win_amd64 win_arm64 linux_armv6l linux_armv7l manylinux1_i686
manylinux2010_x86_64 manylinux2014_aarch64 manylinux2014_armv7l manylinux2014_ppc64
manylinux2014_s390x manylinux_2_17_x86_64 manylinux_2_28_ppc64 manylinux_2_31_armv7l
manylinux_2_39_riscv64 musllinux_1_2_x86_64 musllinux_1_2_armv7l musllinux_1_2_riscv64
macosx_10_9_x86_64 macosx_10_12_universal2 macosx_11_0_arm64 macosx_13_0_arm64
macosx_15_0_universal2 macosx_26_0_arm64 ios_13_0_arm64_iphoneos
ios_13_0_x86_64_iphonesimulator android_21_arm64_v8a android_24_x86_64
pyemscripten_2025_0_wasm32"""
OTHER_PLATFORMS = """linux_x86_64 linux_aarch64 manylinux_2_28_armv6l manylinux2014_riscv64
manylinux1_aarch64 manylinux_2_28_loongarch64 musllinux_1_2_ppc64 musllinux_x86_64
macosx_11_1_arm64 macosx_13_3_arm64 macosx_16_0_arm64 macosx_25_0_arm64 macosx_27_0_arm64
macosx_11_0_aarch64 win_x86_64 windows_amd64 freebsd_14_amd64 pyodide_2024_0_wasm32
ios_13_0_arm64 android_arm64_v8a emscripten_3_1_wasm32"""


def said(found: list[str], words: str) -> bool:
    if not words:
        return found == []
    return len(found) == 1 and words in found[0]


@pytest.mark.parametrize(("name", "words"), NEW_NAMES)
def test_a_new_name_is_no_module_and_like_no_other(
    name: str, words: str
) -> None:
    assert said(pypi.new_name(name, ["acme-tool"]), words)


@pytest.mark.parametrize(
    ("check", "value", "words"),
    [
        *((pypi.url, *row) for row in URLS),
        *((pypi.email, *row) for row in EMAILS),
        *((pypi.classifier, *row) for row in CLASSIFIERS),
        *((pypi.requirement, *row) for row in REQUIREMENTS),
    ],
)
def test_a_value_is_accepted_or_refused(
    check: Callable[[str], list[str]], value: str, words: str
) -> None:
    assert said(check(value), words), check(value)


@pytest.mark.parametrize(("label", "address", "words"), LABELS)
def test_an_address_has_a_label(label: str, address: str, words: str) -> None:
    assert said(pypi.project_url(label, address), words)


@pytest.mark.parametrize("tag", PLATFORMS.split())
def test_a_platform_of_the_list_is_accepted(tag: str) -> None:
    assert pypi_files.platform_tag(tag) == []


@pytest.mark.parametrize("tag", OTHER_PLATFORMS.split())
def test_another_platform_is_refused(tag: str) -> None:
    assert pypi_files.platform_tag(tag) == [f"unsupported platform tag '{tag}'"]


def test_of_several_faults_that_of_the_version_comes_first() -> None:
    raw = BASE | {
        "version": "1.0+local",
        "summary": "x" * 513,
        "classifiers": ["x"],
    }
    fields = [refusal.field for refusal in pypi.metadata(raw)]
    assert fields == ["version", "classifier", "summary"]


def test_a_license_has_a_text_or_an_expression() -> None:
    raw = BASE | {"license": "MIT", "license_expression": "MIT"}
    assert [refusal.field for refusal in pypi.metadata(raw)] == ["license"]
    assert pypi.metadata(BASE | {"license": "MIT"}) == []


def test_a_large_file_shows_that_the_limit_was_raised() -> None:
    size = (100 << 20) + 1
    assert "100 MB" in pypi_files.file_size(size, "rehearsed")[0]
    assert pypi_files.file_size(size, "rehearsed", largest=size) == []
    assert (
        "1024 MB" in pypi_files.file_size(1 << 31, "rehearsed", largest=size)[0]
    )


def packed(
    *names: str, flags: int = 0, after: bytes = b"", comment: bytes = b""
) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            info = zipfile.ZipInfo(name)
            info.comment = comment
            archive.writestr(info, "x")
    data = bytearray(out.getvalue())
    data[6] |= flags
    return bytes(data) + after


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (packed("a", "b/c"), ""),
        (
            packed("a", "b").replace(b"b", b"a"),
            "Duplicate filename in local headers",
        ),
        (packed("a", after=b"more"), "Trailing data"),
        (packed("a", flags=8), "ZIP contains a data descriptor"),
        (packed("a", comment=b"about"), "Comment in central directory"),
        (packed("a\x01b"), "Invalid character in filename"),
    ],
)
def test_a_zip_shows_every_reader_the_same(content: bytes, words: str) -> None:
    found = pypi_files.zip_entries(content)
    assert (not found and not words) or words in found[0]


@pytest.mark.parametrize(
    ("text", "is_refused"),
    [
        ("[console_scripts]\nacme = acme:main\n", False),
        ("[acme.plugins]\na b = acme:main\n", False),
        ("[console_scripts]\n../acme = acme:main\n", True),
        ("[gui_scripts]\na b = acme:main\n", True),
        ("acme = acme:main\n", True),
        ("[console_scripts]\nacme: acme:main\n", True),
    ],
)
def test_a_script_has_a_name_without_a_path(
    text: str, is_refused: bool
) -> None:
    assert bool(pypi_files.entry_points("x.whl", text.encode())) == is_refused


def test_a_file_has_the_name_of_its_metadata(tmp_path: Path) -> None:
    folder = tmp_path
    made = wheel(folder)
    assert pypi_files.refusals(made.name, made.read_bytes()) == []
    found = pypi_files.refusals(
        "rehearsed-0.1.0-py3-none-linux_x86_64.whl", made.read_bytes()
    )
    assert "has an unsupported platform tag 'linux_x86_64'" in found[0]
    source = sdist(folder)
    assert pypi_files.refusals(source.name, source.read_bytes()) == []
    found = pypi_files.refusals("rehearsed-0.1.tar.gz", source.read_bytes())
    assert "should be 'rehearsed-0.1.0.tar.gz'" in found[0]
    assert pypi_files.refusals("rehearsed-0.1.0.exe", b"")[0].startswith(
        "Invalid file ext"
    )
    assert pypi_files.refusals(made.name, b"no zip") == [
        "Invalid distribution file. File is not a zipfile"
    ]


def test_license_files_of_old_metadata_are_not_sent() -> None:
    text = b"Metadata-Version: %s\nName: a\nVersion: 1\nLicense-File: LICENSE\n"
    raw, unread = pypi.read_metadata(text % b"2.1")
    assert (raw.get("license_files"), unread, pypi.metadata(raw)) == (
        None,
        [],
        [],
    )
    raw, unread = pypi.read_metadata(text % b"2.4")
    assert raw["license_files"] == ["LICENSE"]

"""The check, the built file and the local PyPI give one answer for the same distribution.

Each case is written three times: as pyproject.toml, which the check reads before a release; as
the METADATA of a wheel, which the build step reads; and as the form that twine makes of that
wheel, which the local PyPI answers.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
from support.package_clients import wheel
from twine.exceptions import InvalidDistribution
from twine.package import PackageFile

from release_tasks.manifests import core_metadata
from release_tasks.rehearsal.pypi.app import PyPI
from release_tasks.rehearsal.upstream import Upstream
from release_tasks.rehearsal.web import Request
from release_tasks.rules import pypi, pypi_files

TOKEN = "pypi-token"
BAD_URLS = (
    "example.org",
    "git://example.org/x",
    "ftp://example.org",
    "mailto:a@b.org",
    "//x.org",
)
GOOD_URLS = (
    "https://example.org",
    "http://example.org/a?b=c",
    "https://example.org/a#b",
)
EMAILS = """ada@example.org ada+x@example.org ada@localhost ada@example ada@x.test ada
ada@example..org .ada@example.org ada@-example.org ada@example.org. a..da@example.org
ada@x.invalid ada@example.c ada@[127.0.0.1] ada@example.onion ada_l@example.co.uk"""
CLASSIFIERS = (
    "Development Status :: 4 - Beta",
    "Environment :: Console",
    "License :: OSI Approved :: MIT License",
    "License :: OSI Approved :: Apache Software License",
    "License :: OSI Approved :: MIT",
    "License :: MIT",
    "Programming Language :: Python :: 3",
    "Programming Language :: Python :: 3.12",
    "Programming Language :: Python :: 3.99",
    "Programming Language :: Python 3",
    "Programming Language :: Rust",
    "programming language :: rust",
    "Topic :: Software Development",
    "Topic :: Communications :: Chat :: AOL Instant Messenger",
    "Natural Language :: Ukranian",
    "Typing :: Typed",
    "Typing :: Untyped",
    "Operating System :: Linux",
    "Operating System :: POSIX :: Linux",
    "Framework :: Django :: 5.0",
    "Framework :: Acme",
    "Intended Audience :: Everyone",
)
REQUIREMENTS = (
    "tqdm",
    "tqdm>=4",
    "tqdm[notebook]>=4,<5",
    "tqdm; python_version < '3.12'",
    "tqdm==4.*",
    "tqdm~=4.1",
    "tqdm===4.1",
    "tqdm @ https://example.org/tqdm-4.whl",
    "tqdm @ git+https://example.org/tqdm.git@main",
    "tqdm @ file:///work/tqdm",
    "tqdm[x] @ https://example.org/tqdm-4.whl",
    "tqdm@git+ssh://git@example.org/tqdm",
    "tqdm >= four",
    "tqdm >= 4 beta",
    "tqdm =4",
    "-tqdm",
    "tqdm; python_version < three",
)
LICENSES = (
    "MIT",
    "mit",
    "Apache-2.0",
    "MIT OR Apache-2.0",
    "(MIT OR Apache-2.0) AND BSD-3-Clause",
    "GPL-3.0",
    "GPL-3.0-or-later",
    "Apache-2.0 WITH LLVM-exception",
    "LicenseRef-Acme",
    "MIT/Apache-2.0",
    "Apache 2.0",
    "MIT OR",
    "BSD",
    "Proprietary",
    "MIT License",
    "MIT AND (Apache-2.0",
    "UNLICENSED",
)
PYTHONS = (
    ">=3.9",
    ">=3.9,<4",
    "~=3.9",
    "==3.*",
    ">=3.9.*",
    "3.9",
    "three",
    ">= 3.9",
    "",
)
CONTENT_TYPES = (
    "text/markdown",
    "text/markdown; charset=UTF-8; variant=GFM",
    "text/markdown; variant=Other",
    "text/x-rst; charset=ascii",
    "text/plain",
    "text/html",
    "markdown",
)
OUTER_LICENSES = ("../LICENSE", "/LICENSE", "a/../LICENSE", "a\\LICENSE")
SUMMARIES = (
    "A package",
    "x" * 512,
    "x" * 513,
    "x" * 2000,
    "with 'quotes' and - dashes",
)
LABELS = (
    "Homepage",
    "x" * 32,
    "x" * 33,
    "Corresponding source of all media files",
    "Bug Tracker",
)
NAMES = (
    "zqh",
    "zqh-a",
    "Zqh.A_b",
    "zqh--a",
    "zqh2",
    "os",
    "unittest-mock",
    "re",
    "Test",
    "tests",
)
VERSIONS = (
    "0.2.0",
    "1",
    "1.0rc1",
    "1.0.post2",
    "2!1.0",
    "1.0+local",
    "1.0.dev3",
)


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


Case = tuple[str, str, str]  # what it is, lines of [project], lines of METADATA


def cases() -> list[Case]:
    found: list[Case] = [("nothing more", "", "")]
    for text in CLASSIFIERS:
        found.append(
            (text, f"classifiers = [{quoted(text)}]", f"Classifier: {text}")
        )
    for text in REQUIREMENTS:
        found.append(
            (text, f"dependencies = [{quoted(text)}]", f"Requires-Dist: {text}")
        )
        extra = f"optional-dependencies = {{ gpu = [{quoted(text)}] }}"
        row = core_metadata._with_extra(text, "gpu")
        found.append(
            (
                f"{text} in gpu",
                extra,
                f"Provides-Extra: gpu\nRequires-Dist: {row}",
            )
        )
    for text in LICENSES:
        found.append(
            (text, f"license = {quoted(text)}", f"License-Expression: {text}")
        )
        table = f"license = {{ text = {quoted(text)} }}"
        found.append((f"text {text}", table, f"License: {text}"))
    for text in PYTHONS:
        found.append(
            (
                text,
                f"requires-python = {quoted(text)}",
                f"Requires-Python: {text}",
            )
        )
    for text in SUMMARIES:
        found.append(
            (text[:40], f"description = {quoted(text)}", f"Summary: {text}")
        )
    for text in (*GOOD_URLS, *BAD_URLS):
        found.append(
            (text, f'urls = {{ A = "{text}" }}', f"Project-URL: A, {text}")
        )
    for text in LABELS:
        url = "https://example.org"
        found.append(
            (
                text,
                f'urls = {{ "{text}" = "{url}" }}',
                f"Project-URL: {text}, {url}",
            )
        )
    for text in EMAILS.split():
        for key, field in (
            ("authors", "Author"),
            ("maintainers", "Maintainer"),
        ):
            person = f'{key} = [{{ email = "{text}" }}]'
            found.append((f"{key} {text}", person, f"{field}-Email: {text}"))
        person = f'authors = [{{ name = "Ada", email = "{text}" }}]'
        found.append((f"Ada {text}", person, f"Author-Email: Ada <{text}>"))
    return found


@pytest.fixture
def local(tmp_path: Path) -> PyPI:
    return PyPI(
        tmp_path / "pypi", TOKEN, Upstream(tmp_path / "cache", offline=True)
    )


def answer_of_the_check(
    folder: Path, lines: str, name: str = "zqh", version: str = "0.2.0"
) -> list[str]:
    text = f"[project]\nname = {quoted(name)}\n{lines}\n"
    (folder / "pyproject.toml").write_text(text)
    written = core_metadata.written_metadata(
        folder, "pyproject.toml", version, ()
    )
    refusals = [refusal.text for refusal in pypi.metadata(written.raw)]
    return refusals + pypi.new_name(name)


def made(
    folder: Path, lines: str, name: str = "zqh", version: str = "0.2.0"
) -> Path:
    """Return a wheel with these lines in its METADATA."""
    metadata = (
        f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n{lines}\n"
    )
    return wheel(folder / "dist", name, version, metadata=metadata)


def answer_of_the_build(path: Path) -> list[str]:
    return pypi_files.refusals(path.name, path.read_bytes())


def answer_of_the_local_pypi(
    local: PyPI, path: Path, fields: Mapping[str, Any]
) -> int:
    """Return the status with which a form is answered."""
    rows = [(":action", "file_upload"), ("protocol_version", "1")]
    for key, value in fields.items():
        if isinstance(value, dict):  # as twine writes addresses
            value = [f"{label}, {url}" for label, url in value.items()]
        if key == "keywords":
            value = ",".join(value)
        texts = value if isinstance(value, list) else [value]
        rows += [(key, text) for text in texts]
    file = {
        "content": (path.name, path.read_bytes(), "application/octet-stream")
    }
    sent = requests.Request(
        "POST", "http://pypi/legacy/", data=rows, files=file
    ).prepare()
    headers = {key.lower(): str(value) for key, value in sent.headers.items()}
    credential = base64.b64encode(f"__token__:{TOKEN}".encode()).decode()
    headers["authorization"] = f"Basic {credential}"
    assert isinstance(sent.body, bytes)
    request = Request(
        "POST", "/legacy/", headers, "http://pypi", stream=io.BytesIO(sent.body)
    )
    return local.handle(request).status


def fields_of(path: Path) -> Mapping[str, Any] | None:
    """Return what twine would send, None where it refuses the file itself."""
    try:
        return PackageFile.from_filename(str(path), None).metadata_dictionary()
    except InvalidDistribution:
        return None


def cases_of_files() -> list[Case]:
    """Return what pyproject.toml says of the readme and of the files with licenses."""
    found: list[Case] = []
    for text in CONTENT_TYPES:
        table = f'readme = {{ text = "x", content-type = "{text}" }}'
        found.append((text, table, f"Description-Content-Type: {text}"))
    for text in OUTER_LICENSES:
        row = f"license-files = [{quoted(text)}]"
        found.append((text, row, f"License-File: {text}"))
    return found


CASES = cases() + cases_of_files()


def test_there_are_enough_cases_of_both_kinds(tmp_path: Path) -> None:
    answers = [answer_of_the_check(tmp_path, lines) for _, lines, _ in CASES]
    refused = [answer for answer in answers if answer]
    assert len(CASES) >= 150
    assert len(refused) >= 60
    assert len(CASES) - len(refused) >= 60


@pytest.mark.parametrize(
    ("written", "lines"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_check_build_and_local_pypi_agree(
    tmp_path: Path, local: PyPI, written: str, lines: str
) -> None:
    checked = answer_of_the_check(tmp_path, written)
    path = made(tmp_path, lines)
    built = answer_of_the_build(path)
    assert bool(checked) == bool(built), (checked, built)
    fields = fields_of(path)
    if fields is None:
        assert built, "twine refuses what the build accepts"
        return
    status = answer_of_the_local_pypi(local, path, fields)
    assert (status == 400) == bool(built), (status, built)


@pytest.mark.parametrize("name", NAMES)
def test_they_agree_about_a_name(
    tmp_path: Path, local: PyPI, name: str
) -> None:
    checked = answer_of_the_check(tmp_path, "", name)
    path = made(tmp_path, "", name)
    fields = fields_of(path)
    assert fields is not None
    status = answer_of_the_local_pypi(local, path, fields)
    assert (status == 400) == bool(checked), checked


@pytest.mark.parametrize("version", VERSIONS)
def test_they_agree_about_a_version(
    tmp_path: Path, local: PyPI, version: str
) -> None:
    checked = answer_of_the_check(tmp_path, "", version=version)
    path = made(tmp_path, "", version=version)
    assert bool(checked) == bool(answer_of_the_build(path))
    fields = fields_of(path)
    assert fields is not None
    assert (answer_of_the_local_pypi(local, path, fields) == 400) == bool(
        checked
    )

"""Every parser of texts and files that others may have written, and pieces of what it reads."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from release_tasks import dist, printable
from release_tasks.changelogs import changelog, dates, document
from release_tasks.formats import (
    checksums,
    dockerfile,
    oci_layout,
    text_files,
    unpacking,
    yaml_texts,
)
from release_tasks.http import Answer
from release_tasks.manifests import (
    chart_lock,
    chart_yaml,
    json_values,
    python_values,
    toml_values,
    xml_values,
    yaml_values,
)
from release_tasks.project import settings_file
from release_tasks.rules import oci, pypi_files
from release_tasks.tools import remotes
from release_tasks.tools.cargo import lock as cargo_lock
from release_tasks.versions import (
    helm_ranges,
    npm_ranges,
    numbers,
    python_requirements,
    requests,
    requirements,
    templates,
)

FOLDER = Path(tempfile.mkdtemp(prefix="release-tasks-fuzz-"))


@dataclass(frozen=True)
class Parser:
    """A function of ours that reads a text (or bytes), and pieces that it knows."""

    read: Callable[[Any], object]
    pieces: tuple[str, ...]
    is_binary: bool = False


def _all(values: Iterable[object]) -> list[object]:
    return list(values)


def _settings(text: str) -> object:
    (FOLDER / settings_file.FILE).write_text(text, errors="replace")
    return settings_file.load(FOLDER)


def _layout(data: bytes) -> object:
    path = FOLDER / "app.oci.tar"
    path.write_bytes(data)
    return oci_layout.manifests(path)


def _tar(name: str, content: bytes) -> str:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return out.getvalue().decode("latin-1")


def _zip() -> str:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/__init__.py", "x" * 50)
        archive.writestr("a-1.dist-info/METADATA", "Name: a\nVersion: 1\n")
        archive.writestr("a-1.dist-info/RECORD", "a/__init__.py,,\n")
    return out.getvalue().decode("latin-1")


TOML = (
    "[a]\n", "[[a]]\n", "a.b.c = 1\n", 'version = "1.0.0"\n', "a = [", "a = {", "}", "]", '"', "'",
    '"""', "'''", "\\", "\n", "# c\n", "= ", "1e400", "nan", "2020-01-01", "true", "\ufeff", "\r\n",
)  # fmt: skip
JSON = (
    "{",
    "}",
    "[",
    "]",
    '"a": ',
    '"version": "1.0.0"',
    ",",
    "null",
    "-1e999",
    "\\u0000",
    '"',
    "\n",
)
YAML = (
    "a: ", "- ", "  ", "\n", "&a ", "*a", "<<: *a\n", "{", "}", "[", "]", "|\n", ">-\n", "'", '"', "? ",
    "---\n", "...\n", "!!python/object:os.system ", "!!binary ", "# c\n", "0x1", ": ", "\t", "%YAML 1.1\n",
    "version: 1.0.0\n", "2020-99-99", "1:99:99", "~", "@", "`",
)  # fmt: skip
MARKDOWN = (
    "# ", "## [1.0.0] - 2026-01-01\n", "## Unreleased\n", "- ", "\n", "```\n", "~~~\n", "<!--", "-->",
    "[1.0.0]: https://x/compare/v0.9.0...v1.0.0\n", "[", "](", ")", "*", "_", "`", "> ", "\\", "&amp;",
    "<a>", "| ", "====\n", "----\n", "1. ", "    ", "\t", "![", "1.0.0", "\u2028",
)  # fmt: skip
RST = (
    "1.0.0\n",
    "=====\n",
    "-----\n",
    "Unreleased\n",
    ".. ",
    "::\n",
    "\n",
    "* ",
    "  ",
    "`",
    "_",
    "|",
)
DOCKER = (
    "FROM a AS b\n", "COPY ", "--from=b ", "ADD ", "RUN ", "\\\n", "<<EOF\n", "EOF\n", "ARG A=1\n", "${A}",
    "[", "]", '"', "# syntax=x\n", "# escape=`\n", "\n", " ", "/", "..", "*",
)  # fmt: skip
VERSION = (
    "1",
    "0",
    ".",
    "-",
    "+",
    "rc",
    "a",
    "*",
    "^",
    "~",
    ">=",
    "<",
    "=",
    ",",
    " ",
    "||",
    "v",
    "x",
    "!",
    "99",
)
TEMPLATE = (
    "{",
    "}",
    "{version}",
    "{major}",
    "{0}",
    "{version:>9}",
    "{a.b}",
    "$",
    "{{",
    "}}",
    "v",
    "!r",
)
URL = (
    "https://",
    "git@",
    "ssh://",
    "github.com",
    ":",
    "/",
    "@",
    ".git",
    "..",
    "o",
    "r",
    "?",
    "#",
    " ",
    "\\",
    "[::1]",
)
PYTHON = (
    "a = ",
    '"1.0"',
    "(",
    ")",
    "[",
    "]",
    "'''",
    "\\",
    "\n",
    "  ",
    "def f():\n",
    "version=",
    "-",
    "f'{",
    "#",
    ",",
)
XML = ("<a>", "</a>", "<version>", "1", "</version>", "<!--", "-->", "&a;", "<!DOCTYPE a [", "]>", "<!ENTITY a 'b'>",
       "<![CDATA[", "]]>", "<?xml version='1.0'?>", "\n", "<", ">")  # fmt: skip
LOCK = ("version = 4\n", "[[package]]\n", 'name = "a"\n', 'version = "1.0.0"\n', "dependencies = [\n", ' "b 1",\n',
        "]\n", 'source = "registry+x"\n', "\n", '"', "[", "]")  # fmt: skip
INVENTORY = (
    json.dumps([{"kind": "crate", "file": "../x"}]),
    *JSON,
    '"files": ',
    '"kind": "crate"',
    '"file": "a"',
)
TAR = (
    _tar("a-1/PKG-INFO", b"x"),
    _tar("../a", b"x"),
    "ustar",
    "\0" * 512,
    "0" * 11,
    "\xff",
    "30 path=x\n",
    "GNU.sparse",
)
TAR_GZ = tuple(
    gzip.compress(piece.encode("latin-1"), mtime=0).decode("latin-1")
    for piece in TAR[:4]
)
ZIP = (
    _zip(),
    "PK\x03\x04",
    "PK\x01\x02",
    "PK\x05\x06",
    "PK\x06\x06",
    "\0",
    "\xff",
    "a-1.dist-info/METADATA",
)
INDEX = json.dumps({"manifests": [{"digest": "sha256:" + "0" * 64}]}).encode()
LAYOUT = (
    _tar("index.json", INDEX),
    _tar("blobs/sha256/" + "0" * 64, b"{}"),
    *TAR[3:],
)
ESCAPES = (
    "\x1b[",
    "\x1b]",
    "\x1b",
    "0;",
    "m",
    "\x07",
    "\x9b",
    "\n",
    "\r",
    "fix:",
    "::x::",
    "##[",
    "\u202e",
    " ",
    "a",
)

PARSERS: dict[str, Parser] = {
    "toml": Parser(lambda text: toml_values.load(text, "a"), TOML),
    "toml spans": Parser(lambda text: toml_values.spans(text, "a"), TOML),
    "settings": Parser(_settings, (*TOML, "[images]\n", "[github]\n", "[binaries.a]\n", *TEMPLATE)),
    "json": Parser(lambda text: json_values.load(text, "a"), JSON),
    "json spans": Parser(lambda text: json_values.spans(text, "a"), JSON),
    "yaml": Parser(lambda text: yaml_texts.load_all(text, "a"), YAML),
    "yaml scalars": Parser(lambda text: yaml_values.scalars(text, "a"), YAML),
    "chart": Parser(lambda text: chart_yaml.read(text, "a"), (*YAML, "dependencies:\n", "name: a\n")),
    "chart lock": Parser(lambda text: chart_lock.rows(text, "a"), (*YAML, "dependencies:\n")),
    "xml": Parser(lambda text: xml_values.elements(text, "a", "version"), XML),
    "python": Parser(lambda text: python_values.assigned(text, "a", "a"), PYTHON),
    "python strings": Parser(lambda text: python_values.strings(text, "a"), PYTHON),
    "cargo lock": Parser(lambda text: _all(cargo_lock.own_packages(text)), LOCK),
    "dockerfile": Parser(lambda text: _all(dockerfile.instructions(text)), DOCKER),
    "dockerfile copies": Parser(lambda text: _all(dockerfile.copied(text)), DOCKER),
    "dockerfile stages": Parser(lambda text: dockerfile.needed_stages(text, None), DOCKER),
    "changelog": Parser(lambda text: changelog.sections(text, "CHANGELOG.md"), MARKDOWN),
    "changelog section": Parser(lambda text: changelog.unreleased(text, "CHANGELOG.md"), MARKDOWN),
    "changelog with links": Parser(
        lambda text: changelog.section_with_links(f"## 1.0.0\n{text}", "1.0.0", "CHANGELOG.md"), MARKDOWN
    ),
    "changelog in rst": Parser(lambda text: changelog.sections(text, "CHANGES.rst"), RST),
    "changelog with dates": Parser(lambda text: dates.since(text, date(2020, 1, 1)), MARKDOWN),
    "document": Parser(lambda text: document.parse(text, "a.md"), MARKDOWN),
    "version": Parser(numbers.parse, VERSION),
    "version of Python": Parser(numbers.from_pep440, VERSION),
    "request": Parser(requests.parse_request, (*VERSION, "minor", "core=")),
    "requirement": Parser(lambda text: requirements.followed(text, "1.2.3", "1.0.0"), VERSION),
    "requirement of Python": Parser(
        lambda text: python_requirements.followed(text, "1.2.3", "1.0.0"), VERSION
    ),
    "range of helm": Parser(lambda text: helm_ranges.admits(text, "1.2.3"), VERSION),
    "range of npm": Parser(lambda text: npm_ranges.followed(text, "1.2.3", "1.0.0"), VERSION),
    "template": Parser(lambda text: templates.expand(text, "1.2.3"), TEMPLATE),
    "placeholders": Parser(lambda text: templates.fill(text, {"version": "1"}), TEMPLATE),
    "remote": Parser(remotes.parse, URL),
    "image": Parser(lambda text: oci.reference(text), (*URL, "docker.io", "A", "_", "-")),
    "output": Parser(lambda text: printable.quoted(printable.printable(text)), ESCAPES),
    "utf-8": Parser(lambda data: text_files.decode(data, "a"), ("a", "\xff", "\xc3", "\n"), True),
    "checksums": Parser(checksums.read, ("0" * 64, " ", "*", "a", "\n", "\\", "\xff", "\0"), True),
    "inventory": Parser(lambda data: dist.parse(data, "release.json"), INVENTORY, True),
    "answer": Parser(lambda data: Answer("https://x", 200, {}, data).json(dict), JSON, True),
    "tar": Parser(lambda data: unpacking.files_in("a.tar", data), (*TAR, *TAR_GZ), True),
    "zip": Parser(lambda data: unpacking.files_in("a.zip", data), ZIP, True),
    "sdist": Parser(lambda data: pypi_files.refusals("a-1.tar.gz", data), TAR_GZ, True),
    "wheel": Parser(lambda data: pypi_files.refusals("a-1-py3-none-any.whl", data), ZIP, True),
    "image layout": Parser(_layout, LAYOUT, True),
}  # fmt: skip

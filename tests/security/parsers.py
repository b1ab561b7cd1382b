"""Every parser of texts and files that others may have written, and pieces of what it reads."""

from __future__ import annotations

import contextlib
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

from release_tasks import dist, masking, printable
from release_tasks.changelogs import (
    changelog,
    compare_links,
    dates,
    day_forms,
    document,
    titles,
)
from release_tasks.checks import chart_images
from release_tasks.formats import (
    checksums,
    dockerfile,
    executables,
    oci_layout,
    text_files,
    unpacking,
    wheels,
    yaml_texts,
    zip_records,
)
from release_tasks.http import Answer
from release_tasks.manifests import (
    bun_lock,
    cargo_toml,
    chart_lock,
    chart_yaml,
    json_values,
    package_json,
    pnpm_lock,
    pyproject,
    python_values,
    requirement_files,
    toml_values,
    uv_lock,
    xml_values,
    yaml_values,
    yarn_lock,
)
from release_tasks.manifests.version_locations import (
    FileBump,
    ManifestKind,
    Siblings,
)
from release_tasks.project import (
    bake_files,
    image_commands,
    publishers,
    settings_file,
    workflow_images,
    workflows,
)
from release_tasks.rehearsal import bodies
from release_tasks.rehearsal.crates_io import publish as crates_publish
from release_tasks.rehearsal.crates_io import store as crates_store
from release_tasks.rehearsal.github import graphql
from release_tasks.rehearsal.pypi.form import read_form
from release_tasks.rehearsal.tokens import secret_in
from release_tasks.rehearsal.web import Request
from release_tasks.rules import oci, pypi_files, spdx
from release_tasks.rules import pypi as pypi_rules
from release_tasks.tools import remotes
from release_tasks.tools.cargo import lock as cargo_lock
from release_tasks.tools.cargo import publish as cargo_publish
from release_tasks.tools.cargo import rustflags
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

CARGO = (*TOML, "[package]\n", 'name = "a"\n', "[dependencies]\n", 'a = "1"\n', "a.workspace = true\n",
         'a = { version = "1", path = ".." }\n', "[workspace]\n", "members = ['*']\n", "version.workspace = true\n",
         "[target.'cfg(unix)'.dependencies]\n", "[lib]\n", "features = ['a/b']\n")  # fmt: skip
PYPROJECT = (*TOML, "[project]\n", 'name = "a"\n', 'dependencies = ["a==1.0.0; x"]\n', "[build-system]\n",
             'requires = ["maturin"]\n', "dynamic = ['version']\n", "[tool.poetry]\n", "[dependency-groups]\n",
             "dev = [{include-group = 'dev'}]\n", "readme = {file = 'x'}\n")  # fmt: skip
SHELL = ("docker ", "build ", "buildx ", "bake ", "--push ", "-t ", "--file=", "$X", "${X}", "$(", ")", "'", '"', "\\",
         "\n", "&&", "||", ";", "|", "<<EOF\n", "EOF\n", "if ", "then\n", "fi\n", "export A=", "#", "=")  # fmt: skip
HCL = ('target "a" {\n', "}\n", "tags = [", "]", '"a:b"', "${", "}", "variable ", 'group "default" ', "default = ",
       "\n", "<<EOT\n", "EOT\n", "//", "/*", "*/", "#", ",", "?", ":", "(", ")", "{")  # fmt: skip
WORKFLOW = (*YAML, "on:\n", "  push:\n", "    tags: ['v*']\n", "jobs:\n", "  a:\n", "    steps:\n", "      - run: ",
            "      - uses: a/b@v1\n", "${{ ", " }}", "docker build -t a .\n", "cargo publish\n")  # fmt: skip
NPM = (
    *JSON,
    '"name": "a"',
    '"dependencies": {',
    '"packages": {"": {',
    '"version": 3',
)
YARN = ('"a@workspace:.":\n', "  version: 1.0.0\n", "  resolution: ", '"a@npm:^1"', "a@^1:\n", "  dependencies:\n",
        '    b "^1"\n', "__metadata:\n", "# yarn lockfile v1\n", "\n", '"', ":", " ")  # fmt: skip
METADATA = ("Metadata-Version: 2.1\n", "Name: a\n", "Version: 1\n", "License-Expression: MIT\n", "Project-URL: a, https://x\n",
            "Requires-Dist: a; x\n", "Author-email: A <a@b.c>\n", "Description-Content-Type: text/markdown\n",
            "Classifier: A\n", "\n", " ", ":", "\xff", "\0", "Keywords: a,b\n", "Dynamic: x\n")  # fmt: skip
REQUIREMENTS = ("a==1.0.0\n", "-r x\n", "-e .\n", "a @ file:///x\n", "; python_version < '3'", "\\\n", "#", " --hash=sha256:0",
                "[x]", "\n", *VERSION)  # fmt: skip
MAGIC = ("\x7fELF", "\x02\x01\x01", "MZ", "PE\0\0", "\xcf\xfa\xed\xfe", "\xca\xfe\xba\xbe", "\0" * 16, "\xff" * 8, "\x3e\0", "\xb7\0",
         "@\0\0\0", "\x01", "\0asm")  # fmt: skip
MULTIPART = ("--b\r\n", "--b--\r\n", 'Content-Disposition: form-data; name="a"\r\n', '; filename="x"', "\r\n", "\n", "x", "\xff", "\0",
             "Content-Type: a\r\n", '"')  # fmt: skip
GRAPHQL = ("query", "mutation", "{", "}", "(", ")", "a", ":", '"', "$a", "!", "[", "]", "...", "on", "@x", "1", "#", "\n", ",",
           "repository(owner: \"o\", name: \"r\")", "{ id }", "fragment F on X ")  # fmt: skip
SPDX = (
    "MIT",
    " OR ",
    " AND ",
    "(",
    ")",
    "+",
    " WITH ",
    "Apache-2.0",
    "LicenseRef-x",
    "/",
    "-",
    " ",
    "GPL-2.0",
)
DAYS = ("2026-01-01", "1 January 2026", "Jan", "January", "1st", "2026", "/", "-", ".", " ", ",", "31", "(", ")", "[", "]", "v",
        "1.0.0", "## ", "Unreleased", "=", "TBD")  # fmt: skip
SECRET = ("ghp_" + "a" * 36, "https://", "u:p@", "@", ":", "/", "?token=", "&sig=", "eyJ" + "a" * 12, ".", "Authorization: Basic ",
          "-----BEGIN PRIVATE KEY-----", "token-1234", "a", " ", "\n", "=", "%2B")  # fmt: skip
CHALLENGE = (
    "Bearer ",
    "Basic ",
    "realm=",
    '"',
    "https://ghcr.io/token",
    ",",
    "service=",
    "scope=",
    "\\",
    "=",
    " ",
    "error=",
    ";",
)
OUTPUT = ("error: ", "status 429", "try again after Thu, 01 Jan 1970 00:00:10 GMT", "   Uploaded a v1", "\x1b[31m", "crate a@1 already exists",
          "\n", "failed to publish a v1", "is already uploaded", "HTTP 404", "rate limit", "(", ")")  # fmt: skip
CFG = (
    "cfg(",
    ")",
    "all(",
    "any(",
    "not(",
    "unix",
    "=",
    '"x"',
    ",",
    " ",
    "target_os",
    "(",
    "\\",
)
CHUNKS = (
    "5\r\n",
    "0\r\n",
    "\r\n",
    "ffffffff\r\n",
    "-1\r\n",
    "5;x=y\r\n",
    "hello",
    "zz\r\n",
    " 5\r\n",
    "0x5\r\n",
)
FRAME = (
    "\x02\0\0\0{}",
    "\xff\xff\xff\xff",
    "\0\0\0\0",
    json.dumps({"name": "a", "vers": "1.0.0"}),
    "\x30\0\0\0",
    *TAR_GZ[:2],
    *JSON,
)


def _kind(kind: ManifestKind) -> Callable[[str], object]:
    """Return a parser of one kind of manifest: it sets a version, and looks for mismatches."""

    def read(text: str) -> object:
        bump = FileBump("a", {"a": "2.0.0"}, "2.0.0")
        return kind.mismatches(text, bump), kind.set_versions(text, bump)

    return read


def _file(name: str, read: Callable[[], object]) -> Callable[[str], object]:
    """Return a parser that reads a file of `FOLDER`."""
    path = FOLDER / name

    def parse(text: str) -> object:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, errors="replace")
        return read()

    return parse


def _workflows() -> object:
    found = workflows.workflows(FOLDER)
    for workflow in found:
        publishers.published(workflow)
        _ = (
            workflow.calls,
            workflow.runs_on("v1.0.0"),
            workflow.runs_on_branch("main"),
        )
    return found, workflow_images.declared(FOLDER, "o/r")


def _request(data: bytes, headers: dict[str, str]) -> Request:
    return Request("POST", "/x", headers, "http://h", stream=io.BytesIO(data))


def _chunked(data: bytes) -> object:
    # answered with 400, or cut off
    with contextlib.suppress(ConnectionError, bodies.Malformed):
        return _request(data, {"transfer-encoding": "chunked"}).body
    return b""


def _fault(data: bytes) -> object:
    with unpacking.reading(data):  # as `pypi_files` calls it
        return zip_records.fault(data)


def _graphql(text: str) -> object:
    with contextlib.suppress(RecursionError):  # answered with 500
        return graphql.answer(text, {}, {"query": {}, "mutation": {}})
    return None


def _uploaded(data: bytes) -> object:
    with contextlib.suppress(crates_store.Refused):
        return crates_publish._split(data)
    return None


LISTED = (package_json.Listed(".", {("version",): "2.0.0"}),)
GLOB = (
    "*",
    "**",
    "**/",
    "?",
    "+",
    "[a-z]",
    "[!a]",
    "[z-a]",
    "[",
    "]",
    "!",
    "/",
    "v",
    "1",
    ".",
    "\\",
)

PARSERS: dict[str, Parser] = {
    "Cargo.toml": Parser(lambda text: cargo_toml.read(text, "a"), CARGO),
    "pins of Cargo.toml": Parser(lambda text: _all(cargo_toml.requirements(text, "a")), CARGO),
    "pyproject.toml": Parser(lambda text: pyproject.read(text, "a"), PYPROJECT),
    "pins of pyproject.toml": Parser(lambda text: _all(pyproject.pins(text, "a")), PYPROJECT),
    "requirements.txt": Parser(lambda text: _all(requirement_files.pins(text, "a")), REQUIREMENTS),
    "package.json": Parser(_kind(package_json.siblings_kind(Siblings({"a": "2.0.0"}))), NPM),
    "package-lock.json": Parser(_kind(package_json.lock_kind(LISTED)), NPM),
    "bun.lock": Parser(_kind(bun_lock.kind(LISTED)), NPM),
    "pnpm-lock.yaml": Parser(_kind(pnpm_lock.kind(LISTED)), (*YAML, "importers:\n", "  a:\n")),
    "yarn.lock": Parser(_kind(yarn_lock.kind(LISTED)), YARN),
    "uv.lock": Parser(_kind(uv_lock.kind(uv_lock.OwnPackages())), LOCK),
    "metadata of a wheel": Parser(pypi_rules.read_metadata, METADATA, True),
    "program": Parser(executables.read, MAGIC, True),
    "records of a zip": Parser(_fault, ZIP, True),
    "name of a wheel": Parser(wheels.read_name, ("a", "-", "1", "py3", "none", "any", ".whl", "cp39.cp310", "abi3", "_", " ")),
    "SPDX": Parser(lambda text: _all(spdx.license_expression(text)), SPDX),
    "shell script": Parser(lambda text: _all(image_commands.commands(text, {"env.A": "x"})), SHELL),
    "words of a workflow": Parser(lambda text: _all(publishers.commands(text)), SHELL),
    "bake file": Parser(_file("docker-bake.hcl", lambda: _all(bake_files.targets(FOLDER, [], [], {}))), HCL),
    "workflow": Parser(_file(".github/workflows/a.yml", _workflows), WORKFLOW),
    "chart's images": Parser(chart_images.named_images, (*YAML, "image: a:1\n", "kind: Pod\n", "containers:\n")),
    "glob of a workflow": Parser(lambda text: workflows.passes("v1.0.0-rc.1", (text,)), GLOB),
    "glob of .dockerignore": Parser(lambda text: _all(dockerfile.present(["a/b/c.py", "a"], text)), (*GLOB, "\n")),
    "title of a changelog": Parser(titles.read, DAYS),
    "days": Parser(lambda text: _all(day_forms.days_in(text)), DAYS),
    "link of a changelog": Parser(lambda text: compare_links.comparison(text, "v1.0.0"), (*URL, "compare/", "...", "v1.0.0", "%2F")),
    "secrets": Parser(lambda text: masking.hide(text, ("token-1234",)), SECRET),
    "logins": Parser(lambda text: masking.secrets({"A": text, "A_TOKEN": text}), SECRET),
    "answer of cargo": Parser(lambda text: (cargo_publish.uploaded(text), cargo_publish.retry_at(text), cargo_publish.is_transient(text)), OUTPUT),
    "condition of cargo": Parser(lambda text: rustflags.applies(text, ["unix"]), CFG),
    "login": Parser(secret_in, ("Basic ", "Bearer ", "dTpw", ":", "=", "\xff", " ", "\0")),
    "form": Parser(lambda data: read_form(_request(data, {"content-type": "multipart/form-data; boundary=b", "content-length": str(len(data))})), MULTIPART, True),
    "GraphQL": Parser(_graphql, GRAPHQL),
    "chunks": Parser(_chunked, CHUNKS, True),
    "upload of a crate": Parser(_uploaded, FRAME, True),
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

"""Where files of any ecosystem usually have the version of their project, and how to list them.

Nothing is released from these files. Those that are the manifest of a whole project, such as an
application's package.json, may be edited where they are at the root; of all others a bump says
which line of [files] takes them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from posixpath import basename
from typing import NamedTuple

from release_tasks.errors import ReleaseError
from release_tasks.formats.text_files import line_at
from release_tasks.manifests import keys
from release_tasks.manifests.text import VERSION, listed
from release_tasks.manifests.version_locations import FileBump

_V = rf"v?(?P<version>{VERSION.pattern})"
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)+(?:[-+.]?[0-9A-Za-z]+)*")
_ASSIGNED = rf"\s*=\s*[\"']{_V}"
_LINES = 4  # lines that a text of [files] may have until only one place has it


class Form(NamedTuple):
    """Where a file of some name has the version: at a key, or in a pattern."""

    name: str  # what the whole name of the file matches
    key: str = ""
    pattern: str = ""
    is_manifest: bool = False  # whether it may be the manifest of a project


class Place(NamedTuple):
    """A version in a file, and the text or key of [files] for it."""

    version: str  # as it is written
    line: int  # counted from 1
    spec: str
    is_manifest: bool


def _manifest(name: str, key: str = "", pattern: str = "") -> Form:
    return Form(name, key, pattern, is_manifest=True)


# each with the tool that reads it, by the key or the statement that its own documentation names
FORMS = (
    _manifest(
        r"VERSION(?:\.txt)?|version\.txt|\.version", pattern=rf"\A\s*{_V}\s*\Z"
    ),
    # PEP 621: an application has no [build-system]; Poetry's own table
    _manifest(r"pyproject\.toml", "project.version"),
    _manifest(r"pyproject\.toml", "tool.poetry.version"),
    _manifest(r"setup\.py", "version"),
    _manifest(
        r"setup\.cfg", pattern=rf"^\[metadata\][^\[]*?^version\s*[=:]\s*{_V}"
    ),
    _manifest(r"pixi\.toml", "workspace.version"),
    _manifest(r"pixi\.toml", "project.version"),
    _manifest(
        r"(?:package|composer|deno|jsr|lerna|elm|vcpkg)\.json", "version"
    ),
    _manifest(r"vcpkg\.json", "version-semver"),
    _manifest(r"vcpkg\.json", "version-string"),
    # Puppet's and Chef's metadata
    _manifest(r"metadata\.json", "version"),
    _manifest(r"metadata\.rb", pattern=rf"^version\s+[\"']{_V}"),
    _manifest(r"pom\.xml", "project.version"),
    # also as plugins that publish libraries, IntelliJ's plugins and Minecraft's mods name it
    _manifest(
        r"gradle\.properties",
        pattern=rf"^(?:(?:project|plugin)?[vV]ersion|VERSION_NAME|mod_version)\s*[=:]\s*{_V}",
    ),
    _manifest(
        r"build\.gradle(?:\.kts)?",
        pattern=rf"^(?:version\s*=?|[ \t]+version\s*=)\s*[\"']{_V}",
    ),
    _manifest(
        r"(?:build|version)\.sbt",
        pattern=r"^\s*(?:ThisBuild\s*/\s*)?version\s*(?:in\s+ThisBuild\s*)?"
        rf":=\s*\"{_V}",
    ),
    _manifest(r"project\.clj", pattern=rf"^\(defproject\s+\S+\s+\"{_V}"),
    _manifest(r"mix\.exs", pattern=rf"^\s*(?:version:|@version)\s*\"{_V}"),
    _manifest(
        r"CMakeLists\.txt",
        pattern=rf"(?is)^\s*project\s*\([^)]*?\bVERSION\s+{_V}",
    ),
    _manifest(
        r"meson\.build", pattern=rf"^\s*project\s*\([^)]*?\bversion\s*:\s*'{_V}"
    ),
    _manifest(
        r"MODULE\.bazel", pattern=rf"^module\s*\([^)]*?\bversion{_ASSIGNED}"
    ),
    _manifest(r"configure\.ac", pattern=rf"^AC_INIT\(\[?[^],]*\]?,\s*\[?{_V}"),
    _manifest(
        r"DESCRIPTION", pattern=rf"\A(?=Package:)(?:.*\n)*?Version:\s*{_V}"
    ),
    _manifest(r"[\w-]+\.cabal", pattern=rf"(?i)^version:\s*{_V}"),
    _manifest(r"package\.yaml", "version"),
    _manifest(r"dune-project", pattern=rf"^\(version\s+{_V}"),
    _manifest(r"dist\.ini", pattern=rf"^version\s*=\s*{_V}"),
    _manifest(r"conanfile\.py", pattern=rf"^\s+version{_ASSIGNED}"),
    _manifest(r"project\.godot", pattern=rf"^config/version{_ASSIGNED}"),
    _manifest(r"Directory\.Build\.props", "PropertyGroup.Version"),
    _manifest(r"Directory\.Build\.props", "PropertyGroup.VersionPrefix"),
    _manifest(r"(?:Project|gleam|typst)\.toml", "version"),
    _manifest(r"build\.zig\.zon", pattern=rf"^\s*\.version{_ASSIGNED}"),
    _manifest(r"shard\.yml|galaxy\.yml", "version"),
    # a build number behind the version has to rise, too (Flutter)
    Form(r"pubspec\.yaml", "version"),
    Form(r"Cargo\.toml", "package.version"),
    Form(r"Cargo\.toml", "workspace.package.version"),
    Form(
        r"tauri\.conf\.json|codemeta\.json|\.zenodo\.json|dub\.json", "version"
    ),
    Form(r"manifest\.json", "version"),
    Form(r"CITATION\.cff|snapcraft\.yaml", "version"),
    Form(r"(?:openapi|swagger)\.(?:ya?ml|json)", "info.version"),
    Form(r"[\w.-]+\.[cf]sproj", "PropertyGroup.Version"),
    Form(r"[\w.-]+\.[cf]sproj", "PropertyGroup.VersionPrefix"),
    Form(
        r"AssemblyInfo\.(?:cs|fs|vb)",
        pattern=rf"\bAssembly(?:Informational)?Version\(\"{_V}",
    ),
    # a build number beside the version has to rise, too (Android, Apple)
    Form(
        r"build\.gradle(?:\.kts)?",
        pattern=rf"^\s*versionName\s*=?\s*[\"']{_V}",
    ),
    Form(
        r"[\w-]*Info\.plist",
        pattern=rf"<key>CFBundleShortVersionString</key>\s*<string>{_V}",
    ),
    Form(r"[\w-]+\.app\.src", pattern=rf"\{{\s*vsn\s*,\s*\"{_V}"),
    # other release tools
    Form(
        r"\.bumpversion\.cfg|setup\.cfg",
        pattern=rf"^current_version\s*=\s*{_V}",
    ),
    Form(
        r"pyproject\.toml|\.bumpversion\.toml",
        "tool.bumpversion.current_version",
    ),
    Form(r"pyproject\.toml|\.?cz\.toml", "tool.commitizen.version"),
    Form(r"\.release-please-manifest\.json", pattern=rf"\"\.\"\s*:\s*\"{_V}"),
    # documentation and analysis
    Form(r"conf\.py", pattern=rf"^release{_ASSIGNED}"),
    Form(r"Doxyfile", pattern=rf"^PROJECT_NUMBER\s*=\s*\"?{_V}"),
    Form(r"antora\.yml", "version"),
    Form(
        r"sonar-project\.properties",
        pattern=rf"^sonar\.projectVersion\s*=\s*{_V}",
    ),
    # WordPress: a plugin's readme, a theme's header
    Form(r"readme\.txt", pattern=rf"(?i)^stable tag:\s*{_V}"),
    Form(r"style\.css", pattern=rf"^\s*(?:\*\s*)?Version:\s*{_V}"),
    Form(r"[\w.-]+\.nuspec", "metadata.version"),
    # OCI's label; Docker's ARG and ENV
    Form(
        r"(?:[\w-]+\.)?(?:Docker|Container)file(?:\.[\w-]+)?",
        pattern=r"^\s*(?:LABEL\s(?:.*\s)?[\"']?(?:[\w.-]+\.)?version[\"']?"
        rf"|(?:ARG|ENV)\s+(?:APP_|IMAGE_)?VERSION)[ =]+[\"']?{_V}",
    ),
    Form(r"(?:flake|default|package)\.nix", pattern=rf"\bversion{_ASSIGNED}"),
    Form(
        r"(?:\w*version\w*|main|root|app|buildinfo|const(?:ant)?s?)\.go",
        pattern=rf"^\s*(?:const\s+|var\s+)?(?i:\w*version)\s*(?:string\s*)?{_ASSIGNED}",
    ),
    Form(r"version\.rb", pattern=rf"\bVERSION{_ASSIGNED}"),
    Form(r"[\w-]+\.(?:gemspec|podspec)", pattern=rf"\.version{_ASSIGNED}"),
    Form(r"[\w-]+\.nimble", pattern=rf"^version{_ASSIGNED}"),
    Form(r"[\w-]+\.spec", pattern=rf"^Version:\s*{_V}"),
    Form(r"PKGBUILD", pattern=rf"^pkgver={_V}"),
    Form(r"(?:GNUm|M|m)akefile", pattern=rf"^(?:APP_)?VERSION\s*[:?]*=\s*{_V}"),
    Form(r"__(?:init|about|version)__\.py", "__version__"),
    Form(
        r"_?version\.(?:[cm]?[jt]sx?|py|php|swift|kt|java|cs|dart|lua|c|cc|cpp|h|hpp)",
        pattern=rf"(?i)\b\w*version\w*\b\s*(?::\s*\w+\s*)?[:= ]\s*[\"']{_V}",
    ),
)
_NAMES = re.compile("|".join(f"(?:{form.name})" for form in FORMS))


def may_have_version(path: str) -> bool:
    """Tell whether a file has a name that is in the table."""
    return _NAMES.fullmatch(basename(path)) is not None


def places(path: str, text: str) -> list[Place]:
    """Return the versions that a file has by the rules for its name, one for each rule at most.

    A file that cannot be read by a rule has none there.
    """
    found: dict[int, Place] = {}
    for form in FORMS:
        if re.fullmatch(form.name, basename(path)):
            for place in _places(form, path, text):
                found.setdefault(place.line, place)
    return list(found.values())


def line_of_files(path: str, *specs: str) -> str:
    """Return the line of [files] for the texts or keys in a file."""
    values = list(map(_quoted, dict.fromkeys(specs)))
    value = values[0] if len(values) == 1 else f"[{', '.join(values)}]"
    return f"{json.dumps(path, ensure_ascii=False)} = {value}"


def _quoted(spec: str) -> str:
    """Return a text as a string of TOML."""
    if '"' in spec and "'" not in spec and "\n" not in spec:
        return f"'{spec}'"
    return json.dumps(spec, ensure_ascii=False)


def _places(form: Form, path: str, text: str) -> Iterator[Place]:
    if form.pattern:
        match = re.search(form.pattern, text, re.M)
        if match:
            spec = _spec(text, match)
            line = line_at(text, match.start("version"))
            if spec:
                yield Place(match["version"], line, spec, form.is_manifest)
        return
    try:
        values = keys.find(text, path, form.key)
    except ReleaseError:  # no such key, or not the file that its name says
        return
    for value, start, _ in values[:1]:
        version = _NUMBER.fullmatch(value.removeprefix("v"))
        if version:
            line = line_at(text, start)
            yield Place(version[0], line, form.key, form.is_manifest)


def _spec(text: str, match: re.Match[str]) -> str:
    """Return a text of [files] that is only at this match, "" where none of a few lines is."""
    start, end = match.span("version")
    after = text[end : end + 1]
    if after not in ('"', "'"):
        after = ""
    begin = start
    for _ in range(_LINES):
        begin = text.rfind("\n", 0, begin - 1) + 1 if begin else 0
        # a brace would begin a field of the template
        before = re.split(r"[{}]", text[begin:start])[-1].lstrip()
        spec = f"{before}{{version}}{after}"
        if _is_only(spec, text, start):
            return spec
    return ""


def _is_only(spec: str, text: str, start: int) -> bool:
    """Return whether a text of [files] finds nothing but the version that starts here."""
    try:
        found = list(listed(spec).of(text, FileBump("x")))
    except ReleaseError:
        return False
    return [location.start for location in found] == [start]

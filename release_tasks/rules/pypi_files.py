"""What PyPI accepts as a file: its name, its platforms, its size and what is in it (warehouse)."""

from __future__ import annotations

import configparser
import csv
import io
import os
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from release_tasks import endpoints
from release_tasks.formats import unpacking, zip_records
from release_tasks.rules import pypi
from release_tasks.rules.pypi import PYPI
from release_tasks.rules.rule import KnownGap, rule

LEGACY = "warehouse, forklift/legacy.py"
WHEEL_CHECKS = "warehouse, utils/wheel.py"
MAX_FILE = 100 << 20  # bytes
MAX_RAISED = 1 << 30  # bytes; the highest limit that a project can ask for
MAX_PROJECT = 10 << 30  # bytes of all files of a project
# bytes; from there on, a zip may not be 50 times smaller than its content
BOMB_SIZE = 64 << 20
BOMB_RATIO = 50
EXTENSIONS = {"bdist_wheel": (".whl",), "sdist": (".tar.gz", ".zip")}
PLAIN_PLATFORMS = frozenset(
    [
        "any",
        "win32",
        "win_amd64",
        "win_arm64",
        "win_ia64",
        "linux_armv6l",
        "linux_armv7l",
        "manylinux1_x86_64",
        "manylinux1_i686",
        "manylinux2010_x86_64",
        "manylinux2010_i686",
        "manylinux2014_x86_64",
        "manylinux2014_i686",
        "manylinux2014_aarch64",
        "manylinux2014_armv7l",
        "manylinux2014_ppc64",
        "manylinux2014_ppc64le",
        "manylinux2014_s390x",
    ]
)
LINUX_MACHINES = [
    "x86_64",
    "i686",
    "aarch64",
    "armv7l",
    "ppc64le",
    "s390x",
    "riscv64",
]
MACOS_MACHINES = [
    "ppc",
    "ppc64",
    "i386",
    "x86_64",
    "arm64",
    "intel",
    "fat",
    "fat3",
    "fat64",
    "universal",
    "universal2",
]
MACOS_SINCE_11 = ("11", "12", "13", "14", "15", "26")  # there is no 16 to 25
ANDROID_MACHINES = ("armeabi_v7a", "arm64_v8a", "x86", "x86_64")
PLATFORMS = (
    (
        re.compile(r"manylinux_\d+_\d+_(?P<machine>.*)"),
        (*LINUX_MACHINES, "ppc64"),
    ),
    (re.compile(r"musllinux_\d+_\d+_(?P<machine>.*)"), tuple(LINUX_MACHINES)),
    (re.compile(r"macosx_10_\d+_(?P<machine>.*)"), tuple(MACOS_MACHINES)),
    (
        re.compile(rf"macosx_(?:{'|'.join(MACOS_SINCE_11)})_0_(?P<machine>.*)"),
        tuple(MACOS_MACHINES),
    ),
    (
        re.compile(r"ios_\d+_\d+_(?P<machine>.*)_(?:iphoneos|iphonesimulator)"),
        ("arm64", "x86_64"),
    ),
    (re.compile(r"android_\d+_(?P<machine>.*)"), ANDROID_MACHINES),
    (re.compile(r"pyemscripten_\d+_\d+_(?P<machine>.*)"), ("wasm32",)),
)
ENTRY_POINT = re.compile(r"[\w.-]+")
GAPS = (
    KnownGap(
        PYPI,
        "RECORD lists every file of a wheel",
        WHEEL_CHECKS,
        "PyPI only writes an e-mail to the owners; `stale-record` says it beforehand",
    ),
    KnownGap(
        PYPI,
        "extra fields of zip entries and of ZIP64 archives are checked to the byte",
        "warehouse, utils/zipfiles.py",
        "no build backend writes them; the usual faults of zip files are refused",
    ),
)


@rule(PYPI, LEGACY)
def file_name(value: str, kind: str) -> Iterator[str]:
    """Check a file's name: printable, without slashes, with an ending for its kind.

    `kind` is `bdist_wheel` or `sdist`.
    """
    if re.search(r"[\x00-\x1f\x7f]", value):
        yield (
            "Cannot upload a file with non-printable characters (ordinals 0-31) or the DEL "
            "character (ordinal 127) in the name."
        )
    elif "/" in value or "\\" in value:
        yield "Cannot upload a file with '/' or '\\' in the name."
    elif not (
        found := re.fullmatch(r".+?(\.(?:tar\.gz|zip|whl))", value, re.I | re.S)
    ):
        yield (
            "Invalid file extension: Use .tar.gz, .whl or .zip extension. See "
            "https://www.python.org/dev/peps/pep-0527 and https://peps.python.org/pep-0715/ "
            "for more information"
        )
    elif found[1] not in EXTENSIONS.get(kind, ()):
        yield f"Invalid file extension: Extension {found[1]} is invalid for filetype {kind}."


@rule(PYPI, LEGACY)
def platform_tag(value: str) -> Iterator[str]:
    """Check a platform tag of a wheel: the systems and machines that PyPI lists.

    From macOS 11 on the minor version is 0; `linux_` is for 32-bit ARM alone.
    """
    if value in PLAIN_PLATFORMS:
        return
    for pattern, machines in PLATFORMS:
        found = pattern.fullmatch(value)
        if found and found["machine"] in machines:
            return
    yield f"unsupported platform tag '{value}'"


@rule(PYPI, LEGACY)
def wheel_name(filename: str, project: str, version: str) -> Iterator[str]:
    """Check a wheel's name: PEP 427, the normalized name and the version of its metadata."""
    from packaging.utils import (
        InvalidWheelFilename,
        canonicalize_name,
        parse_wheel_filename,
    )
    from packaging.version import Version

    try:
        named, number, _, tags = parse_wheel_filename(filename)
    except InvalidWheelFilename as error:
        yield str(error)
        return
    for tag in sorted({tag.platform for tag in tags}):
        for text in platform_tag(tag):
            yield f"Binary wheel '{filename}' has an {text}."
    start = _start(project)
    written = filename.partition("-")[0]
    if named != canonicalize_name(project):
        yield f"Start filename for {project!r} with {start!r}."
    elif written != start:
        yield (
            f"Filename {filename!r} should contain the normalized project name {start!r}, "
            f"not {written!r}."
        )
    if number != Version(version):
        yield f"Version in filename should be '{Version(version)}' not '{number}'."


@rule(PYPI, LEGACY)
def sdist_name(filename: str, project: str, version: str) -> Iterator[str]:
    """Check an sdist's name: `name-version.tar.gz`, both normalized (PEP 625)."""
    from packaging.utils import (
        InvalidSdistFilename,
        canonicalize_name,
        parse_sdist_filename,
    )
    from packaging.version import Version

    start = _start(project)
    expected = f"{start}-{Version(version)}.tar.gz"
    try:
        named, _ = parse_sdist_filename(filename)
    except InvalidSdistFilename:
        yield f"Invalid source distribution filename: {filename}"
        return
    if named != canonicalize_name(project):
        yield f"Start filename for {project!r} with {start!r}."
    elif filename != expected:
        yield f"Filename {filename!r} is invalid, should be {expected!r}."


@rule(PYPI, LEGACY)
def file_size(size: int, project: str, largest: int = 0) -> Iterator[str]:
    """Check a file's size: at most 100 MiB, or up to 1 GiB where PyPI has raised the limit.

    `size` is in bytes; `largest` is that of the project's largest public file, which shows a
    raised limit.
    """
    limit = MAX_FILE
    if largest > MAX_FILE:
        limit = MAX_RAISED
    if size > limit:
        more = f"See {endpoints.PYPI_DOCS}/project-management/storage-limits"
        yield (
            f"File too large. Limit for project {project!r} is {limit >> 20} MB. {more} "
            "for more information."
        )


@rule(PYPI, LEGACY)
def project_size(total: int, project: str) -> Iterator[str]:
    """Check the size in bytes of all files of a project: at most 10 GiB."""
    if total > MAX_PROJECT:
        more = f"See {endpoints.PYPI_DOCS}/project-management/storage-limits"
        yield (
            f"Project size too large. Limit for project {project!r} total size is "
            f"{MAX_PROJECT >> 30} GB. {more}"
        )


@rule(PYPI, "warehouse, utils/zipfiles.py")
def zip_entries(content: bytes) -> Iterator[str]:
    """Check a zip file: each name once, in both directories, plain flags, and nothing behind."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        full = sum(info.file_size for info in archive.filelist)
        methods = {info.compress_type for info in archive.filelist}
    if full > BOMB_SIZE and full / len(content) > BOMB_RATIO:
        yield f"File exceeds compression ratio of {BOMB_RATIO}"
    elif methods - {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        yield "File does not use a supported compression type"
    elif reason := zip_records.fault(content):
        yield (
            f"ZIP archive not accepted: {reason}. "
            f"See {endpoints.PYPI_DOCS}/archives for more information"
        )


@rule(PYPI, LEGACY)
def wheel_files(filename: str, names: Sequence[str]) -> Iterator[str]:
    """Check that a wheel has WHEEL, METADATA and RECORD in the folder that its name says."""
    info = _dist_info(filename)
    if f"{info}/WHEEL" not in names:
        yield f"Invalid distribution file. WHEEL not found at {info}/WHEEL"
        return
    for part in ("RECORD", "METADATA"):
        if f"{info}/{part}" not in names:
            yield f"Wheel '{filename}' does not contain the required {part} file: {info}/{part}"


@rule(PYPI, LEGACY)
def license_files(
    filename: str, folder: str, wanted: Sequence[str], names: Sequence[str]
) -> Iterator[str]:
    """Check that every License-File of the metadata is in the file (PEP 639).

    `folder` is where they have to be in it.
    """
    for file in wanted:
        if f"{folder}/{file}" not in names:
            place = f"in distribution file {filename} at {folder}/{file}"
            yield f"License-File {file} does not exist {place}"


@rule(PYPI, f"{WHEEL_CHECKS}; Entry points specification, Data model")
def script_name(value: str) -> Iterator[str]:
    """Check the name of a script: letters, digits, `_`, `.` and `-`, so no path and no space."""
    if not ENTRY_POINT.fullmatch(value):
        yield f"{value!r} is not the name of a script"


@rule(PYPI, WHEEL_CHECKS)
def entry_points(filename: str, text: bytes) -> Iterator[str]:
    """Check entry_points.txt: a valid INI file in UTF-8 whose scripts have names without paths."""
    parser = configparser.ConfigParser(delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # case matters
    names: list[str] = []
    is_valid = True
    try:
        parser.read_string(text.decode())
        for section in ("console_scripts", "gui_scripts"):
            if parser.has_section(section):
                names += parser[section]
    except (UnicodeDecodeError, configparser.Error):
        is_valid = False
    if not is_valid or any(map(script_name, names)):
        yield (
            f"Wheel '{filename}' has invalid entry points defined in the entry_points.txt file"
        )


@rule(PYPI, LEGACY)
def sdist_archive(content: bytes) -> Iterator[str]:
    """Check an sdist: a tar.gz with one folder, PKG-INFO in it, and no sparse member."""
    try:
        if not _is_gzip(content):
            raise unpacking.Unreadable("it is not packed with gzip")
        members = unpacking.tar_headers(content)
    except unpacking.Unreadable:
        yield "Invalid distribution file. File is not a tarfile"
        return
    names = [member.name for member in members]
    top = _top_folder(names)
    if any(member.issparse() for member in members):
        yield (
            "Invalid distribution file. tar archive not accepted: Sparse members are not allowed. "
            f"See {endpoints.PYPI_DOCS}/archives for more information"
        )
    elif top in (".", "/", ""):
        yield "Invalid distribution file. Incorrect number of top-level directories in sdist"
    elif f"{top}/PKG-INFO" not in names:
        yield f"Invalid distribution file. PKG-INFO not found at {top}/PKG-INFO"


def distribution(
    filename: str, content: bytes, raw: Mapping[str, Any]
) -> list[str]:
    """Return what PyPI refuses in a wheel or sdist whose metadata is `raw`, worst first.

    The metadata itself and the size are not looked at.
    """
    project, version = str(raw.get("name")), str(raw.get("version"))
    wanted = raw.get("license_files") or ()
    if filename.endswith(".whl"):
        return _wheel(filename, content, (project, version), wanted)
    found = sdist_archive(content)
    if found:
        return found
    names = [member.name for member in unpacking.tar_headers(content)]
    found = sdist_name(filename, project, version)
    return found or license_files(filename, _top_folder(names), wanted, names)


def metadata_in(filename: str, content: bytes) -> bytes | None:
    """Return the METADATA of a wheel or the PKG-INFO of an sdist, None where it has none."""
    try:
        if filename.endswith(".whl"):
            return unpacking.zip_file(
                content, f"{_dist_info(filename)}/METADATA"
            )
        if not _is_gzip(content):
            return None
        names = [member.name for member in unpacking.tar_headers(content)]
        return unpacking.tar_file(content, f"{_top_folder(names)}/PKG-INFO")
    except unpacking.Unreadable:
        return None


def _is_gzip(content: bytes) -> bool:
    return content.startswith(b"\x1f\x8b")


def refusals(filename: str, content: bytes) -> list[str]:
    """Return all that PyPI refuses in a built file, by its name, its content and its metadata."""
    kind = "bdist_wheel" if filename.endswith(".whl") else "sdist"
    if found := file_name(filename, kind):
        return found
    packed = metadata_in(filename, content)
    if packed is None:
        return distribution(filename, content, {}) or [
            "Invalid distribution file."
        ]
    raw, unread = pypi.read_metadata(packed)
    faults = [*unread, *pypi.metadata(raw)]
    if faults:
        return [fault.text for fault in faults]
    rendered = pypi.description(
        raw.get("description", ""), raw.get("description_content_type", "")
    )
    return [*rendered, *distribution(filename, content, raw)]


def unrecorded(filename: str, content: bytes) -> list[str]:
    """Return the files of a wheel that RECORD does not list, and those that only RECORD has."""
    info = _dist_info(filename)
    every = unpacking.zip_names(content)
    names = {name for name in every if not name.endswith(("/", "\\"))}
    record = unpacking.zip_file(content, f"{info}/RECORD") or b""
    text = record.decode("utf-8", "replace")
    listed = {
        row[0].replace("\\", "/")
        for row in csv.reader(text.splitlines())
        if row
    }
    signatures = {f"{info}/RECORD.jws", f"{info}/RECORD.p7s"}
    return sorted(listed.symmetric_difference(names - signatures))


def _wheel(
    filename: str, content: bytes, about: tuple[str, str], wanted: Sequence[str]
) -> list[str]:
    """Return what PyPI refuses in a wheel; `about` is the name and version in its metadata."""
    try:
        names = unpacking.zip_names(content)
        info = _dist_info(filename)
        scripts = unpacking.zip_file(content, f"{info}/entry_points.txt") or b""
    except unpacking.Unreadable:
        return ["Invalid distribution file. File is not a zipfile"]
    archive_faults = [
        f"Invalid distribution file. {text}" for text in zip_entries(content)
    ]
    return [
        *archive_faults,
        *wheel_files(filename, names),
        *wheel_name(filename, *about),
        *license_files(filename, f"{info}/licenses", wanted, names),
        *entry_points(filename, scripts),
    ]


def _start(project: str) -> str:
    """Return the name with which the files of a project start."""
    from packaging.utils import canonicalize_name

    return canonicalize_name(project).replace("-", "_")


def _dist_info(filename: str) -> str:
    return "-".join(filename.split("-")[:2]) + ".dist-info"


def _top_folder(names: Sequence[str]) -> str:
    """Return the folder that all files of an archive are in, "" where there is none."""
    try:
        return os.path.commonpath(names) if names else ""
    except ValueError:  # absolute and relative names
        return ""

"""What PyPI requires of a wheel or an sdist: its name, platform and content (warehouse)."""

from __future__ import annotations

import io
import re
import tarfile
import zipfile

from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import Version

from release_tasks.rehearsal.pypi.form import Form
from release_tasks.rehearsal.pypi.store import Refused

PLATFORMS = re.compile(
    r"any|win32|win_(amd64|arm64|ia64)"
    r"|(manylinux(1|2010|2014|_\d+_\d+)|musllinux_\d+_\d+)_[a-z0-9_]+"
    r"|macosx_\d+_\d+_[a-z0-9_]+|ios_\d+_\d+_[a-z0-9_]+|android_\d+_[a-z0-9_]+"
    r"|pyodide_\d+_\d+_wasm32|pyemscripten_\d+_\d+_wasm32"
)


def check_filename(filename: str) -> None:
    """Raise `Refused` for a file name with special characters or an unknown extension."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+!-]*", filename):
        raise Refused(
            "Cannot upload a file with special characters or '/' or '\\' in its name."
        )
    if not filename.endswith((".tar.gz", ".whl", ".zip")):
        raise Refused(
            "Invalid file extension: Use .tar.gz, .whl or .zip extension. See "
            "https://www.python.org/dev/peps/pep-0527 and https://peps.python.org/pep-0625/ "
            "for more information."
        )


def check_dist(form: Form, filename: str) -> bytes | None:
    """Check the file itself and return a wheel's core metadata; raise `Refused`."""
    if form.get("filetype") == "sdist":
        _check_sdist(form, filename)
        return None
    return _check_wheel(form, filename)


def _check_sdist(form: Form, filename: str) -> None:
    name = _start(form)
    version = str(Version(form.get("version")))
    if not filename.startswith(f"{name}-"):
        raise Refused(f"Start filename for {form.get('name')!r} with {name!r}.")
    if filename != f"{name}-{version}.tar.gz":
        raise Refused(
            f"Filename {filename!r} is invalid, should be '{name}-{version}.tar.gz'."
        )
    try:
        with tarfile.open(fileobj=io.BytesIO(form.content), mode="r:gz") as tar:
            names = tar.getnames()
    except (tarfile.TarError, EOFError, OSError) as error:
        raise Refused(
            "Invalid distribution file. File is not a valid tarfile."
        ) from error
    if f"{name}-{version}/PKG-INFO" not in names:
        raise Refused(
            f"Invalid distribution file. PKG-INFO not found at {name}-{version}/PKG-INFO"
        )
    _check_licenses(form, filename, f"{name}-{version}", names)


def _check_wheel(form: Form, filename: str) -> bytes:
    stem = _check_wheel_name(form, filename)
    info = f"{stem}.dist-info"
    try:
        with zipfile.ZipFile(io.BytesIO(form.content)) as wheel:
            names = wheel.namelist()
            if f"{info}/WHEEL" not in names:
                raise Refused(
                    f"Invalid distribution file. WHEEL not found at {info}/WHEEL"
                )
            for part in ("RECORD", "METADATA"):
                if f"{info}/{part}" not in names:
                    fact = f"does not contain the required {part} file: {info}/{part}"
                    raise Refused(f"Wheel '{filename}' {fact}")
            _check_licenses(form, filename, f"{info}/licenses", names)
            return wheel.read(f"{info}/METADATA")
    except (zipfile.BadZipFile, EOFError) as error:
        raise Refused("Invalid distribution file. File is not a zip") from error


def _check_wheel_name(form: Form, filename: str) -> str:
    try:
        name, version, _, tags = parse_wheel_filename(filename)
    except InvalidWheelFilename as error:
        raise Refused(str(error)) from error
    for tag in tags:
        if not PLATFORMS.fullmatch(tag.platform):
            raise Refused(
                f"Binary wheel '{filename}' has an unsupported platform tag '{tag.platform}'."
            )
    if name != form.project:
        raise Refused(f"Start filename for {form.get('name')!r} with {_start(form)!r}.")
    written, number = filename.split("-", 2)[:2]
    if written != _start(form):
        raise Refused(
            f"Filename {filename!r} should contain the normalized project name {_start(form)!r}, "
            f"not {written!r}."
        )
    if version != Version(form.get("version")):
        raise Refused(
            f"Version in filename should be '{Version(form.get('version'))}' not '{version}'."
        )
    return f"{written}-{number}"


def _check_licenses(form: Form, filename: str, folder: str, names: list[str]) -> None:
    files = form.values.get("license_file", []) + form.values.get("license_files", [])
    for file in files:
        if f"{folder}/{file}" not in names:
            place = f"in distribution file {filename} at {folder}/{file}"
            raise Refused(f"License-File {file} does not exist {place}")


def _start(form: Form) -> str:
    """Return the name with which a file of this project starts."""
    return form.project.replace("-", "_")

"""What PyPI requires of a wheel or an sdist: its name, platform and content (warehouse)."""

from __future__ import annotations

from release_tasks.rehearsal.pypi.checks import raw_metadata
from release_tasks.rehearsal.pypi.form import Form
from release_tasks.rehearsal.pypi.store import Refused
from release_tasks.rules import pypi_files


def check_filename(form: Form) -> None:
    """Raise `Refused` for a file name with special characters or an unknown extension."""
    for fault in pypi_files.file_name(
        form.filename or "", form.get("filetype")
    ):
        raise Refused(fault)


def check_dist(form: Form) -> bytes | None:
    """Check the file itself and return a wheel's core metadata; raise `Refused`."""
    filename = form.filename or ""
    for fault in pypi_files.distribution(
        filename, form.content, raw_metadata(form)
    ):
        raise Refused(fault)
    if form.get("filetype") == "sdist":
        return None
    return pypi_files.metadata_in(filename, form.content)

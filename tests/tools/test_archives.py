"""Archives are unpacked into their folder and nowhere else, also where Python has no filters yet."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from release_tasks.errors import ReleaseError
from release_tasks.formats import archives


def _tar(*names: str) -> tarfile.TarFile:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name in names:
            entry = tarfile.TarInfo(name)
            entry.size = 2
            tar.addfile(entry, io.BytesIO(b"hi"))
    out.seek(0)
    return tarfile.open(fileobj=out)


@pytest.mark.parametrize("filters", [archives.TRUSTED, {}])
@pytest.mark.filterwarnings("ignore:.*filter.*:DeprecationWarning")
def test_what_is_inside_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, filters: dict[str, str]
) -> None:
    monkeypatch.setattr(archives, "TRUSTED", filters)
    archives.unpack_all(_tar("one", "sub/two"), tmp_path)
    assert (tmp_path / "sub/two").read_text() == "hi"


@pytest.mark.parametrize("name", ["../out", "sub/../../out", "/etc/out"])
def test_a_name_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ReleaseError, match="leads out"):
        archives.unpack_all(_tar("one", name), tmp_path / "folder")
    assert not (tmp_path / "folder").exists()

"""What the local PyPI refuses at upload, and its pages, asked without a client."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from support.package_clients import Serving, sdist, wheel

from release_tasks.rehearsal.pypi.app import PyPI
from release_tasks.rehearsal.upstream import Upstream
from release_tasks.rules import pypi_files

SIMPLE = "application/vnd.pypi.simple.v1+json"


@dataclass
class Site:
    index: PyPI
    url: str
    folder: Path

    def post(
        self,
        path: Path,
        filename: str = "",
        data: bytes | None = None,
        **fields: Any,
    ) -> requests.Response:
        content = path.read_bytes() if data is None else data
        reported = {
            ":action": "file_upload",
            "protocol_version": "1",
            "metadata_version": "2.1",
            "name": "rehearsed",
            "version": "0.1.0",
            "filetype": "sdist"
            if path.name.endswith(".tar.gz")
            else "bdist_wheel",
            "pyversion": "source" if path.name.endswith(".tar.gz") else "py3",
            "sha256_digest": hashlib.sha256(content).hexdigest(),
        } | fields
        file = {
            "content": (
                filename or path.name,
                content,
                "application/octet-stream",
            )
        }
        return requests.post(
            f"{self.url}/legacy/",
            reported,
            files=file,
            auth=("__token__", "pypi-token"),
            timeout=9,
        )

    def get(self, path: str, **headers: str) -> requests.Response:
        return requests.get(f"{self.url}{path}", headers=headers, timeout=9)


@pytest.fixture
def site(tmp_path: Path, serving: Serving) -> Site:
    upstream = Upstream(tmp_path / "cache", offline=True)
    index = PyPI(tmp_path / "pypi", "pypi-token", upstream, rate_limits=True)
    index.owned_by_others.add("somebody-s")
    return Site(index, serving(index), tmp_path / "dist")


FORMS = [
    ({"version": "one"}, "'one' is invalid for 'version'."),
    (
        {"version": "1.0+local"},
        "The use of local versions in '1.0+local' is not allowed.",
    ),
    ({"name": "-x"}, "'-x' is an invalid value for Name."),
    ({"filetype": "bdist_egg"}, "Invalid value for filetype."),
    ({"protocol_version": "2"}, "Unknown protocol version."),
    ({"metadata_version": "9.9"}, "is not a valid metadata version"),
    ({"requires_python": "three"}, "is invalid for 'requires-python'"),
    ({"requires_dist": "a b c"}, "is invalid for 'requires-dist'"),
    ({"description_content_type": "text/html"}, "must be one of"),
    (
        {
            "description": "====\nTitle\n===\n",
            "description_content_type": "text/x-rst",
        },
        "The description failed to render for 'text/x-rst'.",
    ),
    ({"classifiers": "Private :: Do Not Upload"}, "is not a valid classifier"),
    ({"sha256_digest": "0" * 64}, "The digest supplied does not match"),
    ({"sha256_digest": ""}, "Include at least one message digest."),
    (
        {"version": "0.2.0"},
        "Version in filename should be '0.2.0' not '0.1.0'.",
    ),
    ({"name": "other"}, "Start filename for 'other' with 'other'."),
    (
        {"license_file": "LICENSE", "metadata_version": "2.4"},
        "License-File LICENSE does not exist in distribution file",
    ),
]


@pytest.mark.parametrize(
    ("fields", "words"), FORMS, ids=[words[:30] for _, words in FORMS]
)
def test_an_invalid_form_is_refused_with_the_message_of_pypi(
    site: Site, fields: dict[str, str], words: str
) -> None:
    answer = site.post(wheel(site.folder), **fields)
    assert answer.status_code == 400
    assert words in answer.reason
    assert words in answer.text
    assert site.get("/simple/rehearsed/").status_code == 404


WHEELS = [
    (
        "rehearsed-0.1.0-py3-none-linux_x86_64.whl",
        "has an unsupported platform tag 'linux_x86_64'.",
    ),
    ("rehearsed-0.1.0-py3.whl", "Invalid wheel filename"),
    (
        "Rehearsed-0.1.0-py3-none-any.whl",
        "WHEEL not found at Rehearsed-0.1.0.dist-info/WHEEL",
    ),
    ("rehearsed-0.1.0-py3-none-any.exe", "Invalid file extension"),
    ("re\\hearsed-0.1.0-py3-none-any.whl", "Cannot upload a file with"),
    (
        "rehearsed-0.1-py3-none-any.whl",
        "WHEEL not found at rehearsed-0.1.dist-info/WHEEL",
    ),
]


@pytest.mark.parametrize(("filename", "words"), WHEELS)
def test_a_wheel_is_refused_for_its_name(
    site: Site, filename: str, words: str
) -> None:
    answer = site.post(wheel(site.folder), filename)
    assert (answer.status_code, words in answer.reason) == (400, True), (
        answer.reason
    )


@pytest.mark.parametrize(
    "tag",
    [
        "py3-none-manylinux_2_34_x86_64",
        "cp39-abi3-manylinux2014_aarch64",
        "py3-none-musllinux_1_2_x86_64",
        "py3-none-macosx_11_0_arm64",
        "py3-none-win_amd64",
        "py2.py3-none-any",
    ],
)
def test_the_platforms_of_pypi_are_accepted(site: Site, tag: str) -> None:
    assert site.post(wheel(site.folder, tag=tag)).ok


def test_a_wheel_without_its_parts_is_refused(site: Site) -> None:
    path = wheel(site.folder)
    for missing, words in (
        ("RECORD", "does not contain the required RECORD file"),
        ("METADATA", "the required METADATA file"),
    ):
        out = io.BytesIO()
        with zipfile.ZipFile(path) as whole, zipfile.ZipFile(out, "w") as part:
            for name in whole.namelist():
                if not name.endswith(missing):
                    part.writestr(name, whole.read(name))
        assert words in site.post(path, data=out.getvalue()).reason
    assert "File is not a zip" in site.post(path, data=b"no wheel").reason


def test_an_sdist_is_refused_for_its_name_or_content(site: Site) -> None:
    path = sdist(site.folder)
    assert (
        "should be 'rehearsed-0.1.0.tar.gz'"
        in site.post(path, "rehearsed-0.1.tar.gz").reason
    )
    assert (
        "Start filename for 'other' with 'other'."
        in site.post(path, name="other").reason
    )
    assert "File is not a tarfile" in site.post(path, data=b"no sdist").reason
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        tar.addfile(tarfile.TarInfo("rehearsed-0.1.0/setup.py"))
    assert "PKG-INFO not found" in site.post(path, data=out.getvalue()).reason


def test_a_release_has_one_sdist(site: Site) -> None:
    path = sdist(site.folder)
    assert site.post(path).ok
    answer = site.post(path, "rehearsed-0.1.0.zip", data=b"another")
    assert answer.reason == "Only one sdist may be uploaded per release."


def test_a_project_of_another_owner_is_refused(site: Site) -> None:
    answer = site.post(wheel(site.folder, "somebody-s"), name="somebody_s")
    assert (
        answer.status_code,
        "isn't allowed to upload to project 'somebody_s'" in answer.reason,
    ) == (403, True)


def test_a_user_may_create_twenty_projects_at_once(site: Site) -> None:
    for number in range(20):
        assert site.post(
            wheel(site.folder, f"n{number}", text=str(number)),
            name=f"n{number}",
        ).ok
    answer = site.post(wheel(site.folder, "n20"), name="n20")
    assert (answer.status_code, answer.reason) == (
        429,
        "Too many new projects created",
    )
    assert site.post(
        wheel(site.folder, "n0", "0.2.0"), name="n0", version="0.2.0"
    ).ok


def test_files_and_projects_have_a_maximum_size(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pypi_files, "MAX_FILE", 10)
    assert site.post(wheel(site.folder)).reason.startswith(
        "File too large. Limit for project 'rehearsed' is"
    )
    monkeypatch.setattr(pypi_files, "MAX_FILE", 1 << 20)
    monkeypatch.setattr(pypi_files, "MAX_PROJECT", 10)
    assert site.post(wheel(site.folder)).reason.startswith(
        "Project size too large. Limit for project 'rehearsed'"
    )


def test_the_page_of_a_project_has_what_installers_need(site: Site) -> None:
    path = wheel(site.folder)
    assert site.post(path, requires_python=">=3.8").ok
    site.index.yank("Rehearsed", "0.1", "broken")
    page = site.get("/simple/rehearsed/", Accept=SIMPLE)
    file = page.json()["files"][0]
    assert page.headers["Content-Type"] == SIMPLE
    assert (
        page.json()["versions"],
        file["requires-python"],
        file["yanked"],
    ) == (
        ["0.1.0"],
        ">=3.8",
        "broken",
    )
    assert (file["size"], file["upload-time"][-1]) == (path.stat().st_size, "Z")
    metadata = requests.get(file["url"] + ".metadata", timeout=9).content
    assert (
        hashlib.sha256(metadata).hexdigest() == file["core-metadata"]["sha256"]
    )
    text = site.get("/simple/rehearsed/").text
    assert 'data-requires-python="&gt;=3.8"' in text
    assert 'data-yanked="broken"' in text
    assert f"#sha256={hashlib.sha256(path.read_bytes()).hexdigest()}" in text


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("text/html", "text/html; charset=UTF-8"),
        (f"text/html;q=0.1, {SIMPLE};q=0.9", SIMPLE),
        ("*/*", "text/html; charset=UTF-8"),
        ("application/vnd.pypi.simple.latest+json", SIMPLE),
        ("image/png", "text/plain"),
    ],
)
def test_the_content_type_of_a_page_is_negotiated(
    site: Site, accept: str, kind: str
) -> None:
    assert site.get("/simple/", Accept=accept).headers["Content-Type"] == kind


def test_files_are_served_in_parts_and_to_head(site: Site) -> None:
    path = wheel(site.folder)
    assert site.post(path).ok
    url = site.get("/simple/rehearsed/", Accept=SIMPLE).json()["files"][0][
        "url"
    ]
    data = path.read_bytes()
    for wanted, part in (
        ("0-9", data[:10]),
        ("5-", data[5:]),
        ("-7", data[-7:]),
        ("2-999999", data[2:]),
    ):
        answer = requests.get(
            url, headers={"Range": f"bytes={wanted}"}, timeout=9
        )
        assert (answer.status_code, answer.content) == (206, part)
    assert (
        requests.get(
            url, headers={"Range": "bytes=999999-"}, timeout=9
        ).status_code
        == 416
    )
    assert requests.head(url, timeout=9).headers["Content-Length"] == str(
        len(data)
    )


def test_the_older_json_pages_list_releases(site: Site) -> None:
    assert site.post(
        wheel(site.folder), summary="A package", classifiers=["Typing :: Typed"]
    ).ok
    assert site.post(
        wheel(site.folder, version="0.2.0rc1"), version="0.2.0-rc.1"
    ).ok
    shown = site.get("/pypi/Rehearsed/json").json()
    assert (shown["info"]["version"], sorted(shown["releases"])) == (
        "0.1.0",
        ["0.1.0", "0.2.0rc1"],
    )
    one = site.get("/pypi/rehearsed/0.2.0rc1/json").json()
    assert [file["filename"] for file in one["urls"]] == [
        "rehearsed-0.2.0rc1-py3-none-any.whl"
    ]
    assert site.get("/pypi/rehearsed/9.9/json").status_code == 404


def test_a_broken_or_missing_form_is_refused(site: Site) -> None:
    for auth, status in (
        (("__token__", "pypi-token"), 400),
        (("me", "pypi-token"), 403),
        (None, 403),
    ):
        assert (
            requests.post(
                f"{site.url}/legacy/", b"x", auth=auth, timeout=9
            ).status_code
            == status
        )

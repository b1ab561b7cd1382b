"""The local PyPI under its public names, with unchanged twine, uv and pip."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import requests
from support.package_clients import Client, Serving, sdist, sha256, wheel

from release_tasks.rehearsal.web import Request, Response

JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}


def listed(client: Client, name: str = "rehearsed") -> dict[str, str]:
    """Return the files that the index shows, each with its sha256."""
    page = requests.get(
        f"{client.registries.urls['pypi']}/simple/{name}/",
        headers=JSON,
        timeout=9,
    )
    return (
        {
            file["filename"]: file["hashes"]["sha256"]
            for file in page.json()["files"]
        }
        if page.ok
        else {}
    )


def write_both(
    folder: Path, version: str = "0.1.0", text: str = "x = 1"
) -> list[Path]:
    return [
        wheel(folder, version=version, text=text),
        sdist(folder, version=version, text=text),
    ]


def test_twine_uploads_and_the_same_bytes_again_change_nothing(
    client: Client,
) -> None:
    files = write_both(client.folder / "dist")
    for _ in range(2):
        client.ok("twine", "upload", *files)
        assert listed(client) == {path.name: sha256(path) for path in files}
    assert [entry.agent[:6] for entry in client.registries.log.writes()] == [
        "twine/"
    ] * 4


def test_other_bytes_under_the_same_name_are_refused(client: Client) -> None:
    client.ok("twine", "upload", wheel(client.folder))
    said = client.fails(
        "twine", "upload", wheel(client.folder, text="x = 2"), COLUMNS="300"
    )
    assert (
        "File already exists ('rehearsed-0.1.0-py3-none-any.whl', with blake2_256 hash"
        in said
    )


def test_the_same_bytes_under_another_name_are_refused(client: Client) -> None:
    path = wheel(client.folder)
    client.ok("twine", "upload", path)
    said = client.fails(
        "twine",
        "upload",
        path.rename(path.with_name("rehearsed-0.1.0-py2-none-any.whl")),
        COLUMNS="300",
    )
    assert (
        "File already exists ('rehearsed-0.1.0-py2-none-any.whl', with blake2_256 hash"
        in said
    )


def test_twine_skips_what_exists(client: Client) -> None:
    client.ok("twine", "upload", wheel(client.folder))
    said = client.ok(
        "twine", "upload", "--skip-existing", wheel(client.folder, text="x = 2")
    )
    assert "Skipping rehearsed-0.1.0-py3-none-any.whl" in said
    assert client.registries.log.refused() == ()


def test_the_name_of_a_deleted_file_can_never_be_used_again(
    client: Client,
) -> None:
    path = wheel(client.folder)
    client.ok("twine", "upload", path)
    client.registries.pypi.delete_file(path.name)
    assert listed(client) == {}
    said = client.fails("twine", "upload", path, COLUMNS="300")
    assert (
        "This filename was previously used by a file that has since been deleted."
        in said
    )


def test_a_release_is_closed_after_fourteen_days(client: Client) -> None:
    files = write_both(client.folder)
    client.ok("twine", "upload", files[0])
    client.registries.clock.skip(14 * 86400 + 1)
    said = client.fails("twine", "upload", files[1], COLUMNS="300")
    assert (
        "Uploading new files to releases older than 14 days is not allowed."
        in said
    )
    client.ok("twine", "upload", *write_both(client.folder, "0.2.0"))


def test_a_wrong_token_is_refused(client: Client) -> None:
    said = client.fails(
        "twine",
        "upload",
        wheel(client.folder),
        TWINE_PASSWORD="pypi-wrong",
        COLUMNS="300",
    )
    assert "403 Forbidden" in said
    assert "Invalid or non-existent authentication information." in said


def test_uv_publishes_and_shows_why_an_upload_is_refused(
    client: Client,
) -> None:
    files = write_both(client.folder)
    client.ok("uv", "publish", *files)
    assert listed(client) == {path.name: sha256(path) for path in files}
    said = client.fails("uv", "publish", wheel(client.folder, text="x = 2"))
    # uv wraps it
    assert "Server says: 400 File already exists" in " ".join(said.split())


class Issuer:
    """Gives JWTs as GitHub Actions does, each of its own."""

    name, hosts = "oidc", ()

    def __init__(self) -> None:
        self.given = 0

    def handle(self, request: Request) -> Response:
        self.given += 1
        claims = base64.urlsafe_b64encode(
            json.dumps(
                {"aud": request.query["audience"], "n": self.given}
            ).encode()
        )
        return Response.of_json(
            {"value": f"e30.{claims.decode().rstrip('=')}.c2ln"}
        )


@pytest.mark.parametrize("tool", ["twine upload", "uv publish"])
def test_trusted_publishing_needs_no_secret(
    client: Client, serving: Serving, tool: str
) -> None:
    in_actions = {
        "GITHUB_ACTIONS": "true",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "not-a-secret",
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"{serving(Issuer())}/token?x=1",
        "TWINE_USERNAME": "",
        "TWINE_PASSWORD": "",
        "UV_PUBLISH_TOKEN": "",
    }
    path = wheel(client.folder)
    client.ok(*tool.split(), path, **in_actions)
    assert listed(client) == {path.name: sha256(path)}


def test_a_jwt_is_accepted_once(client: Client) -> None:
    options: Any = {
        "json": {"token": "a.jwt.x"},
        "proxies": {"https": client.registries.urls["proxy"]},
        "verify": client.registries.env["SSL_CERT_FILE"],
        "timeout": 9,
    }
    url = "https://pypi.org/_/oidc/mint-token"
    answers = [requests.post(url, **options).status_code for _ in range(2)]
    assert answers == [200, 422]


def test_pip_and_uv_install_what_was_uploaded(client: Client) -> None:
    client.ok("twine", "upload", *write_both(client.folder))
    client.ok(
        "pip", "download", "--no-deps", "rehearsed", "-d", client.folder / "got"
    )
    assert (
        sha256(client.folder / "got" / "rehearsed-0.1.0-py3-none-any.whl")
        == listed(client)["rehearsed-0.1.0-py3-none-any.whl"]
    )
    client.ok(
        "pip",
        "install",
        "--no-deps",
        "--target",
        client.folder / "pip",
        "rehearsed==0.1.0",
    )
    client.ok(
        "uv",
        "pip",
        "install",
        "--python",
        sys.executable,
        "--target",
        client.folder / "uv",
        "rehearsed",
    )
    for tool in ("pip", "uv"):
        assert (client.folder / tool / "rehearsed.py").read_text() == "x = 1"
    metadata = [
        e
        for e in client.registries.log.entries()
        if e.target.endswith(".whl.metadata") and e.status == 200
    ]
    assert {entry.agent.split("/")[0] for entry in metadata} == {"pip", "uv"}


def test_a_yanked_release_is_installed_only_by_its_exact_version(
    client: Client,
) -> None:
    for version in ("0.1.0", "0.2.0"):
        client.ok("twine", "upload", wheel(client.folder, version=version))
    client.registries.pypi.yank("rehearsed", "0.2.0", "it was wrong")
    client.ok("pip", "install", "--target", client.folder / "any", "rehearsed")
    assert list((client.folder / "any").glob("rehearsed-0.1.0.dist-info"))
    said = client.ok(
        "pip",
        "install",
        "--target",
        client.folder / "exact",
        "rehearsed==0.2.0",
    )
    assert "Reason for being yanked: it was wrong" in said
    client.registries.pypi.unyank("rehearsed", "0.2.0")
    client.ok(
        "pip", "install", "--target", client.folder / "later", "rehearsed"
    )
    assert list((client.folder / "later").glob("rehearsed-0.2.0.dist-info"))


def test_clients_work_at_the_loopback_address_too(client: Client) -> None:
    url = client.registries.urls["pypi"]
    client.ok(
        "twine",
        "upload",
        "--repository-url",
        f"{url}/legacy/",
        wheel(client.folder),
    )
    client.ok(
        "uv",
        "publish",
        "--publish-url",
        f"{url}/legacy/",
        "--check-url",
        f"{url}/simple/",
        wheel(client.folder),
    )
    client.ok(
        "pip",
        "install",
        "--index-url",
        f"{url}/simple/",
        "--target",
        client.folder / "t",
        "rehearsed",
    )
    assert {entry.host for entry in client.registries.log.entries()} == {
        url.removeprefix("http://")
    }


def test_third_party_packages_come_from_the_real_index(reader: Client) -> None:
    reader.ok(
        "pip", "install", "--no-deps", "--target", reader.folder / "pip", "idna"
    )
    reader.ok(
        "uv",
        "pip",
        "install",
        "--python",
        sys.executable,
        "--target",
        reader.folder / "uv",
        "idna",
    )
    assert (reader.folder / "pip" / "idna" / "__init__.py").exists()
    assert (reader.folder / "uv" / "idna" / "__init__.py").exists()


def test_own_files_do_not_hide_the_real_ones(reader: Client) -> None:
    before = listed(reader, "idna")
    path = wheel(reader.folder, "idna", "999.0")
    reader.ok("twine", "upload", path)
    assert listed(reader, "idna") == before | {path.name: sha256(path)}
    assert len(before) > 10


def test_an_old_real_release_takes_no_more_files(reader: Client) -> None:
    said = reader.fails(
        "twine",
        "upload",
        wheel(reader.folder, "idna", "3.0", tag="py38-none-any"),
        COLUMNS="300",
    )
    assert (
        "Uploading new files to releases older than 14 days is not allowed."
        in said
    )
    said = reader.fails(
        "twine", "upload", sdist(reader.folder, "idna", "2.0"), COLUMNS="300"
    )
    assert "File already exists ('idna-2.0.tar.gz'" in said


def test_offline_a_third_party_package_is_unknown_and_not_missing(
    client: Client,
) -> None:
    client.registries.pypi.store.real.upstream.ours = {"rehearsed"}
    said = client.fails(
        "uv",
        "pip",
        "install",
        "--target",
        client.folder,
        "idna",
        UV_HTTP_RETRIES="0",
    )
    assert "503 Service Unavailable" in said
    assert listed(client) == {}


@pytest.mark.parametrize("path", ["/simple/Re.Hearsed/", "/simple/re-hearsed"])
def test_a_name_in_another_form_is_redirected(
    client: Client, path: str
) -> None:
    client.ok("twine", "upload", wheel(client.folder, "re-hearsed"))
    answer = requests.get(client.registries.urls["pypi"] + path, timeout=9)
    assert answer.url.endswith("/simple/re-hearsed/")
    assert "re_hearsed-0.1.0-py3-none-any.whl</a>" in answer.text

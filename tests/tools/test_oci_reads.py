"""Reading registries: the token dance, docker's logins, pages of tags, and what is not there."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

import pytest
from support.container_projects import IMAGE, push_image

from release_tasks.channels import oci_registry
from release_tasks.errors import ReleaseError
from release_tasks.rehearsal.faults import Fault
from release_tasks.tools.docker import login as docker_login

pytestmark = pytest.mark.usefixtures("registries")


@pytest.fixture
def login(tmp_path, monkeypatch):
    """Write docker's configuration."""

    def write(**config) -> None:
        folder = tmp_path / "docker"
        folder.mkdir(exist_ok=True)
        (folder / "config.json").write_text(json.dumps(config))
        monkeypatch.setenv("DOCKER_CONFIG", str(folder))

    return write


def basic(password: str) -> str:
    return base64.b64encode(f"somebody:{password}".encode()).decode()


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        ("ghcr.io/owner/name", ("ghcr.io", "owner/name")),
        ("127.0.0.1:5000/name", ("127.0.0.1:5000", "name")),
        ("localhost/name", ("localhost", "name")),
        ("owner/name", ("docker.io", "owner/name")),
        ("debian", ("docker.io", "library/debian")),
    ],
)
def test_a_reference_names_a_registry_and_a_repository(reference, parts):
    assert oci_registry.split(reference) == parts


def test_a_public_image_is_read_without_a_login(registries, login):
    login()
    digest = push_image(registries, "1.0.0", {"a": "b"})
    assert oci_registry.digest(IMAGE, "1.0.0") == digest
    assert oci_registry.digest(IMAGE, "1.0.1") is None
    assert oci_registry.labels(IMAGE, "1.0.0") == {"a": "b"}
    assert oci_registry.is_public(IMAGE, "1.0.0")


def test_a_private_image_is_read_with_dockers_login(registries, login):
    registries.oci.tokens.private_by_default = True
    digest = push_image(registries, "1.0.0")
    login(auths={"ghcr.io": {"auth": basic(registries.tokens.registry)}})
    assert oci_registry.digest(IMAGE, "1.0.0") == digest
    assert oci_registry.digest(IMAGE, "2.0.0") is None
    assert not oci_registry.is_public(IMAGE, "1.0.0")


def test_a_refused_login_is_an_error_that_names_the_registry(registries, login):
    registries.oci.tokens.private_by_default = True
    login(auths={"ghcr.io": {"auth": basic("wrong")}})
    with pytest.raises(ReleaseError) as caught:
        oci_registry.digest(IMAGE, "1.0.0")
    assert (
        caught.value.problem
        == "ghcr.io does not let docker's login read example/hello"
    )
    assert caught.value.fix == "docker login ghcr.io"


def test_no_login_for_a_private_image_is_an_error(registries, login):
    registries.oci.tokens.private_by_default = True
    login()
    with pytest.raises(ReleaseError, match="private or does not exist"):
        oci_registry.tags(IMAGE)


def test_a_login_kept_by_a_helper_is_asked_for(
    registries, login, tmp_path, monkeypatch
):
    registries.oci.tokens.private_by_default = True
    digest = push_image(registries, "1.0.0")
    answer = json.dumps(
        {
            "ServerURL": "ghcr.io",
            "Username": "somebody",
            "Secret": registries.tokens.registry,
        }
    )
    helper(
        tmp_path,
        f"read server; test \"$server\" = ghcr.io && echo '{answer}'",
        monkeypatch,
    )
    login(credHelpers={"ghcr.io": "ours"})
    assert oci_registry.digest(IMAGE, "1.0.0") == digest
    login(credsStore="ours", auths={"ghcr.io": {}})
    assert docker_login.login("ghcr.io") == (
        "somebody",
        registries.tokens.registry,
    )


def test_a_helper_that_knows_nothing_is_no_login(login, tmp_path, monkeypatch):
    helper(
        tmp_path,
        "echo credentials not found in native keychain; exit 1",
        monkeypatch,
    )
    login(credsStore="ours")
    assert docker_login.login("ghcr.io") is None
    helper(tmp_path, "echo the keychain is locked >&2; exit 1", monkeypatch)
    with pytest.raises(
        ReleaseError, match="docker-credential-ours cannot read"
    ):
        docker_login.login("ghcr.io")


def test_an_identity_token_is_known_but_opens_no_reads(login):
    login(auths={"ghcr.io": {"auth": basic(""), "identitytoken": "refresh me"}})
    assert docker_login.is_known("ghcr.io")
    assert docker_login.login("ghcr.io") is None


def test_a_token_that_ran_out_is_replaced(registries, login):
    login()
    digest = push_image(registries, "1.0.0")
    assert oci_registry.digest(IMAGE, "1.0.0") == digest
    registries.oci.tokens._granted.clear()
    assert oci_registry.digest(IMAGE, "1.0.0") == digest


def test_every_page_of_the_tags_is_read(registries):
    for number in range(5):
        push_image(registries, f"1.0.{number}")
    registries.faults.add(
        Fault(
            "GET",
            r"/v2/example/hello/tags/list\?n=1000$",
            status=200,
            body=b'{"tags": ["1.0.0"]}',
            headers={
                "Link": '</v2/example/hello/tags/list?n=2&last=1.0.0>; rel="next"'
            },
        )
    )
    assert oci_registry.tags(local(registries)) == tuple(
        f"1.0.{number}" for number in range(5)
    )


def test_a_repository_that_never_was_has_no_tags(registries):
    assert oci_registry.tags(IMAGE) is None


def test_a_loopback_registry_is_read_over_plain_http(registries):
    digest = push_image(registries, "1.0.0")
    assert oci_registry.digest(local(registries), "1.0.0") == digest
    assert oci_registry.missing_logins([local(registries)]) == []


def test_a_digest_is_computed_where_the_registry_does_not_tell_it(registries):
    digest = push_image(registries, "1.0.0")
    registries.faults.add(
        Fault("HEAD", "/v2/example/hello/manifests/", status=200)
    )
    assert oci_registry.digest(local(registries), "1.0.0") == digest


def test_an_unreadable_docker_configuration_is_named(login, tmp_path):
    login()
    (tmp_path / "docker/config.json").write_text("{")
    with pytest.raises(ReleaseError, match=r"config\.json is not valid JSON"):
        docker_login.login("ghcr.io")


def local(registries) -> str:
    return registries.urls["oci"].removeprefix("http://") + "/example/hello"


def helper(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install a credential helper, in the protocol of docker-credential-helpers."""
    path = folder / "bin" / "docker-credential-ours"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    if str(path.parent) not in os.environ["PATH"]:
        monkeypatch.setenv("PATH", f"{path.parent}:{os.environ['PATH']}")


@pytest.mark.parametrize("body", [b"[]", b"<html>", b"null", b"7"])
def test_a_registry_that_answers_nonsense_is_an_error(registries, body):
    registries.faults.add(
        Fault("GET", "/v2/example/hello/", status=200, body=body, times=9)
    )
    for read in (
        lambda: oci_registry.tags(IMAGE),
        lambda: oci_registry.manifest(IMAGE, "1.2.0"),
        lambda: oci_registry.labels(IMAGE, "1.2.0"),
    ):
        with pytest.raises(
            ReleaseError,
            match=r"did not return valid JSON|returned unexpected JSON",
        ):
            read()

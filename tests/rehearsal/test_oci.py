"""The registry as a whole: its base, names, errors, and who may do what under its public name."""

from __future__ import annotations

import pytest
import requests
from support.registry_client import (
    IMAGE,
    PASSWORD,
    codes,
    digest_of,
    image,
    local_registry,
    public,
)


@pytest.fixture
def registry(tmp_path):
    with local_registry(tmp_path) as running_registry:
        yield running_registry


@pytest.fixture
def private(tmp_path):
    with local_registry(tmp_path, private_by_default=True) as running_registry:
        yield running_registry


def token(seen, scope="", auth=("somebody", PASSWORD)):
    answer = seen.call(
        "GET",
        "/token",
        params={"service": "ghcr.io", "scope": scope},
        auth=auth,
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["token"]


def use(seen, actions, auth=("somebody", PASSWORD)):
    """Let `seen` bring a token for its repository."""
    seen.session.headers["Authorization"] = (
        f"Bearer {token(seen, f'repository:{seen.name}:{actions}', auth)}"
    )


def test_the_base_says_how_to_log_in_at_the_loopback_address(registry):
    for path in ("/v2/", "/v2"):
        asked = requests.get(registry.base + path, timeout=9)
        assert asked.status_code == 401
        assert asked.headers["WWW-Authenticate"].startswith(
            f'Bearer realm="{registry.base}/token"'
        )
        answer = registry.call("GET", path)
        assert answer.status_code == 200
        assert (
            answer.headers["Docker-Distribution-API-Version"] == "registry/2.0"
        )


@pytest.mark.parametrize(
    "name", ["Upper", "-a", "a//b", "a/", "a..b", "a" * 256]
)
def test_an_ill_formed_name_is_refused(registry, name):
    answer = registry.at(name).call("POST", "blobs/uploads/")
    assert (answer.status_code, codes(answer)) == (400, ["NAME_INVALID"])


@pytest.mark.parametrize(
    "name",
    [
        "a",
        "a/b/c/d",
        "a__b",
        "a--b.c",
        "blobs/uploads",
        "x/manifests/y",
        "a" * 255,
    ],
)
def test_a_well_formed_name_is_accepted(registry, name):
    there = registry.at(name)
    assert there.push(image(), "tag").status_code == 201
    assert there.tags() == ["tag"]


@pytest.mark.parametrize(
    "path", ["tags/list", "manifests/latest", f"blobs/{digest_of(b'x')}"]
)
def test_an_unknown_repository_is_not_found(registry, path):
    answer = registry.call("GET", path)
    assert (answer.status_code, codes(answer)) == (404, ["NAME_UNKNOWN"])


def test_an_unknown_endpoint_is_refused(registry):
    assert registry.call("GET", "/v1/search").status_code == 404
    assert registry.call("GET", "tags/other").status_code == 404
    answer = registry.call("POST", "manifests/latest")
    assert (answer.status_code, codes(answer)) == (405, ["UNSUPPORTED"])


def test_the_public_name_requires_a_token_and_shows_where_to_get_it(registry):
    seen = public(registry)
    assert seen.call("GET", "/v2/").headers["WWW-Authenticate"] == (
        'Bearer realm="https://ghcr.io/token",service="ghcr.io"'
    )
    read, write = (
        seen.call("GET", "tags/list"),
        seen.call("POST", "blobs/uploads/"),
    )
    assert read.status_code == write.status_code == 401
    assert codes(read) == ["UNAUTHORIZED"]
    assert read.headers["WWW-Authenticate"].endswith(
        'scope="repository:team/app:pull"'
    )
    assert write.headers["WWW-Authenticate"].endswith(
        'scope="repository:team/app:pull,push"'
    )


def test_the_password_gives_a_token_to_push(registry):
    seen = public(registry)
    use(seen, "pull,push")
    seen.push_blob(b"{}")
    assert seen.push(image(), "1.0").status_code == 201
    assert seen.call("GET", "/v2/").status_code == 200
    assert registry.tags() == ["1.0"]


def test_anonymous_tokens_may_pull_and_not_push(registry):
    registry.push(image(), "1.0")
    seen = public(registry)
    use(seen, "pull,push", auth=None)
    assert seen.tags() == ["1.0"]
    answer = seen.push(image(), "2.0")
    assert (answer.status_code, codes(answer)) == (401, ["UNAUTHORIZED"])
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]
    assert registry.tags() == ["1.0"]


@pytest.mark.parametrize(
    "scope", ["repository:team/app:pull", "repository:other/app:pull,push", ""]
)
def test_a_token_is_valid_for_its_scope_only(registry, scope):
    seen = public(registry)
    seen.session.headers["Authorization"] = f"Bearer {token(seen, scope)}"
    assert seen.push(image(), "1.0").status_code == 401


def test_one_token_may_have_several_scopes(registry):
    scopes = [
        "repository:team/app:pull,push",
        "repository:other/app:pull repository:third/app:*",
    ]
    seen = public(registry)
    answer = seen.call(
        "GET", "/token", params={"scope": scopes}, auth=("somebody", PASSWORD)
    )
    for name, status in (
        ("team/app", 202),
        ("other/app", 401),
        ("third/app", 202),
    ):
        there = public(registry, name)
        there.session.headers["Authorization"] = (
            f"Bearer {answer.json()['token']}"
        )
        assert there.call("POST", "blobs/uploads/").status_code == status


@pytest.mark.parametrize(
    "form",
    [
        {"grant_type": "password", "username": "a", "password": PASSWORD},
        {"grant_type": "refresh_token", "refresh_token": PASSWORD},
    ],
)
def test_a_form_gives_a_token_too(registry, form):
    seen = public(registry)
    scope = {"service": "ghcr.io", "scope": "repository:team/app:pull,push"}
    given = seen.call("POST", "/token", data=form | scope).json()[
        "access_token"
    ]
    seen.session.headers["Authorization"] = f"Bearer {given}"
    assert seen.call("POST", "blobs/uploads/").status_code == 202


@pytest.mark.parametrize(
    "header", ["Basic YTp3cm9uZw==", "Basic !", "Basic YQ=="]
)
def test_a_wrong_password_is_denied(registry, header):
    seen = public(registry)
    answer = seen.call(
        "GET",
        "/token",
        params={"scope": "repository:team/app:pull"},
        headers={"Authorization": header},
    )
    assert (answer.status_code, codes(answer)) == (403, ["DENIED"])


@pytest.mark.parametrize(
    "header", ["Bearer invented", "Bearer", "Basic YTp3cm9uZw=="]
)
def test_an_unknown_token_is_refused(registry, header):
    answer = public(registry).call(
        "GET", "/v2/", headers={"Authorization": header}
    )
    assert answer.status_code == 401


def test_under_its_public_name_an_image_needs_its_blobs(registry):
    seen = public(registry)
    use(seen, "pull,push")
    seen.push_blob(b"{}")
    answer = seen.push(image(b"{}", (b"never pushed",)), "1.0")
    assert (answer.status_code, codes(answer)) == (
        404,
        ["MANIFEST_BLOB_UNKNOWN"],
    )
    far = image().replace(
        b'"layers": []',
        (
            b'"layers": [{"mediaType": '
            b'"application/vnd.oci.image.layer.nondistributable.v1.tar", "digest": '
            b'"sha256:%s", "size": 1}]'
        )
        % (b"0" * 64),
    )
    assert seen.push(far, "far", IMAGE).status_code == 201


def test_a_private_image_is_read_by_its_owner_until_it_is_made_public(private):
    owner, other = public(private), public(private)
    use(owner, "pull,push")
    owner.push_blob(b"{}")
    owner.push(image(), "1.0")
    assert owner.tags() == ["1.0"]
    refused = other.call(
        "GET", "/token", params={"scope": "repository:team/app:pull"}
    )
    assert (refused.status_code, codes(refused)) == (401, ["UNAUTHORIZED"])
    private.oci.tokens.public.add("team/app")
    use(other, "pull", auth=None)
    assert other.tags() == ["1.0"]


def test_at_the_secret_address_a_script_pushes_without_a_login(registry):
    registry.session.auth = None
    assert registry.push(image(), "latest").status_code == 401
    registry.base += f"/{PASSWORD}"
    begun = registry.call("POST", "blobs/uploads/")
    assert begun.status_code == 202
    assert begun.headers["Location"].startswith(f"/{PASSWORD}/v2/")
    assert registry.push(image(), "latest").status_code == 201
    assert registry.tags() == ["latest"]


def test_the_secret_address_is_not_known_under_the_public_name(registry):
    assert registry.push(image(), "latest").status_code == 201
    answer = public(registry).call("GET", f"/{PASSWORD}/v2/team/app/tags/list")
    assert answer.status_code == 404

"""Who is GitHub, and who may have docker's login: names are compared whole, over https alone."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from support.contexts import context
from support.repositories import commit_files

from release_tasks import http
from release_tasks.channels import oci_registry
from release_tasks.commands import downstream
from release_tasks.errors import ReleaseError
from release_tasks.formats import oci_layout
from release_tasks.http import Answer
from release_tasks.project import forks
from release_tasks.release import Release
from release_tasks.rules import oci
from release_tasks.tools import remotes
from release_tasks.tools.gh import hosts

NOT_GITHUB = [
    "https://notgithub.com/o/r",
    "https://github.com.evil.example/o/r",
    "https://evil.example/github.com/o/r",
    "https://mirror.example/github.com/o/r",
    "https://github.com@evil.example/o/r",
    "https://github.com:x@evil.example/o/r",
    "https://github.com\\@evil.example/o/r",
    "https://github.com#@evil.example/o/r",
    "https://github.com?@evil.example/o/r",
    "https://evil.example#github.com/o/r",
    "https://evil.example?github.com/o/r",
    "https://evil-github.com/o/r",
    "https://github.community/o/r",
    "https://github.co/o/r",
    "https://api-github.com/o/r",
    "https://raw.githubusercontent.com/o/r",
    "https://gist.github.com/o/r",
    "https://xghe.com/o/r",
    "https://ghe.com/o/r",
    "https://acme.ghe.com.evil.example/o/r",
    "https://g\u0131thub.com/o/r",
    "https://\uff47ithub.com/o/r",
    "http://github.com/o/r",
    "git://github.com/o/r",
    "ftp://github.com/o/r",
    "file://github.com/o/r",
    "javascript://github.com/o/r",
    "ext::sh -c x github.com/o/r",
    "/github.com/o/r",
    "github.com/o/r",
    "git@evil.example:github.com/o/r",
    "github.com@evil.example:o/r",
    "https://github.com/../user",
    "https://github.com/o/..",
    "https://github.com/./r",
    "https://github.com/o/r/../../user",
    "https://github.com/o/r?x=y",
    "https://github.com/o/r#x",
    "https://github.com/o%2f..%2fuser/r",
    "https://github.com/o/r\n",
    "https://github.com/o/r\x1b[2J",
    "https://github.com/o r/x",
]


@pytest.fixture(autouse=True)
def nobody(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("GH_CONFIG_DIR", str(folder))
    monkeypatch.delenv("GH_HOST", raising=False)


@pytest.mark.parametrize("url", NOT_GITHUB)
def test_what_is_not_github_is_not_taken_for_it(url: str) -> None:
    assert remotes.github_repository(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/o/r",
        "https://github.com/o/r.git",
        "https://github.com/o/r/",
        "https://GitHub.com/o/r",
        "https://www.github.com/o/r",
        "https://user@github.com/o/r",
        "https://user:password@github.com/o/r",
        "https://github.com:443/o/r",
        "git@github.com:o/r.git",
        "ssh://git@github.com/o/r",
        "ssh://git@ssh.github.com:443/o/r.git",
    ],
)
def test_github_is_known_in_every_form(url: str) -> None:
    assert remotes.github_repository(url) == "o/r"


@pytest.mark.parametrize(
    "url",
    [
        "https://notgithub.com/o/r",
        "https://mirror.example/github.com/o/r",
        "https://github.com.evil.example/o/r",
        "https://github.com/../user",
        "https://github.com/o/..",
        "see https://github.com/o/r",
    ],
)
def test_a_manifest_cannot_name_another_host_as_github(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forks, "_urls", lambda project: [(url, "Cargo.toml")])
    assert forks.declared(None) == {}  # type: ignore[arg-type]


@pytest.mark.parametrize("key", ["name", "fork"])
@pytest.mark.parametrize(
    "name",
    [
        "evil.example/o/r",
        "github.com.evil.example/o/r",
        "127.0.0.1:9/o/r",
        "evil.example:8443/o/r",
        "../../user",
        "o/..",
        "o/r/x",
        "https://github.com/o/r",
        "-o/r x",
        "o",
    ],
)
def test_no_other_host_gets_a_token_for_a_repository_downstream(
    name: str, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GH_ENTERPRISE_TOKEN", "the-token")
    text = f'[downstream."{name}"]\n'
    if key == "fork":
        text = f'[downstream."o/r"]\nfork = "{name}"\n'
    root = commit_files(tmp_path / "p", {"release-tasks.toml": text})
    monkeypatch.chdir(root)
    with pytest.raises(ReleaseError, match="is not a repository on GitHub"):
        downstream._tables(Release.at(context(), "0.1.0"))


def test_a_host_that_gh_is_signed_in_to_is_github(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GH_HOST", "git.example.org")
    text = '[downstream."git.example.org/o/r"]\n[downstream."o/s"]\nfork = "me/s"\n'
    root = commit_files(tmp_path / "p", {"release-tasks.toml": text})
    monkeypatch.chdir(root)
    tables = downstream._tables(Release.at(context(), "0.1.0"))
    assert list(tables) == ["git.example.org/o/r", "o/s"]


@pytest.mark.parametrize("name", ["o/r", "o-1/r.x", "O_o/.github", "a/b..c"])
def test_names_that_github_has_are_names(name: str) -> None:
    assert hosts.REPOSITORY.fullmatch(name)


# --- docker's login

MAY = [
    ("registry-1.docker.io", "auth.docker.io"),
    ("ghcr.io", "ghcr.io"),
    ("quay.io", "quay.io"),
    ("registry.gitlab.com", "gitlab.com"),
    ("registry.example.org", "gitlab.example.org"),
    ("registry.example.org", "example.org"),
    ("docker.example.org", "auth.example.org"),
    ("example.org", "auth.example.org"),
    ("acme.azurecr.io", "acme.azurecr.io"),
    ("GHCR.io", "ghcr.IO"),
]
MAY_NOT = [
    ("ghcr.io", "evil.example"),
    ("ghcr.io", "ghcr.io.evil.example"),
    ("ghcr.io", "xghcr.io"),
    ("quay.io", "evil.io"),
    ("registry.example.org", "evil-example.org"),
    ("registry.example.org", "evil.org"),
    ("registry.org", "evil.org"),
    ("acme.azurecr.io", "evil.azurecr.io"),
    ("registry.azurecr.io", "evil.azurecr.io"),
    ("azurecr.io", "evil.azurecr.io"),
    ("acme.example.org", "evil.example.org"),
    ("registry-1.docker.io", "auth.docker.io.evil.example"),
    ("127.0.0.1", "evil.example"),
    ("ghcr.io", ""),
]


@pytest.mark.parametrize(("registry", "realm"), MAY)
def test_a_registry_may_send_its_login_to_its_own(
    registry: str, realm: str
) -> None:
    assert oci.is_realm_of(registry, realm)


@pytest.mark.parametrize(("registry", "realm"), MAY_NOT)
def test_a_registry_may_not_send_its_login_elsewhere(
    registry: str, realm: str
) -> None:
    assert not oci.is_realm_of(registry, realm)


LOGIN = base64.b64encode(b"user:hunter2").decode()
REALMS = [
    "https://evil.example/token",
    "http://ghcr.io/token",
    "http://127.0.0.1:9/token",
    "//evil.example/token",
    "https://ghcr.io@evil.example/token",
    "https://user@ghcr.io/token",
    "https://evil.example#ghcr.io",
    "file:///etc/passwd",
    "ftp://ghcr.io/token",
    "javascript:x",
    "https://",
    "\x1b[2Jhttps://evil.example",
]


@pytest.mark.parametrize("realm", REALMS)
def test_a_bad_realm_never_gets_the_login(
    realm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[str, str]] = []

    def get(
        url: str, headers: Mapping[str, str], *words: object, **named: object
    ) -> Answer:
        sent.append((url, str(headers)))
        if url.startswith("https://ghcr.io/v2/"):
            return Answer(
                url, 401, {"www-authenticate": f'Bearer realm="{realm}"'}, b""
            )
        return Answer(url, 200, {}, json.dumps({"token": "x"}).encode())

    monkeypatch.setattr(http, "get", get)
    monkeypatch.setattr(
        oci_registry.docker_login, "login", lambda registry: ("user", "hunter2")
    )
    with pytest.raises(ReleaseError):
        oci_registry.digest("ghcr.io/example/app", "1.0.0")
    for url, headers in sent:
        assert "hunter2" not in url + headers
        if LOGIN in headers:
            assert url.startswith("https://ghcr.io/")


@pytest.mark.parametrize(
    "token", [5, None, "a\r\nX: y", "", ["x"], "a b", "\x1b[2J"]
)
def test_a_token_that_is_none_is_not_sent(
    token: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = json.dumps({"token": token}).encode()
    monkeypatch.setattr(
        http, "get", lambda url, *words, **named: Answer(url, 200, {}, body)
    )
    refusal = Answer(
        "https://ghcr.io/v2/",
        401,
        {"www-authenticate": 'Bearer realm="https://ghcr.io/t"'},
        b"",
    )
    assert oci_registry._authorization(refusal, "example/app", None) is None


@pytest.mark.parametrize(
    "digest",
    [
        "sha256:../../x",
        "md5:d41d8cd98f00b204e9800998ecf8427e",
        "shake_128:00",
        "sha256:",
        "sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "x",
        "",
        "sha256:" + "0" * 64,
    ],
)
def test_a_digest_of_another_algorithm_proves_nothing(digest: str) -> None:
    assert not oci_layout.has_digest(b"", digest)

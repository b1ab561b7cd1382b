"""What others have published is read from the real registries; other local ones play these."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from support.container_projects import push_image
from support.repositories import commit_files, git

from release_tasks import terminal
from release_tasks.errors import ReleaseError
from release_tasks.rehearsal import clients
from release_tasks.rehearsal.mirrors import Mirrors
from release_tasks.rehearsal.registries import (
    LocalRegistries,
    Ours,
    run_registries,
)
from release_tasks.rehearsal.tokens import USER, Tokens

OURS = (
    "ghcr.io/me/app",
    "docker.io/me/app",
    "registry.gitlab.com/me/group/app",
)
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
EMPTY = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "layers": []})


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again at once what a host did not answer: each has nine seconds of pauses."""
    monkeypatch.setattr(terminal, "pause", lambda *words: None)


@pytest.fixture
def real(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[LocalRegistries]:
    """Registries that play the real ones: this process reaches them by their public names."""
    others = Ours(references=["ghcr.io/example/hello", "quay.io/example/hello"])
    with run_registries(
        tmp_path / "real", offline=True, ours=others
    ) as running:
        for name, value in running.env.items():
            monkeypatch.setenv(name, value)
        yield running


@contextlib.contextmanager
def rehearsed(
    folder: Path, references: tuple[str, ...] = OURS, offline: bool = False
) -> Iterator[LocalRegistries]:
    with run_registries(
        folder / "rehearsed",
        offline=offline,
        cache=folder / "cache",
        ours=Ours(references=references),
    ) as running:
        yield running


def ask(
    registries: LocalRegistries, method: str, url: str, data: str = ""
) -> requests.Response:
    """Ask as docker does: refused once, then with a token for what was asked."""
    session = requests.Session()
    session.trust_env = False
    session.proxies = {"https": registries.urls["proxy"]}
    session.verify = registries.env["SSL_CERT_FILE"]
    headers = {"Content-Type": MANIFEST}
    answer = session.request(
        method, url, data=data, headers=headers, timeout=30
    )
    if answer.status_code != 401:
        return answer
    challenge = dict(
        part.split("=", 1)
        for part in answer.headers["WWW-Authenticate"]
        .split(" ", 1)[1]
        .split(",", 2)
    )
    login = None
    if method != "GET":
        login = (USER, registries.tokens.registry)
    query = {"scope": challenge["scope"].strip('"')}
    realm = challenge["realm"].strip('"')
    token = session.get(realm, params=query, auth=login, timeout=30).json()[
        "token"
    ]
    headers["Authorization"] = f"Bearer {token}"
    return session.request(method, url, data=data, headers=headers, timeout=30)


def push(registries: LocalRegistries, host: str, repository: str) -> int:
    url = f"https://{host}/v2/{repository}/manifests/1.0"
    return ask(registries, "PUT", url, EMPTY).status_code


def test_an_image_of_others_is_read_from_the_same_registry(
    real: LocalRegistries, tmp_path: Path
) -> None:
    digest = push_image(real, "1.0")
    with rehearsed(tmp_path) as registries:
        base = "https://ghcr.io/v2/example/hello"
        answer = ask(registries, "GET", f"{base}/manifests/1.0")
        assert answer.status_code == 200
        assert answer.headers["Docker-Content-Digest"] == digest
        assert (
            ask(registries, "HEAD", f"{base}/manifests/1.0").status_code == 200
        )
        assert ask(registries, "GET", f"{base}/tags/list").json()["tags"] == [
            "1.0"
        ]
        config = answer.json()["config"]["digest"]
        assert ask(registries, "GET", f"{base}/blobs/{config}").content
        assert [path.name for path in (tmp_path / "cache/blobs").iterdir()] == [
            config.replace(":", "-")
        ]


def test_an_image_of_ours_is_not_read_from_the_real_registry(
    real: LocalRegistries, tmp_path: Path
) -> None:
    push_image(real, "1.0")
    with rehearsed(tmp_path, ("ghcr.io/example/hello",)) as registries:
        url = "https://ghcr.io/v2/example/hello/tags/list"
        assert ask(registries, "GET", url).status_code == 404
        assert push(registries, "ghcr.io", "example/hello") == 201
        assert ask(registries, "GET", url).json()["tags"] == ["1.0"]


def test_another_host_is_read_and_never_changed(
    real: LocalRegistries, tmp_path: Path
) -> None:
    assert push(real, "quay.io", "example/hello") == 201
    with rehearsed(tmp_path) as registries:
        url = "https://quay.io/v2/example/hello/manifests/1.0"
        answer = ask(registries, "GET", url)
        assert answer.json()["mediaType"] == MANIFEST
        assert answer.headers["Content-Type"] == MANIFEST
        missing = "https://quay.io/v2/example/hello/manifests/2.0"
        assert ask(registries, "GET", missing).status_code == 404
        assert registries.log.refused() == ()
        assert push(registries, "quay.io", "example/hello") == 403
        assert registries.log.refused() == ("quay.io",)


def test_a_host_that_cannot_be_reached_is_named_with_the_reason(
    real: LocalRegistries, tmp_path: Path
) -> None:
    with rehearsed(tmp_path) as registries:
        for _ in range(2):
            url = "https://gone.example/v2/x/manifests/1"
            answer = ask(registries, "GET", url)
            assert answer.status_code == 503
            assert "gone.example" in answer.text
        assert list(registries.elsewhere.unreachable) == ["gone.example"]
    assert len([entry for entry in real.log.entries() if entry.is_refused]) <= 6


@pytest.mark.parametrize(
    "url",
    [
        "https://codeberg.org/acme/other.git",
        "https://gitlab.com/acme/group/other",
        "ssh://git@git.sr.ht:2222/~acme/other",
        "git@git.sr.ht:~acme/other",
    ],
)
def test_a_repository_of_others_is_read_as_the_users_git_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    path = url.removesuffix(".git").replace(":", "/").rpartition("acme/")[2]
    home = "~acme" if "~" in url else "acme"
    host = next(
        name
        for name in ("codeberg.org", "gitlab.com", "git.sr.ht")
        if name in url
    )
    real = commit_files(
        tmp_path / "real" / host / home / f"{path}.git", {"a": "a"}
    )
    settings = tmp_path / "gitconfig"
    settings.write_text(f'[url "{tmp_path}/real/"]\n\tinsteadOf = https://\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    ours = Ours(ssh_hosts=["git.sr.ht:2222"])
    with run_registries(
        tmp_path / "rehearsed", cache=tmp_path / "cache", ours=ours
    ) as registries:
        env = registries.environment()

        def git_says(*words: str) -> subprocess.CompletedProcess[str]:
            argv = ["git", *words]
            return subprocess.run(
                argv, env=env, capture_output=True, text=True, check=False
            )

        read = git_says("ls-remote", url, "HEAD")
        assert read.stdout.split() == [
            git(real, "rev-parse", "HEAD").strip(),
            "HEAD",
        ]
        assert git_says("push", url, "HEAD").returncode != 0
        missing = git_says("ls-remote", url.replace("acme", "gone"))
        assert "git does not read" in missing.stderr
        assert f"{host}/" in next(iter(registries.unreachable()))


@pytest.mark.parametrize("path", ["../other", "acme/..", "a b/c", "-x/y", ""])
def test_a_strange_address_is_no_repository(tmp_path: Path, path: str) -> None:
    mirrors = Mirrors(tmp_path / "mirrors")
    assert mirrors.find("example.org", path) is None
    assert mirrors.find("example.org/..", "a/b") is None
    assert not (tmp_path / "mirrors").exists()


def test_offline_nothing_of_others_is_read(tmp_path: Path) -> None:
    with rehearsed(tmp_path, offline=True) as registries:
        url = "https://ghcr.io/v2/example/hello/tags/list"
        answer = ask(registries, "GET", url)
        assert (answer.status_code, "offline" in answer.text) == (503, True)
        with pytest.raises(requests.exceptions.ProxyError):
            ask(registries, "GET", "https://quay.io/v2/")
        assert registries.log.refused() == ("quay.io",)


@pytest.mark.parametrize(
    ("host", "repository"),
    [
        ("ghcr.io", "me/app"),
        ("registry-1.docker.io", "me/app"),
        ("registry.gitlab.com", "me/group/app"),
    ],
)
def test_each_registry_has_repositories_of_its_own(
    tmp_path: Path, host: str, repository: str
) -> None:
    with rehearsed(tmp_path, offline=True) as registries:
        assert push(registries, host, repository) == 201
        for other in ("ghcr.io", "registry-1.docker.io"):
            url = f"https://{other}/v2/me/app/manifests/1.0"
            expected = 200 if (other, "me/app") == (host, repository) else 404
            assert ask(registries, "GET", url).status_code == expected
        own = f"{registries.urls['oci']}/v2/{repository}/manifests/1.0"
        assert requests.get(own, timeout=30).status_code == 200


def test_without_a_project_every_registry_of_everybody_is_served(
    real: LocalRegistries, tmp_path: Path
) -> None:
    assert push(real, "quay.io", "example/hello") == 201
    with run_registries(
        tmp_path / "served",
        cache=tmp_path / "cache",
        references=[
            "localhost:0/app",
            "123456789012.dkr.ecr.x.amazonaws.com/app",
        ],
    ) as served:
        url = "https://quay.io/v2/example/hello/manifests/1.0"
        assert ask(served, "GET", url).status_code == 200
        for host in (
            *(
                "ghcr.io",
                "registry-1.docker.io",
                "quay.io",
                "registry.gitlab.com",
            ),
            *("public.ecr.aws", "123456789012.dkr.ecr.x.amazonaws.com"),
        ):
            new = f"https://{host}/v2/me/app/manifests/1.0"
            # the one that can be reached, which knows only its own
            if host != "quay.io":
                assert ask(served, "GET", new).status_code == 404
            assert push(served, host, "me/app") == 201
            assert ask(served, "GET", new).status_code == 200
        ecr = "123456789012.dkr.ecr.x.amazonaws.com"
        assert push(served, ecr, "me/a__b") == 400


def test_docker_hub_takes_a_namespace_and_a_name(tmp_path: Path) -> None:
    with rehearsed(tmp_path, offline=True) as registries:
        assert push(registries, "registry-1.docker.io", "me/group/app") == 400
        assert push(registries, "registry.gitlab.com", "me/group/app") == 201


def test_a_registry_on_loopback_has_its_own_port(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    references = (f"localhost:{port}/app",)
    with rehearsed(tmp_path, references, offline=True) as registries:
        url = f"http://127.0.0.1:{port}/v2/app/manifests/1.0"
        headers = {"Content-Type": MANIFEST}
        login = (USER, registries.tokens.registry)
        assert (
            requests.put(url, EMPTY, headers=headers, timeout=30).status_code
            == 401
        )
        answer = requests.put(
            url, EMPTY, headers=headers, auth=login, timeout=30
        )
        assert answer.status_code == 201
        with (
            pytest.raises(ReleaseError, match=f"port {port}"),
            rehearsed(tmp_path / "again", references, offline=True),
        ):
            pass


def test_the_builders_and_contexts_of_the_user_are_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, made = tmp_path / "docker", tmp_path / "clients"
    for path in (
        "buildx/instances/mine",
        "buildx/current",
        "contexts/meta/x/meta.json",
    ):
        (own / path).parent.mkdir(parents=True, exist_ok=True)
        (own / path).write_text("{}")
    (own / "config.json").write_text(
        json.dumps({"currentContext": "colima", "credsStore": "osxkeychain"})
    )
    monkeypatch.setenv("DOCKER_CONFIG", str(own))
    monkeypatch.delenv("BUILDX_CONFIG", raising=False)
    monkeypatch.setenv("BUILDX_BUILDER", "mine")
    registries = ["docker.io", "quay.io"]
    env = clients.environment(
        clients.Place(
            "http://p", tmp_path / "ca.pem", made, Tokens.made(), registries
        )
    )
    assert env["BUILDX_BUILDER"] == "mine"
    assert (
        Path(env["BUILDX_CONFIG"]) / "instances" / "mine"
    ).read_text() == "{}"
    assert (Path(env["BUILDX_CONFIG"]) / "current").is_file()
    assert (Path(env["DOCKER_CONFIG"]) / "contexts/meta/x/meta.json").is_file()
    settings = json.loads(
        (Path(env["DOCKER_CONFIG"]) / "config.json").read_text()
    )
    assert settings["currentContext"] == "colima"
    assert "credsStore" not in settings
    assert list(settings["auths"]) == [
        "ghcr.io",
        "https://index.docker.io/v1/",
        "quay.io",
        "registry-1.docker.io",
    ]


def test_registries_of_the_users_cargo_are_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.toml").write_text(
        '[registries.corp-a]\nindex = "sparse+https://a.example/"\ntoken = "x"\n'
        '[registries.crates-io]\nprotocol = "git"\n'
    )
    monkeypatch.setenv("CARGO_HOME", str(tmp_path))
    monkeypatch.setenv(
        "CARGO_REGISTRIES_B_INDEX", "https://b.example/index.git"
    )
    monkeypatch.setenv("CARGO_REGISTRIES_B_TOKEN", "y")
    monkeypatch.setenv("CARGO_REGISTRIES_CRATES_IO_INDEX", "https://c.example")
    place = clients.Place(
        "http://p", tmp_path / "ca", tmp_path / "c", Tokens.made()
    )
    env = clients.environment(place)
    known = {
        name: env[name] for name in env if name.startswith("CARGO_REGISTRIES")
    }
    assert known == {
        "CARGO_REGISTRIES_CORP_A_INDEX": "sparse+https://a.example/",
        "CARGO_REGISTRIES_B_INDEX": "https://b.example/index.git",
    }

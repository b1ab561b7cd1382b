"""Local registries: every client's environment, the guard, and `serve`."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import requests
from support.package_clients import Client, wheel

from release_tasks.rehearsal import clients
from release_tasks.rehearsal.registries import (
    LocalRegistries,
    run_registries,
    serve_registries,
)

SERVE = """
import sys
from release_tasks.rehearsal.registries import serve_registries
serve_registries(sys.stdin, sys.stdout, offline=True)
"""


def start_serving(tmp_path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SERVE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ
        | {"TMPDIR": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")},
    )


def test_every_registry_has_an_address_and_a_public_name(
    registries: LocalRegistries,
) -> None:
    assert set(registries.urls) == {"crates", "pypi", "oci", "github", "proxy"}
    proxies, ca = (
        {"https": registries.urls["proxy"]},
        registries.env["SSL_CERT_FILE"],
    )
    for public in (
        "https://index.crates.io/config.json",
        "https://pypi.org/simple/",
        "https://ghcr.io/v2/",
        "https://api.github.com/",
    ):
        session = requests.Session()
        session.trust_env = False
        assert (
            session.get(public, proxies=proxies, verify=ca, timeout=9)
            .headers["Server"]
            .strip()
            == "rehearsal"
        )


def test_what_is_not_routed_is_refused_and_listed(client: Client) -> None:
    script = "import requests; requests.get('https://example.org/', timeout=9)"
    said = client.fails(sys.executable, "-c", script)
    assert "Tunnel connection failed: 403" in said
    assert client.registries.log.refused() == ("example.org",)


def test_git_cannot_use_ssh(client: Client) -> None:
    said = client.fails("git", "ls-remote", "git@example.org:me/project.git")
    assert "ssh is not part of the rehearsal" in said


def test_git_reaches_github_by_each_of_its_addresses(tmp_path: Path) -> None:
    remotes = (
        "https://github.com/me/project.git",
        "git@github.com:me/project.git",
        "ssh://git@github.com/me/project",
    )
    cache = tmp_path / "cache"
    with run_registries(
        tmp_path / "registries", offline=True, cache=cache
    ) as started:
        started.github.create("me", "project")
        client = Client(started, tmp_path)
        client.ok("git", "init", "work")
        work = tmp_path / "work"
        client.ok("git", "commit", "--allow-empty", "-m", "First", cwd=work)
        for number, remote in enumerate(remotes):
            client.ok(
                "git", "push", remote, f"HEAD:refs/heads/b{number}", cwd=work
            )
            assert f"refs/heads/b{number}" in client.ok(
                "git", "ls-remote", remote, cwd=work
            )
        assert started.log.refused() == ()


def test_variables_that_mislead_clients_are_removed(
    tmp_path: Path, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    traps = {
        "PIP_INDEX_URL": "http://elsewhere",
        "PIP_FIND_LINKS": "/else",
        "UV_INDEX_URL": "http://elsewhere",
        "UV_DEFAULT_INDEX": "http://elsewhere",
        "TWINE_REPOSITORY_URL": "http://elsewhere",
        "GH_HOST": "elsewhere",
        "GITHUB_TOKEN": "a-real-secret",
        "MATURIN_PYPI_TOKEN": "a-real-secret",
        "ALL_PROXY": "http://elsewhere",
        "CARGO_REGISTRIES_MINE_INDEX": "sparse+http://elsewhere/",
        "ACTIONS_ID_TOKEN_REQUEST_URL": "http://elsewhere",
    }
    for name, value in traps.items():
        monkeypatch.setenv(name, value)
    assert set(
        clients.variables_to_unset(os.environ, client.registries.env)
    ) >= set(traps)
    monkeypatch.setenv("PYTHONPATH", "kept")
    assert "PYTHONPATH" not in clients.variables_to_unset(
        os.environ, client.registries.env
    )
    with run_registries(
        tmp_path / "other", offline=True, cache=tmp_path / "cache"
    ) as other:
        Client(other, tmp_path).ok("twine", "upload", wheel(tmp_path))
        assert len(other.log.writes()) == 1


def test_no_value_in_the_environment_is_a_real_secret(
    registries: LocalRegistries,
) -> None:
    names = (
        "CARGO_REGISTRY_TOKEN",
        "TWINE_PASSWORD",
        "UV_PUBLISH_TOKEN",
        "GH_TOKEN",
    )
    assert all(
        "not-a-secret" in registries.env[name]
        and len(registries.env[name]) >= 8
        for name in names
    )


@pytest.mark.tools("docker")
def test_docker_finds_its_plugins_and_the_password_for_ghcr(
    registries: LocalRegistries,
) -> None:
    folder = Path(registries.env["DOCKER_CONFIG"])
    assert list(json.loads((folder / "config.json").read_text())["auths"]) == [
        "ghcr.io"
    ]
    real = (
        Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
        / "cli-plugins"
    )
    assert (folder / "cli-plugins").exists() == real.is_dir()


@pytest.mark.tools("gh")
def test_gh_uses_the_local_github(client: Client) -> None:
    client.run("gh", "api", "user")
    assert [entry.host for entry in client.registries.log.entries()] == [
        "api.github.com"
    ]


def test_the_registries_still_read_the_real_ones_after_their_process_became_a_client(
    reader: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in reader.registries.env.items():
        monkeypatch.setenv(name, value)
    answer = requests.get("https://index.crates.io/it/oa/itoa", timeout=20)
    assert '"vers":"1.0.9"' in answer.text.replace(" ", "")
    entries = [
        (entry.host, entry.target) for entry in reader.registries.log.entries()
    ]
    assert entries == [("index.crates.io", "/it/oa/itoa")]


def test_the_servers_stop_at_the_end_of_the_block(tmp_path: Path) -> None:
    with run_registries(
        tmp_path / "registries", offline=True, cache=tmp_path / "cache"
    ) as started:
        urls = started.urls
    for url in urls.values():
        with pytest.raises(requests.ConnectionError):
            requests.get(url, timeout=2)


def test_serve_prints_its_addresses_and_ends_with_its_input(
    tmp_path: Path,
) -> None:
    process = start_serving(tmp_path)
    assert process.stdin is not None
    assert process.stdout is not None
    reported = json.loads(process.stdout.readline())
    wanted = [
        "crates",
        "pypi",
        "oci",
        "github",
        "proxy",
        "env",
        "unset",
        "tokens",
    ]
    assert list(reported) == wanted
    assert (
        requests.get(
            f"{reported['crates']}/index/config.json", timeout=9
        ).json()["api"]
        == reported["crates"]
    )
    assert Path(reported["env"]["SSL_CERT_FILE"]).is_file()
    process.stdin.close()
    assert process.wait(timeout=20) == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_leaves_nothing_behind_when_it_is_interrupted(
    tmp_path: Path, number: signal.Signals
) -> None:
    process = start_serving(tmp_path)
    assert process.stdout is not None
    assert process.stdout.readline()
    process.send_signal(number)
    assert process.wait(timeout=20) == 0
    assert list(tmp_path.iterdir()) == []


def test_serve_ends_at_once_when_the_input_is_closed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    out = io.StringIO()
    serve_registries(io.StringIO(), out, offline=True)
    assert "@127.0.0.1:" in json.loads(out.getvalue())["proxy"]
    assert list(tmp_path.iterdir()) == []

"""Another user of this machine asks the local registries; what is not for them stays as it is."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from security.conftest import NOBODY
from security.test_hunt import PROJECT
from support.tiny_project import tiny_project

from release_tasks import files
from release_tasks.errors import ReleaseError
from release_tasks.rehearsal import peers
from release_tasks.rehearsal.clock import Clock
from release_tasks.rehearsal.crates_io import store as crates_store
from release_tasks.rehearsal.elsewhere import Elsewhere
from release_tasks.rehearsal.github import api
from release_tasks.rehearsal.github.app import check_repository
from release_tasks.rehearsal.github.call import Refused
from release_tasks.rehearsal.oci.remote import Remote
from release_tasks.rehearsal.pypi import store as pypi_store
from release_tasks.rehearsal.registries import LocalRegistries
from release_tasks.rehearsal.tokens import Tokens, secret_in
from release_tasks.rehearsal.upstream import Upstream
from release_tasks.rehearsal.web import Request, Response

OLD_TOKENS = (  # what was written in the source once
    "not-a-secret-for-crates-io",
    "pypi-not-a-secret",
    "not-a-secret-for-github",
    "not-a-secret-for-ghcr",
)
API = "/api/v3/repos/me/project"
ASSET = "/api/uploads/repos/me/project/releases/1/assets?name=x"
CREATE = 'mutation { createRepository(input: {name: "new", ownerId: "U_me"}) { id } }'
# a registry, a method, and what is asked: each wants to change something, or to log in
CHANGES = [
    ("crates", "PUT", "/api/v1/crates/new"),
    ("crates", "DELETE", "/api/v1/crates/serde/1.0.0/yank"),
    ("crates", "PUT", "/api/v1/crates/serde/1.0.0/unyank"),
    ("crates", "PUT", "/api/v1/crates/serde/owners"),
    ("pypi", "POST", "/legacy/"),
    ("pypi", "POST", "/legacy"),
    ("pypi", "POST", "/"),
    ("pypi", "POST", "/_/oidc/mint-token"),
    ("pypi", "POST", "/_/oidc/github/mint-token"),
    ("oci", "POST", "/v2/team/app/blobs/uploads/"),
    ("oci", "POST", "/v2/team/app/blobs/uploads/?mount=sha256:" + 64 * "0"),
    ("oci", "PUT", "/v2/team/app/blobs/uploads/1?digest=sha256:" + 64 * "0"),
    ("oci", "PATCH", "/v2/team/app/blobs/uploads/1"),
    ("oci", "DELETE", "/v2/team/app/blobs/uploads/1"),
    ("oci", "DELETE", "/v2/team/app/blobs/sha256:" + 64 * "0"),
    ("oci", "PUT", "/v2/team/app/manifests/latest"),
    ("oci", "DELETE", "/v2/team/app/manifests/latest"),
    ("github", "GET", "/me/project.git/info/refs?service=git-receive-pack"),
    ("github", "POST", "/me/project.git/git-receive-pack"),
    ("github", "POST", "/api/graphql"),
    ("github", "POST", f"{API}/releases"),
    ("github", "PATCH", f"{API}/releases/1"),
    ("github", "DELETE", f"{API}/releases/1"),
    ("github", "POST", ASSET),
    ("github", "POST", f"{API}/git/refs"),
    ("github", "PATCH", f"{API}/git/refs/heads/main"),
    ("github", "DELETE", f"{API}/git/refs/heads/main"),
    ("github", "POST", f"{API}/actions/workflows/ci.yml/dispatches"),
    ("github", "GET", "/api/v3/user"),
]


def routes(*, changing: bool) -> list[tuple[str, str]]:
    """Return the method and a path of each route of the local GitHub, as its table has them."""
    found = []
    for method, pattern, _ in api.ROUTES:
        path = re.sub(r"\(\?:/attempts/[^)]*\)\?|\(\?:force-\)\?", "", pattern)
        path = re.sub(r"\(\?:([\w-]+)\|[^)]*\)", r"\1", path)
        path = re.sub(r"\(?\\d\+\)?", "1", path).replace("refs?", "refs")
        path = re.sub(r"\([^)]*\)", "main", path)
        assert re.fullmatch(pattern, path), pattern
        if (method != "GET") is changing:
            found.append((method, path))
    return found


READS = [
    ("crates", "/index/config.json"),
    ("crates", "/index/se/rd/serde"),
    ("crates", "/api/v1/crates/serde"),
    ("pypi", "/simple/"),
    ("pypi", "/simple/setuptools/"),
    ("pypi", "/pypi/setuptools/json"),
    ("oci", "/v2/"),
    ("oci", "/v2/team/app/tags/list"),
    ("oci", "/token?scope=repository:team/app:pull,push"),
    ("github", "/me/project.git/info/refs?service=git-upload-pack"),
    ("github", "/me/project/archive/main.tar.gz"),
    ("github", API),
    ("github", f"{API}/releases"),
]
OUTSIDE = [
    "..",
    ".",
    "../../x",
    "a/b",
    "a\\b",
    "",
    "x" * 101,
    "a b",
    "a\nb",
    "%2e%2e",
    "-x;y",
]


def ask(url: str, method: str = "GET", **options: Any) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.request(
            method, url, timeout=9, allow_redirects=False, **options
        )


def logins() -> list[dict[str, str]]:
    """Return what a client that knows no token can send."""
    found = [{}]
    for value in (*OLD_TOKENS, "", "x"):
        login = base64.b64encode(f"__token__:{value}".encode()).decode()
        found += [
            {"Authorization": value},
            {"Authorization": f"Bearer {value}"},
            {"Authorization": f"Basic {login}"},
        ]
    return found


@pytest.mark.parametrize(("name", "method", "path"), CHANGES)
def test_nothing_changes_without_a_token_of_this_run(
    running: LocalRegistries, name: str, method: str, path: str
) -> None:
    body = json.dumps({"query": CREATE, "token": "a.jwt.x"})
    for headers in logins():
        answer = ask(
            running.urls[name] + path, method, headers=headers, data=body
        )
        assert answer.status_code in (400, 401, 403, 404, 405), headers
        assert "minted" not in answer.text
    assert running.log.writes() == ()
    assert list(running.github._repos) == ["me/project"]


@pytest.mark.parametrize(("method", "path"), routes(changing=True))
def test_no_route_of_github_changes_without_a_token_that_may_write(
    running: LocalRegistries, method: str, path: str
) -> None:
    body = json.dumps(
        {"title": "x", "tag_name": "v1", "head": "main", "base": "main"}
        | {"ref": "refs/tags/v1", "sha": "0" * 40, "state": "closed"}
    )
    reads = {"Authorization": f"Bearer {running.tokens.github_read}"}
    for headers in (*logins(), reads):
        url = running.urls["github"] + API + path
        answer = ask(url, method, headers=headers, data=body)
        assert answer.status_code in (400, 401, 403, 404, 405, 422), headers
    assert running.log.writes() == ()


@pytest.mark.parametrize(("method", "path"), routes(changing=False))
def test_another_user_reads_no_route_of_github(
    running: LocalRegistries, another_user: None, method: str, path: str
) -> None:
    answer = ask(running.urls["github"] + API + path, method)
    assert answer.status_code == 401
    assert answer.text == "this rehearsal belongs to another user\n"


@pytest.mark.parametrize(("name", "path"), READS)
def test_another_user_reads_nothing(
    running: LocalRegistries, another_user: None, name: str, path: str
) -> None:
    answer = ask(running.urls[name] + path)
    assert answer.status_code == 401
    assert answer.text == "this rehearsal belongs to another user\n"


@pytest.mark.parametrize(
    "host", ["pypi.org", "ghcr.io", "github.com", "example.org"]
)
def test_another_user_gets_nothing_from_the_proxy(
    running: LocalRegistries, another_user: None, host: str
) -> None:
    proxy = running.urls["proxy"].rpartition("@")[2]
    for login in ("", "rehearsal:@", "rehearsal:not-a-secret-for-the-proxy@"):
        address = f"http://{login}{proxy}"
        with pytest.raises(requests.exceptions.ProxyError, match="407"):
            ask(f"https://{host}/", proxies={"https": address}, verify=False)


def test_another_user_with_the_token_is_answered(
    running: LocalRegistries, another_user: None
) -> None:
    ca, proxies = (
        running.env["SSL_CERT_FILE"],
        {"https": running.env["HTTPS_PROXY"]},
    )
    assert ask("https://pypi.org/simple/", proxies=proxies, verify=ca).ok


def test_git_and_cargo_and_pip_log_in_to_the_proxy(
    running: LocalRegistries, another_user: None, tmp_path: Path
) -> None:
    env = running.environment()
    for argv in (
        ["git", "ls-remote", "https://github.com/me/project"],
        [sys.executable, "-m", "pip", "index", "versions", "no-such-name"],
        ["git", "ls-remote", "git@github.com:me/project.git"],
    ):
        done = subprocess.run(
            argv,
            env=env,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "407" not in done.stdout + done.stderr, done.stderr


def test_a_connection_shows_its_user() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        client = socket.create_connection(listening.getsockname())
        here, theirs = listening.accept()
        ours = here.getsockname()
        if peers.are_known():
            assert peers.owner(theirs, ours) == os.geteuid()
            assert peers.owner((theirs[0], theirs[1] ^ 1), ours) is None
        client.close()  # its user reads 0 then, which is not that of root
        assert peers.owner(theirs, ours) is None
        here.close()


@pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can become another user"
)
def test_a_real_other_user_is_refused(running: LocalRegistries) -> None:
    code = (
        "import encodings.idna, os, sys, urllib.request as u; os.setgid(65534); os.setuid(65534)\n"
        "u.build_opener(u.ProxyHandler({})).open(sys.argv[1])"
    )
    url = f"{running.urls['pypi']}/simple/"
    done = subprocess.run(
        [sys.executable, "-c", code, url],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "HTTP Error 401" in done.stderr


def test_every_run_has_other_tokens() -> None:
    one, other = Tokens.made(), Tokens.made()
    assert not set(vars(one).values()) & set(vars(other).values())
    assert all(len(value) > 48 for value in vars(one).values())


@pytest.mark.parametrize(
    ("header", "secret"),
    [
        ("", b""),
        ("tok", b"tok"),
        ("Bearer tok", b"tok"),
        ("token tok", b"tok"),
        ("Basic " + base64.b64encode(b"user:tok").decode(), b"tok"),
        ("basic " + base64.b64encode(b"tok:").decode(), b"tok"),
        ("Basic !", b""),
        ("Basic", b"Basic"),
    ],
)
def test_what_a_header_logs_in_with(header: str, secret: bytes) -> None:
    assert secret_in(header) == secret


def test_a_token_that_may_read_makes_no_repository(
    running: LocalRegistries,
) -> None:
    headers = {"Authorization": f"Bearer {running.tokens.github_read}"}
    url = f"{running.urls['github']}/api/graphql"
    ask(url, "POST", headers=headers, json={"query": CREATE})
    assert list(running.github._repos) == ["me/project"]


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_name_that_github_does_not_take_is_no_repository(
    running: LocalRegistries, name: str
) -> None:
    before = sorted(running.github.folder.rglob("*"))
    with pytest.raises(Refused):
        running.github.create("me", name)
    with pytest.raises(Refused):
        check_repository(name, "project")
    headers = {"Authorization": f"Bearer {running.tokens.github}"}
    query = CREATE.replace('"new"', json.dumps(name))
    url = f"{running.urls['github']}/api/graphql"
    ask(url, "POST", headers=headers, json={"query": query})
    assert list(running.github._repos) == ["me/project"]
    assert sorted(running.github.folder.rglob("*")) == before


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("crates", "/crates/..%2f..%2fx/1.0.0/download"),
        ("crates", "/crates/serde/..%2f..%2f..%2fx/download"),
        ("crates", "/api/v1/crates/..%2fx/1.0.0/download"),
        ("pypi", "/packages/..%2f..%2f..%2fetc/passwd"),
        ("pypi", "/simple/..%2f..%2fx/"),
        ("oci", "/v2/..%2f..%2fx/manifests/latest"),
        ("oci", "/v2/a/blobs/..%2f..%2fx"),
        ("github", "/..%2f..%2fx/y.git/info/refs?service=git-upload-pack"),
        ("github", "/me/project/releases/download/v1/..%2f..%2fconfig"),
        ("github", "/me/project/archive/..%2f..%2fx.zip"),
    ],
)
def test_no_path_leads_out_of_a_registry(
    running: LocalRegistries, name: str, path: str
) -> None:
    headers = {"Authorization": f"Bearer {running.tokens.github}"}
    answer = ask(running.urls[name] + path, headers=headers, proxies={})
    assert answer.status_code >= 300
    assert "root:" not in answer.text


def test_the_folders_are_for_this_user_alone(running: LocalRegistries) -> None:
    folder = Path(running.env["SSL_CERT_FILE"]).parent
    assert folder.stat().st_mode & 0o077 == 0
    [helper] = [
        value
        for key, value in running.env.items()
        if value.startswith("store --file")
    ]
    assert Path(helper.split()[-1]).stat().st_mode & 0o077 == 0


class Real:
    """A registry to fall back to that has every name; only `ours` is this project's."""

    def __init__(self, name: str) -> None:
        self.upstream = Upstream(Path(name), offline=False, ours=["ours"])

    def files(self, name: str) -> list[Any]:
        return []


@pytest.mark.parametrize("name", ["setuptools", "Hatchling", "maturin", "pip"])
def test_nobody_publishes_what_is_not_this_projects(
    tmp_path: Path, name: str
) -> None:
    store = pypi_store.Store(tmp_path, Real("x"), Clock())  # type: ignore[arg-type]
    assert store.is_foreign(name)
    assert not store.is_foreign("Ours")
    crates = crates_store.Store(tmp_path, Real("x").upstream)
    crates.real = lambda name: b"{}"  # type: ignore[method-assign]
    assert crates.is_foreign(name)
    assert not crates.is_foreign("ours")


@pytest.mark.parametrize(
    ("repository", "is_foreign"),
    [
        ("team/app", False),
        (
            "team/cache",
            False,
        ),  # of the same owner: what the project pushes besides
        ("library/debian", True),
        ("other/app", True),
    ],
)
def test_nobody_pushes_over_an_image_of_others(
    tmp_path: Path, repository: str, is_foreign: bool
) -> None:
    remote = Remote(Elsewhere(tmp_path), [("ghcr.io", "team/app")])
    remote.read = lambda request, name: Response.of_json({})  # type: ignore[method-assign]
    path = f"/v2/{repository}/manifests/1"
    request = Request("PUT", path, {}, "https://ghcr.io", public=True)
    assert remote.is_foreign(request, repository) is is_foreign
    assert not remote.is_foreign(replace(request, public=False), repository)


@pytest.mark.parametrize("name", files.SETTINGS_ABOVE)
def test_settings_that_somebody_left_in_tmp_are_not_obeyed(
    name: str, temporary_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary_folder.chmod(0o1777)
    path = temporary_folder / name
    path.write_text("")
    with files.scratch():  # ours
        pass
    if os.geteuid() == 0:
        os.chown(path, NOBODY, NOBODY)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: NOBODY)
    with (
        pytest.raises(ReleaseError, match="belongs to another user"),
        files.scratch(),
    ):
        pass
    temporary_folder.chmod(0o755)  # nobody else could have written it
    with files.scratch() as folder:
        assert folder.stat().st_mode & 0o077 == 0


# --- the whole command, asked by a real other user

PROBE = """
import encodings.idna, os, socket, sys
os.setgid(65534)
os.setuid(65534)
for port in map(int, sys.argv[1:]):
    for first in ("GET /", "HEAD /v2/", "PUT /api/v1/crates/new", "POST /", "DELETE /x",
                  "POST /api/graphql", "CONNECT pypi.org:443", "GET http://pypi.org/simple/"):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
            client.sendall(f"{first} HTTP/1.1\\r\\nContent-Length: 0\\r\\n\\r\\n".encode())
            print(port, first, client.recv(4096).split(b" ")[1].decode())
"""
SERVE = ("rehearse", "--serve", "--offline")
WHOLE = ("rehearse", "--version", "0.2.0", "--offline")


@pytest.mark.tools("git", "gh")
@pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can become another user"
)
@pytest.mark.parametrize("words", [SERVE, WHOLE], ids=["serve", "version"])
def test_a_rehearsal_is_closed_to_others_and_leaves_nothing(
    words: tuple[str, ...],
    tmp_path: Path,
    temporary_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with tiny_project(tmp_path, monkeypatch, PROJECT) as tiny:
        with subprocess.Popen(
            [sys.executable, "-m", "invoke", *words],
            cwd=tiny.root,
            env=os.environ | {"RELEASE_TASKS_HUNT": "slow"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            shown = ""
            if words == SERVE:
                assert json.loads(process.stdout.readline())["env"]
            else:
                for line in process.stderr:
                    shown += line
                    if "the backend waits" in line:
                        break
            ports = listening(process.pid)
            assert len(ports) >= 5, shown
            argv = [sys.executable, "-c", PROBE, *map(str, ports)]
            done = subprocess.run(
                argv, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr
            answers = {line.split()[-1] for line in done.stdout.splitlines()}
            # 301 and 403: the proxy leads to https, and wants CONNECT
            closed = {"301", "401", "403", "407", "501"}
            assert answers <= closed, done.stdout
            process.terminate()
            process.communicate(timeout=60)
        assert list(temporary_folder.iterdir()) == []
        assert started_below(temporary_folder) == []


def listening(pid: int) -> list[int]:
    """Return the ports that a process listens on (proc_pid_net(5))."""
    inodes = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            inodes.add(os.readlink(link))
    ports = []
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
            ports.append(int(fields[1].partition(":")[2], 16))
    return ports


def started_below(folder: Path) -> list[str]:
    """Return the command lines of processes that name a folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            line = path.read_bytes().replace(b"\0", b" ").decode()
            if str(folder) in line:
                found.append(line)
    return found

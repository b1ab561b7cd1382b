"""Every variable and file that a client knows has a secret; a release writes none of them."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import threading
import time
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import pytest
from support.tiny_project import TINY, TinyProject, tiny_project

pytestmark = pytest.mark.tools("git", "gh")
MARK = "kX9q"  # in every planted value
VARIABLES = (
    *(
        "GITLAB_TOKEN",
        "GH_ENTERPRISE_TOKEN",
        "CARGO_REGISTRIES_MINE_TOKEN",
        "NPM_TOKEN",
    ),
    *(
        "DOCKER_PASSWORD",
        "DOCKER_AUTH_CONFIG",
        "COSIGN_PASSWORD",
        "COSIGN_KEY",
        "SSH_KEY",
        "PAT",
    ),
    *(
        "JWT",
        "AWS_SECRET_ACCESS_KEY",
        "AZURE_CLIENT_SECRET",
        "GPG_PASSPHRASE",
        "SLACK_WEBHOOK",
    ),
    *(
        "UV_PUBLISH_PASSWORD",
        "MATURIN_PASSWORD",
        "PGPASSWORD",
        "MYSQL_PWD",
        "SENTRY_DSN",
    ),
    *(
        "NODE_AUTH_TOKEN",
        "ACTIONS_RUNTIME_TOKEN",
        "CODECOV_TOKEN",
        "VAULT_TOKEN",
        "SSHPASS",
    ),
)
FILES = {  # below HOME, as the clients write them
    ".pypirc": "[pypi]\nusername = __token__\npassword = {}\n",
    ".netrc": "machine example.org login me password {}\n",
    ".npmrc": "//registry.npmjs.org/:_authToken={}\n",
    ".git-credentials": "https://me:{}@example.org\n",
    ".cargo/credentials.toml": '[registry]\ntoken = "{}"\n',
    ".docker/config.json": '{{"auths": {{"example.org": {{"password": "{}"}}}}}}\n',
    ".config/gh/hosts.yml": "example.org:\n    oauth_token: {}\n",
    ".config/pip/pip.conf": "[global]\nextra-index-url = https://me:{}@example.org/simple\n",
    ".config/helm/registry/config.json": '{{"auths": {{"example.org": {{"auth": "{}"}}}}}}\n',
    ".ssh/id_ed25519": "-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n",
}
BACKEND = '''
import os, pathlib, zipfile

def _seen():
    """Return what a hostile backend can read of the release: its own variables, and /proc."""
    yield repr(dict(os.environ))
    pid = os.getppid()
    while pid > 1:
        about = pathlib.Path("/proc", str(pid))
        if b"pytest" in (about / "cmdline").read_bytes():
            return
        try:
            yield repr((about / "environ").read_bytes())
        except OSError as error:
            yield repr(error)
        pid = int((about / "stat").read_text().rpartition(")")[2].split()[1])

def build_wheel(where, config_settings=None, metadata_directory=None):
    for text in _seen():
        print(text)
    version = next(l.split('"')[1] for l in open("pyproject.toml") if l.startswith("version"))
    name = f"tiny_plain-{version}-py3-none-any.whl"
    info = f"tiny_plain-{version}.dist-info"
    rows = {
        "tiny_plain/__init__.py": "",
        "tiny_plain/seen.txt": "".join(_seen()),
        f"{info}/METADATA": f"Metadata-Version: 2.1\\nName: tiny-plain\\nVersion: {version}\\n"
        "Description-Content-Type: text/plain\\n\\nTiny\\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\\nGenerator: own\\nRoot-Is-Purelib: true\\n"
        "Tag: py3-none-any\\n",
    }
    with zipfile.ZipFile(os.path.join(where, name), "w") as file:
        for key, text in rows.items():
            file.writestr(key, text)
        record = "".join(f"{key},,\\n" for key in rows)
        file.writestr(f"{info}/RECORD", record + f"{info}/RECORD,,\\n")
    return name
'''
PYPROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["build_"]
[project]
name = "tiny-plain"
version = "0.1.0"
readme = {text = "Tiny", content-type = "text/plain"}
"""
PROJECT = TINY | {
    "pyproject.toml": PYPROJECT,
    "build_/backend.py": BACKEND,
    "release-tasks.toml": "[gates]\nrun = []\n[python.tiny-plain]\nsdist = false\n",
}


def planted() -> dict[str, str]:
    """Return a value for each variable and file; it is another one in each escaped form."""
    names = (*VARIABLES, *FILES)
    return {
        name: f'{MARK}{number:03}/+= "{MARK}é'
        for number, name in enumerate(names)
    }


def forms(value: str) -> Iterator[bytes]:
    """Yield what a value looks like in what programs write."""
    data = value.encode()
    yield data
    yield quote(value, safe="").encode()
    yield json.dumps(value)[1:-1].encode()
    yield data.hex().encode()
    yield data.hex().upper().encode()
    for start in range(3):
        encoded = base64.b64encode(
            data[start : len(data) - (len(data) - start) % 3]
        )
        yield encoded
        yield encoded.translate(bytes.maketrans(b"+/", b"-_"))


@contextlib.contextmanager
def watched(found: set[bytes], needles: list[bytes]) -> Iterator[None]:
    """Look at the command lines of all processes inside the block."""
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                with contextlib.suppress(OSError):
                    line = path.read_bytes()
                    found.update(needle for needle in needles if needle in line)
            time.sleep(0.005)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def texts(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Yield every file below a folder, with what is packed in it."""
    for path in folder.rglob("*"):
        if not path.is_file() or path.is_symlink():
            continue
        data = path.read_bytes()
        yield path, data
        if "objects" in path.parts:
            with contextlib.suppress(zlib.error):
                yield path, zlib.decompress(data)
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as file:
                for name in file.namelist():
                    yield path / name, file.read(name)


def plant(tiny: TinyProject, values: Mapping[str, str]) -> dict[str, str]:
    """Write the files, and return the variables."""
    home = tiny.folder / "home"
    for name, text in FILES.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.format(quote(values[name], safe="")))
    scratch = tiny.folder / "scratch"
    scratch.mkdir()
    own = {name: values[name] for name in VARIABLES}
    login = quote(values["PAT"], safe="")
    return own | {
        "HOME": str(home),
        "TMPDIR": str(scratch),
        "DATABASE_URL": f"postgres://me:{login}@db.example/x",
        "HARMLESS_NAME": f"prefix {values['JWT']}",
    }


def test_a_release_writes_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = planted()
    with tiny_project(tmp_path, monkeypatch, PROJECT) as tiny:
        env = plant(tiny, values)
        own = [
            getattr(tiny.registries.tokens, name)
            for name in ("crates", "pypi", "github")
        ]
        needles = [
            form for value in (*values.values(), *own) for form in forms(value)
        ]
        release = ("release", "--version", "0.2.0", "--new", "all")
        on_lines: set[bytes] = set()
        with watched(on_lines, needles):
            runs = [
                tiny.inv("--dry", *release, **env),
                tiny.inv("plan", "--version", "0.2.0", "--json", **env),
                tiny.inv(*release, **env | {"TWINE_PASSWORD": values["PAT"]}),
                tiny.inv("status", "--version", "0.2.0", "--json", **env),
                tiny.inv(*release, **env),
            ]
        assert [run.returncode for run in runs][2] == 1, runs[2].stderr
        assert runs[4].returncode == 0, runs[4].stderr
        assert on_lines == set()
        written = [
            (tmp_path / "output", f"{run.stdout}{run.stderr}".encode())
            for run in runs
        ]
        for part in (
            "project",
            "scratch",
            "home",
            "registries/pypi",
            "registries/github",
        ):
            written += texts(tmp_path / part)
        planted_files = {tmp_path / "home" / name for name in FILES}
        for path, data in written:
            if path not in planted_files:
                assert [needle for needle in needles if needle in data] == [], (
                    path
                )
        wheels = [path for path, _ in written if path.name == "seen.txt"]
        assert wheels, "the backend was not run"
        assert b"SSL_CERT_FILE" in dict(written)[wheels[0]]


def test_the_hunt_finds_what_is_there(tmp_path: Path) -> None:
    value = planted()["PAT"]
    hidden = {
        "raw": value.encode(),
        "login": base64.b64encode(f"me:{value}".encode()),
        "other": base64.urlsafe_b64encode(f"mee:{value}".encode()),
        "url": quote(value, safe="").encode(),
        "hex": value.encode().hex().encode(),
        "json": json.dumps({"x": value}).encode(),
    }
    for name, data in hidden.items():
        (tmp_path / name).write_bytes(b"before " + data + b" after")
    found = {
        path.name
        for path, data in texts(tmp_path)
        if any(needle in data for needle in forms(value))
    }
    assert found == set(hidden)
    assert os.environ.get("PAT") != value

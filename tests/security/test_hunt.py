"""Every variable and file that a client knows has a secret; a release writes none of them."""

from __future__ import annotations

import base64
import contextlib
import gzip
import html
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

import pytest
from security.test_environment import SECRET
from support.tiny_project import TINY, TinyProject, tiny_project

from release_tasks.masking import is_secret_name

pytestmark = pytest.mark.tools("git", "gh")
MARK = "kX9q"  # in every planted value
# what the clients of the local registries log in with here; each has a token of this run
USED = (
    "CARGO_REGISTRY_TOKEN",
    "GH_TOKEN",
    "PYPI_API_TOKEN",
    "TWINE_PASSWORD",
    "UV_PUBLISH_TOKEN",
)
VARIABLES = tuple(name for name in SECRET if name not in USED)
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
    ".config/git/credentials": "https://me:{}@example.org\n",
    ".config/uv/uv.toml": '[[index]]\nurl = "https://me:{}@example.org/simple"\n',
    ".config/pypoetry/auth.toml": '[http-basic.x]\nusername = "me"\npassword = "{}"\n',
    ".config/sops/age/keys.txt": "AGE-SECRET-KEY-1{}\n",
    ".aws/credentials": "[default]\naws_secret_access_key = {}\n",
    ".config/gcloud/application_default_credentials.json": '{{"private_key": "{}"}}\n',
    ".kube/config": "users: [{{name: me, user: {{token: {}}}}}]\n",
    ".yarnrc.yml": "npmAuthToken: {}\n",
    ".gem/credentials": "---\n:rubygems_api_key: {}\n",
    ".m2/settings.xml": "<password>{}</password>\n",
    ".gnupg/private-keys-v1.d/x.key": "(private-key {})\n",
    ".cargo/credentials": '[registry]\ntoken = "{}"\n',
    ".config/glab-cli/config.yml": "hosts:\n  example.org:\n    token: {}\n",
    ".config/containers/auth.json": '{{"auths": {{"example.org": {{"auth": "{}"}}}}}}\n',
    ".config/rclone/rclone.conf": "[x]\npass = {}\n",
    ".config/pip/netrc": "machine example.org login me password {}\n",
    ".config/hub": "github.com:\n- oauth_token: {}\n",
    ".config/twine/pypirc": "[pypi]\npassword = {}\n",
    ".azure/accessTokens.json": '[{{"accessToken": "{}"}}]\n',
    ".terraform.d/credentials.tfrc.json": '{{"credentials": {{"x": {{"token": "{}"}}}}}}\n',
    ".pgpass": "localhost:5432:x:me:{}\n",
    ".vault-token": "{}\n",
    ".local/share/uv/credentials/credentials.toml": '[[credential]]\npassword = "{}"\n',
    ".ssh/id_ed25519": "-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n",
}
BACKEND = '''
import os, pathlib, sys, time, zipfile

def _seen():
    """Return what a hostile backend can read of the release: its own variables, and /proc."""
    yield repr(dict(os.environ))
    pid = os.getppid()
    while pid not in (1, PID_OF_THE_TEST):
        about = pathlib.Path("/proc", str(pid))
        try:
            yield repr((about / "environ").read_bytes())
        except OSError as error:
            yield repr(error)
        pid = int((about / "stat").read_text().rpartition(")")[2].split()[1])

def _wait():
    if os.environ.get("RELEASE_TASKS_HUNT") == "slow":
        print("the backend waits", flush=True)
        time.sleep(3600)

def build_wheel(where, config_settings=None, metadata_directory=None):
    for text in _seen():
        print(text)
        print(text, file=sys.stderr)
    _wait()
    if os.environ.get("RELEASE_TASKS_HUNT") == "broken":
        raise RuntimeError("".join(_seen()))
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
    "build_/backend.py": BACKEND.replace("PID_OF_THE_TEST", str(os.getpid())),
    "release-tasks.toml": "[gates]\nrun = []\n[python.tiny-plain]\nsdist = false\n",
}


def planted() -> dict[str, str]:
    """Return a value for each variable and file; it is another one in each escaped form."""
    chance = random.Random(0)
    found = {}
    for number, name in enumerate((*VARIABLES, *FILES)):
        first, last = (f"{chance.getrandbits(44):011x}" for _ in range(2))
        found[name] = f'{MARK}{number:03}{first}/+= "{last}é'
    return found


def forms(value: str) -> Iterator[bytes]:
    """Yield what a value looks like in what programs write."""
    data = value.encode()
    yield data
    yield quote(value, safe="").encode()
    yield quote(quote(value, safe=""), safe="").encode()
    yield html.escape(value).encode()
    yield json.dumps(value)[1:-1].encode()
    yield json.dumps(value, ensure_ascii=False)[1:-1].encode()
    yield data.hex().encode()
    yield data.hex().upper().encode()
    for start in range(3):
        encoded = base64.b64encode(
            data[start : len(data) - (len(data) - start) % 3]
        )
        yield encoded
        yield encoded.translate(bytes.maketrans(b"+/", b"-_"))
    if value.startswith(MARK):  # broken into lines, or into pieces
        yield value[:18].encode()
        yield value[-12:-1].encode()


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
        yield path, joined(data)
        with contextlib.suppress(OSError, EOFError, zlib.error):
            yield path, gzip.decompress(data)
        if path.suffix == ".pack":
            yield path, unpacked(path)
        if "objects" in path.parts:
            with contextlib.suppress(zlib.error):
                yield path, zlib.decompress(data)
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as file:
                for name in file.namelist():
                    yield path / name, file.read(name)


def joined(data: bytes) -> bytes:
    """Return what was written without line ends, and without what stands before each line."""
    return re.sub(rb"\r?\n(?:[\w-]+: )?\s*", b"", data)


def unpacked(pack: Path) -> bytes:
    """Return all objects that a pack of git has."""
    folder = pack.parents[2]
    listed = ["git", "--git-dir", folder, "cat-file", "--batch-all-objects"]
    done = subprocess.run(
        [*listed, "--batch", "--buffer"], capture_output=True, check=True
    )
    return done.stdout


def interrupted(
    tiny: TinyProject, words: Sequence[str], env: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run `inv`, and press Ctrl-C while the hostile backend waits."""
    process = subprocess.Popen(
        [sys.executable, "-m", "invoke", *words],
        cwd=tiny.root,
        env=os.environ | env | {"RELEASE_TASKS_HUNT": "slow"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    lines = []
    assert process.stderr is not None
    for line in process.stderr:
        lines.append(line)
        if "the backend waits" in line:
            os.killpg(process.pid, signal.SIGINT)
            break
    out, err = process.communicate(timeout=60)
    return subprocess.CompletedProcess(
        words, process.returncode, out, "".join(lines) + err
    )


def named() -> set[str]:
    """Return the variables that our code and pages name and that have a secret."""
    top = Path(__file__).parents[2]
    pages = (*top.rglob("docs/**/*.md"), top / "action.yml", top / "README.md")
    texts = [path.read_text() for path in (top / "release_tasks").rglob("*.py")]
    found = set(re.findall(r"""["']([A-Z][A-Z0-9_]{3,})["']""", "".join(texts)))
    for page in pages:
        found.update(
            re.findall(r"\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b", page.read_text())
        )
    return {name for name in found if is_secret_name(name)}


# of an example, and addresses that are not secret
NOT_PLANTED = {
    "LANTERN_PYPI_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_URL",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
}


def test_every_secret_that_we_name_is_planted() -> None:
    assert named() - {*VARIABLES, *USED} == NOT_PLANTED


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


TASKS = """\
import os
from invoke import task
from release_tasks import collection

ns = collection()


@task
def broken(c):
    raise ValueError(f"a bug with {os.environ['PAT']} and {os.environ['DATABASE_URL']}")


@task
def broken_thread(c):
    import threading

    def work():
        raise ValueError(f"a bug with {os.environ['PAT']}")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


ns.add_task(broken)
ns.add_task(broken_thread)
"""


def test_a_release_writes_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = planted()
    project = PROJECT | {"tasks.py": TASKS}
    with tiny_project(tmp_path, monkeypatch, project) as tiny:
        env = plant(tiny, values)
        tokens = ("crates", "pypi", "github", "github_read", "registry")
        own = [getattr(tiny.registries.tokens, name) for name in tokens]
        needles = [
            form for value in (*values.values(), *own) for form in forms(value)
        ]
        release = ("release", "--version", "0.2.0", "--new", "all")
        at = ("--version", "0.2.0")
        on_lines: set[bytes] = set()
        with watched(on_lines, needles):
            runs = {
                "dry": tiny.inv("--dry", *release, **env),
                "plan": tiny.inv("plan", *at, "--json", **env),
                "check": tiny.inv("check", *at, "--json", **env),
                "settings": tiny.inv("settings", "--json", **env),
                "doctor": tiny.inv("doctor", **env),
                "bug": run(tiny, "broken", env),
                "bug of a thread": run(tiny, "broken-thread", env),
                "debug": run(tiny, "--debug settings", env),
                "Ctrl-C": interrupted(tiny, release, env),
                "broken": run(
                    tiny,
                    " ".join(release),
                    env | {"RELEASE_TASKS_HUNT": "broken"},
                ),
                "refused": tiny.inv(
                    *release, **env | {"PYPI_API_TOKEN": values["PAT"]}
                ),
                "status": tiny.inv("status", *at, "--json", **env),
                "release": tiny.inv(*release, **env),
                "verify": tiny.inv("verify", *at, **env),
                "notes": tiny.inv("notes", *at, **env),
                "announce": tiny.inv("announce", *at, **env),
                "next": tiny.inv("next", "--json", **env),
                "metrics": tiny.inv("metrics", *at, "--json", **env),
                "matrix": tiny.inv("matrix", *at, **env),
                "sign-off": tiny.inv("sign-off", *at, "--json", **env),
                "generate-ci": tiny.inv("--dry", "generate-ci", **env),
                "rollback": tiny.inv(
                    "rollback", *at, "--why", "x", "--json", **env
                ),
            }
        shown = {name: one.stdout + one.stderr for name, one in runs.items()}
        status = {name: one.returncode for name, one in runs.items()}
        assert "a bug with ***" in shown["bug"]
        assert "a bug with ***" in shown["bug of a thread"]
        assert status["Ctrl-C"] == 130, shown["Ctrl-C"]
        assert status["broken"] == 1, shown["broken"]
        assert status["refused"] == 1, shown["refused"]
        assert status["release"] == 0, shown["release"]
        assert status["verify"] == 0, shown["verify"]
        assert on_lines == set()
        written = [
            (tmp_path / f"output of {name}", text.encode())
            for name, text in shown.items()
        ]
        written += [(path, joined(data)) for path, data in written]
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


def run(
    tiny: TinyProject, words: str, env: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run `inv` where a traceback is expected."""
    return subprocess.run(
        [sys.executable, "-m", "invoke", *words.split()],
        cwd=tiny.root,
        env=os.environ | env,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_hunt_finds_what_is_there(tmp_path: Path) -> None:
    value = planted()["PAT"]
    hidden = {
        "raw": value.encode(),
        "login": base64.b64encode(f"me:{value}".encode()),
        "other": base64.urlsafe_b64encode(f"mee:{value}".encode()),
        "url": quote(value, safe="").encode(),
        "hex": value.encode().hex().encode(),
        "json": json.dumps({"x": value}).encode(),
        "half": value[:20].encode(),
        "end": value[-15:].encode(),
        "lines": f"{value[:14]}\npublish:   {value[14:]}".encode(),
    }
    for name, data in hidden.items():
        (tmp_path / name).write_bytes(b"before " + data + b" after")
    (tmp_path / "packed").write_bytes(gzip.compress(value.encode()))
    found = {
        path.name
        for path, data in texts(tmp_path)
        if any(needle in data for needle in forms(value))
    }
    assert found == {*hidden, "packed"}
    assert os.environ.get("PAT") != value

"""Secrets in the environment: what runs the project's code gets none, and prints none."""

from __future__ import annotations

import base64
import html
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from release_tasks import environment, masking, shell
from release_tasks.errors import ReleaseError
from release_tasks.project.settings_file import load
from release_tasks.terminal import hide_secrets

VALUE = 'v4lue/with+all=kinds of "letters" & é'
SECRET = [  # names that somebody's secrets have
    *(
        "GH_TOKEN",
        "GITHUB_TOKEN",
        "GH_ENTERPRISE_TOKEN",
        "GITLAB_TOKEN",
        "CI_JOB_TOKEN",
    ),
    *(
        "CARGO_REGISTRY_TOKEN",
        "CARGO_REGISTRIES_MINE_TOKEN",
        "PYPI_API_TOKEN",
        "TWINE_PASSWORD",
    ),
    *(
        "UV_PUBLISH_TOKEN",
        "UV_PUBLISH_PASSWORD",
        "MATURIN_PASSWORD",
        "MATURIN_PYPI_TOKEN",
    ),
    *(
        "POETRY_PYPI_TOKEN_PYPI",
        "HATCH_INDEX_AUTH",
        "NPM_TOKEN",
        "NODE_AUTH_TOKEN",
    ),
    *(
        "NPM_CONFIG__AUTH",
        "npm_config__authToken",
        "DOCKER_PASS",
        "DOCKER_PASSWORD",
    ),
    *(
        "DOCKER_AUTH_CONFIG",
        "DOCKERHUB_PAT",
        "PAT",
        "GH_PAT",
        "PAT_TOKEN",
        "JWT",
        "APP_JWT",
    ),
    *(
        "SSH_KEY",
        "SSH_PRIVATE_KEY",
        "SSHPASS",
        "DEPLOY_KEY",
        "COSIGN_KEY",
        "COSIGN_PASSWORD",
    ),
    *(
        "GPG_KEY",
        "GPG_PASSPHRASE",
        "GPG_PRIVATE_KEY",
        "SIGNING_KEY",
        "MINISIGN_KEY",
    ),
    *(
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AZURE_CLIENT_SECRET",
    ),
    *(
        "AZURE_STORAGE_CONNECTION_STRING",
        "GOOGLE_APPLICATION_CREDENTIALS",
        "GCP_CREDS",
    ),
    *(
        "PGPASSWORD",
        "MYSQL_PWD",
        "REDIS_PASSWORD",
        "SENTRY_DSN",
        "SLACK_WEBHOOK_URL",
    ),
    *(
        "OPENAI_API_KEY",
        "ANTHROPIC_APIKEY",
        "SESSION_COOKIE",
        "BASIC_AUTH",
        "HTTP_AUTHORIZATION",
    ),
    *(
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        "ACTIONS_RUNTIME_TOKEN",
        "VAULT_TOKEN",
        "KEY",
        "PASS",
    ),
    *(
        "SONATYPE_PASSWORD",
        "CODECOV_TOKEN",
        "HF_TOKEN",
        "STORAGE_SAS",
        "YARN_NPM_AUTH_IDENT",
        "BUNDLE_GEMS__EXAMPLE__COM",
        "LOGIN_OTP",
        "LICENSE_KEY",
        "DOCKER_PW",
    ),
    *(
        "GITHUB_ENTERPRISE_TOKEN",
        "PYPI_TOKEN",
        "PYPI_ID_TOKEN",
        "CI_REGISTRY_PASSWORD",
        "CI_DEPLOY_PASSWORD",
        "DOCKERHUB_TOKEN",
        "TWINE_KEYRING_PASSWORD",
        "HELM_REGISTRY_PASSWORD",
        "SIGSTORE_ID_TOKEN",
        "GRAFANA_API_KEY",
    ),
]
HARMLESS = [  # names that look like it, and are what builds need
    *(
        "OLDPWD",
        "PWD",
        "TOKENIZERS_PARALLELISM",
        "SSH_AUTH_SOCK",
        "XAUTHORITY",
        "MANPATH",
    ),
    *(
        "COSIGN_PUBLIC_KEY_DIR",
        "CARGO_REGISTRY_CREDENTIAL_PROVIDER",
        "CARGO_REGISTRY_GLOBAL_CREDENTIAL_PROVIDERS",
        "KEYRING_BACKEND",
        "COMPASS_VERSION",
        "PATH",
        "BYPASS_CACHE",
    ),
]
NEEDED = [  # of each language and tool
    *(
        "PATH",
        "HOME",
        "LANG",
        "LC_ALL",
        "TZ",
        "TMPDIR",
        "USER",
        "TERM",
        "XDG_CACHE_HOME",
        "CI",
    ),
    *(
        "CARGO_HOME",
        "CARGO_TARGET_DIR",
        "CARGO_BUILD_RUSTFLAGS",
        "CARGO_INCREMENTAL",
    ),
    *(
        "CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER",
        "CARGO_NET_GIT_FETCH_WITH_CLI",
    ),
    *(
        "RUSTFLAGS",
        "RUSTC_WRAPPER",
        "RUSTUP_TOOLCHAIN",
        "RUSTDOCFLAGS",
        "RUST_BACKTRACE",
    ),
    *(
        "CC",
        "CXX",
        "AR",
        "CFLAGS",
        "CXXFLAGS",
        "LDFLAGS",
        "CPPFLAGS",
        "TARGET_CC",
        "HOST_CFLAGS",
    ),
    *(
        "CC_aarch64_unknown_linux_gnu",
        "CFLAGS_x86_64-unknown-linux-musl",
        "AR_wasm32_wasi",
    ),
    *(
        "aarch64_unknown_linux_gnu_CFLAGS",
        "X86_64_UNKNOWN_LINUX_GNU_OPENSSL_DIR",
    ),
    *(
        "PKG_CONFIG",
        "PKG_CONFIG_PATH",
        "PKG_CONFIG_ALLOW_CROSS",
        "PKG_CONFIG_SYSROOT_DIR",
    ),
    *(
        "OPENSSL_DIR",
        "OPENSSL_STATIC",
        "OPENSSL_NO_VENDOR",
        "LIBCLANG_PATH",
        "LIBSQLITE3_SYS_USE",
    ),
    *(
        "PROTOC",
        "PROTOC_INCLUDE",
        "SDKROOT",
        "MACOSX_DEPLOYMENT_TARGET",
        "CMAKE_GENERATOR",
    ),
    *(
        "CMAKE_PREFIX_PATH",
        "MAKEFLAGS",
        "NINJA_STATUS",
        "CUDA_HOME",
        "ROCM_PATH",
        "LIBTORCH",
    ),
    *(
        "VCPKG_ROOT",
        "EMSDK",
        "WASI_SDK_PATH",
        "ANDROID_HOME",
        "ANDROID_NDK_ROOT",
        "JAVA_HOME",
    ),
    *(
        "PYO3_PYTHON",
        "PYO3_CROSS_LIB_DIR",
        "PYTHONPATH",
        "PYTHONHASHSEED",
        "MATURIN_PEP517_ARGS",
    ),
    *(
        "PIP_INDEX_URL",
        "PIP_CONSTRAINT",
        "UV_INDEX_URL",
        "UV_CACHE_DIR",
        "VIRTUAL_ENV",
    ),
    *(
        "SETUPTOOLS_SCM_PRETEND_VERSION",
        "SETUPTOOLS_SCM_PRETEND_VERSION_FOR_TOOL",
    ),
    *(
        "CIBW_BUILD",
        "SKBUILD_CMAKE_ARGS",
        "NPY_DISTUTILS_APPEND_FLAGS",
        "PYTEST_ADDOPTS",
    ),
    *(
        "HTTP_PROXY",
        "https_proxy",
        "NO_PROXY",
        "ALL_PROXY",
        "SSL_CERT_FILE",
        "CURL_CA_BUNDLE",
    ),
    *(
        "REQUESTS_CA_BUNDLE",
        "NODE_EXTRA_CA_CERTS",
        "GIT_SSL_CAINFO",
        "NODE_OPTIONS",
    ),
    *(
        "npm_config_registry",
        "GOPATH",
        "GOFLAGS",
        "GOPROXY",
        "CGO_ENABLED",
        "LD_LIBRARY_PATH",
    ),
    *(
        "NIX_CFLAGS_COMPILE",
        "CONDA_PREFIX",
        "HOMEBREW_PREFIX",
        "SOURCE_DATE_EPOCH",
    ),
    *(
        "VERGEN_GIT_SHA",
        "GITHUB_ACTIONS",
        "GITHUB_SHA",
        "RUNNER_TEMP",
        "DOCKER_HOST",
    ),
    *(
        "SCCACHE_DIR",
        "CCACHE_DIR",
        "ZIG_GLOBAL_CACHE_DIR",
        "ORT_LIB_LOCATION",
        "SQLX_OFFLINE",
    ),
    *(
        "BLAS_LIBS",
        "HDF5_DIR",
        "GDAL_CONFIG",
        "FFMPEG_INCLUDE_DIR",
        "ZSTD_SYS_USE_PKG_CONFIG",
    ),
    *(
        "SKIP",
        "PRE_COMMIT_HOME",
        "HUSKY",
        "GPG_TTY",
        "GNUPGHOME",
        "DISPLAY",
        "RELEASE_TASKS_X",
    ),
]
LOGIN = "postgres://app:hunter2-hunter2@db.example/x"
VALUES = {  # secret by what they say themselves, whatever their names are
    "CI_REPOSITORY_URL": "https://ci:glcbt-64_abcdefgh@gitlab.example/o/r.git",
    "DATABASE_URL": LOGIN,
    "BUILD_DB": LOGIN,
    "GITHUB_NOTE": "ghp_" + "a1B2" * 9,
    "BUILD_X": "github_pat_" + "a1B2" * 9,
    "CI_X": "glpat-" + "a1B2" * 5,
    "CI_JOB": "glcbt-64_" + "a1B2" * 5,
    "CI_DEPLOY": "gldt-" + "a1B2" * 5,
    "GITLAB_RUNNER": "glrt-" + "a1B2" * 5,
    "GITLAB_TRIGGER": "glptt-" + "a1B2" * 10,
    "RUBY_X": "rubygems_" + "a1b2" * 12,
    "NUGET_X": "oy2" + "a1b2c" * 8 + "xyz",
    "BUILD_AGE": "AGE-SECRET-KEY-1" + "A1" * 29,
    "CI_VAULT": "hvs." + "a1B2" * 12,
    "DOCKER_OCEAN": "dop_v1_" + "a1b2" * 16,
    "BUILD_CLOUD": "ya29." + "a1B2" * 9,
    "CI_CHAT": "https://hooks.slack.com/services/T0123/B0123/" + "a1B2" * 6,
    "CI_DISCORD": "https://discord.com/api/webhooks/0123456789/" + "a1B2" * 9,
    "BUILD_STORAGE": "AccountName=x;AccountKey=" + "a1B2" * 21 + "ab==",
    "PIP_X": "pypi-AgEIcHlwaS5vcmcCJ" + "a1B2" * 9,
    "RUST_X": "cio" + "a1B2" * 8,
    "NODE_X": "npm_" + "a1B2" * 9,
    "DOCKER_X": "dckr_pat_" + "a1B2" * 6,
    "BUILD_HOOK": "xoxb-" + "1234-" * 4,
    "BUILD_ID": "AKIA" + "A1B2" * 4,
    "BUILD_J": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
    "BUILD_K": "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz\n-----END",
    "GIT_CONFIG_VALUE_0": "AUTHORIZATION: basic eC1hY2Nlc3MtdG9rZW46Z2hz",
    "BUILD_COPY": "prefix-the-token-of-github-suffix",
}
KEY_FILE = "TUlJS3pBSUJBVEFDQ0NzRw==" * 3
SECRET_FILES = {  # a file as a text
    "BUILD_CERTIFICATE_BASE64": KEY_FILE,
    "ANDROID_KEYSTORE_B64": KEY_FILE,
    "JAVA_KEYSTORE": KEY_FILE,
    "BUILD_P12": KEY_FILE,
    "GITHUB_APP_PEM": KEY_FILE,
    "KUBE_CONFIG": KEY_FILE,
    "DOCKER_CONFIG": '{"auths": {"x": {"password": "hunter2-hunter2"}}}',
    "HELM_CONFIG": "users:\n- user:\n    token: hunter2-hunter2\n",
    "AWS_CONFIG": "[default]\naws_secret_access_key = hunter2-hunter2\n",
    "RCLONE_CONFIG": "[x]\npass_word = y\npassword = hunter2-hunter2\n",
    "GOOGLE_CONFIG": '{"type": "x", "private_key": "hunter2-hunter2"}',
}
HARMLESS_FILES = {
    "CARGO_ENCODED_RUSTFLAGS": "-C\nlink-arg=-s",
    "CMAKE_ARGS": "-DX=1\n-DY=2",
    "GITHUB_MATRIX": '{"target": "x", "tokenizer": "y"}',
    "PIP_CONFIG": "[global]\nindex-url = https://x\n",
}
BUILDS = (
    ["cargo", "build"],
    ["/usr/bin/python3", "-m", "build"],
    ["sh"],
    ["nox"],
    ["./x"],
)
HOOKS = (["git", "commit"], ["git", "push"], ["docker", "run", "-e", "X", "i"])
CLIENTS = (
    ["git", "status"],
    ["gh", "api"],
    ["docker", "buildx", "build"],
    ["helm", "push"],
)


@pytest.fixture(autouse=True)
def no_settings() -> Iterator[None]:
    yield
    environment.give_also(())


@pytest.mark.parametrize("name", SECRET)
def test_a_secret_reaches_no_program_by_its_name(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment.give_also(("*",))
    monkeypatch.setenv(name, VALUE)
    for argv in (*BUILDS, *HOOKS, *CLIENTS):
        assert VALUE not in shell.environment(argv=argv).values(), argv
    assert shell.environment(secrets=[name], argv=["cargo"])[name] == VALUE
    assert VALUE not in hide_secrets(f"x{VALUE}y")


@pytest.mark.parametrize("name", VALUES)
def test_a_secret_reaches_no_program_by_its_value(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment.give_also(("*",))
    monkeypatch.setenv("GH_TOKEN", "the-token-of-github")
    monkeypatch.setenv(name, VALUES[name])
    for argv in (*BUILDS, *HOOKS):
        assert name not in shell.environment(argv=argv), argv


@pytest.mark.parametrize("name", SECRET_FILES)
def test_a_file_with_a_secret_reaches_no_program(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.give_also(("*",))
    monkeypatch.setenv(name, SECRET_FILES[name])
    for argv in (*BUILDS, *HOOKS):
        assert name not in shell.environment(argv=argv), argv
    shown = hide_secrets(f"error: <{SECRET_FILES[name]}>")
    assert "hunter2" not in shown
    assert KEY_FILE not in shown
    # the path of a file is none, and a name in the settings is meant
    path = tmp_path / "file"
    path.write_text("")
    monkeypatch.setenv(name, str(path))
    assert shell.environment(argv=["cargo"])[name] == str(path)
    environment.give_also((name,))
    monkeypatch.setenv(name, SECRET_FILES[name])
    assert name in shell.environment(argv=["cargo"])


@pytest.mark.parametrize("name", HARMLESS_FILES)
def test_a_text_of_several_lines_reaches_a_build(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, HARMLESS_FILES[name])
    assert shell.environment(argv=["cargo"])[name] == HARMLESS_FILES[name]


@pytest.mark.parametrize("name", [*NEEDED, *HARMLESS])
def test_what_a_build_needs_reaches_it(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GH_TOKEN", "the-token-of-github")
    monkeypatch.setenv(name, "/opt/x")
    if name in HARMLESS:
        environment.give_also(("*",))
    for argv in BUILDS:
        assert shell.environment(argv=argv).get(name) == "/opt/x", argv


@pytest.mark.parametrize(
    "name",
    [
        "HTTPS_PROXY",
        "https_proxy",
        "PIP_INDEX_URL",
        "PIP_EXTRA_INDEX_URL",
        "UV_INDEX_URL",
    ],
)
def test_a_build_can_download_by_an_address_with_a_login(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = "https://me:pass-of-mine@proxy.example/simple"
    monkeypatch.setenv(name, address)
    assert shell.environment(argv=["cargo"])[name] == address
    assert "pass-of-mine" not in hide_secrets(f"{address} pass-of-mine")


@pytest.mark.parametrize(
    "name",
    [
        "WIDGET",
        "ACME_STAGE",
        "LD_PRELOAD_X1",
        "GITHUB_ENV",
        "GITHUB_PATH",
        "GITHUB_OUTPUT",
        "GITHUB_STATE",
        "DIRENV_DIFF",
        "BASH_ENV",
        "PROMPT_COMMAND",
        "FOO",
    ],
)
def test_what_no_build_needs_stays_here(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "x")
    seen = name in shell.environment(argv=["cargo", "build"])
    assert seen is name.startswith("LD_")
    assert name in shell.environment(argv=["gh", "api"])


def test_the_settings_pass_more_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "release-tasks.toml").write_text(
        '[build]\npass-env = ["ACME_*", "ONE"]\n'
    )
    environment.give_also(load(tmp_path).build.pass_env)
    for name in ("ACME_STAGE", "ONE", "ONES", "ACME_TOKEN"):
        monkeypatch.setenv(name, "x")
    seen = shell.environment(argv=["cargo"])
    assert {"ACME_STAGE", "ONE"} <= seen.keys()
    assert not {"ONES", "ACME_TOKEN"} & seen.keys()


def test_the_settings_pass_no_secret_on(tmp_path: Path) -> None:
    (tmp_path / "release-tasks.toml").write_text(
        '[build]\npass-env = ["GH_TOKEN"]\n'
    )
    with pytest.raises(ReleaseError, match="GH_TOKEN is secret by its name"):
        load(tmp_path)


def test_a_program_that_misses_a_variable_says_how_to_pass_it_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ACME_STAGE", "x")
    code = "import os; os.environ['ACME_STAGE']"
    with pytest.raises(shell.Failed) as caught:
        shell.ask([sys.executable, "-c", code])
    assert '[build] pass-env = ["ACME_STAGE"]' in caught.value.fix


@pytest.mark.parametrize(
    "password", ["postgres", "/usr/bin", "runner", "0123456789abcde"]
)
def test_a_weak_password_takes_no_folder_away(
    password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = {
        "PATH": f"/usr/bin:/usr/lib/{password}ql/14/bin:/usr/bin",
        "HOME": f"/home/{password}",
        "USER": password,
        "PG_CONFIG_PATH": f"/usr/lib/{password}ql/14/bin",
    }
    for name, value in ({"PGPASSWORD": password} | places).items():
        monkeypatch.setenv(name, value)
    assert places.items() <= shell.environment(argv=["cargo"]).items()


def test_git_gets_all_of_its_settings_or_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "http.https://github.com/.extraheader",
        "GIT_CONFIG_VALUE_0": VALUES["GIT_CONFIG_VALUE_0"],
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert settings.items() <= shell.environment(argv=["git", "fetch"]).items()
    assert (
        not settings.keys() & shell.environment(argv=["cargo", "build"]).keys()
    )


FORMS = {
    "as it is": VALUE,
    "URL": quote(VALUE, safe=""),
    "path of a URL": quote(VALUE),
    "form": quote_plus(VALUE),
    "path of a URL in another one": quote(quote(VALUE), safe=""),
    "URL in lower case": "v4lue%2fwith%2ball%3dkinds%20of%20%22letters%22%20%26%20%c3%a9",
    "JSON": json.dumps(VALUE)[1:-1],
    "JSON in UTF-8": json.dumps(VALUE, ensure_ascii=False)[1:-1],
    "JSON of Go": json.dumps(VALUE)[1:-1].replace("&", "\\u0026"),
    "JSON of PHP": json.dumps(VALUE)[1:-1].replace("/", "\\/"),
    "JSON in JSON": json.dumps(json.dumps(VALUE)[1:-1])[1:-1],
    "HTML": html.escape(VALUE),
    "HTML of Go": html.escape(VALUE).replace("&quot;", "&#34;"),
    "XML": html.escape(VALUE, quote=False),
    "git": VALUE.replace('"', '\\"').replace("é", "\\303\\251"),
    "a word of a shell": VALUE.replace('"', '\\"'),
    "Python": repr(VALUE)[1:-1],
    "bytes of Python": repr(VALUE.encode())[2:-1],
    "Python beside both quotes": repr(f"'{VALUE}\"")[3:-2],
    "hex": VALUE.encode().hex(),
    "HEX": VALUE.encode().hex().upper(),
    "base64": base64.b64encode(VALUE.encode()).decode().rstrip("="),
    "base64 of a login": base64.b64encode(f"u:{VALUE}".encode())
    .decode()
    .rstrip("="),
    "base64 of another login": base64.b64encode(
        f"us:{VALUE}!".encode()
    ).decode(),
    "base64 for URLs": base64.urlsafe_b64encode(
        f"use:{VALUE}".encode()
    ).decode(),
}


@pytest.mark.parametrize("quoted", [shlex.quote, repr, json.dumps])
@pytest.mark.parametrize(
    "value", ["it's-a-secret", 'a "secret" $HOME', "a\\b`c`-x"]
)
def test_a_quoted_secret_is_hidden(
    value: str, quoted: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_TOKEN", value)
    shown = hide_secrets(f"+ curl -H {quoted(value)}")
    assert masking.MASK in shown
    assert quoted(value)[1:-1] not in shown


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_hidden_in_every_form(
    form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_TOKEN", VALUE)
    shown = hide_secrets(f"error: <{FORMS[form]}>")
    assert masking.MASK in shown
    assert FORMS[form][3:-3] not in shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://me:pass@h/x", "https://***@h/x"),
        ("postgres://me:p@ss:w@rd@h/x", "postgres://***@h/x"),
        ("x://a:b@h and x://c:d@h", "x://***@h and x://***@h"),
        ("https://ghp_0123456789@h/x", "https://***@h/x"),
        ("http://x-access-token:abc@h/", "http://***@h/"),
        ("ssh://git@github.com/o/r", "ssh://git@github.com/o/r"),
        ("git@github.com:o/r.git", "git@github.com:o/r.git"),
        ("https://h/?token=abc&x=1", "https://h/?token=***&x=1"),
        ("https://h/?x=1&access_token=abc", "https://h/?x=1&access_token=***"),
        ("https://h/f?X-Amz-Signature=0a1b", "https://h/f?X-Amz-Signature=***"),
        ("https://h/f?sig=a%2Bb&se=1", "https://h/f?sig=***&se=1"),
        ("https://h/f?design=1", "https://h/f?design=1"),
        ("see https://example.org/a@b", "see https://example.org/a@b"),
        ("found ghp_" + "a1B2" * 9 + ".", "found ***."),
        ("Authorization: Bearer abc.def", "***"),
        ("mail me@example.org", "mail me@example.org"),
    ],
)
def test_logins_and_tokens_in_addresses_are_hidden(
    text: str, shown: str
) -> None:
    assert hide_secrets(text) == shown


def _can_be_read_by_all(path: Path) -> bool:
    folders = (*path.parents, *path.resolve().parents)
    return all(folder.stat().st_mode & 0o005 == 0o005 for folder in folders)


READS_PARENT = """
import os, pathlib, subprocess, sys
from release_tasks.environment import protect_own
protect_own()
code = "import os; print(open(f'/proc/{os.getppid()}/environ', 'rb').read())"
seen = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={})
print(seen.stdout, seen.stderr)
assert os.environ["GH_TOKEN"] == "the-token-of-github"
kept = "import os; print(os.environ['GH_TOKEN'] == 'the-token-of-github')"
subprocess.run([sys.executable, "-c", kept], check=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
@pytest.mark.parametrize("user", ["this", "nobody"])
def test_a_child_reads_no_secret_from_our_environment(user: str) -> None:
    if user == "nobody" and os.geteuid() != 0:
        pytest.skip("only root can become another user")
    env = os.environ | {
        "GH_TOKEN": "the-token-of-github",
        "DATABASE_URL": LOGIN,
    }
    options = {"user": 65534, "group": 65534} if user == "nobody" else {}
    if options and not _can_be_read_by_all(Path(sys.executable)):
        pytest.skip("that user cannot start this Python")
    done = subprocess.run(
        [sys.executable, "-c", READS_PARENT],
        env=env,
        capture_output=True,
        text=True,
        check=False,
        **options,  # type: ignore[call-overload]
    )
    assert done.returncode == 0, done.stderr
    assert "the-token-of-github" not in done.stdout
    assert "hunter2" not in done.stdout
    assert "True" in done.stdout
    assert "PATH=" in done.stdout or "Permission denied" in done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_the_tasks_of_a_project_protect_their_process(tmp_path: Path) -> None:
    (tmp_path / "tasks.py").write_text(
        "import os\n"
        "from release_tasks import ns\n"
        "try:\n"
        "    shown = open('/proc/self/environ', 'rb').read()\n"
        "except PermissionError:\n"  # of another user than root
        "    shown = b''\n"
        "assert b'the-token' not in shown\n"
        "assert os.environ['GH_TOKEN'] == 'the-token-of-github'\n"
    )
    env = os.environ | {"GH_TOKEN": "the-token-of-github"}
    argv = [sys.executable, "-m", "invoke", "--list"]
    done = subprocess.run(
        argv, cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr

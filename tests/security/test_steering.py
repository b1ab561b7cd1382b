"""A repository that wants to lead the clients: it starts no program of its own with a secret."""

from __future__ import annotations

import ast
import base64
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from invoke.context import Context
from support import crate_projects as projects
from support.local_registries import local_registries
from support.repositories import commit_all, commit_files

from release_tasks import environment, libraries, shell
from release_tasks.building import edge
from release_tasks.errors import ReleaseError
from release_tasks.pipelines.github_steps import PIP
from release_tasks.project.model import Image
from release_tasks.project.settings_file import load
from release_tasks.rehearsal.registries import LocalRegistries
from release_tasks.tools import (
    auditwheel,
    build,
    git,
    inv,
    maturin,
    nox,
    pip,
    twine,
)
from release_tasks.tools.cargo import publish, steering
from release_tasks.tools.git import branches, clones, origin, whole
from release_tasks.tools.python import module

SHADOWS = [
    "build",
    "twine",
    "rich",
    "packaging",
    "requests",
    "urllib3",
    "nox",
    "invoke",
]
SHADOWS += [
    "maturin",
    "auditwheel",
    "pip",
    "venv",
    "json",
    "tomllib",
    "certifi",
    "pkginfo",
]
PROGRAMS = ["build", "twine", "nox", "maturin", "invoke"]
TOKEN = "the-token-of-crates-io"


@pytest.fixture
def registries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[LocalRegistries]:
    with local_registries(tmp_path, monkeypatch) as running:
        yield running


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_module_of_the_repository_is_not_imported(
    program: str, tmp_path: Path
) -> None:
    for name in SHADOWS:
        (tmp_path / f"{name}.py").write_text(f"open('stolen-{name}', 'w')\n")
    argv = [*module(program), "--version"]
    done = subprocess.run(
        argv, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.glob("stolen-*")) == []


@pytest.mark.parametrize(
    "tool", [auditwheel, build, inv, maturin, nox, pip, twine]
)
def test_every_module_is_started_without_the_working_folder(
    tool: object,
) -> None:
    text = Path(str(vars(tool)["__file__"])).read_text()
    assert "module(" in text
    assert 'sys.executable, "-m"' not in text


PROVIDER = """#!/bin/sh
env > {stolen}
echo '{{"v":[1]}}'
read request
echo '{{"Err":{{"kind":"not-found"}}}}'
"""
WRAPPER = '#!/bin/sh\nenv > {stolen}\nexec "$@"\n'
RUSTC = '#!/bin/sh\nenv > {stolen}\nexec rustc "$@"\n'
CONFIGS = {  # a name: lines of .cargo/config.toml; {program} is what the repository brings
    "provider": '[registry]\ncredential-provider = "{program}"\n',
    "provider with words": '[registry]\ncredential-provider = ["{program}", "x"]\n',
    "providers": '[registry]\nglobal-credential-providers = ["{program}"]\n',
    "alias": '[registry]\ncredential-provider = "mine"\n'
    '[credential-alias]\nmine = ["{program}"]\n',
    "stdout": '[registry]\ncredential-provider = ["cargo:token-from-stdout", "{program}"]\n',
    "wrapper": '[build]\nrustc-wrapper = "{program}"\n',
    "workspace wrapper": '[build]\nrustc-workspace-wrapper = "{program}"\n',
    "compiler": '[build]\nrustc = "{program}"\n',
    "default": '[registry]\ndefault = "evil"\n'
    '[registries.evil]\nindex = "sparse+http://127.0.0.1:9/"\n',
}
BODIES = {"wrapper": WRAPPER, "workspace wrapper": WRAPPER, "compiler": RUSTC}


@pytest.mark.tools("cargo")
def test_no_setting_of_cargo_gets_the_token(
    registries: LocalRegistries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = projects.workspace(tmp_path / "shop", {"shop-zero": ""})
    commit_all(root)
    stolen, program = tmp_path / "stolen", tmp_path / "program"
    (root / ".cargo").mkdir()
    for number, (name, text) in enumerate(CONFIGS.items()):
        body = BODIES.get(name, PROVIDER)
        program.write_text(body.format(stolen=stolen))
        program.chmod(0o755)
        config = root / ".cargo" / "config.toml"
        config.write_text(text.format(program=program))
        bump(root, f"0.2.{number}")
        commit_all(root)
        publish.publish(
            Context(), root, tmp_path / "target", ["shop-zero"], False
        )
        if stolen.exists():
            assert registries.tokens.crates not in stolen.read_text(), name
            stolen.unlink()
    versions = registries.crates.store.published()["shop-zero"]
    assert len(versions) == len(CONFIGS)


def bump(root: Path, version: str) -> None:
    for path in root.rglob("Cargo.toml"):
        text = path.read_text()
        path.write_text(
            text.replace('version = "0.1.0"', f'version = "{version}"')
        )
        for old in range(len(CONFIGS)):
            text = path.read_text()
            path.write_text(
                text.replace(f'version = "0.2.{old}"', f'version = "{version}"')
            )
    (root / "Cargo.lock").unlink(missing_ok=True)
    projects.cargo(root, "generate-lockfile", "--offline")


@pytest.mark.parametrize(
    ("file", "text", "keys"),
    [
        ("config.toml", CONFIGS["provider"], ["registry.credential-provider"]),
        ("config", CONFIGS["provider"], ["registry.credential-provider"]),
        (
            "config.toml",
            CONFIGS["providers"],
            ["registry.global-credential-providers"],
        ),
        (
            "config.toml",
            CONFIGS["alias"],
            ["registry.credential-provider", "credential-alias.mine"],
        ),
        ("config.toml", CONFIGS["compiler"], ["build.rustc"]),
        ("config.toml", '[http]\nproxy = "h:1"\ncainfo = "x.pem"\n', ["http"]),
        ("config.toml", '[http]\nproxy = "h:1"\n', []),
        (
            "config.toml",
            '[registry]\ncredential-provider = "cargo:token"\n',
            [],
        ),
        (
            "config.toml",
            '[registry]\nglobal-credential-providers = ["cargo:token", "cargo:libsecret"]\n',
            [],
        ),
        (
            "config.toml",
            '[registry]\nglobal-credential-providers = ["cargo:token", "./x"]\n',
            ["registry.global-credential-providers"],
        ),
        ("config.toml", "[http]\nproxy = \n", []),
        ("config.toml", "registry = 1\nhttp = []\ncredential-alias = 2\n", []),
    ],
)
def test_what_steers_an_upload_is_found(
    tmp_path: Path, file: str, text: str, keys: list[str]
) -> None:
    (tmp_path / ".cargo").mkdir()
    (tmp_path / ".cargo" / file).write_text(text)
    assert [steer.key for steer in steering.steers(tmp_path)] == keys


def test_a_toolchain_of_the_repository_is_found(tmp_path: Path) -> None:
    path = tmp_path / "rust-toolchain.toml"
    path.write_text('[toolchain]\npath = "./mine"\n')
    assert [steer.key for steer in steering.steers(tmp_path)] == [
        "toolchain.path"
    ]
    path.write_text('[toolchain]\nchannel = "1.85"\n')
    assert list(steering.steers(tmp_path)) == []


READS = [
    "status",
    "ls-files",
    "log",
    "for-each-ref",
    "diff",
    "grep",
    "worktree",
    "clone",
]


@pytest.mark.parametrize("command", READS)
def test_git_reads_without_programs_of_the_repository(command: str) -> None:
    env = shell.environment(argv=["git", command])
    pairs = git_settings(env)
    assert pairs["core.fsmonitor"] == "false"
    assert pairs["core.hooksPath"] == os.devnull


@pytest.mark.parametrize(
    "command", ["commit", "push", "rev-parse", "config", "http-backend"]
)
def test_hooks_of_the_user_still_run(command: str) -> None:
    assert "core.hooksPath" not in git_settings(
        shell.environment(argv=["git", command])
    )


def test_settings_of_the_caller_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "user.name")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "Ada")
    pairs = git_settings(
        shell.environment(argv=["git", "-C", "commit", "status"])
    )
    assert pairs == {"user.name": "Ada", **dict(environment.NO_PROGRAMS)}


def git_settings(env: dict[str, str]) -> dict[str, str]:
    count = int(env.get("GIT_CONFIG_COUNT", "0"))
    return {
        env[f"GIT_CONFIG_KEY_{number}"]: env[f"GIT_CONFIG_VALUE_{number}"]
        for number in range(count)
    }


def test_no_monitor_and_no_hook_runs_when_git_only_reads(
    tmp_path: Path,
) -> None:
    root = commit_files(tmp_path / "r", {"a": "1"})
    evil = tmp_path / "evil"
    evil.write_text(f"#!/bin/sh\ntouch {tmp_path}/stolen\nexit 1\n")
    evil.chmod(0o755)
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("post-index-change", "post-checkout", "reference-transaction"):
        shutil.copy(evil, hooks / name)
    for key, value in (("core.fsmonitor", evil), ("core.hooksPath", hooks)):
        subprocess.run(["git", "config", key, str(value)], cwd=root, check=True)
    (root / "a").write_text("2")
    assert git.changed(root) == ("a",)
    assert git.tracked(root) == ("a",)
    assert not (tmp_path / "stolen").exists()


NAMES = [
    "*",
    ":(exclude)a",
    ":!a",
    "a b",
    "-x",
    "'q'",
    '"d"',
    "ü",
    "a\nb",
    "[a]",
    ":a",
    "\\a",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_no_pattern(name: str, tmp_path: Path) -> None:
    root = commit_files(tmp_path / "r", {"other": "1"})
    (root / name).write_text("1")
    (root / "untouched").write_text("1")
    assert name in git.changed(root)
    git.commit(Context(), root, [name], "One")
    (root / name).write_text("2")
    (root / "other").write_text("2")
    git.commit(Context(), root, [name], "Two")
    assert set(git.changed(root)) == {"other", "untouched"}
    assert name in git.tracked(root)


HELPER = """#!/bin/sh
[ "$1" = get ] || exit 0
token=${GH_TOKEN:-$GITHUB_TOKEN}
[ -n "$token" ] && printf 'username=x-access-token\\npassword=%s\\n' "$token"
"""


@pytest.mark.parametrize("variable", ["GH_TOKEN", "GITHUB_TOKEN"])
def test_a_token_of_github_reaches_the_helper_of_git(
    registries: LocalRegistries,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
) -> None:
    registries.github.create("me", "project")
    root = commit_files(tmp_path / "r", {"a": "1"})
    git_is_led_by(tmp_path, monkeypatch)
    monkeypatch.delenv("GH_TOKEN")
    url = "https://github.com/me/project.git"
    subprocess.run(
        ["git", "remote", "add", "origin", url], cwd=root, check=True
    )
    with pytest.raises(shell.Failed):
        origin.push(Context(), root, "HEAD:refs/heads/main")
    monkeypatch.setenv(variable, registries.tokens.github)
    origin.push(Context(), root, "HEAD:refs/heads/main")
    assert origin.refs(root)["refs/heads/main"] == git.head(root)


def git_is_led_by(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let git ask a helper, as `gh auth setup-git` does, instead of the rehearsal's file."""
    helper = folder / "helper"
    helper.write_text(HELPER)
    helper.chmod(0o755)
    for name, value in os.environ.items():
        if name.startswith("GIT_CONFIG_VALUE_") and value.startswith("store "):
            monkeypatch.setenv(name, f"!{helper}")


@pytest.mark.parametrize("is_versioned", [True, False])
def test_a_hook_of_the_repository_gets_no_token_of_github(
    registries: LocalRegistries,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_versioned: bool,
) -> None:
    registries.github.create("me", "project")
    root = commit_files(tmp_path / "r", {"a": "1"})
    hooks = root / ".husky" if is_versioned else root / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    seen = tmp_path / "seen"
    (hooks / "pre-push").write_text(f"#!/bin/sh\nenv > {seen}\n")
    (hooks / "pre-push").chmod(0o755)
    if is_versioned:
        subprocess.run(
            ["git", "config", "core.hooksPath", ".husky"], cwd=root, check=True
        )
    url = "https://github.com/me/project.git"
    subprocess.run(
        ["git", "remote", "add", "origin", url], cwd=root, check=True
    )
    origin.push(Context(), root, "HEAD:refs/heads/main")
    assert (registries.tokens.github in seen.read_text()) is not is_versioned


def test_a_commit_hook_gets_no_secret_and_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = commit_files(tmp_path / "r", {"a": "1"})
    seen = tmp_path / "seen"
    hook = root / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\nenv > {seen}\n")
    hook.chmod(0o755)
    monkeypatch.setenv("GH_TOKEN", TOKEN)
    monkeypatch.setenv("DATABASE_URL", f"postgres://u:{TOKEN}@h/x")
    monkeypatch.setenv("NOTE", base64.b64encode(b"x").decode())
    monkeypatch.setenv("SKIP", "slow")
    (root / "a").write_text("2")
    git.commit(Context(), root, ["a"], "Two")
    text = seen.read_text()
    assert "SKIP=slow" in text
    assert TOKEN not in text
    assert "NOTE=" not in text


def test_our_own_python_is_asked_for_these_names() -> None:
    assert module("x") == (sys.executable, "-P", "-m", "x")


OPTIONAL = [  # what our libraries try to import, and can do without
    "simplejson",
    "chardet",
    "brotli",
    "brotlicffi",
    "socks",
    "h2",
    "OpenSSL",
    "docutils",
    "zstandard",
    "colorama",
    "IPython",
    "linkify_it",
    "ipywidgets",
    "gevent",
    "js",
    "pyodide",
]
IMPORTS = """\
import http.cookiejar, email.utils, secrets, calendar, ctypes
import packaging.version, requests, rich.console, rich.table, urllib3, trustme
"""


@pytest.fixture
def shadowed(tmp_path: Path) -> Path:
    """Return a folder with a file for each module of Python and each library that we import."""
    names = {*sys.stdlib_module_names, *libraries.NAMES, *OPTIONAL}
    # invoke.py is invoke's own name for a project's configuration, and the first line of
    # release_tasks imports __future__
    files = {
        f"{name}.py": f"open('stolen-{name}', 'w')\n"
        for name in names - {"invoke", "__future__"}
    }
    tasks = "from release_tasks import ns\n"
    tasks += f"exec({IMPORTS!r}, {{'__name__': 'release_tasks.x'}})\n"
    return commit_files(tmp_path / "r", files | {"tasks.py": tasks})


@pytest.mark.parametrize(
    "words", [["--list"], ["settings"], ["status", "--help"], ["doctor"]]
)
def test_a_module_of_the_repository_is_not_imported_by_inv(
    words: list[str], shadowed: Path
) -> None:
    argv = [*module("invoke"), *words]
    done = subprocess.run(
        argv, cwd=shadowed, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert list(shadowed.glob("stolen-*")) == []


def test_a_module_of_the_repository_is_not_imported_from_another_folder(
    shadowed: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    argv = [*module("invoke"), "--search-root", str(shadowed), "--list"]
    folder = tmp_path_factory.mktemp("elsewhere")
    done = subprocess.run(
        argv, cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert list(folder.glob("stolen-*")) == []


def test_a_project_imports_its_own_modules(tmp_path: Path) -> None:
    for name in ("mine", "build", "calendar", "release"):
        (tmp_path / f"{name}.py").write_text("X = 1\n")
    lines = ["from release_tasks import ns"]
    lines += [f"from {name} import X" for name in ("mine", "build", "release")]
    (tmp_path / "tasks.py").write_text("\n".join(lines))
    argv = [*module("invoke"), "--list"]
    done = subprocess.run(
        argv, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_every_library_that_we_import_is_known() -> None:
    package = Path(str(environment.__file__)).parent
    found = set()
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif (
                isinstance(node, ast.ImportFrom)
                and node.module
                and not node.level
            ):
                found.add(node.module.partition(".")[0])
    newer = {"compression"}  # of Python 3.14
    ours = {"release_tasks"}
    assert found - sys.stdlib_module_names - newer - ours <= libraries.NAMES


def with_submodule(folder: Path, url: str, name: str = "sub") -> Path:
    """Return a repository with a submodule at `url` that is not checked out."""
    root = commit_files(folder / "r", {"a": "1"})
    commit = git.head(root)
    (root / ".gitmodules").write_text(
        f'[submodule "{name}"]\n\tpath = sub\n\turl = "{url}"\n'
    )
    index = [
        "git",
        "update-index",
        "--add",
        "--cacheinfo",
        f"160000,{commit},sub",
    ]
    subprocess.run(index, cwd=root, check=True)
    subprocess.run(["git", "add", ".gitmodules"], cwd=root, check=True)
    subprocess.run(["git", "commit", "-q", "-m", "Sub"], cwd=root, check=True)
    return root


@pytest.mark.parametrize(
    "url",
    [
        "--upload-pack=touch stolen;false",
        "-utouch stolen",
        "ext::touch stolen",
        "ext::sh -c 'touch stolen'",
    ],
)
def test_the_address_of_a_submodule_is_no_command(
    url: str, tmp_path: Path
) -> None:
    root = with_submodule(tmp_path, url)
    with pytest.raises(ReleaseError), clones.clone(root, "HEAD"):
        pass
    assert list(tmp_path.rglob("stolen")) == []
    assert not Path("stolen").exists()


@pytest.mark.parametrize(
    "name",
    ["../../../../stolen", "a/../../../../stolen", "..", "..\\\\x/stolen"],
)
def test_the_name_of_a_submodule_is_no_path(name: str, tmp_path: Path) -> None:
    private = commit_files(tmp_path / "private", {"a": "1"})
    root = with_submodule(tmp_path, str(private), name)
    with (
        pytest.raises(ReleaseError, match="a path out of"),
        clones.clone(root, "HEAD"),
    ):
        pass
    assert list(tmp_path.rglob("stolen*")) == []


@pytest.mark.parametrize("form", ["{}", "file://{}"])
def test_a_submodule_of_a_server_is_no_folder_of_this_machine(
    form: str, tmp_path: Path
) -> None:
    root = with_submodule(tmp_path, form.format(tmp_path / "private"))
    subprocess.run(
        ["git", "clone", "-q", root, tmp_path / "private"], check=True
    )
    argv = ["git", "remote", "add", "origin", "https://github.com/o/r"]
    subprocess.run(argv, cwd=root, check=True)
    with pytest.raises(ReleaseError) as raised, clones.clone(root, "HEAD"):
        pass
    assert "cannot be fetched from" in raised.value.problem
    assert "transport 'file' not allowed" in str(raised.value.__cause__)


def test_a_login_in_an_address_is_on_no_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "https://me:pass-of-mine@127.0.0.1:9/me/project.git"
    root = with_submodule(tmp_path, url)
    seen = []

    def ask(argv: list[str], **options: object) -> str:
        seen.append([str(word) for word in argv])
        return shell.ask(argv, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(whole, "ask", ask)
    with pytest.raises(ReleaseError) as caught, clones.clone(root, "HEAD"):
        pass
    assert any("--bare" in argv for argv in seen)
    assert "pass-of-mine" not in str(seen)
    assert "pass-of-mine" not in str(caught.value)
    assert "https://***@127.0.0.1:9/me/project.git" in caught.value.problem
    assert "pass-of-mine" not in str(caught.value.__cause__)


def test_git_knows_the_address_that_stands_for_another(tmp_path: Path) -> None:
    name, env = whole._without_login(f"file://me:pass-of-mine@{tmp_path}")
    assert "pass-of-mine" not in name
    argv = ["git", "ls-remote", "--get-url", name]
    assert (
        shell.ask(argv, env=env).strip() == f"file://me:pass-of-mine@{tmp_path}"
    )


# --- what registries, servers and the settings name


NO_COMMITS = [
    "--upload-pack=touch stolen;git-upload-pack",
    "-utouch stolen",
    "+refs/heads/main:refs/heads/stolen",
    "refs/heads/main:refs/tags/v9.9.9",
    "main",
    "HEAD",
    "",
    "0123abc",
    "0" * 39,
    "0" * 41,
    "0" * 40 + "\n",
    "0" * 40 + " --all",
    "g" * 40,
]


@pytest.mark.parametrize("name", NO_COMMITS)
def test_what_is_no_commit_is_not_fetched(name: str, tmp_path: Path) -> None:
    bare = tmp_path / "origin.git"
    root = commit_files(tmp_path / "project", {"a": "1"})
    subprocess.run(["git", "clone", "-q", "--bare", root, bare], check=True)
    argv = ["git", "remote", "add", "origin", str(bare)]
    subprocess.run(argv, cwd=root, check=True)
    before = git.tags(root), branches.head(root, "stolen")
    with pytest.raises(ReleaseError, match="is not the name of a commit"):
        origin.fetch_commit(root, name)
    assert list(tmp_path.rglob("stolen*")) == []
    assert (git.tags(root), branches.head(root, "stolen")) == before


@pytest.mark.parametrize("name", NO_COMMITS)
def test_the_label_of_an_image_is_no_option_of_git(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = {edge.REVISION: name}
    monkeypatch.setattr(
        edge.oci_registry, "labels", lambda reference, tag: labels
    )
    image = Image("example.org/app", "Dockerfile", (), ())
    assert edge._commits(image, {"main": "sha256:0"}) == {"main": ""}


WITHOUT_SAFE_PATH = re.compile(
    r"python3? (?:-(?!P)\S+ )*(?:-m (?:pip|venv)|-c .*json)"
)


def pipelines() -> dict[str, str]:
    """Return the composite action, the pages with workflows, and written pipelines, by name."""
    top = Path(__file__).parents[2]
    paths = [top / "action.yml", *(top / "docs/how-to").glob("*.md")]
    paths += (top / "tests/projects/shown/workflows").glob("*.yml")
    return {path.name: path.read_text() for path in paths}


def test_no_step_imports_a_module_of_the_checkout() -> None:
    texts = pipelines()
    assert "python -P -m pip install" in texts["action.yml"]
    assert "python -P -m pip install" in texts["gitlab-example.yml"]
    for name, text in texts.items():
        assert WITHOUT_SAFE_PATH.findall(text) == [], name


def test_a_pip_of_the_checkout_is_not_run(tmp_path: Path) -> None:
    for name in ("pip", "json", "venv", "encodings"):
        (tmp_path / f"{name}.py").write_text(f"open('stolen-{name}', 'w')\n")
    argv = [*PIP.split()[1:], "--version"]
    subprocess.run([sys.executable, *argv], cwd=tmp_path, check=True)
    assert list(tmp_path.glob("stolen-*")) == []


@pytest.mark.parametrize(
    "branch",
    [
        "--orphan",
        "-f",
        "--upload-pack=x",
        "a:b",
        "a..b",
        "a b",
        "a\nb",
        "HEAD",
        "",
    ],
)
@pytest.mark.parametrize(
    "table", ["[project]\nbranch", '[downstream."o/r"]\nbase']
)
def test_a_branch_in_the_settings_is_no_option(
    table: str, branch: str, tmp_path: Path
) -> None:
    text = f"{table} = {json.dumps(branch)}\n"
    (tmp_path / "release-tasks.toml").write_text(text)
    with pytest.raises(ReleaseError, match="is not a valid branch name"):
        load(tmp_path)


@pytest.mark.parametrize(
    "branch", ["main", "releases/1.x", "v1", "a@b", "über"]
)
def test_a_branch_that_git_allows_is_one(branch: str, tmp_path: Path) -> None:
    text = f'[project]\nbranch = "{branch}"\n'
    (tmp_path / "release-tasks.toml").write_text(text)
    assert load(tmp_path).project.branch == branch


@pytest.mark.parametrize(
    "name",
    ["a; id", "$(id)", "`id`", "a|id", "a&id", "a>x", "a'b", 'a"b', "a\nb", "-x",
     "--new", "a\\b", "a=b", "a,b", "{version}", "\x1b[2J", "", "a*", "a\u2028b"],
)  # fmt: skip
def test_a_component_is_no_command(name: str, tmp_path: Path) -> None:
    text = f"[components.{json.dumps(name)}]\n"
    (tmp_path / "release-tasks.toml").write_text(text)
    with pytest.raises(ReleaseError, match="cannot be the name of a component"):
        load(tmp_path)


@pytest.mark.parametrize(
    "name",
    ["core", "my-lib", "a.b_c", "@scope/a", "{crate}", "größe", "My App"],
)
def test_an_ordinary_component_is_one(name: str, tmp_path: Path) -> None:
    text = f"[components.{json.dumps(name, ensure_ascii=False)}]\n"
    if name == "{crate}":
        text += 'tag = "{crate}-{version}"\n'
    (tmp_path / "release-tasks.toml").write_text(text)
    assert list(load(tmp_path).components) == [name]

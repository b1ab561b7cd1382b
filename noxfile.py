"""Sessions for work on this project; it loads where only nox is installed."""

from __future__ import annotations

import os
import pwd
import shutil
import sys
from functools import partial
from pathlib import Path

import nox

nox.needs_version = ">=2026.8.10"
nox.options.sessions = ["lint", "types", "tests"]
nox.options.reuse_venv = "yes"


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests; as root on Debian or Ubuntu, install the programs they need first."""
    install(session, "tests")
    compile_all(session)
    # two cores have time for three: many tests wait for servers and disks
    parallel = ("-n", "3", "--dist", "worksteal", "--durations", "25")
    session.run("python", "-m", "pytest", *parallel, *session.posargs)


@nox.session
def long(session: nox.Session) -> None:
    """Run the tests of which `tests` runs a sample: every fault, every project, whole."""
    install(session, "tests")
    compile_all(session)
    session.run(
        "python", "-m", "pytest", "-n", "2", "-m", "long", *session.posargs
    )


@nox.session
def projects(session: nox.Session) -> None:
    """Release five projects again and again: interrupted, signed off, taken back, fixed later."""
    install(session, "tests")
    compile_all(session)
    session.run(
        *("python", "-m", "pytest", "-n", "2", "--dist", "worksteal"),
        *("-m", "long or not long", "--durations", "5"),
        *("tests/test_five_projects.py", *session.posargs),
    )


@nox.session
def quick(session: nox.Session) -> None:
    """Run the tests that start no local registries, and neither compile nor release anything."""
    install(session, "tests", programs=False)
    session.run(
        "python", "-m", "pytest", "-n", "3", "-m", "quick", *session.posargs
    )


@nox.session
def layouts(session: nox.Session) -> None:
    """Look at all layouts of real projects; `GOLDEN=write` writes what is shown anew."""
    install(session, "tests")
    session.run(
        "python",
        "-m",
        "pytest",
        "tests/test_layouts.py",
        env={"LAYOUTS": "all"},
    )


@nox.session
def lint(session: nox.Session) -> None:
    """Check the style of the code."""
    session.install(*dependencies("lint"))
    session.run("ruff", "check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check the types of the code, strictly."""
    install(session, "types", programs=False)
    session.run("mypy")
    # builds run on Windows, too, as jobs of CI
    session.run("mypy", "--platform", "win32", "release_tasks")


@nox.session
def docs(session: nox.Session) -> None:
    """Build docs/ as a site, into site/; a broken link is an error."""
    session.install(*dependencies("docs"))
    session.run("zensical", "build", "--strict", "--clean")


@nox.session
def pictures(session: nox.Session) -> None:
    """Draw the pictures of docs/ anew, from runs of the demo; needs Chromium for its report."""
    install(session, "pictures")
    session.run("python", "-m", "manual", "--picture", "--captures")


@nox.session
def demo(session: nox.Session) -> None:
    """Rehearse the release of examples/polyglot; `-- --all` adds its image and its chart.

    `-- --whole` builds wheels for two machines.
    """
    package = "."
    if "--whole" in session.posargs:
        package = ".[zig]"
    install(session, package=package, programs="--all" in session.posargs)
    session.run("python", "examples/demo.py", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure how long things take, as ratios within one run (docs/benchmarks.md)."""
    install(session, "tests", programs=False)
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    tools = caches / "release-tasks" / "bench"
    names = [word for word in session.posargs if not word.startswith("-")]
    if shutil.which("cargo") and (not names or "bump" in names):
        # where cargo-edit cannot be built, the row of `bump` says so
        edit = (
            "cargo-edit",
            "--version",
            "0.13.13",
            "--locked",
            "--root",
            str(tools),
        )
        session.run(
            "cargo", "install", *edit, external=True, success_codes=range(256)
        )
    # as pip does when it installs a wheel
    compile_all(session)
    path = session.env.get("PATH") or os.environ["PATH"]
    env = {"PATH": os.pathsep.join((str(tools / "bin"), path))}
    session.run("python", "-m", "benchmarks", *session.posargs, env=env)


@nox.session
def fuzz(session: nox.Session) -> None:
    """Try 100,000 inputs on every parser, with limits of time and memory; -- NUMBER for another."""
    install(session, "tests", programs=False)
    inputs = session.posargs[0] if session.posargs else "100000"
    env = {"RELEASE_TASKS_FUZZ": inputs}
    parallel = ("-n", "2", "--dist", "worksteal", "--durations", "10")
    session.run(
        "python",
        "-m",
        "pytest",
        *parallel,
        "tests/security/test_fuzz.py",
        env=env,
    )


@nox.session(venv_backend="none")
def ordinary(session: nox.Session) -> None:
    """Run tests/security as an ordinary user; root makes one with `useradd`, and a copy for it.

    What is installed for root alone (`~/.cargo`) is missing there, and its tests are skipped.
    """
    words = session.posargs or ["tests/security"]
    if os.geteuid() != 0:
        session.notify("tests", words)
        return
    python = next(
        filter(is_for_everybody, ("/usr/bin/python3", sys.executable))
    )
    home = home_of_user(session, "release-tasks")
    copy = home / "release-tasks"
    if copy.exists():
        shutil.rmtree(copy)
    copy_sources(session, copy)
    # that of all users may have files of an earlier user of this name
    temporary = home / "tmp"
    temporary.mkdir(exist_ok=True)
    session.run("chown", "-R", home.owner(), str(home), external=True)
    become = ("setpriv", "--reuid", home.owner(), "--regid", home.owner())
    path = "PATH=" + os.pathsep.join(("../venv/bin", os.environ["PATH"]))
    folders = (f"HOME={home}", f"TMPDIR={temporary}")
    env = ("env", f"--chdir={copy}", *folders, path)
    run = partial(session.run, *become, "--init-groups", *env, external=True)
    run(python, "-m", "venv", str(home / "venv"))
    run(f"{home}/venv/bin/pip", "install", "--quiet", "nox")
    run(f"{home}/venv/bin/nox", "-s", "tests", "--", *words)


@nox.session
def actions(session: nox.Session) -> None:
    """Execute the workflow that `inv generate-ci` writes: by act, on this machine (needs Go)."""
    install(session, "tests")
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    tools = caches / "release-tasks" / "actions"
    for module in (
        "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12",
        "github.com/nektos/act@v0.2.89",
    ):
        if not (tools / module.split("@")[0].rsplit("/", 1)[1]).exists():
            env = {"GOBIN": str(tools)}
            session.run("go", "install", module, env=env, external=True)
    path = session.env.get("PATH") or os.environ["PATH"]
    session.run(
        *("python", "-m", "pytest", "-m", "long"),
        *("tests/pipelines/test_executed.py", *session.posargs),
        env={"PATH": os.pathsep.join((str(tools), path))},
    )


@nox.session
def gitlab(session: nox.Session) -> None:
    """Execute the pipeline that `inv generate-ci --on gitlab` writes: by gitlab-ci-local (npm)."""
    install(session, "tests")
    if has_apt():
        for name in ("npm", "rsync"):
            if not shutil.which(name):
                options = ("--yes", "--no-install-recommends")
                session.run("apt-get", "install", *options, name, external=True)
    for name in ("npm", "rsync"):
        if not shutil.which(name):
            session.skip(f"{name} is not installed")
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    tools = caches / "release-tasks" / "gitlab"
    if not (tools / "node_modules").exists():
        # a version that runs on Node.js 18, as Debian has it, and compiles nothing
        package = "gitlab-ci-local@4.64.1"
        quiet = ("--no-fund", "--no-audit", "--ignore-scripts")
        place = ("--prefix", str(tools))
        session.run("npm", "install", *place, *quiet, package, external=True)
    path = session.env.get("PATH") or os.environ["PATH"]
    programs = str(tools / "node_modules" / ".bin")
    session.run(
        *("python", "-m", "pytest", "-m", "long"),
        *("tests/pipelines/test_gitlab.py", *session.posargs),
        env={"PATH": os.pathsep.join((programs, path))},
    )


@nox.session
def audit(session: nox.Session) -> None:
    """Look for known vulnerabilities in the libraries that we depend on."""
    install(session, "audit", programs=False)
    session.run("pip-audit", "--local", "--skip-editable", "--strict")


@nox.session
def cases(session: nox.Session) -> None:
    """Run shell scripts that each print `ok NAME` or `FAIL NAME: why`: -- FOLDER|FILE..."""
    install(session, "tests")
    session.run("python", "tests/support/cases.py", *session.posargs)


@nox.session(requires=["lint", "types", "quick"], venv_backend="none")
def preflight(session: nox.Session) -> None:
    """Require every gate that a release of this project has to pass."""


def install(
    session: nox.Session,
    *groups: str,
    programs: bool = True,
    package: str = ".",
) -> None:
    """Install this project into the session's environment; as root, the programs it needs, too."""
    session.install("-e", package, *dependencies(*groups))
    if programs and has_apt():
        doctor = ("inv", "doctor", "--install", "--all")
        session.run(*doctor, success_codes=[0, 1], silent=False)


def compile_all(session: nox.Session) -> None:
    """Compile our modules: invoke writes no bytecode, so each `inv` would compile them again."""
    session.run("python", "-m", "compileall", "-q", "release_tasks")


def home_of_user(session: nox.Session, name: str) -> Path:
    """Return the home folder of a user, who is made where there is none of that name."""
    try:
        found = pwd.getpwnam(name)
    except KeyError:
        session.run("useradd", "--create-home", name, external=True)
        found = pwd.getpwnam(name)
    return Path(found.pw_dir)


def is_for_everybody(python: str) -> bool:
    """Tell whether a Python exists that other users can start."""
    path = Path(python).resolve()
    return path.exists() and all(
        folder.stat().st_mode & 0o001 for folder in (path, *path.parents)
    )


def copy_sources(session: nox.Session, folder: Path) -> None:
    """Copy every file of this repository that git does not ignore, with changes."""
    listed = ("git", "ls-files", "-co", "--exclude-standard")
    names = session.run(*listed, external=True, silent=True)
    for name in str(names).splitlines():
        if Path(name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(name, folder / name, follow_symlinks=False)
    session.run("git", "init", "--quiet", str(folder), external=True)


def dependencies(*groups: str) -> tuple[str, ...]:
    """Return what dependency groups of pyproject.toml name."""
    if not groups:
        return ()
    pyproject = nox.project.load_toml("pyproject.toml")
    return tuple(nox.project.dependency_groups(pyproject, *groups))


def has_apt() -> bool:
    """Return True where this process may install packages of Debian."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return False
    is_debian = Path("/etc/debian_version").exists()
    return is_debian and shutil.which("apt-get") is not None

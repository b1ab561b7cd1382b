"""A project's own install script runs in an empty folder, with curl against the local GitHub."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from invoke.context import Context
from support.published_project import (
    TARGET,
    Releasing,
    facts,
    left_behind,
    program,
    run,
)
from support.repositories import commit_files
from support.tiny_project import TWO_COMPONENTS, TinyProject

from release_tasks.checks.published import installers
from release_tasks.release import Release

pytestmark = pytest.mark.tools("git", "gh", "cargo", "cc", "curl")
INSTALL = """\
set -eu
test -z "$(ls -A .)$(ls -A "$HOME")"  # both folders are empty
test ! -e "$(dirname "$0")/../Cargo.toml"
test "$(ls "$(dirname "$0")")" = install.sh
test -z "${CARGO_REGISTRY_TOKEN-}${UV_PUBLISH_TOKEN-}${GH_TOKEN-}"
from=https://github.com/example/hello/releases/${1:-latest/download}
bin=${CARGO_HOME:-$HOME/.cargo}/bin
mkdir -p "$bin" downloaded
curl -fsSL -o downloaded/hello "$from/hello-here"
install -m 755 downloaded/hello "$bin/hello"
ln -s "$bin/hello" "$HOME/hello"
hello
"""
SETTINGS = f"""[project]
version = "tag"
[crates]
ignore = ["hello"]
[binaries.hello]
{TARGET} = "hello-here"
[verify]
"""
FILES = {
    "Cargo.toml": '[package]\nname = "hello"\nversion = "0.2.0"\nedition = "2021"\n',
    "src/main.rs": "fn main() {}\n",
    "scripts/install.sh": INSTALL,
    "release-tasks.toml": SETTINGS + 'run = ["sh scripts/install.sh"]\n',
}
PAGE = (
    "curl -fsSLI -o /dev/null -w %{url_effective} "
    "https://github.com/example/hello/releases/latest"
)
LINE = "`sh scripts/install.sh`"


def publish(tag: str, says: str, folder: Path) -> None:
    """Publish a release with a program that prints one line."""
    path = program(folder / tag, says)
    hello = path.rename(path.with_name("hello-here"))
    run(
        "gh",
        "release",
        "create",
        tag,
        "--notes=",
        hello,
        "--repo=example/hello",
    )


def another(version: str, lines: str) -> Release:
    """Commit other settings, and tag that."""
    files = {"release-tasks.toml": f"{SETTINGS}run = [{lines}]\n"}
    commit_files(Path.cwd(), files)
    run("git", "tag", "-m", version, f"v{version}")
    run("git", "push", "-q", "origin", "main", f"v{version}")
    return Release.at(Context(), version)


def verify(release: Release) -> list[str]:
    return facts(installers.verify(Context(), release))


@pytest.mark.statement("B1.40")
def test_the_script_installs_what_is_published(
    releasing: Releasing, tmp_path, monkeypatch, capsys
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GITHUB_PATH", str(tmp_path / "path"))
    release = releasing(FILES)
    publish("v0.2.0", "hello 0.2.0", tmp_path)
    assert run(*PAGE.split()).endswith("/releases/tag/v0.2.0")

    assert verify(release) == []
    said = capsys.readouterr().err
    assert f"{LINE} installs in an empty folder" in said
    assert f"hello of {LINE} runs and prints 0.2.0" in said
    assert said.count("runs and prints") == 1  # also where a link leads to it
    cargo_home = Path(os.environ["CARGO_HOME"])
    assert not (cargo_home / "bin" / "hello").exists()
    assert not (tmp_path / "home").exists()
    assert left_behind(tmp_path) == []

    # a prerelease is not "Latest", and the script installs the one before it
    run("git", "tag", "-m", "0.3.0-rc.1", "v0.3.0-rc.1")
    run("git", "push", "-q", "origin", "v0.3.0-rc.1")
    assert verify(Release.at(Context(), "0.3.0-rc.1")) == []
    said = capsys.readouterr().err
    assert "v0.3.0-rc.1 is not GitHub's Latest, so the installed" in said


def test_a_script_that_installs_another_version_is_found(
    releasing: Releasing, tmp_path
) -> None:
    release = releasing(FILES)
    publish("v0.2.0", "hello 0.1.0", tmp_path)
    [problem] = verify(release)
    assert problem == f"hello of {LINE} prints 'hello 0.1.0', expected 0.2.0"

    # what names the version has to install it, whatever "Latest" is
    line = "sh scripts/install.sh download/{tag}"
    older = another("0.1.1", f'"{line}"')
    publish("v0.1.1", "hello 0.1.0", tmp_path)
    [problem] = verify(older)
    assert problem == f"hello of `{line}` prints 'hello 0.1.0', expected 0.1.1"


def test_a_script_that_fails_is_shown_with_its_reason(
    releasing: Releasing, tmp_path, capsys
) -> None:
    lines = (
        '"sh scripts/install.sh download/v0.0.9", '
        '"sh {root}/scripts/install.sh", "true {version}"'
    )
    release = releasing(
        FILES | {"release-tasks.toml": f"{SETTINGS}run = [{lines}]\n"}
    )
    missing, whole = verify(release)
    assert missing.startswith("`sh scripts/install.sh download/v0.0.9` fails ")
    assert "404" in missing
    # with {root} it sees the project, which this one refuses
    assert whole.startswith("`sh {root}/scripts/install.sh` fails in an empty")
    said = capsys.readouterr().err
    assert "`true {version}` installs in an empty folder" in said
    before = left_behind(tmp_path)
    installers.announce(release)
    assert left_behind(tmp_path) == before == []
    assert "would run true {version} in an empty folder" in (
        capsys.readouterr().err
    )


def test_the_lines_belong_to_the_component_that_is_latest(
    two: TinyProject, capsys
) -> None:
    settings = f'{TWO_COMPONENTS}[verify]\nrun = ["false"]\n'
    two.commit("release-tasks.toml", settings)
    c = Context()
    assert facts(installers.verify(c, two.release("0.5.0", "other"))) == []
    assert "the installers were not run" in capsys.readouterr().err
    [problem] = facts(installers.verify(c, two.release("0.5.0", "core")))
    assert problem == "`false` fails in an empty folder: it printed nothing"

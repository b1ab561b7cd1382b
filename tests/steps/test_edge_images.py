"""Images of the newest commit: the real buildx, the local registry, and an origin."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.container_projects import IMAGE, digests, push_image
from support.published_project import HERE, TARGET
from support.tiny_project import TINY, TinyProject, tiny_project

from release_tasks.channels import oci_registry

pytestmark = [
    pytest.mark.tools("docker", "buildkitd", "runc", "git", "gh"),
    pytest.mark.slow,
]
TEST = """\
set -e
grep -o "sha256:[0-9a-f]*" "$1/index.json" >> ../tested
test ! -e broken
"""
SETTINGS = f"""\
[project]
version = "tag"
[images."{IMAGE}"]
platforms = ["linux/{HERE}"]
edge = ["main", "sha-{{sha}}"]
test = "sh try.sh {{layout}}"
args = {{ SAID = "{{version}}" }}
"""
FILES = {
    "Dockerfile": "FROM scratch\nARG SAID\nLABEL said=$SAID\nCOPY motd /motd\n",
    "motd": "hello\n",
    "try.sh": TEST,
    "release-tasks.toml": SETTINGS,
    "tasks.py": TINY["tasks.py"],
    ".gitignore": "__pycache__/\ndist/\n",
}
EDGE = ("publish-images", "--edge")


@pytest.fixture
def hello(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TinyProject]:
    with tiny_project(tmp_path, monkeypatch, FILES) as project:
        project.git("push", "--quiet", "origin", "main")
        yield project


def seen(project: TinyProject) -> list[str]:
    path = project.folder / "tested"
    return path.read_text().split() if path.exists() else []


def ok(
    project: TinyProject, *words: str, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    done = project.inv(*words, folder=folder)
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.statement("B3.5", "B3.7", "B3.9")
def test_each_push_to_the_release_branch_gets_an_image(
    hello: TinyProject,
) -> None:
    hello.tag("v1.2.0")
    released = push_image(hello.registries, "1.2.0", {}, also=["latest", "1"])
    versions = {"1.2.0": released, "latest": released, "1": released}

    first = hello.commit("motd", "first\n")
    not_pushed = hello.inv(*EDGE)
    assert not_pushed.returncode == 1
    assert f"{first[:7]} is not on main of origin" in not_pushed.stderr
    hello.git("push", "--quiet", "origin", "main")
    dry = ok(hello, "--dry", *EDGE)
    assert f"--tag {IMAGE}:main --tag {IMAGE}:sha-{first[:7]}" in dry.stderr
    assert digests() == versions

    ok(hello, *EDGE)
    [digest] = seen(hello)  # what was tested is what is public
    edge = {"main": digest, f"sha-{first[:7]}": digest}
    assert digests() == versions | edge
    labels = oci_registry.labels(IMAGE, "main")
    assert labels["org.opencontainers.image.revision"] == first
    assert labels["org.opencontainers.image.version"] == f"edge-{first[:7]}"
    assert labels["said"] == f"0.0.0-edge.g{first[:7]}"
    before = len(hello.registries.log.writes())
    again = ok(hello, *EDGE)
    assert f"nothing to do, {IMAGE} has {first[:7]}" in again.stderr
    assert len(hello.registries.log.writes()) == before

    older = hello.clone("--branch", "main")
    late = hello.clone("--depth=1", "--branch", "main")
    second = hello.commit("motd", "second\n")
    hello.git("push", "--quiet", "origin", "main")
    ok(hello, *EDGE)
    newest = seen(hello)[-1]
    edge |= {"main": newest, f"sha-{second[:7]}": newest}
    assert digests() == versions | edge
    # a job that ends late, with its whole history and without
    for folder in (older, late):
        done = ok(hello, *EDGE, folder=folder)
        assert f"{IMAGE}:main stays at {second[:7]}" in done.stderr
        assert digests() == versions | edge
    assert seen(hello) == [digest, newest]


@pytest.mark.long
def test_an_image_that_fails_its_test_is_not_pushed(
    hello: TinyProject,
) -> None:
    confirmed = hello.inv(*EDGE)
    assert f"`{IMAGE}` has never been published" in confirmed.stderr
    hello.commit("broken")
    hello.git("push", "--quiet", "origin", "main")
    done = hello.inv(*EDGE, "--new", "all")
    assert (done.returncode, digests()) == (1, {})
    assert "sh try.sh" in done.stderr
    (hello.root / "motd").write_text("changed\n")
    changed = hello.inv(*EDGE, "--new", "all")
    assert "uncommitted changes: motd" in changed.stderr
    hello.git("restore", "motd")
    version = hello.inv(*EDGE, "--version", "1.2.0")
    assert "--edge publishes the newest commit" in version.stderr
    hello.commit("release-tasks.toml", SETTINGS.replace("edge =", "cache-to ="))
    none = hello.inv(*EDGE)
    assert none.returncode == 1

    commit = hello.commit("release-tasks.toml", SETTINGS)
    hello.git("push", "--quiet", "origin", "main")
    labels = {"org.opencontainers.image.revision": "0" * 40}
    push_image(hello.registries, f"sha-{commit[:7]}", labels)
    taken = hello.inv(*EDGE)
    assert f"was built from commit 0000000, not {commit[:7]}" in taken.stderr
    _, _, fix = taken.stderr.partition("use the whole commit in the tag: ")
    line = fix.splitlines()[0]
    settings = SETTINGS.replace('edge = ["main", "sha-{sha}"]', line)
    assert settings != SETTINGS
    longer = hello.commit("release-tasks.toml", settings)
    hello.git("push", "--quiet", "origin", "main")
    assert f"--tag {IMAGE}:sha-{longer}" in ok(hello, "--dry", *EDGE).stderr


CARGO_TOML = '[package]\nname = "hello"\nversion = "0.2.0"\nedition = "2021"\n'
OF_BINARIES = f"""\
[crates]
ignore = ["hello"]
[binaries.hello]
{TARGET} = "hello-linux-{HERE}"
[build]
static = ["hello"]
[images."{IMAGE}"]
platforms = ["linux/{HERE}"]
edge = ["main"]
"""


@pytest.mark.tools("cargo", "cc")
@pytest.mark.skipif(platform.system() != "Linux", reason="it builds for Linux")
def test_an_image_has_the_programs_of_its_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    main = 'fn main() { println!("hello {}", env!("CARGO_PKG_VERSION")); }\n'
    files = FILES | {
        "Cargo.toml": CARGO_TOML,
        "src/main.rs": main,
        "Dockerfile": (
            "FROM scratch\nARG TARGETARCH\n"
            "COPY --from=binaries hello-linux-${TARGETARCH} /hello\n"
            'ENTRYPOINT ["/hello"]\n'
        ),
        "release-tasks.toml": OF_BINARIES,
        ".gitignore": "target/\nCargo.lock\ndist/\n__pycache__/\n",
    }
    with tiny_project(tmp_path, monkeypatch, files) as project:
        project.tag("v0.2.0")  # that is released; its program is another one
        project.commit("src/main.rs", main + "// more\n")
        project.git("push", "--quiet", "origin", "main")
        done = ok(project, *EDGE, "--new", "all")
        assert "runs and prints 0.2.0" in done.stderr
        assert set(digests()) == {"main"}

"""`[ci] publishes = "actions"`: a tag from here, the rest by the workflow, then verified here."""

from __future__ import annotations

import io
import tarfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.contexts import context
from support.python_projects import wheel
from support.tiny_project import TINY, TinyProject, tiny_project

from release_tasks.commands import watch
from release_tasks.commands.release import release
from release_tasks.errors import ReleaseError

pytestmark = pytest.mark.tools("git", "gh")
SETTINGS = '[ci]\npublishes = "actions"\n[gates]\nrun = ["true"]\n'
SETTINGS += "[python.tiny-plain]\nsdist = false\n"


@pytest.fixture
def tiny(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TinyProject]:
    monkeypatch.setattr(watch, "EVERY", 0.2)
    files = TINY | {"release-tasks.toml": SETTINGS}
    with tiny_project(tmp_path, monkeypatch, files) as made:
        made.upload("tiny_plain-0.1.0.tar.gz", released_before())
        made.tag("v0.1.0")
        made.commit("more.txt")
        made.git("push", "--quiet", "origin", "HEAD")
        yield made


def released_before() -> bytes:
    """Return an sdist of version 0.1.0, by which PyPI knows the name."""
    out = io.BytesIO()
    folder = "tiny_plain-0.1.0"
    about = b"Metadata-Version: 2.1\nName: tiny-plain\nVersion: 0.1.0\n"
    with tarfile.open(fileobj=out, mode="w:gz") as file:
        for name, data in (("PKG-INFO", about), ("pyproject.toml", b"")):
            entry = tarfile.TarInfo(f"{folder}/{name}")
            entry.size = len(data)
            file.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def write_workflow(tiny: TinyProject) -> None:
    assert tiny.inv("generate-ci").returncode == 0
    tiny.git("add", "--all")
    tiny.git("commit", "--quiet", "--message=CI")
    tiny.git("push", "--quiet", "origin", "HEAD")


def publish_once_tagged(tiny: TinyProject) -> None:
    """Do what the workflow does, as soon as origin has the tag."""
    while "v0.2.0" not in tiny.git("ls-remote", "--tags", "origin"):
        time.sleep(0.2)
    tiny.upload("tiny_plain-0.2.0-py3-none-any.whl", wheel("tiny-plain"))
    tiny.release_by_hand("v0.2.0")


def test_a_release_is_tagged_here_and_followed_until_it_is_public(
    tiny: TinyProject, capsys: pytest.CaptureFixture[str]
) -> None:
    write_workflow(tiny)
    tiny.registries.github.set_green("example", "tiny", ["release.yml"])
    worker = threading.Thread(
        target=publish_once_tagged, args=(tiny,), daemon=True
    )
    worker.start()
    release(context(), "0.2.0")
    worker.join()
    said = capsys.readouterr().err
    assert "release.yml: build: success" in said
    assert "everything of 0.2.0 is public" in said
    assert "released tiny 0.2.0" in said
    assert not list((tiny.root / "dist").rglob("*.whl"))  # built elsewhere
    # the same line again finds it done
    release(context(), "0.2.0")
    assert "everything of 0.2.0 is public" in capsys.readouterr().err


def test_there_must_be_a_workflow_that_does_it(tiny: TinyProject) -> None:
    done = tiny.inv("release", "--version", "0.2.0")
    assert done.returncode == 1
    assert "has no .github/workflows/release.yml of generate-ci" in done.stderr
    assert "help: inv generate-ci, and commit and push" in done.stderr
    assert "v0.2.0" not in tiny.git("tag", "--list")


def test_a_tag_confirms_no_new_names(tiny: TinyProject) -> None:
    write_workflow(tiny)
    with pytest.raises(ReleaseError) as error:
        release(context(), "0.2.0", new="all")
    assert error.value.problem == "a tag confirms no new names, such as all"
    assert "gh workflow run release.yml" in error.value.fix
    assert "-f new=all" in error.value.fix


def test_the_option_is_stronger_than_the_settings(tiny: TinyProject) -> None:
    for words, line in (
        (("--publishes", "here"), "gh-draft:"),
        ((), "has no .github/workflows/release.yml"),
    ):
        done = tiny.inv("--dry", "release", "--version", "0.2.0", *words)
        assert line in done.stderr
    refused = tiny.inv("release", "--version", "0.2.0", "--publishes", "there")
    assert "error: --publishes cannot be there" in refused.stderr
    assert "help: available: here, actions" in refused.stderr

"""`inv metrics` counts downloads and new bugs, with what real clients have downloaded."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import IO, Any

import pytest
from commands.test_downstream import FILES, bump, cargo, publish
from commands.test_json_docs import documented
from support.python_projects import wheel
from support.tiny_project import PYPROJECT, TinyProject, tiny_project

from release_tasks.channels.downloads import Count
from release_tasks.commands.metrics import Look, _changes

pytestmark = pytest.mark.tools("git", "gh", "cargo")
WHEEL = "tiny_plain-0.2.0-py3-none-any.whl"
ASSETS = {"acme-{}-linux.tar.gz": 1, "SHA256SUMS": 0}
PACKAGE = {
    "python/pyproject.toml": PYPROJECT.replace("0.1.0", "0.2.0"),
    "python/tiny_plain/__init__.py": "",
    "Dockerfile": "FROM scratch\n",
    "release-tasks.toml": (
        '[images."ghcr.io/example/tiny"]\n[gates]\nblockers = ["P0"]\n'
    ),
}


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TinyProject]:
    """A crate with two public versions, of which users have downloaded some."""
    folder = tmp_path_factory.mktemp("metrics")
    with (
        pytest.MonkeyPatch.context() as patch,
        tiny_project(folder, patch, FILES | PACKAGE) as made,
    ):
        made.tag("v0.1.0")
        release(made, "0.1.0")
        bump(made, "0.2.0")
        release(made, "0.2.0")
        made.upload(WHEEL, wheel("tiny-plain"))
        argv = [
            "pip",
            "download",
            "--dest=got",
            "--no-cache-dir",
            "--no-deps",
            "tiny-plain==0.2.0",
        ]
        subprocess.run(argv, cwd=folder, check=True, capture_output=True)
        issue("older", "bug")
        for version, times in (("0.1.0", 1), ("0.2.0", 2)):
            for number in range(times):
                use(made, version, number)
        yield made


def release(acme: TinyProject, version: str) -> None:
    """Publish what is committed, as somebody does by hand, with two files."""
    publish(acme)
    tag = f"v{version}"
    names = [template.format(version) for template in ASSETS]
    for name in names:
        (acme.folder / name).write_text(f"{name} {version}")
    subprocess.run(
        [
            *("gh", "release", "create", tag, *names),
            *("--notes", "", "--repo", "example/tiny"),
        ],
        cwd=acme.folder,
        check=True,
        capture_output=True,
    )
    for name, times in zip(names, ASSETS.values(), strict=True):
        for _ in range(times):
            download(acme, tag, name)


def download(acme: TinyProject, tag: str, name: str) -> None:
    argv = ["gh", "release", "download", tag, "--pattern", name, "--clobber"]
    subprocess.run(
        [*argv, "--repo", "example/tiny"],
        cwd=acme.folder,
        check=True,
        capture_output=True,
    )


def use(acme: TinyProject, version: str, number: int) -> None:
    """Let cargo download a version into a project of its own."""
    folder = acme.folder / f"user-{version}-{number}"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "lib.rs").write_text("")
    (folder / "Cargo.toml").write_text(
        '[package]\nname = "user"\nversion = "1.0.0"\nedition = "2021"\n'
        f'[dependencies]\nacme = "={version}"\n'
    )
    home = folder / "cargo"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CARGO_HOME", str(home))
        cargo(folder, "fetch")


def issue(title: str, *labels: str) -> None:
    words = ["-f", f"title={title}"]
    for label in labels:
        words += ["-f", f"labels[]={label}"]
    subprocess.run(
        ["gh", "api", "-X", "POST", "repos/example/tiny/issues", *words],
        check=True,
        capture_output=True,
    )


def rows(data: dict[str, Any], channel: str) -> list[tuple[Any, ...]]:
    return [
        (row["name"], row["downloads"], row["before"], row["total"])
        for row in data["downloads"]
        if row["channel"] == channel
    ]


@pytest.mark.slow
@pytest.mark.statement("B4.34", "B4.35", "B4.36", "B4.37")
def test_each_channel_says_what_it_counts(acme: TinyProject) -> None:
    done = acme.inv("metrics", "--json")
    assert done.returncode == 0, done.stderr
    data = json.loads(done.stdout)
    assert rows(data, "crates.io") == [("acme", 2, 1, 3)]
    assert sorted(rows(data, "GitHub")) == [
        ("SHA256SUMS", 0, 0, None),
        ("acme-0.2.0-linux.tar.gz", 1, 1, None),
    ]
    notes = {row["channel"]: row["note"] for row in data["downloads"]}
    assert notes["PyPI"] == (
        "all versions: 1 in a day, 1 in a week, 1 in a month"
    )
    assert notes["images"] == "ghcr.io does not count for others"
    assert [one["title"] for one in data["issues"]] == ["older"]
    page = documented()["inv metrics --json"]
    assert set(data) == page[""]
    for key in ("downloads", "issues"):
        assert {name for row in data[key] for name in row} == page[key]

    shown = acme.inv("metrics", "--since", "24h")
    assert "0.2.0" in shown.stdout
    assert "crates.io acme 2 1 (0.1.0) 67% 3" in " ".join(shown.stdout.split())
    assert "(bug) older" in shown.stdout
    wrong = acme.inv("metrics", "--since", "yesterday")
    assert "yesterday is not a duration" in wrong.stderr


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.statement("B4.34")
def test_a_watch_prints_changes_and_ends_at_a_new_p0(
    acme: TinyProject,
) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "invoke", "metrics", "--watch", "60s"],
        cwd=acme.root,
        stderr=subprocess.PIPE,
        text=True,
    ) as watch:
        assert watch.stderr
        # each thing happens after the look before it
        said = read_until(watch.stderr, "watching tiny 0.2.0")
        use(acme, "0.2.0", 9)
        said += read_until(watch.stderr, "crates.io: acme: downloads: ")
        assert said.endswith("(+1)\n")
        issue("It blinds people", "P0")
        said += watch.stderr.read()
    assert watch.returncode == 1
    assert "new issue #2 (P0): It blinds people" in said
    assert (
        "a P0 was opened since tiny 0.2.0 is out: #2 It blinds people" in said
    )
    assert "inv rollback --version 0.2.0" in said


def read_until(lines: IO[str], text: str) -> str:
    """Return what is printed up to the end of the first line with `text`."""
    read = ""
    for line in lines:
        read += line
        if text in line:
            return read
    raise AssertionError(f"never printed: {text}\n{read}")


@pytest.mark.quick
def test_changes_are_what_differs_between_two_looks() -> None:
    count = Count("crates.io", "acme", "0.2.0", 5, "0.1.0", 3, 8)
    more = Count("crates.io", "acme", "0.2.0", 7, "0.1.0", 3, 10)
    assert count.share == 0.625
    one = {"number": 1, "title": "t", "labels": ["bug"], "state": "open"}
    before = Look("", [count], [one])
    after = Look("", [more], [one | {"state": "closed"}])
    assert _changes(before, before) == []
    assert _changes(before, after) == [
        "crates.io: acme: downloads: 7 (+2)",
        "crates.io: acme: total: 10 (+2)",
        "issue #1 is closed now",
    ]

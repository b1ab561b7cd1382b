"""What a bump reports: mismatches before it, and old versions that remain."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from invoke.context import Context
from support.repositories import commit_all, git

from release_tasks.bumping import bump, stale_versions
from release_tasks.checks.check import CheckContext, Finding
from release_tasks.checks.preflight import versions
from release_tasks.release import Release

pytestmark = pytest.mark.tools("git")

PROJECT = {
    "pyproject.toml": '[build-system]\nrequires = ["hatchling"]\n'
    'build-backend = "hatchling.build"\n'
    '[project]\nname = "Tiny-Plain"\nversion = "0.1.5"\ndependencies = ["left==0.1.5"]\n',
    "src/tiny_plain/__init__.py": '__version__ = "0.1.0"\n',
    "setup.py": (
        "from setuptools import setup\n"
        'setup(name="tiny-plain", version="0.1.5", url="https://x/0.1.5")\n'
    ),
    "uv.lock": '[[package]]\nname = "tiny-plain"\nversion = "0.1.2"\nsource = { editable = "." }\n',
    "README.md": (
        "tiny 0.1.3\ntiny-0.1.5-linux\n"
        "with v0.1.5 it works, 10.1.5 and 0.1.50 and 0.1.5-rc.1 do not\n"
    ),
    "docs/releasing.md": "install tiny==0.1.5\n",
    ".github/workflows/ci.yml": "tiny: v0.1.5\n",
    "tests/test_it.py": 'assert version == "0.1.5"\n',
    "CHANGELOG.md": "## [Unreleased]\n\n- More than 0.1.5.\n",
    "other/Cargo.lock": '[[package]]\nname = "third"\nversion = "0.1.5"\n',
    "yarn.lock": "left@0.1.5\n",
    "tests/fixtures/a.txt": "0.1.5\n",
    "logo.bin": "\0 0.1.5",
    "tasks.py": "from release_tasks import ns\n",
    "release-tasks.toml": (
        '[files]\n"README.md" = "tiny {version}"\n[versions.ignore]\n'
        '"tests/*.py" = "checks an old release"\n'
    ),
}
MISMATCHES = [
    "src/tiny_plain/__init__.py:1 had 0.1.0, expected 0.1.5",
    "uv.lock:3 had 0.1.2, expected 0.1.5",
    "README.md:1 had 0.1.3, expected 0.1.5",
]
STALE = [
    "  .github/workflows/ci.yml:1: tiny: v0.1.5",
    "  README.md:2: tiny-0.1.5-linux",
    "  README.md:3: with v0.1.5 it works, 10.1.5 and 0.1.50 and 0.1.5-rc.1 do not",
    "  docs/releasing.md:1: install tiny==0.1.5",
    '  setup.py:2: setup(name="tiny-plain", version="0.2.0", url="https://x/0.1.5")',
]
REPORT = [
    *MISMATCHES,
    "5 lines that no manifest covers still show an old version:",
    *STALE,
    "add them to [files], or to [versions.ignore] with the reason",
]


def begin(root: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    commit_all(root, "Begin")
    return root


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(begin(tmp_path, PROJECT))
    return tmp_path


def inv(root: Path, *words: str) -> list[str]:
    """Run `inv` and return the lines that it reports."""
    done = subprocess.run(
        [sys.executable, "-m", "invoke", *words],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stderr.splitlines()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("CHANGES.rst", True),
        ("docs/posts/2026-01-02-lamp.md", True),
        ("tests/fixtures/a.json", True),
        ("cli/tests/assets/sample.json", True),
        ("tests/lock/data/a.toml", True),
        ("tests/test_cli.py", False),
        ("assets/install.sh", False),
        ("data/tests.json", False),
    ],
)
def test_which_files_may_have_old_versions(path: str, expected: bool) -> None:
    assert stale_versions.may_be_old(path) is expected


def test_a_changelog_of_any_name_has_old_versions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = '[components.tiny]\npython = ["Tiny-Plain"]\nchangelog = "whatsnew.md"\n'
    log = "# What is new\n\n## [0.1.5] - 2026-01-01\n\n- Tiny-Plain 0.1.5.\n"
    files = {
        "pyproject.toml": PROJECT["pyproject.toml"].replace(
            '"left==0.1.5"', ""
        ),
        "whatsnew.md": log,
        "release-tasks.toml": settings,
        "tasks.py": PROJECT["tasks.py"],
    }
    monkeypatch.chdir(begin(tmp_path, files))
    assert inv(tmp_path, "bump", "--version", "0.2.0") == [
        "set version 0.2.0 in 2 files"
    ]


@pytest.mark.parametrize(
    ("titles", "is_stale"),
    [
        (("0.1.3", "0.1.4", "0.1.5"), False),
        (("0.1.4", "0.1.5"), True),
        (("0.1.5", "0.1.5", "0.1.5"), True),
        (("7.1.3", "7.1.4", "0.1.5"), True),  # versions of others
    ],
)
def test_a_file_with_titles_of_several_versions_has_old_ones(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    titles: tuple[str, ...],
    is_stale: bool,
) -> None:
    page = "".join(
        f"## From tiny-plain {number}\n\n`tiny-plain=={number}`\n\n"
        for number in titles
    )
    files = {
        "pyproject.toml": PROJECT["pyproject.toml"].replace(
            '"left==0.1.5"', ""
        ),
        "docs/breaking.md": page,
        "tasks.py": PROJECT["tasks.py"],
    }
    root = begin(tmp_path, files)
    for number in ("0.1.3", "0.1.4"):
        git(root, "tag", f"v{number}")
    monkeypatch.chdir(root)
    said = inv(tmp_path, "bump", "--version", "0.2.0")
    assert any("docs/breaking.md" in line for line in said) is is_stale


def test_the_version_of_a_stale_copy_is_searched_elsewhere(tiny: Path) -> None:
    (tiny / "docs/releasing.md").write_text("install tiny==0.1.3, not 0.1.30\n")
    commit_all(tiny, "Forget the page, too")
    assert "  docs/releasing.md:1: install tiny==0.1.3, not 0.1.30" in inv(
        tiny, "bump", "--version", "0.2.0"
    )


@pytest.mark.statement("B2.13", "B2.14")
def test_a_bump_corrects_mismatches_and_lists_stale_versions(
    tiny: Path,
) -> None:
    assert inv(tiny, "bump", "--version", "0.2.0") == [
        "set version 0.2.0 in 6 files",
        *REPORT,
    ]
    assert (
        tiny / "src/tiny_plain/__init__.py"
    ).read_text() == '__version__ = "0.2.0"\n'
    assert 'version = "0.2.0"' in (tiny / "uv.lock").read_text()
    assert "left==0.1.5" in (tiny / "pyproject.toml").read_text()
    assert inv(tiny, "bump", "--version", "0.2.0") == [
        "nothing to do, every file has version 0.2.0"
    ]


def test_the_entries_that_are_printed_take_all_lines_of_a_file(
    tmp_path: Path,
) -> None:
    files = {
        "pyproject.toml": PROJECT["pyproject.toml"]
        + '[tool.commitizen]\nversion = "0.1.5"\n'
        '[tool.bumpversion]\ncurrent_version = "0.1.5"\n',
        ".release-please-manifest.json": '{".": "0.1.5"}\n',
        "tasks.py": PROJECT["tasks.py"],
    }
    root = begin(tmp_path, files)
    output = inv(root, "bump", "--version", "0.2.0")
    entries = output[output.index("[files]") :]
    assert entries == [
        "[files]",
        '".release-please-manifest.json" = \'".": "{version}"\'',
        '"pyproject.toml" = ["tool.commitizen.version", '
        '"tool.bumpversion.current_version"]',
    ]
    git(root, "checkout", "--quiet", ".")
    (root / "release-tasks.toml").write_text("\n".join(entries))
    commit_all(root, "Name them")
    assert inv(root, "bump", "--version", "0.2.0") == [
        "set version 0.2.0 in 2 files"
    ]
    assert (root / "pyproject.toml").read_text().count('"0.2.0"') == 3


def test_a_level_at_a_tagged_commit_says_how_to_get_the_next_one(
    tiny: Path,
) -> None:
    git(tiny, "tag", "v0.1.5")
    first, second = inv(tiny, "bump", "--version", "minor")
    assert first.startswith("nothing to do, v0.1.5 is at ")
    assert second == "for the next minor commit first, or give its version"
    [alone] = inv(tiny, "bump", "--version", "0.1.5")
    assert alone == first


def test_a_dry_bump_reports_the_same_once(tiny: Path) -> None:
    output = inv(tiny, "--dry", "bump", "--version", "0.2.0")
    assert output[-len(REPORT) :] == REPORT
    assert [output.count(line) for line in REPORT] == [1] * len(REPORT)
    assert (
        subprocess.run(
            ["git", "status", "--porcelain"],
            cwd=tiny,
            capture_output=True,
            check=True,
        ).stdout
        == b""
    )


def test_a_bump_that_was_interrupted_still_reports_the_mismatches(
    tiny: Path,
) -> None:
    edits = bump.edits(Release.at(Context(), "0.2.0"))
    (tiny / "pyproject.toml").write_text(edits["pyproject.toml"])
    assert inv(tiny, "bump", "--version", "0.2.0")[1:] == REPORT


def test_the_list_of_stale_lines_is_limited(tiny: Path) -> None:
    begin(
        tiny, {"many.txt": "tiny 0.1.5 and a long line\n" * 40 + "0.1.5 " * 100}
    )
    output = inv(tiny, "bump", "--version", "0.2.0")
    assert (
        "46 lines that no manifest covers still show an old version:" in output
    )
    assert sum(line.startswith("  ") for line in output) == 21
    assert output[-2] == "  and 26 more (inv bump --json has them all)"
    assert max(map(len, output)) < 130
    for _ in range(2):  # also when the bump is done, and not yet committed
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "invoke",
                "bump",
                "--version=0.2.0",
                "--json",
            ],
            cwd=tiny,
            capture_output=True,
            text=True,
            check=True,
        )
        found = json.loads(done.stdout)
        assert len(found["stale"]) == 46
        assert {
            "file": "docs/releasing.md",
            "line": 1,
            "text": "install tiny==0.1.5",
        } in found["stale"]
        assert [row["found"] for row in found["mismatches"]] == [
            "0.1.0",
            "0.1.2",
            "0.1.3",
        ]


def test_stale_versions_are_errors_only_where_the_settings_ask_for_it(
    tiny: Path,
) -> None:
    def problems() -> list[Finding]:
        found = versions.stale_version(
            CheckContext(Context(), Release.at(Context(), "0.2.0"))
        )
        return [one for one in found if one.severity == "problem"]

    assert problems() == []
    settings = tiny / "release-tasks.toml"
    settings.write_text('[versions]\nstale = "error"\n' + settings.read_text())
    commit_all(tiny, "Be strict")
    (found,) = problems()
    assert found.fact.splitlines() == [
        "5 lines that no manifest covers still show an old version:",
        *STALE,
    ]
    (tiny / "README.md").write_text("no version\n")
    commit_all(tiny, "Say less")
    assert [one.fact for one in problems()] == [
        "README.md has no text that matches `tiny {version}`"
    ]
    (tiny / "README.md").write_text(PROJECT["README.md"])
    everything = '".github/**" = "x"\n"README.md" = "history"\n"docs/*" = "y"\n"setup.py" = "z"\n'
    settings.write_text(settings.read_text() + everything)
    commit_all(tiny, "Say why")
    assert problems() == []


def test_a_version_is_found_as_semver_and_as_pep_440(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {
        "pyproject.toml": PROJECT["pyproject.toml"].replace(
            '"0.1.5"', '"0.1.5rc2"'
        ),
        "a.txt": "0.1.5rc2\n0.1.5-rc.2\n0.1.5\n",
        "tasks.py": PROJECT["tasks.py"],
    }
    monkeypatch.chdir(begin(tmp_path, files))
    output = inv(tmp_path, "bump", "--version", "0.1.5")
    assert output[2:4] == ["  a.txt:1: 0.1.5rc2", "  a.txt:2: 0.1.5-rc.2"]


@pytest.mark.tools("cargo")
def test_the_lock_of_an_excluded_tree_is_reported_and_not_edited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = (
        'version = 4\n\n[[package]]\nname = "core"\nversion = "0.0.9"\n\n[[package]]\n'
        'name = "other"\nversion = "0.1.0"\n'
    )
    files = {
        "Cargo.toml": (
            '[package]\nname = "core"\nversion = "0.1.0"\nedition = "2021"\n[workspace]\n'
            'exclude = ["other"]\n'
        ),
        "src/lib.rs": "",
        "other/Cargo.toml": (
            '[package]\nname = "other"\nversion = "0.1.0"\n[dependencies]\ncore = { path = ".." }\n'
        ),
        "other/Cargo.lock": lock,
        "other/src/lib.rs": "",
        "tasks.py": PROJECT["tasks.py"],
    }
    begin(tmp_path, files)
    output = inv(tmp_path, "bump", "--version", "0.2.0")
    assert (
        "  other/Cargo.lock:5: core 0.0.9 (cargo update --workspace in that folder)"
        in output
    )
    assert '  other/Cargo.toml:3: version = "0.1.0"' in output
    assert (tmp_path / "other/Cargo.lock").read_text() == lock


def test_npms_lock_follows_its_package_json(tmp_path: Path) -> None:
    package = {
        "name": "tiny-npm",
        "version": "0.1.0",
        "dependencies": {"left": "0.1.5"},
    }
    lock = package | {
        "packages": {"": package, "node_modules/left": {"version": "0.1.5"}}
    }
    files = {
        "pyproject.toml": PROJECT["pyproject.toml"],
        "npm/package.json": json.dumps(package),
        "npm/package-lock.json": json.dumps(lock),
        "web/package.json": json.dumps(package),
        "release-tasks.toml": '[files]\n"npm/package.json" = "version"\n',
        "tasks.py": PROJECT["tasks.py"],
    }
    begin(tmp_path, files)
    inv(tmp_path, "bump", "--version", "0.2.0")
    new = json.loads((tmp_path / "npm/package-lock.json").read_text())
    assert (
        new["version"],
        new["packages"][""]["version"],
        new["packages"]["node_modules/left"]["version"],
    ) == ("0.2.0", "0.2.0", "0.1.5")
    assert (
        json.loads((tmp_path / "npm/package.json").read_text())["version"]
        == "0.2.0"
    )
    assert (
        json.loads((tmp_path / "web/package.json").read_text())["version"]
        == "0.1.0"
    )


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ("digest: sha256:1f", "digest: sha256:0f", 0),
        ('content-hash = "1f"', 'content-hash = "0f"', 0),
        ("  version: 0.0.9", "  version: 0.2.0", 1),
        ("  version: 0.1.0", "  version: 0.2.0", 0),
    ],
)
def test_digits_of_a_hash_are_no_version(
    before: str, after: str, found: int
) -> None:
    known = [stale_versions.Before(("0.1.0",), ("0.2.0",))]
    rows = stale_versions.mismatches(known, "Chart.lock", before, after)
    assert len(list(rows)) == found


@pytest.mark.parametrize(
    ("path", "text", "is_stale"),
    [
        (
            "tool/Cargo.toml",
            '# other = { version = "0.1.5", path = "../other" }',
            False,
        ),
        ("tool/Cargo.toml", '# tiny-plain-more = "0.1.5"', False),
        ("tool/Cargo.toml", '# tiny-plain = "0.1.5"', True),
        ("tool/pyproject.toml", "# keep this with tiny-plain 0.1.5", True),
        ("tool/pyproject.toml", "# works since 0.1.5", False),
        ("old/README.md", "tiny-plain 0.1.5", False),
        ("older/README.md", "tiny-plain 0.1.5", True),
        ("src/a.py", "# New in tiny-plain 0.1.5", False),
        ("src/a.py", "# tiny-plain 0.1.5", True),
        ("src/a.py", "# Generated by tiny-plain 0.1.5", False),
        ("docs/blog/next.md", "tiny-plain 0.1.5", False),
        ("docs/2025-11-02.md", "tiny-plain 0.1.5", False),
        ("docs/tiny-plain-0.1.5.md", "tiny-plain 0.1.5", False),
        ("docs/0.1.5/use.md", "tiny-plain 0.1.5", False),
        ("docs/use.svg", "tiny-plain 0.1.5", False),
        (".github/workflows/ci.yml", "  LEFT_VERSION: 0.1.5", False),
        (".github/workflows/ci.yml", "  TINY_PLAIN_VERSION: 0.1.5", True),
        (".github/workflows/ci.yml", "  APP_VERSION: 0.1.5", True),
        (".github/workflows/ci.yml", "  VERSION: 0.1.5", True),
        ("Dockerfile", "ARG LEFT_TOOLS_VERSION=0.1.5", False),
        ("Dockerfile", "ARG RELEASE_VERSION=0.1.5", True),
        # what is read there may be ours
        ("install.sh", "LEFT_VERSION=0.1.5", True),
    ],
)
def test_comments_in_manifests_and_ignored_paths_are_not_stale(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    text: str,
    is_stale: bool,
) -> None:
    manifest = PROJECT["pyproject.toml"].replace(
        'dependencies = ["left==0.1.5"]\n', ""
    )
    settings = '[project]\nignore = ["old"]\n'
    files = {
        "pyproject.toml": manifest,
        path: f"{text}\n",
        "release-tasks.toml": settings,
    }
    monkeypatch.chdir(begin(tmp_path, files))
    release = Release.at(Context(), "0.2.0")
    [*found] = CheckContext(Context(), release).version_copies[1]
    assert [line.path for line in found] == ([path] if is_stale else [])


@pytest.mark.parametrize(
    ("text", "is_stale"),
    [
        ("get tiny-plain-0.1.3.tar.gz", True),
        ("get tiny-plain 0.1.3", True),
        ("get tiny-plain_0.1.3_amd64.deb", True),
        ("tiny-plain: releases/v0.1.3", True),
        ("tiny-plain takes left-0.1.3.wasm", False),
        ("tiny-plain takes left@0.1.3", False),
        ("tiny-plain takes left==0.1.3", False),
        ("tiny-plain takes left-0.1.3 and is tiny-plain-0.1.3", True),
    ],
)
def test_an_earlier_version_of_another_name_is_not_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, is_stale: bool
) -> None:
    manifest = PROJECT["pyproject.toml"].replace(
        'dependencies = ["left==0.1.5"]\n', ""
    )
    root = begin(tmp_path, {"pyproject.toml": manifest, "a.txt": f"{text}\n"})
    git(root, "tag", "v0.1.3")
    monkeypatch.chdir(root)
    release = Release.at(Context(), "0.2.0")
    [*found] = CheckContext(Context(), release).version_copies[1]
    assert [line.path for line in found] == (["a.txt"] if is_stale else [])

"""The first bump, commit and tag of the sample projects, whose copies of the version disagree."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.local_registries import local_registries
from support.sample_projects import HISTORIES, added, changed, git, inv, sample

pytestmark = pytest.mark.tools("git", "cargo")


def to_origin(
    root: Path, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tag and push to a local GitHub that has the repository and no release of it."""
    with local_registries(root.parent, monkeypatch) as registries:
        registries.github.create(
            *HISTORIES[root.name].repository.split("/"), root
        )
        for step in ("tag", "push"):
            ran = inv(root, step, "--version", version)
            assert ran.returncode == 0, ran.stderr


def locked(root: Path) -> bool:
    """Tell whether Cargo.lock agrees with the manifests."""
    argv = ["cargo", "metadata", "--locked", "--offline", "--format-version=1"]
    return (
        subprocess.run(
            argv, cwd=root, capture_output=True, check=False
        ).returncode
        == 0
    )


def bumped(root: Path, *words: str) -> str:
    """Bump and return what was said."""
    ran = inv(root, "bump", *words)
    assert ran.returncode == 0, ran.stderr
    return ran.stderr


@pytest.fixture
def llmtrace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767323045")  # 2026-01-02
    return sample("llmtrace", tmp_path, "llmtrace")


@pytest.fixture(scope="module")
def reading(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """cargo reads the few third-party crates through the local crates.io."""
    with (
        pytest.MonkeyPatch.context() as patch,
        local_registries(
            tmp_path_factory.mktemp("reading"), patch, offline=False
        ),
    ):
        yield


@pytest.fixture
def runbook(reading: None, tmp_path: Path) -> Path:
    return sample("llmcc-runbook", tmp_path, "llmcc-runbook")


@pytest.mark.statement("B1.3", "B1.4", "B1.5", "B1.8", "B3.32")
def test_the_first_bump_of_llmtrace_changes_every_copy_that_its_settings_name(
    llmtrace: Path,
) -> None:
    said = bumped(llmtrace, "--version", "0.2.0")
    lines = added(llmtrace)
    assert lines.pop("Cargo.lock") == ['version = "0.2.0"'] * 8
    assert lines == {
        "Cargo.toml": [
            'version = "0.2.0"',
            'llmtrace-core = { path = "crates/llmtrace-core", version = "0.2.0" }',
            'llmtrace-storage = { path = "crates/llmtrace-storage", version = "0.2.0" }',
            'llmtrace-security = { path = "crates/llmtrace-security", version = "0.2.0" }',
        ],
        "CHANGELOG.md": ["## [0.2.0] - 2026-01-02", ""],
        "deployments/helm/llmtrace/Chart.yaml": ['appVersion: "0.2.0"'],
        "docs/getting-started/installation.md": [
            (
                "curl -sS "
                "https://raw.githubusercontent.com/epappas/llmtrace/main/scripts/install.sh "
                "| LLMTRACE_VERSION=0.2.0 bash"
            )
        ],
    }
    assert changed(llmtrace) == sorted([*lines, "Cargo.lock"])
    assert (
        'wasm-timer = { version = "0.1.5", default-features = false }'
        in (llmtrace / "Cargo.toml").read_text()
    )
    assert (
        not (llmtrace / "crates/llmtrace-sdk/Cargo.toml")
        .read_bytes()
        .endswith(b"\n")
    )
    assert locked(llmtrace)
    assert (
        "deployments/helm/llmtrace/Chart.yaml:6 had 0.1.0, expected 0.1.5\n"
        in said
    )
    assert (
        "docs/getting-started/installation.md:6 had 0.1.3, expected 0.1.5\n"
        in said
    )
    assert (
        "crates/llmtrace-nodejs/Cargo.lock:7: llmtrace-core 0.1.0 (cargo update "
        "--workspace in that folder)"
    ) in said


def test_a_copy_of_the_version_that_nothing_covers_is_reported(
    llmtrace: Path,
) -> None:
    (llmtrace / "docs/deployment/kubernetes.md").write_text(
        "# Kubernetes\n\nllmtrace-proxy:0.1.5\nllmtrace-proxy:0.1.50\n"
    )
    git(
        llmtrace,
        "commit",
        "--quiet",
        "--all",
        "--message=Show the newest image",
    )
    said = bumped(llmtrace, "--version", "0.2.0")
    assert "  docs/deployment/kubernetes.md:3: llmtrace-proxy:0.1.5\n" in said
    assert "kubernetes.md:4" not in said


@pytest.mark.statement("B1.6")
@pytest.mark.parametrize("version", ["v0.2.0", "0.2", ""])
def test_a_wrong_version_changes_nothing(llmtrace: Path, version: str) -> None:
    ran = inv(llmtrace, "bump", f"--version={version}")
    assert ran.returncode == 1
    assert "help: " in ran.stderr
    assert changed(llmtrace) == []


@pytest.mark.statement("B1.9", "B1.10", "B1.39", "B4.10")
def test_commit_and_tag_of_llmtrace_go_to_origin_with_exactly_what_the_bump_changed(
    llmtrace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bumped(llmtrace, "--version", "0.2.0")
    edited = changed(llmtrace)
    # what `git push --tags` would take along
    git(llmtrace, "tag", "v0.1.6-mine")
    to_origin(llmtrace, "0.2.0", monkeypatch)
    assert (
        git(
            llmtrace,
            "for-each-ref",
            "refs/tags/v0.2.0",
            "--format=%(objecttype) %(subject)",
        )
        == "tag Release v0.2.0\n"
    )
    assert git(llmtrace, "show", "--format=%s", "--name-only").splitlines() == [
        "release: v0.2.0",
        "",
        *edited,
    ]
    refs = dict(
        reversed(line.split("\t"))
        for line in git(llmtrace, "ls-remote", "origin").splitlines()
    )
    head = git(llmtrace, "rev-parse", "HEAD").strip()
    assert (refs["refs/heads/main"], refs["refs/tags/v0.2.0^{}"]) == (
        head,
        head,
    )
    assert {name for name in refs if "0.2.0" in name or "mine" in name} == {
        "refs/tags/v0.2.0",
        "refs/tags/v0.2.0^{}",
    }
    # and nothing has to be committed after the release
    log = git(llmtrace, "show", "origin/main:CHANGELOG.md").splitlines()
    assert [line[4:9] for line in log if line.startswith("## ")] == [
        "0.2.0",
        "0.1.5",
        "0.1.4",
        "0.1.3",
        "0.1.1",
    ]


@pytest.mark.statement("B1.13", "B1.14")
def test_a_tag_that_is_not_the_manifests_version_goes_nowhere(
    llmtrace: Path,
) -> None:
    assert (
        '"version": "0.2.0"' in inv(llmtrace, "tag", "--parse", "v0.2.0").stdout
    )
    git(llmtrace, "tag", "v0.2.0")  # the bump was forgotten
    ran = inv(llmtrace, "push", "--version", "0.2.0")
    assert ran.returncode == 1
    assert "0.1.5" in ran.stderr
    assert "v0.2.0" not in git(llmtrace, "ls-remote", "origin")


@pytest.mark.statement("B4.9")
def test_the_first_bump_of_llmcc_changes_what_is_its_own_and_nothing_that_looks_like_it(
    tmp_path: Path,
) -> None:
    root = sample("llmcc", tmp_path, "llmcc-workspace")
    before = (root / "Cargo.toml").read_text()
    said = bumped(root, "--version", "0.2.66")
    assert said.splitlines()[1:3] == [
        "1 line that no manifest covers still shows an old version:",
        (
            '  Cargo.toml:35: llmcc-descriptor = { version = "0.2.65", path = '
            '"crates/llmcc-descriptor" }'
        ),
    ]
    lines = added(root)
    assert set(lines) == {"Cargo.lock", "Cargo.toml", "npm/package.json"}
    # the benchmarks keep their own
    assert lines["Cargo.lock"] == ['version = "0.2.66"'] * 16
    assert lines["npm/package.json"] == ['  "version": "0.2.66",']
    text = (root / "Cargo.toml").read_text()
    kept = [
        line
        for line in text.splitlines()
        if "0.2.66" not in line and "version" in line
    ]
    assert kept == [
        # there is no such folder
        'llmcc-descriptor = { version = "0.2.65", path = "crates/llmcc-descriptor" }',
        '# llmcc-python = { version = "0.2.51", path = "crates/llmcc-python" }',
        'rayon = { version = "1.10" }',
    ]
    assert text.count("0.2.66") == 16
    assert text.replace("0.2.66", "0.2.65") == before
    assert locked(root)


@pytest.mark.statement("B2.5")
def test_a_crate_that_inherits_its_version_cannot_be_bumped_alone(
    tmp_path: Path,
) -> None:
    root = sample("llmcc", tmp_path)
    (root / "release-tasks.toml").write_text(
        '[components."{crate}"]\ntag = "{crate}-v{version}"\n[crates]\nignore = ["llmcc-bench"]\n'
    )
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message=A version for each crate")
    ran = inv(root, "bump", "--version", "llmcc-core=0.2.66")
    assert ran.returncode == 1
    assert "llmcc-core" in ran.stderr
    assert "help: " in ran.stderr
    assert changed(root) == []


@pytest.mark.statement("B2.3")
def test_what_is_not_a_declared_component_is_refused(runbook: Path) -> None:
    ran = inv(runbook, "bump", "--version", "llmcc-tree=0.2.0")
    assert ran.returncode == 1
    assert (
        "available: llmcc, llmcc-bindings, llmcc-core, llmcc-python, llmcc-rust, python"
        in ran.stderr
    )


@pytest.mark.statement("B2.4")
def test_one_crate_with_a_version_of_its_own_is_bumped_alone(
    runbook: Path,
) -> None:
    said = bumped(runbook, "--version", "llmcc=0.1.1")
    assert "__init__.py" not in said  # the 0.1.0 there is Python's
    assert added(runbook) == {
        "Cargo.lock": ['version = "0.1.1"'],
        "crates/llmcc/Cargo.toml": ['version = "0.1.1"'],
    }
    assert locked(runbook)


def test_the_pins_of_other_crates_follow_one_that_is_bumped_alone(
    runbook: Path,
) -> None:
    bumped(runbook, "--version", "0.2.0", "--component", "llmcc-core")
    assert added(runbook) == {
        "Cargo.lock": ['version = "0.2.0"'],
        "Cargo.toml": [
            'llmcc-core = { version = "0.2.0", path = "crates/llmcc-core" }'
        ],
        "crates/llmcc-core/Cargo.toml": ['version = "0.2.0"'],
    }
    assert locked(runbook)


@pytest.mark.statement("B2.6", "B2.7")
def test_a_crate_of_llmcc_is_pushed_to_main_before_its_annotated_tag(
    runbook: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = runbook.parent / "seen"
    hook = runbook.parent / "llmcc-runbook-origin.git" / "hooks" / "update"
    hook.write_text(f'#!/bin/sh\necho "$1" >> {seen}\n')
    hook.chmod(0o755)
    bumped(runbook, "--version", "llmcc-core=0.2.0")
    to_origin(runbook, "llmcc-core=0.2.0", monkeypatch)
    assert (
        git(runbook, "log", "-1", "--format=%s").strip()
        == "chore: bump llmcc-core to 0.2.0"
    )
    assert git(
        runbook,
        "tag",
        "--list",
        "--format=%(refname:strip=2) %(objecttype) %(contents:subject)",
    ).splitlines() == ["llmcc-core-v0.2.0 tag Release llmcc-core 0.2.0"]
    assert seen.read_text().split() == [
        "refs/heads/main",
        "refs/tags/llmcc-core-v0.2.0",
    ]


@pytest.mark.statement("B2.12", "B2.22")
def test_rust_and_python_go_out_together_with_a_tag_for_each_crate_or_alone(
    runbook: Path,
) -> None:
    def tags(*version: str) -> set[str]:
        before = set(git(runbook, "tag").split())
        bumped(runbook, "--version", *version)
        assert inv(runbook, "tag", "--version", *version).returncode == 0
        return set(git(runbook, "tag").split()) - before

    rust = (
        "llmcc-core",
        "llmcc-rust",
        "llmcc-python",
        "llmcc-bindings",
        "llmcc",
    )
    full = ",".join(f"{name}=0.3.0" for name in (*rust, "python"))
    assert tags(full) == {"v0.3.0", *(f"{name}-v0.3.0" for name in rust)}
    assert len(git(runbook, "tag", "--points-at", "HEAD").split()) == 6
    assert tags("python=0.3.1") == {"v0.3.1"}
    assert tags("0.3.2", "--component", "python") == {"v0.3.2"}
    assert tags(",".join(f"{name}=0.3.1" for name in rust)) == {
        f"{name}-v0.3.1" for name in rust
    }


@pytest.mark.statement("B2.8")
@pytest.mark.parametrize(
    ("tag", "component", "version"),
    [
        ("llmcc-core-v0.2.0", "llmcc-core", "0.2.0"),
        ("llmcc-bindings-v0.1.5", "llmcc-bindings", "0.1.5"),
        ("llmcc-v1.0.0", "llmcc", "1.0.0"),
        ("v0.2.0", "python", "0.2.0"),
        ("llmcc-tree-v0.2.0", None, None),
        ("0.2.29", None, None),
    ],
)
def test_a_tag_names_its_component_and_version_or_is_refused(
    runbook: Path, tag: str, component: str | None, version: str | None
) -> None:
    ran = inv(runbook, "tag", "--parse", tag)
    if component is None:
        assert ran.returncode == 1
    else:
        assert (
            f'"component": "{component}", "version": "{version}"' in ran.stdout
        )


@pytest.mark.statement("B2.13", "B2.14")
def test_the_first_bump_of_python_repairs_the_copies_that_had_stayed_behind_and_names_the_rest(
    runbook: Path,
) -> None:
    said = bumped(runbook, "--version", "python=0.2.15")
    assert added(runbook) == {
        "pyproject.toml": ['version = "0.2.15"'],
        "setup.py": ['    version="0.2.15",'],
        "llmcc/__init__.py": ['__version__ = "0.2.15"'],
        "uv.lock": ['version = "0.2.15"'],
    }
    for fact in (
        "setup.py:5 had 0.2.0",
        "llmcc/__init__.py:3 had 0.1.0",
        "uv.lock:7 had 0.2.12",
    ):
        assert f"{fact}, expected 0.2.14\n" in said
    assert (
        '  crates/llmcc-bindings/pyproject.toml:8: version = "0.2.14"\n' in said
    )


@pytest.mark.statement("B2.15")
def test_python_is_committed_and_tagged_as_the_runbook_says(
    runbook: Path,
) -> None:
    bumped(runbook, "--version", "python=0.2.15")
    edited = changed(runbook)
    assert inv(runbook, "tag", "--version", "python=0.2.15").returncode == 0
    assert git(runbook, "show", "--format=%s", "--name-only").splitlines() == [
        "chore: bump llmcc to 0.2.15",
        "",
        *edited,
    ]
    assert git(
        runbook,
        "tag",
        "--list",
        "--format=%(refname:strip=2) %(objecttype) %(contents:subject)",
    ).splitlines() == ["v0.2.15 tag Release 0.2.15"]

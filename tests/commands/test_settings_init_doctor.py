"""`inv settings`, `inv init` and `inv doctor`, as text and as JSON."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from support.crate_projects import workspace
from support.repositories import commit_all
from support.sample_projects import inv
from support.tiny_project import TINY, TinyProject


def test_settings_show_what_is_shipped_and_its_source(
    tiny: TinyProject,
) -> None:
    tiny.commit("release-tasks.toml", '[images."ghcr.io/example/tiny"]\n')
    tiny.commit("Dockerfile", "FROM scratch\n")
    tiny.commit(
        "chart/Chart.yaml", "apiVersion: v2\nname: small\nversion: 0.1.0\n"
    )
    assert tiny.inv("settings").stdout.split("\n\n")[0].splitlines() == [
        "tiny  (example/tiny)",
        "component tiny: version 0.1.0, tag v{version}",
        "  images    ghcr.io/example/tiny  (settings)",
        "  charts    ghcr.io/example/charts/small  (discovered)",
        "  python    tiny-plain  (discovered)",
        "  assets    binaries, sha256",
        "  changelog CHANGELOG.md",
        "  files     CHANGELOG.md  (discovered)",
        "  files     chart/Chart.yaml  (discovered)",
        "  files     pyproject.toml  (discovered)",
    ]


def test_settings_show_every_effective_value_and_its_source(
    tiny: TinyProject,
) -> None:
    tiny.commit(
        "release-tasks.toml",
        '[images."ghcr.io/example/tiny"]\nargs = { A-B = "c" }\n[files]\n"a.md" = "{version}"\n',
    )
    tiny.commit("Dockerfile", "FROM scratch\n")
    tiny.commit("a.md", "0.1.0\n")
    rows = {
        (row["table"], row["key"]): (row["value"], row["source"])
        for row in json.loads(tiny.inv("settings", "--json").stdout)["settings"]
    }
    assert rows["project", "commit"] == ("release: {components}", "default")
    assert rows["project", "branch"] == ("main", "discovered")
    assert rows['components."tiny"', "python"] == (["tiny-plain"], "discovered")
    assert rows['components."tiny"', "latest"] == (True, "default")
    assert rows['python."tiny-plain"', "path"] == (".", "discovered")
    assert rows['images."ghcr.io/example/tiny"', "dockerfile"] == (
        "Dockerfile",
        "discovered",
    )
    assert rows['images."ghcr.io/example/tiny"', "args"] == (
        {"A-B": "c"},
        "settings",
    )
    assert rows["files", "a.md"] == ("{version}", "settings")
    text = tiny.inv("settings").stdout
    assert all(
        tomllib.loads(line) is not None
        for line in text.split("\n\n", 1)[1].splitlines()
    )
    assert '"a.md" = "{version}"' in text


def test_what_a_component_names_does_not_need_a_table(
    tiny: TinyProject,
) -> None:
    tiny.commit(
        "release-tasks.toml",
        '[components.tiny]\nimages = ["docker.io/some/one"]\ncharts = ["ghcr.io/x/two"]\n',
    )
    tiny.commit("one/Dockerfile", "FROM scratch\n")
    tiny.commit(
        "chart/Chart.yaml", "apiVersion: v2\nname: two\nversion: 0.1.0\n"
    )
    tiny.commit(
        "other/Chart.yaml", "apiVersion: v2\nname: three\nversion: 0.1.0\n"
    )
    [component] = json.loads(tiny.inv("settings", "--json").stdout)[
        "components"
    ]
    [image], [chart] = component["images"], component["charts"]
    assert (image["reference"], image["dockerfile"], image["source"]) == (
        "docker.io/some/one",
        "one/Dockerfile",
        "settings",
    )
    assert (chart["reference"], chart["folder"], chart["source"]) == (
        "ghcr.io/x/two",
        "chart",
        "settings",
    )


def test_open_questions_are_in_the_json_of_settings(tiny: TinyProject) -> None:
    tiny.commit("a/Dockerfile", "FROM scratch\n")
    tiny.commit("b/Dockerfile", "FROM scratch\n")
    ran = tiny.inv("settings", "--json")
    [component] = json.loads(ran.stdout)["components"]
    assert ran.returncode == 0
    assert component["python"][0]["source"] == "discovered"
    assert component["python"][0]["folder"] == "."
    assert component["images"]["question"] == "several Dockerfiles are possible"
    assert 'dockerfile = "b/Dockerfile"' in component["images"]["fix"]


def test_settings_show_every_component(two: TinyProject) -> None:
    said = two.inv("settings").stdout
    assert "\nall components:\n  files     CHANGELOG.md  (discovered)\n" in said
    assert "component core: version 0.1.0, tag v{version}" in said
    assert "component other: version 0.4.0, tag other-v{version}" in said


def test_a_version_that_is_only_in_the_tag_is_shown_as_such(
    tiny: TinyProject,
) -> None:
    tiny.commit("release-tasks.toml", '[project]\nversion = "tag"\n')
    assert (
        "component tiny: version only in the tag, tag v{version}"
        in tiny.inv("settings").stdout
    )


def test_init_writes_three_files_that_work_and_keeps_existing_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subprocess.run(["git", "init", "--quiet", tmp_path / "empty"], check=True)
    monkeypatch.chdir(tmp_path / "empty")
    (tmp_path / "boot").mkdir()
    (tmp_path / "boot" / "tasks.py").write_text(TINY["tasks.py"])
    boot = ("--search-root", str(tmp_path / "boot"))

    dry = inv(Path.cwd(), *boot, "--dry", "init")
    assert (dry.returncode, os.listdir()) == (0, [".git"])
    ran = inv(Path.cwd(), *boot, "init")
    assert ran.returncode == 0, ran.stderr
    assert sorted(os.listdir()) == [
        ".git",
        ".gitignore",
        "noxfile.py",
        "release-tasks.toml",
        "tasks.py",
    ]
    (tmp_path / "empty" / "tasks.py").write_text(TINY["tasks.py"])
    again = inv(Path.cwd(), "init")
    assert again.returncode == 1, again.stderr
    assert "help: git add . && inv init" in again.stderr
    subprocess.run(["git", "add", "."], check=True)
    again = inv(Path.cwd(), "init")
    assert again.stderr.splitlines()[:3] == [
        "tasks.py exists already",
        "noxfile.py exists already",
        "release-tasks.toml exists already",
    ]
    assert (tmp_path / "empty" / "tasks.py").read_text() == TINY["tasks.py"]
    assert inv(Path.cwd(), "settings").returncode == 0


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, "__pycache__/\n"),
        ("/target", "/target\n__pycache__/\n"),
        ("/target\n", "/target\n__pycache__/\n"),
        ("*.pyc\n", "*.pyc\n__pycache__/\n"),
        ("__pycache__\n", "__pycache__\n"),
    ],
)
def test_git_ignores_what_nox_compiles_after_init(
    tiny: TinyProject, before: str | None, after: str
) -> None:
    path = tiny.root / ".gitignore"
    path.unlink()
    if before is not None:
        path.write_text(before)
    tiny.inv("init")
    nox = [sys.executable, "-m", "nox", "--list"]
    subprocess.run(nox, cwd=tiny.root, capture_output=True, check=True)
    assert path.read_text() == after
    assert (tiny.root / "__pycache__").is_dir()
    assert "__pycache__" not in tiny.git("status", "--short")


def test_init_shows_what_was_found_and_the_next_two_commands(
    tiny: TinyProject,
) -> None:
    (tiny.root / "tasks.py").unlink()
    tiny.git("rm", "--quiet", "--cached", "tasks.py")
    tiny.git("commit", "--quiet", "--message=Forget tasks.py")
    done = subprocess.run(
        [sys.executable, "-m", "release_tasks", "init"],
        cwd=tiny.root,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == [
        "found           name        version  in",
        "Python package  tiny-plain  0.1.0    .",
    ]
    assert done.stderr.splitlines() == [
        "wrote tasks.py",
        "wrote noxfile.py",
        "wrote release-tasks.toml",
        "next: git add tasks.py noxfile.py release-tasks.toml"
        " && git commit -m 'Add release tasks'",
        "then: release-tasks rehearse --version 0.1.0",
    ]
    assert tiny.git("status", "--short").splitlines() == [
        "?? noxfile.py",
        "?? release-tasks.toml",
        "?? tasks.py",
    ]


def test_init_counts_from_a_release_that_there_was(tiny: TinyProject) -> None:
    tiny.tag("v0.1.0")
    said = tiny.inv("init").stderr
    assert said.splitlines()[-1] == "then: inv rehearse --version patch"


def test_init_stops_where_git_tracks_no_file_yet(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    (tmp_path / "pyproject.toml").write_text(TINY["pyproject.toml"])
    words = [sys.executable, "-m", "release_tasks", "init"]
    done = subprocess.run(
        words, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "help: git add . && release-tasks init" in done.stderr
    assert sorted(os.listdir(tmp_path)) == [".git", "pyproject.toml"]
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
    done = subprocess.run(
        words, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "tiny-plain" in done.stdout


@pytest.mark.tools("cargo")
def test_init_offers_programs_as_downloads(tmp_path: Path) -> None:
    root = workspace(tmp_path / "shop", {"shop-tool": ""})
    (root / "crates" / "shop-tool" / "src" / "main.rs").write_text(
        "fn main() {}\n"
    )
    commit_all(root)
    subprocess.run(
        [sys.executable, "-m", "release_tasks", "init"], cwd=root, check=True
    )
    path = root / "release-tasks.toml"
    text = path.read_text()
    assert '# x86_64-unknown-linux-gnu = "shop-tool-{version}-linux' in text
    table = re.sub(r'^# (?=[\[a-z].*[\]"]$)', "", text, flags=re.M)
    path.write_text(table)
    shown = json.loads(inv(root, "settings", "--json").stdout)
    [component] = shown["components"]
    assert len(component["binaries"]) == 4


def test_init_writes_the_open_questions_as_comments(tiny: TinyProject) -> None:
    tiny.commit("a/Dockerfile", "FROM scratch\n")
    tiny.commit("b/Dockerfile", "FROM scratch\n")
    assert tiny.inv("init").returncode == 0
    text = (tiny.root / "release-tasks.toml").read_text()
    assert '# dockerfile = "b/Dockerfile"' in text
    assert all(line.startswith("#") for line in text.splitlines() if line)


def test_an_image_without_a_github_remote_is_an_open_question(
    tiny: TinyProject,
) -> None:
    tiny.commit("Dockerfile", "FROM scratch\n")
    subprocess.run(
        [
            "git",
            "remote",
            "set-url",
            "origin",
            str(tiny.root.parent / "elsewhere.git"),
        ],
        cwd=tiny.root,
        check=True,
    )
    said = tiny.inv("settings").stdout
    assert (
        "origin is not a GitHub repository, so the image has no default name"
        in said
    )
    assert '[images."REGISTRY/OWNER/NAME"]' in said


@pytest.mark.statement("B5.2")
def test_the_help_of_bump_lists_the_versions_that_it_accepts(
    tiny: TinyProject,
) -> None:
    assert "major (breaking), minor (feature), patch (fix)" in " ".join(
        tiny.inv("bump", "--help").stdout.split()
    )
    assert (
        "default: the version of this checkout"
        in tiny.inv("tag", "--help").stdout
    )


def only(folder: Path, *names: str) -> str:
    """Return a PATH with exactly these programs."""
    folder.mkdir()
    for name in names:
        found = subprocess.run(
            ["which", name], capture_output=True, text=True, check=True
        ).stdout.strip()
        (folder / name).symlink_to(found)
    return str(folder)


def test_doctor_names_what_is_missing_what_needs_it_and_how_to_install_it(
    tiny: TinyProject,
) -> None:
    ran = tiny.inv("doctor", "--json", PATH=only(tiny.folder / "bin", "git"))
    rows = {row["name"]: row for row in json.loads(ran.stdout)["programs"]}
    assert ran.returncode == 1
    assert set(rows) == {"git", "gh"}
    assert rows["git"]["version"]
    assert rows["gh"]["version"] is None
    assert rows["gh"]["needed_by"] == [
        "gh-draft",
        "gh-release",
        "move-pointers",
    ]
    assert rows["gh"]["install"].endswith("apt-get install -y gh")
    text = tiny.inv("doctor", PATH=str(tiny.folder / "bin"))
    steps = "gh-draft, gh-release, move-pointers"
    fact = f"error[missing-program]: gh is not installed, and {steps} need it"
    assert f"{fact}\n  help: " in text.stderr


@pytest.mark.tools("gh")
def test_doctor_exits_with_0_when_nothing_is_missing(tiny: TinyProject) -> None:
    ran = tiny.inv("doctor")
    assert ran.returncode == 0
    assert "missing" not in ran.stdout


def test_doctor_checks_the_programs_that_the_build_needs(
    tiny: TinyProject,
) -> None:
    tiny.commit("release-tasks.toml", '[build]\nneeds = ["no-such-compiler"]\n')
    ran = tiny.inv("doctor")
    assert ran.returncode == 1
    assert (
        "no-such-compiler is not installed, and [build] needs it" in ran.stderr
    )


def test_doctor_checks_the_programs_that_scan_and_test_an_image(
    tiny: TinyProject,
) -> None:
    tiny.commit("Dockerfile", "FROM scratch\n")
    tiny.commit(
        "release-tasks.toml",
        '[images."ghcr.io/o/r"]\nscan = "no-such-scanner {layout}"\ntest = "./smoke.sh {image}"\n',
    )
    ran = tiny.inv("doctor")
    assert (
        "no-such-scanner is not installed, and [images.ghcr.io/o/r] needs it"
        in ran.stderr
    )
    assert "smoke.sh" not in ran.stderr


def test_doctor_works_outside_a_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tasks.py").write_text(TINY["tasks.py"])
    ran = inv(Path.cwd(), "doctor", "--json")
    assert {"git", "cargo", "helm", "buildx"} <= {
        row["name"] for row in json.loads(ran.stdout)["programs"]
    }
    assert "checking for every program" in ran.stderr

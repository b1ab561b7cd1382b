"""What is said about release-tasks.toml is written as it is said, and then it is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.help_texts import Row
from support.repositories import commit_files, write_files
from support.tiny_project import LOG, PYPROJECT, TINY

from release_tasks.project.discovery import discover
from release_tasks.project.gates import gates
from release_tasks.project.model import resolved_or_raise
from release_tasks.project.settings_file import load

FILE = "release-tasks.toml"
REF = "ghcr.io/o/n"
HASH = "0" * 64
FOLDER = {"scripts/install.sh": "exit\n", "NOTES.md": "{changelog}\n"}


def image(line: str, key: str = REF) -> str:
    return f'[images."{key}"]\n{line}\n'


def as_said(fix: str) -> str:
    return f"{fix}\n"


def below(table: str) -> Callable[[str], str]:
    """Return what is read when the help is written below the name of a table."""
    return lambda fix: f"{table}\n{fix.partition('; ')[0]}\n"


BUNDLE = f'small = {{url = "https://example.org/x", sha256 = "{HASH}", license = "MIT"}}\n'
READ = [
    Row("project/settings_file.py:load", "[project\n", "fix that in release-tasks.toml", "[project]\n"),
    Row("project/settings_file.py:_check_passed", '[build]\npass-env = ["API_TOKEN"]\n', "remove it from pass-env", "[build]\npass-env = []\n"),
    Row("project/settings_file.py:_check_crates", "[crates.a]\nverify = false\n", 'reason = "', below("[crates.a]\nverify = false")),
    Row("project/settings_file.py:_check_notes", "[github]\nnotes = 'none'\n", "use changelog, generated, install", "[github]\nnotes = 'changelog'\n"),
    Row("project/settings_file.py:_check_announcement", "[announce]\ntemplate = 'a.md'\n", "or remove the key", "[announce]\n"),
    Row("project/settings_file.py:_check_template", "[github]\ntitle = '{versoin}'\n", "{version}", "[github]\ntitle = '{version}'\n"),
    Row("project/settings_file.py:_check_components", '[components."a;b"]\n', "use letters, digits, and any of . : @ + / - _", "[components.a]\n", "components.a"),
    Row("project/settings_file.py:_check_branches", '[project]\nbranch = "-f"\n', 'branch = "main"', below("[project]")),
    Row("project/settings_file.py:_check_branches", '[downstream."o/r"]\nbase = "-f"\n', 'base = "main"', below('[downstream."o/r"]')),
    Row("project/settings_file.py:_check_tags", "[components.a]\ntag = 'v1'\n", 'tag = "v{version}"', below("[components.a]")),
    Row("project/settings_file.py:_check_tags", "[components.a]\ntag = 'v {version}'\n", 'tag = "v{version}"', below("[components.a]")),
    Row("project/settings_errors.py:explain", "[project]\nbranch = 3\n", 'branch = "..."', "[project]\nbranch = 'main'\n"),
    Row("project/settings_errors.py:explain", "[components.a]\nlatest = 'yes'\n", "latest = true", below("[components.a]")),
    Row("project/settings_errors.py:explain", "[project]\nversion = 'git'\n", "available: manifests, tag", "[project]\nversion = 'tag'\n"),
    Row("project/settings_errors.py:_unknown_key", "[project]\nbrnch = 'x'\n", "did you mean branch?", "[project]\nbranch = 'x'\n"),
    Row("project/settings_errors.py:_unknown_key", "[build]\nenvironment = {}\n", "available: env", "[build]\nenv = {}\n"),
    Row("project/settings_errors.py:_unknown_key", "[silence]\na = 'b'\n", "did you mean [checks.ignore]?", "[checks.ignore]\na = 'b'\n"),
    Row("project/asset_names.py:check", f'[bundles."x-{{version}}.rar"]\n{BUNDLE}', "let it end with one of: ", f'[bundles."x-{{version}}.zip"]\n{BUNDLE}', own="x-"),
    Row("project/asset_names.py:_check_name", '[binaries.a]\nx86_64-unknown-linux-gnu = "a {version}.tar.gz"\n', " = ", below("[binaries.a]")),
    Row("project/asset_names.py:_check_name", f'[bundles."a b-{{version}}.zip"]\n{BUNDLE}', "use only letters, digits", f'[bundles."a_b-{{version}}.zip"]\n{BUNDLE}', own="a_b-"),
    Row("project/asset_names.py:_check_ending", '[binaries.a]\nx86_64-unknown-linux-gnu = "a-{version}.rar"\n', " = ", below("[binaries.a]")),
    Row("project/container_settings.py:_reference_errors", image("", f"{REF}:{{version}}"), f'[images."{REF}"] with tags = ["{{version}}"]', lambda fix: fix.replace(" with ", "\n")),
    Row("project/container_settings.py:_reference_errors", image("", f"{REF}:latest"), f'[images."{REF}"]', as_said),
    Row("project/container_settings.py:_reference_errors", image("", "https://Ghcr.io/O/n"), "[images.", as_said),
    Row("project/container_settings.py:_reference_errors", '[charts."oci://ghcr.io/o/c"]\n', "[charts.", as_said),
    Row("project/container_settings.py:_tag_errors", image('tags = ["{version}", "-x"]'), "none of `.` and `-` first", image('tags = ["{version}", "x"]'), own="x"),
    Row("project/container_settings.py:_edge_errors", image('edge = ["-x"]'), 'edge = ["main", "sha-{sha}"]', below(f'[images."{REF}"]')),
    Row("project/container_settings.py:_edge_errors", image('edge = ["v1.2"]'), 'edge = ["main", "sha-{sha}"]', below(f'[images."{REF}"]')),
    Row("project/container_settings.py:_edge_errors", image('tags = ["{version}", "main"]\nedge = ["main"]'), "remove it from tags, or from edge", image('tags = ["{version}", "main"]')),
    Row("project/container_settings.py:_edge_errors", image('tags = ["{version}", "main"]\nedge = ["main"]'), "from edge", image('tags = ["{version}"]\nedge = ["main"]')),
    Row("project/container_settings.py:_platform_errors", image("platforms = []"), 'platforms = ["linux/amd64"]', below(f'[images."{REF}"]')),
    Row("project/container_settings.py:_platform_errors", image('platforms = ["linux/armv7l"]'), "platforms = [", below(f'[images."{REF}"]')),
    Row("project/container_settings.py:_text_errors", image('secrets = ["src=x"]'), 'secrets = ["id=NAME,src=x"]', below(f'[images."{REF}"]')),
    Row("project/container_settings.py:_text_errors", image('target = "{version}"'), "write the value instead of {version}", image('target = "1.0.0"'), own="1.0.0"),
    Row("project/container_settings.py:_collisions", image("", "o/n") + image("", "docker.io/o/n"), "give one of them other tags", lambda fix: image("", "o/n") + image(fix.partition("such as ")[2], "docker.io/o/n")),
    Row("project/installers.py:words_of", "[verify]\nrun = [\"sh 'x\"]\n", "fix its quotes", "[verify]\nrun = [\"sh 'scripts/install.sh'\"]\n", own="scripts install.sh"),
    Row("project/installers.py:words_of", '[verify]\nrun = [""]\n', 'run = ["sh scripts/install.sh"]', below("[verify]")),
    Row("project/installers.py:words_of", '[downstream."o/n"]\ntest = ""\n', 'test = "cargo test"', below('[downstream."o/n"]')),
    Row("project/installers.py:check", '[verify]\nrun = ["sh install.sh"]\n', "fix the path", '[verify]\nrun = ["sh scripts/install.sh"]\n', own="scripts"),
]  # fmt: skip


def ids(rows: list[Row]) -> list[str]:
    return [f"{row.place}-{number}" for number, row in enumerate(rows)]


@pytest.mark.quick
@pytest.mark.parametrize("row", READ, ids=ids(READ))
def test_what_is_said_of_a_setting_is_written_and_read(
    row: Row, tmp_path: Path
) -> None:
    write_files(tmp_path, FOLDER)

    def read(folder: Path, text: str) -> object:
        (folder / FILE).write_text(text)
        return load(folder)

    row.follow(read, tmp_path)


TWO = TINY | {
    "other/pyproject.toml": PYPROJECT.replace("tiny-plain", "tiny-other"),
    "NEWS.md": LOG,
    "noxfile.py": "",
}
CORE = '[components.core]\npython = ["tiny-plain"]\n'
OTHER = '[components.other]\npython = ["tiny-other"]\ntag = "o{version}"\n'
FOUND = [
    Row("project/components.py:_refuse_two_owners", f'{CORE}{OTHER}'.replace("tiny-other", "tiny-plain"), "remove it from [components.other] python", f"{CORE}{OTHER}".replace('["tiny-other"]', "[]")),
    Row("project/components.py:_refuse_unknown_pins", f'{CORE}{OTHER}pins = {{ cor = "follow" }}\n', "available: core", f'{CORE}{OTHER}pins = {{ core = "follow" }}\n'),
    Row("project/components.py:_with_latest", f"{CORE}latest = true\n{OTHER}latest = true\n", "remove it from one of them", f"{CORE}latest = true\n{OTHER}"),
    Row("project/components.py:_named", f"{CORE}{OTHER}".replace("tiny-other", "tiny-othe"), "available: ", f"{CORE}{OTHER}"),
    Row("project/components.py:_check_changelog", f'{CORE}changelog = "NEW.md"\n{OTHER}', "or correct the path", f'{CORE}changelog = "NEWS.md"\n{OTHER}', own="NEWS.md"),
    Row("project/components.py:_refuse_same_tag", f'{CORE}tag = "o{{version}}"\n{OTHER}', "tag = ", lambda fix: f'{CORE}tag = "o{{version}}"\n{OTHER}'.replace('tag = "o{version}"\n[', "[") if "core" in fix else f'{CORE}tag = "o{{version}}"\n' + OTHER.replace('tag = "o{version}"', fix.split("\n")[1])),
    Row("project/components.py:_refuse_same_changelog", f'{CORE}changelog = "CHANGELOG.md"\n{OTHER}changelog = "CHANGELOG.md"\n', "git add another file for one of them", f'{CORE}changelog = "CHANGELOG.md"\n{OTHER}changelog = "CHANGELOG-other.md"\n'),
    Row("project/python_packages.py:_package", '[python.tiny-plain]\ntoken = "MINE"\n', "choose a name with TOKEN in it", '[python.tiny-plain]\ntoken = "MY_TOKEN"\n', own="MY_TOKEN"),
    Row("project/python_packages.py:_package", '[python.tiny-plain]\npythons = ["3.12"]\n', "remove that key", "[python.tiny-plain]\n"),
    Row("project/python_packages.py:_check_platform", '[python.tiny-plain]\nwheels = ["linux"]\n', "write one like manylinux_2_28_x86_64", '[python.tiny-plain]\nwheels = ["manylinux_2_28_x86_64"]\n'),
    Row("project/python_packages.py:_check_platform", '[python.tiny-plain]\nwheels = ["macosx_11_3_arm64"]\n', "write macosx_11_0_arm64", '[python.tiny-plain]\nwheels = ["macosx_11_0_arm64"]\n'),
    Row("project/gates.py:gates", f'{CORE}{OTHER}[gates]\npreflight = "true"\n', "choose another name", f'{CORE}{OTHER}[gates]\nmine = "true"\n', own="mine"),
    Row("project/gates.py:_check_exists", f'{CORE}{OTHER}[gates]\nlint = "true"\ntest = false\n', "available: ", f'{CORE}{OTHER}[gates]\nlint = "true"\n'),
]  # fmt: skip


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with two Python packages, whose settings each test replaces."""
    more = {"CHANGELOG-other.md": LOG, FILE: ""}
    return commit_files(tmp_path_factory.mktemp("two") / "tiny", TWO | more)


@pytest.mark.quick
@pytest.mark.parametrize("row", FOUND, ids=ids(FOUND))
def test_what_is_said_of_what_settings_name_is_written_and_found(
    row: Row, two: Path
) -> None:
    def read(root: Path, text: str) -> object:
        (root / FILE).write_text(text)
        project = discover(root)
        for part in project.components:
            resolved_or_raise(part.python)
        return gates(project)

    row.follow(read, two)


@pytest.mark.tools("cargo")
def test_an_unknown_crate_is_one_of_those_that_are_named(
    tmp_path: Path,
) -> None:
    files = {
        "Cargo.toml": '[package]\nname = "hull"\nversion = "0.1.0"\n',
        "src/lib.rs": "",
    }
    root = commit_files(tmp_path / "hull", files)

    def read(folder: Path, text: str) -> object:
        (folder / FILE).write_text(text)
        return [
            resolved_or_raise(part.crates)
            for part in discover(folder).components
        ]

    wrong = '[crates]\nignore = ["hul"]\n'
    right = '[crates]\nignore = ["hull"]\n'
    place = "project/crates.py:_refuse_unknown"
    Row(place, wrong, "available: hull", right).follow(read, root)

"""release-tasks.toml: every mistake names the file, the key and the nearest right one."""

from __future__ import annotations

from pathlib import Path

import pytest

from release_tasks.errors import ReleaseError
from release_tasks.project.settings import Settings
from release_tasks.project.settings_file import load


def error_of(folder: Path, text: str | bytes) -> tuple[str, str]:
    (folder / "release-tasks.toml").write_bytes(
        text if isinstance(text, bytes) else text.encode()
    )
    with pytest.raises(ReleaseError) as error:
        load(folder)
    assert error.value.problem.startswith("release-tasks.toml")
    assert "\n" not in error.value.problem
    return error.value.problem, error.value.fix


def test_without_a_file_everything_has_its_default(tmp_path: Path) -> None:
    assert load(tmp_path) == Settings()
    assert load(tmp_path).github.assets == ("binaries", "sha256")


def test_any_other_key_of_gates_is_a_command(tmp_path: Path) -> None:
    (tmp_path / "release-tasks.toml").write_text(
        '[gates]\naudit = "cargo audit"\nblockers = ["P0"]\nsign-off = ["bundles"]\n'
    )
    gates = load(tmp_path).gates
    assert gates.named == {"audit": "cargo audit"}
    assert (gates.blockers, gates.sign_off, gates.run, gates.ci) == (
        ("P0",),
        ("bundles",),
        (),
        None,
    )


def test_a_table_of_crates_is_a_crate_whatever_its_name(tmp_path: Path) -> None:
    (tmp_path / "release-tasks.toml").write_text(
        '[crates]\nignore = ["a"]\n[crates.b]\nfeatures = ["x"]\n'
        '[crates.include]\nverify = false\nreason = "no chip here"\n'
    )
    crates = load(tmp_path).crates
    assert (crates.ignore, crates.include) == (("a",), ())
    assert crates.named["b"].features == ("x",)
    assert crates.named["include"].reason == "no chip here"


@pytest.mark.parametrize(
    ("text", "problem", "fix"),
    [
        (
            "[crates.a]\nfeature = []\n",
            "2: unknown key feature in [crates.a]",
            "did you mean features?",
        ),
        (
            "[crates.a]\nverify = 1\n",
            "2: [crates.a] verify must be true or false, and is a number",
            "verify = true",
        ),
        (
            "[crates.a]\nverify = false\n",
            " [crates.a] verify = false needs a reason",
            'reason = "why it does not compile here"',
        ),
    ],
)
def test_a_mistake_in_the_table_of_a_crate_is_explained(
    tmp_path: Path, text: str, problem: str, fix: str
) -> None:
    assert error_of(tmp_path, text) == (f"release-tasks.toml:{problem}", fix)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("sh scripts/x.sh", "scripts/x.sh is not a file in the repository"),
        ("./x.sh --all", "./x.sh is not a file in the repository"),
        ("sh 'x", "sh 'x is not a valid command: No closing quotation"),
        ("", "a command is empty"),
    ],
)
def test_an_installer_that_cannot_run_is_explained_before_the_release(
    tmp_path: Path, line: str, problem: str
) -> None:
    text = f'[verify]\nrun = ["{line}"]\n'
    assert error_of(tmp_path, text)[0] == (
        f"release-tasks.toml: [verify] run: {problem}"
    )


def test_an_installer_may_be_a_program_of_the_machine(tmp_path: Path) -> None:
    lines = ["true", "sh -c true", "/bin/true", "sh {root}/x.sh {tag}", "sh"]
    (tmp_path / "release-tasks.toml").write_text(f"[verify]\nrun = {lines}\n")
    assert load(tmp_path).verify.run == tuple(lines)


def test_keys_are_exact_public_names(tmp_path: Path) -> None:
    (tmp_path / "release-tasks.toml").write_text(
        '[images."ghcr.io/o/r"]\nplatforms = ["linux/arm64"]\n'
        '[charts."ghcr.io/o/charts/c"]\napp-version = "v{version}"\n'
        '[files]\n"a.json" = ["$.version", "b"]\n"b.md" = "x {version}"\n[build]\nenv = {A = "1"}\n'
    )
    settings = load(tmp_path)
    assert settings.images["ghcr.io/o/r"].platforms == ("linux/arm64",)
    assert settings.charts["ghcr.io/o/charts/c"].app_version == "v{version}"
    assert settings.files == {
        "a.json": ("$.version", "b"),
        "b.md": "x {version}",
    }


UNKNOWN = [
    (
        "[innocent]\n'a' = 'b'\n",
        "1: unknown key innocent",
        "did you mean [versions.ignore]?",
    ),
    (
        "[silence]\na = 'b'\n",
        "1: unknown key silence",
        "did you mean [checks.ignore]?",
    ),
    (
        "[project]\nforgotten = 'strict'\n",
        "2: unknown key forgotten in [project]",
        'did you mean [versions] stale = "warn" or "error"?',
    ),
    ("[projet]\n", "1: unknown key projet", "did you mean project?"),
    (
        "[project]\nbrnch = 'x'\n",
        "2: unknown key brnch in [project]",
        "did you mean branch?",
    ),
    (
        "[components.core]\ntags = 'x'\n",
        "2: unknown key tags in [components.core]",
        "did you mean tag?",
    ),
    (
        "[crates]\nexclude = []\n",
        "2: unknown key exclude in [crates]",
        "did you mean include?",
    ),
    (
        "[python.x]\nwheel = []\n",
        "2: unknown key wheel in [python.x]",
        "did you mean wheels?",
    ),
    (
        "[images.x]\nplatform = []\n",
        "2: unknown key platform in [images.x]",
        "did you mean platforms?",
    ),
    (
        "[charts.x]\napp_version = 'x'\n",
        "2: unknown key app_version in [charts.x]",
        "did you mean app-version?",
    ),
    (
        "[build]\nenvironment = {}\n",
        "2: unknown key environment in [build]",
        "available: env, pass-env, needs, static, glibc, runners, minutes",
    ),
    (
        "[gates]\nruns = []\n",
        "2: unknown key runs in [gates]",
        "did you mean run?",
    ),
    (
        "[github]\nnote = 'x'\n",
        "2: unknown key note in [github]",
        "did you mean notes?",
    ),
]


@pytest.mark.parametrize(("text", "problem", "fix"), UNKNOWN)
def test_an_unknown_key_names_the_nearest_known_one(
    tmp_path: Path, text: str, problem: str, fix: str
) -> None:
    assert error_of(tmp_path, text) == (f"release-tasks.toml:{problem}", fix)


WRONG = [
    (
        "project = 3\n",
        "1: [project] must be a table, and is a number",
        "project = {}",
    ),
    (
        "[project]\nbranch = 3\n",
        "2: [project] branch must be a text, and is a number",
        'branch = "..."',
    ),
    (
        "[project]\nversion = 'git'\n",
        "2: [project] version cannot be 'git'",
        "available: manifests, tag",
    ),
    (
        "[project]\nignore = 'docs'\n",
        "2: [project] ignore must be a list, and is a text",
        'ignore = ["..."]',
    ),
    (
        "[components.a]\nlatest = 'yes'\n",
        "2: [components.a] latest must be true or false, and is a text",
        "latest = true",
    ),
    (
        "[python.a]\nsdist = 1\n",
        "2: [python.a] sdist must be true or false, and is a number",
        "sdist = true",
    ),
    (
        "[python.a]\npythons = ['cp312']\n",
        "2: [python.a] pythons has a text of the wrong form: ^3\\\\.\\\\d+t?$",
        'pythons = ["..."]',
    ),
    (
        "[binaries]\na = 'file'\n",
        "2: [binaries] a must be a table, and is a text",
        "a = {}",
    ),
    (
        "[images.a]\nargs = {x = 1}\n",
        "2: [images.a.args] x must be a text, and is a number",
        'x = "..."',
    ),
    (
        "[files]\na = 1\n",
        "2: [files] a must be a text or a list, and is a number",
        'a = "..."',
    ),
    (
        "[github]\nnotes = 'none'\n",
        " github.notes: none is not a file in the repository",
        "use changelog, generated, install, or the path of a template",
    ),
    (
        "[github]\nassets = ['binary']\n",
        "2: [github] assets cannot have 'binary'",
        (
            "available: binaries, sha256, SHA256SUMS, crates, wheels, sdist, charts, "
            "bundles, release.json"
        ),
    ),
    (
        "[gates]\nci = 'green'\n",
        "2: [gates] ci cannot be 'green'",
        'ci = true, or the names of workflows: ci = ["ci.yml"]',
    ),
    (
        "[gates]\nsign-off = ['crates']\n",
        "2: [gates] sign-off cannot have 'crates'",
        "available: bundles, release",
    ),
    (
        "[gates]\nblockers = 'P0'\n",
        "2: [gates] blockers must be a list, and is a text",
        'blockers = ["..."]',
    ),
    (
        "[bundles.x]\nsmall = {url = 'u'}\n",
        "2: [bundles.x] small has no sha256",
        'sha256 = "..."',
    ),
    (
        "[bundles.'{platform}.zip']\n",
        " [bundles.{platform}.zip]: {platform}.zip is not a valid template ('platform')",
        "available: {version}, {asset}, {variant}",
    ),
]


@pytest.mark.parametrize(("text", "problem", "fix"), WRONG)
def test_a_wrong_value_names_the_key_and_what_to_write(
    tmp_path: Path, text: str, problem: str, fix: str
) -> None:
    assert error_of(tmp_path, text) == (f"release-tasks.toml:{problem}", fix)


@pytest.mark.parametrize("text", ["[project\n", "a = = 1\n"])
def test_invalid_toml_is_an_error(tmp_path: Path, text: str) -> None:
    assert "is not valid TOML" in error_of(tmp_path, text)[0]


def test_settings_in_another_encoding_are_an_error_with_the_line(
    tmp_path: Path,
) -> None:
    problem, _ = error_of(tmp_path, b"# a\na = '\xff'\n")
    assert problem == "release-tasks.toml:2: byte 0xff is not UTF-8"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[project]\ncommit = '{who}'\n", "[project] commit: {who}"),
        ("[github]\ntitle = 'v{version'\n", "[github] title: v{version"),
        ("[components.a]\ntag = 'a-{version}-{crate}'\n", "[components.a] tag"),
        (
            "[components.a]\ntag = 'my tag {version}'\n",
            "[components.a] tag: git does not allow a tag like my tag 1.0.0",
        ),
        (
            "[components.a]\ntag = 'v1'\n",
            "[components.a] tag: v1 must contain {version} exactly once",
        ),
        ("[components.a]\ntitle = '{}'\n", "[components.a] title: {}"),
        (
            "[binaries.a]\nx86_64-unknown-linux-gnu = 'a-{arch}'\n",
            "[binaries.a] x86_64-unknown-linux-gnu: a-{arch}",
        ),
        (
            "[charts.a]\napp-version = '{tag}'\n",
            "[charts.a] app-version: {tag}",
        ),
    ],
)
def test_an_invalid_template_is_an_error_before_anything_uses_it(
    tmp_path: Path, text: str, place: str
) -> None:
    problem, fix = error_of(tmp_path, text)
    assert place in problem
    assert "{version}" in fix


def test_the_tag_of_every_crate_may_contain_the_name_of_the_crate(
    tmp_path: Path,
) -> None:
    (tmp_path / "release-tasks.toml").write_text(
        '[components."{crate}"]\ntag = "{crate}-v{version}"\n'
    )
    assert load(tmp_path).components["{crate}"].tag == "{crate}-v{version}"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a = 1\n", 1),
        ("\n# [images.x]\n[images.x]\nplatforms = []\n\ntags = 'latest'\n", 6),
        ("[images]\nx = {tags = 'latest'}\n", 2),
        ("[images.x]\ntags = []\n[images.'y.z']\ntags = 'latest'\n", 4),
        ('[images]\n"y.z".tags = "latest"\n', 2),
        ("[[images]]\ntags = 'latest'\n", 1),
    ],
)
def test_a_wrong_value_is_found_by_its_line(
    tmp_path: Path, text: str, line: int
) -> None:
    assert error_of(tmp_path, text)[0].startswith(
        f"release-tasks.toml:{line}: "
    )

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
            "unknown key feature in [crates.NAME]",
            "did you mean features?",
        ),
        (
            "[crates.a]\nverify = 1\n",
            "crates.NAME.verify: Expected `bool`, got `int`",
            "verify = true",
        ),
        (
            "[crates.a]\nverify = false\n",
            "[crates.a] verify = false needs a reason",
            'reason = "why it does not compile here"',
        ),
    ],
)
def test_a_mistake_in_the_table_of_a_crate_is_explained(
    tmp_path: Path, text: str, problem: str, fix: str
) -> None:
    assert error_of(tmp_path, text) == (f"release-tasks.toml: {problem}", fix)


def test_keys_are_exact_public_names(tmp_path: Path) -> None:
    (tmp_path / "release-tasks.toml").write_text(
        '[images."ghcr.io/o/r"]\nplatforms = ["linux/arm64"]\n'
        '[charts."ghcr.io/o/charts/c"]\napp-version = "v{version}"\n'
        '[files]\n"a.json" = ["$.version", "b"]\n"b.md" = "x {version}"\n[build]\nenv = {A = "1"}\n'
    )
    settings = load(tmp_path)
    assert settings.images["ghcr.io/o/r"].platforms == ("linux/arm64",)
    assert settings.charts["ghcr.io/o/charts/c"].app_version == "v{version}"
    assert settings.files == {"a.json": ("$.version", "b"), "b.md": "x {version}"}


UNKNOWN = [
    (
        "[innocent]\n'a' = 'b'\n",
        "unknown key innocent",
        "did you mean [versions.ignore]?",
    ),
    ("[silence]\na = 'b'\n", "unknown key silence", "did you mean [checks.ignore]?"),
    (
        "[project]\nforgotten = 'strict'\n",
        "unknown key forgotten in [project]",
        'did you mean [versions] stale = "warn" or "error"?',
    ),
    ("[projet]\n", "unknown key projet", "did you mean project?"),
    (
        "[project]\nbrnch = 'x'\n",
        "unknown key brnch in [project]",
        "did you mean branch?",
    ),
    (
        "[components.core]\ntags = 'x'\n",
        "unknown key tags in [components.NAME]",
        "did you mean tag?",
    ),
    (
        "[crates]\nexclude = []\n",
        "unknown key exclude in [crates]",
        "did you mean include?",
    ),
    (
        "[python.x]\nwheel = []\n",
        "unknown key wheel in [python.NAME]",
        "did you mean wheels?",
    ),
    (
        "[images.x]\nplatform = []\n",
        "unknown key platform in [images.NAME]",
        "did you mean platforms?",
    ),
    (
        "[charts.x]\napp_version = 'x'\n",
        "unknown key app_version in [charts.NAME]",
        "did you mean app-version?",
    ),
    (
        "[build]\nenvironment = {}\n",
        "unknown key environment in [build]",
        "available: env, needs, static, glibc, runners",
    ),
    ("[gates]\nruns = []\n", "unknown key runs in [gates]", "did you mean run?"),
    ("[github]\nnote = 'x'\n", "unknown key note in [github]", "did you mean notes?"),
]


@pytest.mark.parametrize(("text", "problem", "fix"), UNKNOWN)
def test_an_unknown_key_names_the_nearest_known_one(
    tmp_path: Path, text: str, problem: str, fix: str
) -> None:
    assert error_of(tmp_path, text) == (f"release-tasks.toml: {problem}", fix)


WRONG = [
    ("project = 3\n", "project: Expected `object`, got `int`", "project = {}"),
    (
        "[project]\nbranch = 3\n",
        "project.branch: Expected `str | null`, got `int`",
        'branch = "..."',
    ),
    (
        "[project]\nversion = 'git'\n",
        "project.version: Invalid enum value 'git'",
        "available: manifests, tag",
    ),
    (
        "[project]\nignore = 'docs'\n",
        "project.ignore: Expected `array`, got `str`",
        'ignore = ["..."]',
    ),
    (
        "[components.a]\nlatest = 'yes'\n",
        "components.NAME.latest: Expected `bool`, got `str`",
        "latest = true",
    ),
    (
        "[python.a]\nsdist = 1\n",
        "python.NAME.sdist: Expected `bool`, got `int`",
        "sdist = true",
    ),
    (
        "[python.a]\npythons = ['cp312']\n",
        "python.NAME.pythons[0]: Expected `str` matching regex '^3\\\\.\\\\d+t?$'",
        'pythons = ["..."]',
    ),
    (
        "[binaries]\na = 'file'\n",
        "binaries.NAME: Expected `object`, got `str`",
        "NAME = {}",
    ),
    (
        "[images.a]\nargs = {x = 1}\n",
        "images.NAME.args.NAME: Expected `str`, got `int`",
        'NAME = "..."',
    ),
    (
        "[files]\na = 1\n",
        "files.NAME: Expected `str | array`, got `int`",
        'NAME = "..."',
    ),
    (
        "[github]\nnotes = 'none'\n",
        "github.notes: none is not a file in the repository",
        "use changelog, generated, or the path of a template",
    ),
    (
        "[github]\nassets = ['binary']\n",
        "github.assets[0]: Invalid enum value 'binary'",
        (
            "available: binaries, sha256, SHA256SUMS, crates, wheels, sdist, charts, "
            "bundles, release.json"
        ),
    ),
    (
        "[gates]\nci = 'green'\n",
        "gates.ci: Invalid enum value 'green'",
        'ci = true, or the names of workflows: ci = ["ci.yml"]',
    ),
    (
        "[gates]\nsign-off = ['crates']\n",
        "gates.sign-off[0]: Invalid enum value 'crates'",
        "available: bundles",
    ),
    (
        "[gates]\nblockers = 'P0'\n",
        "gates.blockers: Expected `array`, got `str`",
        'blockers = ["..."]',
    ),
    (
        "[bundles.x]\nsmall = {url = 'u'}\n",
        "bundles.NAME.NAME: Object missing required field `sha256`",
        'sha256 = "..."',
    ),
    (
        "[bundles.'{platform}.zip']\n",
        "[bundles.{platform}.zip]: {platform}.zip is not a valid template ('platform')",
        "available: {version}, {asset}, {variant}",
    ),
]


@pytest.mark.parametrize(("text", "problem", "fix"), WRONG)
def test_a_wrong_value_names_the_key_and_what_to_write(
    tmp_path: Path, text: str, problem: str, fix: str
) -> None:
    assert error_of(tmp_path, text) == (f"release-tasks.toml: {problem}", fix)


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
        ("[charts.a]\napp-version = '{tag}'\n", "[charts.a] app-version: {tag}"),
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

"""The checks of images and charts, on projects with one problem each."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import crate_projects as projects
from support.container_projects import chart_repository, push_image
from support.contexts import context
from support.local_registries import local_registries
from support.repositories import commit_all, git
from support.tiny_project import run_checks

from release_tasks.checks.check import CheckContext
from release_tasks.checks.preflight import containers
from release_tasks.release import Release
from release_tasks.tools.docker import buildkit

pytestmark = pytest.mark.tools("cargo")
IMAGE = '[images."ghcr.io/example/shop"]\n'
STUB = """FROM rust AS deps
COPY Cargo.toml Cargo.lock ./
COPY crates/shop-zero/Cargo.toml crates/shop-zero/Cargo.toml
COPY crates/shop-app/Cargo.toml crates/shop-app/Cargo.toml
RUN mkdir src \\
    && cargo build --release 2>/dev/null || true
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = projects.chain(tmp_path / "shop")
    write(
        made, "Dockerfile", "FROM rust\nCOPY . .\nRUN cargo build --release\n"
    )
    write(
        made, "chart/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 0.1.0\n"
    )
    write(
        made,
        "chart/values.yaml",
        "image:\n  repository: ghcr.io/example/shop\n  tag: ''\n",
    )
    write(
        made,
        "release-tasks.toml",
        f'{IMAGE}[charts."ghcr.io/example/charts/shop"]\n',
    )
    monkeypatch.chdir(made)
    return made


def write(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)


def reported(root: Path) -> list[tuple[str, str, str]]:
    commit_all(root)
    return [
        (one.name, one.fact, one.fix)
        for one in run_checks(
            CheckContext(context(), Release.at(context(), "0.2.0")), containers
        )
    ]


def test_an_image_and_a_chart_at_places_of_their_own_are_well(
    root: Path,
) -> None:
    assert reported(root) == []


@pytest.mark.statement("B3.16")
def test_an_image_and_a_chart_of_one_reference_are_found(root: Path) -> None:
    write(
        root, "release-tasks.toml", f'{IMAGE}[charts."ghcr.io/example/shop"]\n'
    )
    [(name, fact, fix)] = reported(root)
    assert (name, fact) == (
        "reference-collision",
        "ghcr.io/example/shop is the reference of both an image and a chart",
    )
    write(root, "release-tasks.toml", f"{IMAGE}{fix.rpartition(': ')[2]}\n")
    assert reported(root) == []


def test_a_chart_whose_default_image_is_at_another_place_is_found(
    root: Path,
) -> None:
    write(root, "chart/values.yaml", "image:\n  repository: shop\n")
    [(name, fact, fix)] = reported(root)
    assert (name, fact) == (
        "chart-image-unpublished",
        "chart/values.yaml uses the image shop, but ghcr.io/example/shop is published",
    )
    write(
        root,
        "chart/values.yaml",
        f"image:\n  repository: {fix.rpartition(' ')[2]}\n",
    )
    assert reported(root) == []
    write(
        root,
        "chart/values.yaml",
        "image:\n  registry: ghcr.io\n  repository: example/shop\n",
    )
    assert reported(root) == []
    write(
        root,
        "chart/values.yaml",
        "image:\n  repository: docker.io/library/redis\n",
    )
    assert reported(root) == []


@pytest.mark.statement("B3.8")
def test_a_chart_whose_default_tag_is_never_pushed_is_found(root: Path) -> None:
    table = '[charts."ghcr.io/example/charts/shop"]\n'
    write(
        root,
        "release-tasks.toml",
        f'{IMAGE}{table}app-version = "v{{version}}"\n',
    )
    [(name, fact, fix)] = reported(root)
    assert name == "chart-image-unpublished"
    assert fact.startswith(
        "chart/values.yaml uses the tag v0.2.0 (the appVersion), but the image gets 0.2.0"
    )
    assert fix.startswith(
        'set app-version = "{version}" in [charts."ghcr.io/example/charts/shop"]'
    )
    write(
        root,
        "release-tasks.toml",
        f'{IMAGE}{table}app-version = "{{version}}"\n',
    )
    assert reported(root) == []


PART = "FROM rust AS base\nCOPY Cargo.toml Cargo.lock ./\nCOPY crates/shop-zero crates/shop-zero\n"


@pytest.mark.parametrize(
    ("lines", "is_whole"),
    [
        (f"{PART}RUN cargo build\n", False),
        (f"FROM\n{PART}RUN cargo build\n", False),
        (f"{PART}RUN --mount=source=crates,target=crates cargo build\n", True),
        (f"{PART}FROM base\nRUN cargo build\n", False),
        (f"{PART}RUN cargo +nightly chef prepare\n", False),
        (f"{PART}RUN cargo install --locked --path crates/shop-app\n", False),
        # in the stage that this one begins with
        (
            f"{PART}COPY crates crates\nFROM base AS next\nRUN cargo build\n",
            True,
        ),
        (
            f"{PART}COPY crates crates\nFROM BASE\nFROM base\nRUN cargo build\n",
            True,
        ),
        # needs no manifest of the workspace
        (f"{PART}RUN cargo install cargo-chef --locked\n", True),
        (f"{PART}RUN cargo chef cook --recipe-path recipe.json\n", True),
        # may bring all of them
        (
            f"FROM rust AS all\n{PART}COPY --from=all /src /src\nRUN cargo build\n",
            True,
        ),
        (f"{PART}COPY --from=all /recipe.json .\nRUN cargo build\n", False),
        (f"{PART}ARG D=crates\nCOPY $D $D\nRUN cargo build\n", True),
        (
            f"{PART}ADD https://example.com/all.git /src\nRUN cargo build\n",
            True,
        ),
        (f"{PART}RUN --mount=type=bind,target=. cargo build\n", True),
        (
            f"{PART}RUN --mount=type=bind,source=crates,target=crates \\\n"
            "  --mount=type=cache,target=/src/target \\\n  cargo build\n",
            True,
        ),
        (
            f"{PART}RUN --mount=type=cache,target=/src/target cargo build\n",
            False,
        ),
    ],
)
@pytest.mark.sample(3)
def test_what_a_stage_has_when_it_runs_cargo(
    root: Path, lines: str, is_whole: bool
) -> None:
    write(root, "Dockerfile", lines)
    names = [name for name, *_ in reported(root)]
    assert ("dockerfile-missing-member" not in names) == is_whole


def test_a_dockerfile_that_builds_dependencies_without_a_member_is_found(
    root: Path, tmp_path: Path
) -> None:
    write(
        root,
        "Dockerfile",
        f"{STUB}FROM rust\nCOPY . .\nRUN cargo build --release\n",
    )
    [(name, fact, fix)] = reported(root)
    assert (name, fact) == (
        "dockerfile-missing-member",
        (
            "Dockerfile runs cargo without the manifest of crates/shop-middle, and cargo "
            "refuses the workspace"
        ),
    )
    lines = fix.partition(": ")[2].replace(" and ", "\n")
    write(root, "Dockerfile", STUB.replace("RUN mkdir", f"{lines}\nRUN mkdir"))
    assert reported(root) == []
    # cargo takes the workspace of that layer, and refuses it without the last of these lines
    layer = tmp_path / "layer"
    for name in (
        "Cargo.toml",
        "Cargo.lock",
        *(
            f"crates/shop-{one}/{file}"
            for one in ("zero", "app")
            for file in ("Cargo.toml", "src/lib.rs")
        ),
    ):
        write(layer, name, (root / name).read_text())
    copy, run = lines.splitlines()
    write(layer, copy.split()[2], (root / copy.split()[1]).read_text())
    with pytest.raises(subprocess.CalledProcessError):
        projects.cargo(
            layer,
            "metadata",
            "--offline",
            "--locked",
            "--quiet",
            "--format-version=1",
        )
    subprocess.run(
        ["sh", "-c", run.removeprefix("RUN ")], cwd=layer, check=True
    )
    projects.cargo(
        layer,
        "build",
        "--offline",
        "--locked",
        "--quiet",
        "--package=shop-zero",
    )
    write(
        root,
        "Dockerfile",
        STUB.replace(
            "RUN mkdir",
            "COPY crates/shop-middle/src crates/shop-middle/src\nRUN mkdir",
        ),
    )
    [(_, _, fix)] = reported(root)
    assert (
        fix
        == "add before that line: COPY crates/shop-middle/Cargo.toml crates/shop-middle/Cargo.toml"
    )


@pytest.mark.parametrize(
    "copies",
    [
        "COPY crates crates/",
        "COPY crates/*/Cargo.toml ./",
        "COPY . /src",
        "COPY crates/ crates/",
    ],
)
def test_a_dockerfile_that_copies_all_members_at_once_is_well(
    root: Path, copies: str
) -> None:
    write(
        root,
        "Dockerfile",
        f"FROM rust\nCOPY Cargo.toml ./\n{copies}\nRUN cargo build\n",
    )
    assert reported(root) == []


def test_a_chart_of_another_name_than_its_reference_is_found(
    root: Path,
) -> None:
    key = '[charts."ghcr.io/example/charts/shop"]\n'
    write(root, "release-tasks.toml", f'{IMAGE}{key}path = "chart"\n')
    chart = "apiVersion: v2\nname: store\nversion: 0.1.0\n"
    write(root, "chart/Chart.yaml", chart)
    [(name, fact, fix)] = reported(root)
    assert (name, fact) == (
        "chart-name-mismatch",
        "chart/Chart.yaml has the name store, and the reference "
        "ghcr.io/example/charts/shop ends with another one",
    )
    own, _, other = fix.partition(", or ")
    assert own == "name: shop in chart/Chart.yaml"
    assert other.endswith(" in release-tasks.toml")
    table = other.partition(" in ")[0]
    write(root, "release-tasks.toml", f'{IMAGE}{table}\npath = "chart"\n')
    assert reported(root) == []
    write(root, "release-tasks.toml", f'{IMAGE}{key}path = "chart"\n')
    write(root, "chart/Chart.yaml", chart.replace("store", "shop"))
    assert reported(root) == []


@pytest.fixture
def repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    for name in ("CONFIG", "CACHE", "DATA"):
        monkeypatch.setenv(f"HELM_{name}_HOME", str(tmp_path / "helm" / name))
    with chart_repository(tmp_path / "repository") as url:
        yield url


def depend(
    root: Path, repository: str, version: str = "1.x", name: str = "common"
) -> None:
    needs = (
        f"dependencies:\n  - {{name: {name}, version: '{version}', repository: "
        f"'{repository}', tags: [a]}}\n"
    )
    write(
        root,
        "chart/Chart.yaml",
        f"apiVersion: v2\nname: shop\nversion: 0.1.0\n{needs}",
    )


def follow(root: Path, fix: str) -> None:
    """Run the command that a fix begins with, and leave what helm fetched out of the repository."""
    subprocess.run(
        shlex.split(fix.partition(", and ")[0]),
        cwd=root,
        check=True,
        capture_output=True,
    )
    write(root, ".gitignore", "/target\n*.tgz\n")


@pytest.mark.tools("helm")
def test_a_chart_without_a_lock_is_found_until_it_has_one(
    root: Path, repository: str
) -> None:
    depend(root, repository)
    [(name, fact, fix)] = reported(root)
    assert (name, fact) == (
        "chart-unlocked",
        "chart/Chart.yaml gets the newest of common 1.x when it is packed",
    )
    assert fix == "helm dependency update chart/, and commit chart/Chart.lock"
    follow(root, fix)
    assert reported(root) == []
    (root / "chart/Chart.lock").unlink()
    depend(root, repository, "1.4.0")
    assert reported(root) == []


@pytest.mark.tools("helm")
def test_a_lock_for_other_dependencies_is_found_until_it_is_renewed(
    root: Path, repository: str
) -> None:
    depend(root, repository)
    (root / "chart/Chart.lock").unlink(missing_ok=True)
    lock = f"dependencies:\n- name: common\n  repository: {repository}\n  version: 1.4.0\n"
    write(root, "chart/Chart.lock", f"{lock}digest: sha256:00\n")
    [(name, fact, fix)] = reported(root)
    assert name == "chart-lock-outdated"
    assert fact.startswith(
        "chart/Chart.lock was written for other dependencies than the chart"
    )
    build = ["helm", "dependency", "build", "chart"]
    refused = subprocess.run(
        build, cwd=root, capture_output=True, check=False, text=True
    )
    assert "out of sync" in refused.stderr
    follow(root, fix)
    assert reported(root) == []


@pytest.mark.statement("B3.13", "B3.25")
@pytest.mark.tools("helm")
def test_a_dependency_that_helm_cannot_get_is_found(
    root: Path, repository: str
) -> None:
    for place, version, name in (
        (f"{repository}/nowhere", "1.4.0", "common"),
        (repository, "2.0.0", "common"),
        (repository, "1.4.0", "other"),
        ("file://../gone", "1.0.0", "common"),
    ):
        depend(root, place, version, name)
        [(kind, fact, fix)] = reported(root)
        assert kind == "chart-dependency-gone"
        assert fact.startswith(
            f"helm cannot download {name} {version}, which chart/Chart.yaml depends on: "
        )
        assert fix == (
            "correct repository or version in chart/Chart.yaml, or commit the chart to "
            "charts/ beside it"
        )
    depend(root, repository, "1.4.0")
    assert reported(root) == []
    depend(root, "file://../gone", "1.0.0")
    write(
        root / "chart",
        "charts/common/Chart.yaml",
        "apiVersion: v2\nname: common\nversion: 1.0.0\n",
    )
    assert reported(root) == []


def test_a_default_image_of_somebody_else_that_is_not_there_is_found(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(
        root,
        "chart/values.yaml",
        "image:\n  repository: ghcr.io/example/hello\n  tag: '1.0.0'\n",
    )
    with local_registries(tmp_path, monkeypatch) as registries:
        commit_all(root)
        [one] = run_checks(
            CheckContext(context(), Release.at(context(), "0.2.0")), containers
        )
        assert (one.name, one.fact) == (
            "chart-image-unpublished",
            (
                "chart/values.yaml uses the image ghcr.io/example/hello:1.0.0, which ghcr.io "
                "does not have"
            ),
        )
        push_image(registries, "1.0.0")
        assert (
            run_checks(
                CheckContext(context(), Release.at(context(), "0.2.0")),
                containers,
            )
            == []
        )


def test_a_chart_cannot_require_what_the_release_pushes_later(
    root: Path,
) -> None:
    references = [
        f"ghcr.io/example/charts/{name}" for name in ("shop", "common")
    ]
    tables = "".join(f'[charts."{reference}"]\n' for reference in references)
    write(root, "release-tasks.toml", IMAGE + tables)
    write(
        root,
        "common/Chart.yaml",
        "apiVersion: v2\nname: common\nversion: 0.1.0\n",
    )
    depend(root, "oci://ghcr.io/example/charts", "0.1.0")
    [(name, fact, fix)] = [
        one for one in reported(root) if "will require" in one[1]
    ]
    assert name == "chart-dependency-gone"
    assert fact.startswith(
        "chart/Chart.yaml will require common 0.2.0 from oci://"
    )
    assert fix == (
        'write repository: "file://../common" in chart/Chart.yaml, and run '
        "helm dependency update chart"
    )
    depend(root, "file://../common", "0.1.0")
    assert reported(root) == []


NOWHERE = "linux/mips64"  # a platform of OCI that no builder emulates here


@pytest.mark.slow
@pytest.mark.tools("docker", "buildkitd", "runc")
def test_a_platform_whose_programs_no_builder_runs_is_found(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(
        root,
        "release-tasks.toml",
        f'{IMAGE}platforms = ["linux/amd64", "{NOWHERE}"]\n',
    )
    # no builder is running, and that is doctor's affair
    assert reported(root) == []
    with (
        local_registries(tmp_path, monkeypatch),
        buildkit.builder(context()) as builder,
    ):
        for name, value in builder.items():
            monkeypatch.setenv(name, value)
        [(name, fact, fix)] = reported(root)
        assert name == "platform-not-run"
        assert fact.startswith(
            f"Dockerfile runs programs of {NOWHERE}, "
            "but docker's builder runs only linux/"
        )
        stage = fix.partition(" with ")[2].partition(",")[0]
        write(
            root,
            "Dockerfile",
            (
                f"{stage} rust AS made\nCOPY . .\nRUN cargo build\nFROM made AS tested\n"
                f"RUN cargo test\nFROM scratch\nCOPY --from=made /app /app\n"
            ),
        )
        assert reported(root) == []


ONE = """[package]
name = "shop"
version = "0.1.0"
edition = "2021"
build = "build.rs"
[[bench]]
name = "till"
harness = false
[[bin]]
name = "ledger"
path = "src/tools/ledger.rs"
[[test]]
name = "elsewhere"
path = "checks/elsewhere.rs"
"""
FIRST = (
    "FROM rust\nCOPY Cargo.toml ./\n"
    'RUN mkdir src && echo "fn main() {}" > src/main.rs && cargo build\nCOPY . .\n'
    "RUN cargo build\n"
)


def test_a_dockerfile_that_builds_dependencies_without_a_file_that_the_manifest_names_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "shop"
    root.mkdir()
    for name in (
        "build.rs",
        "src/main.rs",
        "benches/till.rs",
        "src/tools/ledger.rs",
        "checks/elsewhere.rs",
    ):
        write(root, name, "fn main() {}\n")
    for name, text in {
        "Cargo.toml": ONE,
        "Dockerfile": FIRST,
        "release-tasks.toml": IMAGE,
        ".gitignore": "/target\n",
    }.items():
        write(root, name, text)
    projects.cargo(root, "generate-lockfile", "--offline", "--quiet")
    git(root, "init", "--quiet", "--initial-branch=main")
    monkeypatch.chdir(root)
    [(name, fact, fix)] = reported(root)
    assert (name, fact) == (
        "dockerfile-missing-target",
        (
            "Dockerfile runs cargo without build.rs, src/tools/ledger.rs, benches/till.rs, "
            "which Cargo.toml names, and cargo refuses the package"
        ),
    )
    lines, _, more = (
        fix.removeprefix("add before that line: ")
        .replace(" and ", "\n")
        .partition("; ")
    )
    assert (
        more
        == "the folder then exists already, so change its mkdir to mkdir -p"
    )
    write(
        root, "Dockerfile", FIRST.replace("RUN mkdir src", "RUN mkdir -p src")
    )
    assert reported(root)[0][2].endswith("benches/till.rs benches/till.rs")
    write(
        root, "Dockerfile", FIRST.replace("RUN mkdir", f"{lines}\nRUN mkdir -p")
    )
    assert reported(root) == []
    # and cargo builds what is in that layer
    for path in re.findall(r"COPY (\S+) \S+", lines):
        write(tmp_path / "layer", path, "fn main() {}\n")
    for name in ("Cargo.toml", "src/main.rs"):
        write(tmp_path / "layer", name, (root / name).read_text())
    projects.cargo(tmp_path / "layer", "build", "--offline", "--quiet")


POD = """apiVersion: v1
kind: Pod
metadata: {name: shop}
spec:
  containers:
    - {name: shop, image: "%s"}
"""


@pytest.mark.tools("helm")
def test_a_chart_that_would_run_an_old_version_is_found_and_its_fix_moves_it(
    root: Path,
) -> None:
    write(root, "chart/values.yaml", "image: ghcr.io/example/shop:0.1.0\n")
    write(root, "chart/templates/pod.yaml", POD % "{{ .Values.image }}")
    [(name, fact, fix)] = reported(root)
    assert (name, fact) == (
        "chart-image-unpublished",
        "the chart chart runs ghcr.io/example/shop:0.1.0, which is not published, and not by "
        "this release",
    )
    lines = fix.partition(":\n")[2]
    settings = (root / "release-tasks.toml").read_text()
    write(root, "release-tasks.toml", f"{settings}{lines}\n")
    assert reported(root) == []


@pytest.mark.tools("helm")
def test_a_chart_that_adds_a_v_before_the_version_is_found(root: Path) -> None:
    image = "{{ .Values.image.repository }}:v{{ .Chart.AppVersion }}"
    write(root, "chart/templates/pod.yaml", POD % image)
    [(_, fact, fix)] = reported(root)
    assert fact.startswith(
        "the chart chart runs ghcr.io/example/shop:v0.2.0, which is not"
    )
    assert fix.startswith(
        'add "v{version}" to the tags of [images."ghcr.io/example/shop"]'
    )
    write(
        root,
        "release-tasks.toml",
        f'{IMAGE}tags = ["{{version}}", "v{{version}}"]\n'
        '[charts."ghcr.io/example/charts/shop"]\n',
    )
    assert reported(root) == []


@pytest.mark.long
@pytest.mark.tools("helm")
def test_a_chart_that_demands_values_is_rendered_with_those_of_its_tests(
    root: Path,
) -> None:
    image = '{{ required "say which" .Values.image.name }}:0.1.0'
    write(root, "chart/templates/pod.yaml", POD % image)
    assert reported(root) == []
    write(
        root,
        "chart/ci/test-values.yaml",
        "image: {name: ghcr.io/example/shop}\n",
    )
    [(name, _, _)] = reported(root)
    assert name == "chart-image-unpublished"

"""Images and charts: references that collide, default images that nobody publishes, Dockerfiles that lack a member."""

from __future__ import annotations

from pathlib import Path

import crate_projects as projects
import pytest
from place import context, look

from release_tasks.findings import containers
from release_tasks.findings.finding import Case
from release_tasks.release import Release

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
    write(made, "Dockerfile", "FROM rust\nCOPY . .\nRUN cargo build --release\n")
    write(made, "chart/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 0.1.0\n")
    write(made, "chart/values.yaml", "image:\n  repository: ghcr.io/example/shop\n  tag: ''\n")
    write(made, "release-tasks.toml", f'{IMAGE}[charts."ghcr.io/example/charts/shop"]\n')
    monkeypatch.chdir(made)
    return made


def write(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).write_text(text)


def told(root: Path) -> list[tuple[str, str, str]]:
    projects.commit(root)
    return [(one.name, one.problem, one.fix) for one in look(Case(context(), Release.at(context(), "0.2.0")), containers)]


def test_an_image_and_a_chart_at_places_of_their_own_are_well(root: Path) -> None:
    assert told(root) == []


@pytest.mark.statement("B3.16")
def test_an_image_and_a_chart_of_one_reference_are_found(root: Path) -> None:
    write(root, "release-tasks.toml", f'{IMAGE}[charts."ghcr.io/example/shop"]\n')
    [(name, fact, fix)] = told(root)
    assert (name, fact) == ("reference-collision", "ghcr.io/example/shop is the reference of an image and of a chart")
    write(root, "release-tasks.toml", f"{IMAGE}{fix.rpartition(' as ')[2]}\n")
    assert told(root) == []


def test_a_chart_whose_default_image_is_at_another_place_is_found(root: Path) -> None:
    write(root, "chart/values.yaml", "image:\n  repository: shop\n")
    [(name, fact, fix)] = told(root)
    assert (name, fact) == ("chart-image-unpublished", "chart/values.yaml takes the image shop, and ghcr.io/example/shop is published")
    write(root, "chart/values.yaml", f"image:\n  repository: {fix.rpartition(' ')[2]}\n")
    assert told(root) == []
    write(root, "chart/values.yaml", "image:\n  registry: ghcr.io\n  repository: example/shop\n")
    assert told(root) == []
    write(root, "chart/values.yaml", "image:\n  repository: docker.io/library/redis\n")
    assert told(root) == []


def test_a_chart_whose_default_tag_is_never_pushed_is_found(root: Path) -> None:
    table = '[charts."ghcr.io/example/charts/shop"]\n'
    write(root, "release-tasks.toml", f'{IMAGE}{table}app-version = "v{{version}}"\n')
    [(name, fact, fix)] = told(root)
    assert name == "chart-image-unpublished"
    assert fact.startswith("chart/values.yaml takes the tag v0.2.0 (the appVersion), and the image gets 0.2.0")
    assert fix.startswith('[charts."ghcr.io/example/charts/shop"] app-version = "{version}"')
    write(root, "release-tasks.toml", f'{IMAGE}{table}app-version = "{{version}}"\n')
    assert told(root) == []


def test_a_dockerfile_that_builds_dependencies_without_a_member_is_found(root: Path) -> None:
    write(root, "Dockerfile", f"{STUB}FROM rust\nCOPY . .\nRUN cargo build --release\n")
    [(name, fact, fix)] = told(root)
    assert (name, fact) == (
        "dockerfile-lacks-member", "Dockerfile runs cargo without the manifest of crates/shop-middle, and cargo refuses the workspace"
    )
    line = fix.partition(": ")[2]
    write(root, "Dockerfile", STUB.replace("RUN ", f"{line}\nRUN "))
    assert told(root) == []


@pytest.mark.parametrize("copies", ["COPY crates crates/", "COPY crates/*/Cargo.toml ./", "COPY . /src", "COPY crates/ crates/"])
def test_a_dockerfile_that_copies_all_members_at_once_is_well(root: Path, copies: str) -> None:
    write(root, "Dockerfile", f"FROM rust\nCOPY Cargo.toml ./\n{copies}\nRUN cargo build\n")
    assert told(root) == []

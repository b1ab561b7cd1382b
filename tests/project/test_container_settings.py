"""The settings of images and charts: what no registry or builder takes is refused when read."""

from __future__ import annotations

from pathlib import Path

import pytest

from release_tasks.errors import ReleaseError
from release_tasks.project.container_settings import tags_of
from release_tasks.project.settings import Settings
from release_tasks.project.settings_file import load

REF = "ghcr.io/o/n"


def read(folder: Path, text: str) -> Settings:
    (folder / "release-tasks.toml").write_text(text)
    return load(folder)


def image(line: str, key: str = REF) -> str:
    return f'[images."{key}"]\n{line}\n'


REFUSED = [
    (image('tags = ["{version}+build"]'), "{version}+build is not a tag"),
    (image('tags = ["{version}", "-latest"]'), "-latest is not a tag"),
    (image('tags = ["{version}", "a/b"]'), "a/b is not a tag"),
    (image('tags = ["{versoin}"]'), "unknown placeholder {versoin}"),
    (image('edge = ["{version}"]'), "unknown placeholder {version}"),
    (image('edge = ["v1.2"]'), "v1.2 looks like the tag of a version"),
    (image('edge = ["a/b"]'), "a/b is not a tag that registries accept"),
    (image('edge = ["latest"]'), "latest is a tag of releases, too"),
    (
        image('edge = ["main"]') + image('edge = ["main"]', f"{REF}:alpine"),
        "both have the tag main",
    ),
    (image('platforms = ["linux/armv7l"]'), "unknown architecture 'armv7l'"),
    (image("platforms = []"), "platforms is empty"),
    (image('args = { V = "{vers}" }'), "unknown placeholder {vers}"),
    (image('labels = { V = "{vers}" }'), "unknown placeholder {vers}"),
    (image('annotations = { V = "{vers}" }'), "unknown placeholder {vers}"),
    (image('args = { "{version}" = "x" }'), "{version} is not filled in here"),
    (
        image('dockerfile = "{version}/Dockerfile"'),
        "{version} is not filled in here",
    ),
    (image('context = "{version}"'), "{version} is not filled in here"),
    (image('target = "{version}"'), "{version} is not filled in here"),
    (
        image('cache-to = ["type=registry,ref=r:{tag}"]'),
        "{tag} is not filled in",
    ),
    (image('secrets = ["src=x"]'), "src=x has no id"),
    (image("", "ghcr.io/O/n"), "repository name (O/n) must be lowercase"),
    (image("", "https://ghcr.io/o/n"), "has a scheme"),
    (image("", "ghcr.io/o/n:latest"), "has the tag latest"),
    (image("", "ghcr.io/o/n:{version}"), "has a placeholder"),
    (image("", "docker.io/o/n/x"), "must be NAMESPACE/NAME"),
    ('[charts."ghcr.io/O/charts/c"]\n', "must be lowercase"),
    ('[charts."oci://ghcr.io/o/c"]\n', "has a scheme"),
    ('[charts."ghcr.io/o/c:1.0.0"]\n', "has a tag"),
    (
        image("", "o/n") + image("", "docker.io/o/n"),
        "both have the tag {version}",
    ),
    (
        image("") + image('tags = ["{version}-x", "latest"]', f"{REF}:x"),
        "both have the tag latest",
    ),
]


@pytest.mark.parametrize(("text", "words"), REFUSED)
def test_what_no_registry_takes_is_refused_when_it_is_read(
    text: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(ReleaseError) as error:
        read(tmp_path, text)
    assert error.value.problem.startswith("release-tasks.toml: [")
    assert words in error.value.problem
    assert error.value.fix


TAKEN = [
    image(
        'tags = ["{version}", "v{version}", "sha-{sha}", "{major}", "edge_1.x"]'
    ),
    image('platforms = ["linux/aarch64", "linux/arm/v7", "windows/amd64"]'),
    image(
        'args = { V = \'{"a": 1} {{.Name}} ${HOME} {{name}} {}\', W = "{version}" }'
    ),
    image('labels = { d = "{tag} of {component} at {sha}, {created}" }'),
    image('secrets = ["NPM_TOKEN", "id=a,env=B", "id=c,src=~/.npmrc"]'),
    image("", "localhost:5000/n"),
    image("", "Host.example/n"),
    image("") + image("", f"{REF}:alpine") + image("", f"{REF}:slim"),
    image("") + image("", "quay.io/o/n") + image("", "docker.io/o/n"),
    '[charts."ghcr.io/o/charts/c"]\n',
]


@pytest.mark.parametrize("text", TAKEN)
def test_what_registries_take_is_read(text: str, tmp_path: Path) -> None:
    read(tmp_path, text)


def test_the_tags_of_a_flavor_end_with_it(tmp_path: Path) -> None:
    key = f"{REF}:alpine"
    settings = read(tmp_path, image("") + image("", key))
    assert tags_of(REF, settings.images[REF]) == (
        "{version}",
        "{major}.{minor}",
        "{major}",
        "latest",
    )
    assert tags_of(key, settings.images[key]) == (
        "{version}-alpine",
        "{major}.{minor}-alpine",
        "{major}-alpine",
        "alpine",
    )

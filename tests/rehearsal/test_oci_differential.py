"""Names and tags: the settings, the rules and the local registry give the same answer."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
from invoke.context import Context

from release_tasks.errors import ReleaseError
from release_tasks.project.settings_file import load
from release_tasks.rehearsal.registries import LocalRegistries, run_registries
from release_tasks.rules import oci
from release_tasks.shell import Failed
from release_tasks.tools import helm

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
EMPTY = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "layers": []})
TAGS = (
    *(
        "1.2.0",
        "1.2.0-alpine",
        "_x",
        "A",
        "v1",
        "a.b_c-d",
        "0",
        "latest-",
        "a..b",
    ),
    *(
        "-latest",
        ".x",
        "1.2.0+build",
        "a b",
        "ä",
        "a@b",
        "a~b",
        "a:b",
        "+",
        "=1",
    ),
    *(
        "n" * 128,
        "n" * 129,
        "sha-0123abc",
        "1_2",
        "%",
        "a,b",
        "a#b",
        "a?b",
        "a!",
    ),
)
REPOSITORIES = (
    *(
        "o/n",
        "o/n/x",
        "n",
        "1/2",
        "o/a.b",
        "o/a_b",
        "o/a__b",
        "o/a--b",
        "o/a---b",
    ),
    *(
        "O/n",
        "o/N",
        "o/a___b",
        "o/a..b",
        "o/.a",
        "o/a.",
        "o/_a",
        "o/a_",
        "o/-a",
    ),
    *(
        "o/a-",
        "o/a._b",
        "o/a b",
        "o/ä",
        "o/a+b",
        "o/a~b",
        "o/a%b",
        "o.o/n-n/x_x",
    ),
    *(f"o/{'n' * 250}", f"o/{'n' * 254}", "o/a-.b", "o/a.-b", "o-/n", "o_o/n"),
)


ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
OF_SERVICES = (
    *("docker.io/o/n", "docker.io/n", "docker.io/o/n/x", "docker.io/o/a__b"),
    *("quay.io/o/n", "quay.io/n", "quay.io/o/n/x", "public.ecr.aws/o/n"),
    *("public.ecr.aws/n", "registry.gitlab.com/g/p", "registry.gitlab.com/g"),
    *("registry.gitlab.com/g/s/p/n", f"{ECR}/tool", f"{ECR}/n", f"{ECR}/a__b"),
    *(f"{ECR}/o/a--b", f"{ECR}/o/a.b_c-d", f"{ECR}/o/a.-b"),
)


@pytest.fixture(scope="module")
def registry(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[LocalRegistries]:
    folder = tmp_path_factory.mktemp("oci")
    with run_registries(
        folder, offline=True, references=[f"{ECR}/tool"]
    ) as running:
        yield running


def is_pushed(registry: LocalRegistries, reference: str, tag: str) -> bool:
    """Tell whether the local registry takes a manifest under its public name."""
    host, repository = reference.split("/", 1)
    if host == "docker.io":
        host = "registry-1.docker.io"
        repository = oci.name(reference).repository
    session = requests.Session()
    session.trust_env = False
    session.proxies = {"https": registry.urls["proxy"]}
    session.verify = registry.env["SSL_CERT_FILE"]
    url = f"https://{host}/v2/{quote(repository)}/manifests/{quote(tag)}"
    headers = {"Content-Type": MANIFEST}
    login = ("rehearsal", registry.tokens.registry)
    answer = session.put(url, EMPTY, headers=headers, auth=login, timeout=30)
    if answer.status_code == 401:
        query = {"scope": f"repository:{repository}:pull,push"}
        token = session.get(
            f"https://{host}/token", params=query, auth=login, timeout=30
        )
        headers["Authorization"] = f"Bearer {token.json()['token']}"
        answer = session.put(url, EMPTY, headers=headers, timeout=30)
    assert answer.status_code in (201, 400, 403), answer.status_code
    return answer.status_code == 201


def is_read(folder: Path, reference: str, tag: str) -> bool:
    tags = json.dumps(["{version}", tag])
    text = f'[images."{reference}"]\ntags = {tags}\n'
    (folder / "release-tasks.toml").write_text(text)
    try:
        load(folder)
    except ReleaseError:
        return False
    return True


@pytest.mark.parametrize("tag", TAGS)
def test_a_tag_is_taken_by_all_or_by_none(
    registry: LocalRegistries, tmp_path: Path, tag: str
) -> None:
    is_valid = oci.tag(tag) == []
    assert is_pushed(registry, "ghcr.io/o/n", tag) is is_valid
    assert is_read(tmp_path, "ghcr.io/o/n", tag) is is_valid


@pytest.mark.parametrize(
    "reference", [*(f"ghcr.io/{one}" for one in REPOSITORIES), *OF_SERVICES]
)
def test_a_repository_is_taken_by_all_or_by_none(
    registry: LocalRegistries, tmp_path: Path, reference: str
) -> None:
    is_valid = oci.publishable(reference) == []
    assert is_pushed(registry, reference, "1.0") is is_valid
    assert is_read(tmp_path, reference, "latest") is is_valid


NAMES = (
    *("app", "my-app", "my.app", "my_app", "1app", "my--app"),
    *("App", "my..app", "-app", "app-", "my app", "my+app", "äpp"),
)
VERSIONS = ("0.1.0-rc.1", "0.1.0+b.1", "0.1.0-a.1+b.2")


@pytest.mark.tools("helm")
@pytest.mark.parametrize(
    ("name", "version"),
    [*((name, "0.1.0") for name in NAMES), *(("app", one) for one in VERSIONS)],
)
def test_a_chart_is_taken_by_all_or_by_none(
    registry: LocalRegistries, tmp_path: Path, name: str, version: str
) -> None:
    reference = f"ghcr.io/acme/charts/{name}"
    is_valid = (
        oci.reference(reference) == [] and oci.tag(helm.tag(version)) == []
    )
    chart = tmp_path / "chart"
    chart.mkdir()
    about = {"apiVersion": "v2", "name": name, "version": version}
    (chart / "Chart.yaml").write_text(json.dumps(about))
    pushed = True
    try:
        helm.package(Context(), chart, version, version, tmp_path)
        [packed] = tmp_path.glob("*.tgz")
        argv = ["helm", "push", packed, "oci://ghcr.io/acme/charts"]
        env = registry.environment()
        subprocess.run(argv, check=True, capture_output=True, env=env)
    except (Failed, subprocess.CalledProcessError):
        pushed = False
    assert pushed is is_valid
    text = f'[charts."{reference}"]\n'
    (tmp_path / "release-tasks.toml").write_text(text)
    try:
        load(tmp_path)
    except ReleaseError:
        assert not is_valid
    else:
        assert is_valid

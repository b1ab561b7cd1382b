"""The registry and its real clients: docker buildx, helm and skopeo, unchanged, as ghcr.io."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import subprocess
from pathlib import Path

import pytest
from support.registry_client import (
    CONFIG,
    IMAGE,
    INDEX,
    LAYER,
    PASSWORD,
    local_registry,
    public,
)


@pytest.fixture
def registry(tmp_path):
    with local_registry(tmp_path) as running_registry:
        yield running_registry


@pytest.fixture
def run(registry, tmp_path):
    """Run a client with nothing changed but its environment; return what it prints."""
    settings = tmp_path / "docker"
    settings.mkdir()
    login = base64.b64encode(f"somebody:{PASSWORD}".encode()).decode()
    plugins = [str(Path.home() / ".docker/cli-plugins")]
    own = registry.base.removeprefix("http://")
    auths = {key: {"auth": login} for key in ("ghcr.io", own)}
    (settings / "config.json").write_text(
        json.dumps({"auths": auths, "cliPluginsExtraDirs": plugins})
    )
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "DOCKER_CONFIG": str(settings),
    }
    env |= {
        "HTTPS_PROXY": registry.servers.proxy,
        "SSL_CERT_FILE": str(registry.servers.ca_file),
    }
    env |= {
        "HELM_REGISTRY_CONFIG": str(settings / "config.json"),
        "REGISTRY_AUTH_FILE": str(settings / "config.json"),
    }

    def ran(*argv: str, **added: str) -> str:
        done = subprocess.run(
            argv,
            env=env | added,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return ran


@pytest.fixture
def layout(tmp_path) -> tuple[Path, str]:
    """An OCI layout with an image for two platforms, and the digest of its index."""
    blobs = tmp_path / "layout/blobs/sha256"
    blobs.mkdir(parents=True)

    def put(data: bytes, kind: str, **more) -> dict:
        value = hashlib.sha256(data).hexdigest()
        (blobs / value).write_bytes(data)
        return {
            "mediaType": kind,
            "digest": f"sha256:{value}",
            "size": len(data),
        } | more

    def platform(name: str) -> dict:
        content = os.urandom(300_000)
        layer = put(gzip.compress(content, mtime=0), LAYER)
        files = {
            "type": "layers",
            "diff_ids": [f"sha256:{hashlib.sha256(content).hexdigest()}"],
        }
        config = put(
            json.dumps(
                {"os": "linux", "architecture": name, "rootfs": files}
            ).encode(),
            CONFIG,
        )
        manifest = {
            "schemaVersion": 2,
            "mediaType": IMAGE,
            "config": config,
            "layers": [layer],
        }
        return put(
            json.dumps(manifest).encode(),
            IMAGE,
            platform={"os": "linux", "architecture": name},
        )

    parts = [platform("amd64"), platform("arm64")]
    top = put(
        json.dumps(
            {"schemaVersion": 2, "mediaType": INDEX, "manifests": parts}
        ).encode(),
        INDEX,
    )
    (tmp_path / "layout/index.json").write_text(
        json.dumps({"schemaVersion": 2, "manifests": [top]})
    )
    (tmp_path / "layout/oci-layout").write_text(
        '{"imageLayoutVersion": "1.0.0"}'
    )
    return tmp_path / "layout", top["digest"]


def agents(registry) -> set[str]:
    """The programs whose uploads the registry accepted."""
    return {
        entry.agent.split("/")[0].lower()
        for entry in registry.servers.log.writes()
    }


@pytest.mark.tools("docker")
def test_buildx_pushes_a_layout_with_its_digest_and_moves_a_tag(
    registry, run, layout
):
    folder, digest = layout
    image = "ghcr.io/team/app"
    run(
        "docker",
        "buildx",
        "imagetools",
        "create",
        "-t",
        f"{image}:1.0.0",
        "-t",
        f"{image}:1.0",
        f"oci-layout://{folder}@{digest}",
    )
    reported = run(
        "docker",
        "buildx",
        "imagetools",
        "inspect",
        f"{image}:1.0.0",
        "--format",
        "{{json .Manifest}}",
    )
    assert json.loads(reported)["digest"] == digest
    assert [
        m["platform"]["architecture"] for m in json.loads(reported)["manifests"]
    ] == [
        "amd64",
        "arm64",
    ]
    run(
        "docker",
        "buildx",
        "imagetools",
        "create",
        "-t",
        f"{image}:latest",
        f"{image}@{digest}",
    )
    assert registry.tags() == ["1.0", "1.0.0", "latest"]
    assert (
        registry.call("HEAD", "manifests/latest").headers[
            "Docker-Content-Digest"
        ]
        == digest
    )
    assert not registry.servers.log.refused()


@pytest.mark.tools("docker")
def test_buildx_copies_an_image_to_another_repository(registry, run, layout):
    folder, digest = layout
    run(
        "docker",
        "buildx",
        "imagetools",
        "create",
        "-t",
        "ghcr.io/team/base:1",
        f"oci-layout://{folder}@{digest}",
    )
    run(
        "docker",
        "buildx",
        "imagetools",
        "create",
        "-t",
        "ghcr.io/team/app:1",
        "ghcr.io/team/base:1",
    )
    assert (
        registry.call("HEAD", "manifests/1").headers["Docker-Content-Digest"]
        == digest
    )


@pytest.mark.tools("docker")
def test_buildx_without_a_password_may_read_and_not_push(
    registry, run, layout, tmp_path
):
    folder, digest = layout
    image = "ghcr.io/team/app:1"
    run(
        "docker",
        "buildx",
        "imagetools",
        "create",
        "-t",
        image,
        f"oci-layout://{folder}@{digest}",
    )
    config = json.loads((tmp_path / "docker/config.json").read_text()) | {
        "auths": {}
    }
    (tmp_path / "docker/config.json").write_text(json.dumps(config))
    assert digest in run("docker", "buildx", "imagetools", "inspect", image)
    with pytest.raises(AssertionError, match=r"insufficient_scope|401|denied"):
        run(
            "docker",
            "buildx",
            "imagetools",
            "create",
            "-t",
            "ghcr.io/team/app:2",
            image,
        )
    assert registry.tags() == ["1"]


@pytest.mark.tools("helm")
def test_helm_pushes_and_pulls_a_chart(registry, run, tmp_path):
    chart = tmp_path / "hello"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text(
        "apiVersion: v2\nname: hello\nversion: 1.2.3+build.4\n"
    )
    (chart / "templates/note.yaml").write_text(
        "kind: ConfigMap\napiVersion: v1\nmetadata: {name: note}\n"
    )
    run("helm", "package", "hello")
    packed = tmp_path / "hello-1.2.3+build.4.tgz"
    run("helm", "push", packed.name, "oci://ghcr.io/team/charts")
    there = registry.at("team/charts/hello")
    assert there.tags() == ["1.2.3_build.4"]
    layers = there.call("GET", "manifests/1.2.3_build.4").json()["layers"]
    assert (
        layers[0]["digest"]
        == f"sha256:{hashlib.sha256(packed.read_bytes()).hexdigest()}"
    )
    version = ("oci://ghcr.io/team/charts/hello", "--version", "1.2.3+build.4")
    assert "name: hello" in run("helm", "show", "chart", *version)
    (tmp_path / "pulled").mkdir()
    run("helm", "pull", *version, "--destination", "pulled")
    assert (
        next((tmp_path / "pulled").iterdir()).read_bytes()
        == packed.read_bytes()
    )
    assert "ConfigMap" in run("helm", "template", "note", *version)
    assert agents(registry) == {"helm"}


@pytest.mark.tools("skopeo")
@pytest.mark.parametrize("address", ["ghcr.io", "127.0.0.1"])
def test_skopeo_copies_every_platform_there_and_back(
    registry, run, layout, tmp_path, address
):
    folder, digest = layout
    host = (
        address
        if address == "ghcr.io"
        else registry.base.removeprefix("http://")
    )
    there, plain = (
        f"docker://{host}/team/app",
        [] if address == "ghcr.io" else ["-tls-verify=false"],
    )
    flags = {
        side: [f"--{side}{flag}" for flag in plain] for side in ("src", "dest")
    }
    read = [f"-{flag}" for flag in plain]
    copy = ("skopeo", "--insecure-policy", "copy", "--all")
    run(*copy, *flags["dest"], f"oci:{folder}", f"{there}:1.0.0")
    assert json.loads(run("skopeo", "list-tags", *read, there))["Tags"] == [
        "1.0.0"
    ]
    assert (
        json.loads(run("skopeo", "inspect", *read, f"{there}:1.0.0"))["Digest"]
        == digest
    )
    (tmp_path / "back").mkdir()
    run(*copy, *flags["src"], f"{there}@{digest}", "oci:back:1.0.0")
    back = {
        path.name: path.read_bytes()
        for path in (tmp_path / "back/blobs/sha256").iterdir()
    }
    assert back == {
        path.name: path.read_bytes()
        for path in (folder / "blobs/sha256").iterdir()
    }
    run("skopeo", "delete", *read, f"{there}:1.0.0")
    assert registry.tags() == []


@pytest.mark.tools("skopeo")
def test_skopeo_without_a_password_is_refused(registry, run, layout):
    copy = (
        "skopeo",
        "--insecure-policy",
        "copy",
        "--dest-no-creds",
        f"oci:{layout[0]}",
    )
    with pytest.raises(
        AssertionError, match=r"unauthorized|authentication required"
    ):
        run(*copy, "docker://ghcr.io/team/app:1")
    assert public(registry).call("GET", "/v2/").status_code == 401
    assert registry.call("GET", "tags/list").status_code == 404

"""Which images a rendered chart names."""

from __future__ import annotations

import pytest

from release_tasks.checks.chart_images import named_images

DIGEST = f"sha256:{'a' * 64}"


@pytest.mark.parametrize(
    ("manifest", "texts"),
    [
        ("image: ghcr.io/acme/lamp:1.2.0", ["ghcr.io/acme/lamp:1.2.0"]),
        ("- image: 'acme/lamp:v1'", ["acme/lamp:v1"]),
        ("image: ghcr.io/acme/lamp", ["ghcr.io/acme/lamp:latest"]),
        (f"image: ghcr.io/acme/lamp@{DIGEST}", [f"ghcr.io/acme/lamp@{DIGEST}"]),
        (
            f"image: ghcr.io/acme/lamp:1@{DIGEST}",
            [f"ghcr.io/acme/lamp@{DIGEST}"],
        ),
        ("image: localhost:5000/a/lamp:1", ["localhost:5000/a/lamp:1"]),
        ("value: ghcr.io/acme/lamp:1.2.0", ["ghcr.io/acme/lamp:1.2.0"]),
        ('args: ["--image=ghcr.io/acme/lamp:1"]', ["ghcr.io/acme/lamp:1"]),
        ("a: {repository: ghcr.io/a/b, tag: 1.2}", ["ghcr.io/a/b:1.2"]),
        ("a: {registry: ghcr.io, repository: a/b, tag: x}", ["ghcr.io/a/b:x"]),
        ("url: https://ghcr.io/acme/lamp:1", []),
        ("docs: ghcr.io/acme/lamp", []),
        ("# image: ghcr.io/acme/lamp:1", []),
        ("image: {{ broken", []),
    ],
)
def test_the_images_of_a_manifest(manifest: str, texts: list[str]) -> None:
    assert [image.text for image in named_images(manifest)] == texts

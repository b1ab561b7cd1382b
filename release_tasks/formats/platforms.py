"""The platforms of images: `linux/arm64`, `linux/arm/v7`, and other names of the same ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# other names of an architecture: what containerd calls it (the second part is its variant)
ALIASES = {
    "aarch64": ("arm64", ""),
    "armel": ("arm", "v6"),
    "armhf": ("arm", "v7"),
    "i386": ("386", ""),
    "x86-64": ("amd64", ""),
    "x86_64": ("amd64", ""),
}
DEFAULT_VARIANTS = {("amd64", "v1"): "", ("arm64", "v8"): "", ("arm", ""): "v7"}


def normalize(platform: str) -> str:
    """Return a platform as builders and indexes write it: `linux/aarch64` is `linux/arm64`.

    Source: containerd/platforms, normalizeOS and normalizeArch.
    """
    system, _, rest = platform.lower().partition("/")
    architecture, _, variant = rest.partition("/")
    if system == "macos":
        system = "darwin"
    if architecture in ALIASES:
        architecture, implied = ALIASES[architecture]
        variant = variant or implied
    if variant.isdigit():
        variant = f"v{variant}"
    if architecture == "arm64":
        variant = variant.removesuffix(".0")
    variant = DEFAULT_VARIANTS.get((architecture, variant), variant)
    return "/".join(part for part in (system, architecture, variant) if part)


def of(about: Mapping[str, Any]) -> str:
    """Return the platform in an image's configuration, or in a row of an index."""
    parts = (about.get("os"), about.get("architecture"), about.get("variant"))
    return normalize("/".join(part for part in parts if part))

"""Which packages have compiled code that maturin does not build."""

from __future__ import annotations

import tomllib

import pytest

from release_tasks.formats import wheels
from release_tasks.project import compiled


@pytest.mark.parametrize(
    ("build", "more", "setup", "words"),
    [
        ('requires = ["hatchling"]', "", "", ""),
        ('requires = ["setuptools"]', "", "setup()", ""),
        (
            'requires = ["setuptools"]',
            "[tool.setuptools]\next-modules = [{name='a'}]",
            "",
            "ext-m",
        ),
        (
            'requires = ["setuptools"]',
            "",
            "setup(ext_modules=[Extension()])",
            "ext_modules",
        ),
        (
            'requires = ["setuptools"]',
            "",
            "setup(rust_extensions=[])",
            "rust_extensions",
        ),
        (
            'requires = ["setuptools", "setuptools-rust>=1"]',
            "",
            "",
            "setuptools-rust",
        ),
        ('requires = ["setuptools", "Cython"]', "", "", "Cython"),
        (
            'requires = []\nbuild-backend = "scikit_build_core.build"',
            "",
            "",
            "scikit_build_core",
        ),
        ('requires = []\nbuild-backend = "mesonpy"', "", "", "mesonpy"),
        ('requires = ["cythonize-not"]', "", "", ""),
    ],
)
def test_compiled_code_is_reported_by_its_build(
    build: str, more: str, setup: str, words: str
) -> None:
    reason = compiled.reason(
        tomllib.loads(f"[build-system]\n{build}\n{more}\n"), setup
    )
    assert bool(reason) == bool(words)
    assert words in reason


@pytest.mark.parametrize(
    ("tags", "is_unrepaired"),
    [
        ("cp311-cp311-linux_x86_64", True),
        ("cp311-abi3-linux_aarch64", True),
        ("py3-none-linux_armv7l", False),
        ("cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64", False),
        ("py3-none-any", False),
        ("cp311-cp311-macosx_11_0_arm64", False),
    ],
)
def test_a_wheel_for_plain_linux_must_be_repaired(
    tags: str, is_unrepaired: bool
) -> None:
    assert wheels.is_unrepaired(f"tiny-0.1.0-{tags}.whl") == is_unrepaired


def test_a_wheel_for_32_bit_arm_has_a_target() -> None:
    assert wheels.target_of("linux_armv7l") == "armv7-unknown-linux-gnueabihf"

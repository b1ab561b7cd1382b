"""Platform tags of wheels: the target that makes them, and the glibc that they promise."""

from __future__ import annotations

import pytest

from release_tasks.errors import ReleaseError
from release_tasks.formats import wheels


@pytest.mark.parametrize(
    ("tag", "target"),
    [
        ("manylinux_2_17_x86_64", "x86_64-unknown-linux-gnu"),
        ("manylinux2014_aarch64", "aarch64-unknown-linux-gnu"),
        ("manylinux_2_28_armv7l", "armv7-unknown-linux-gnueabihf"),
        ("manylinux_2_31_riscv64", "riscv64gc-unknown-linux-gnu"),
        ("musllinux_1_2_x86_64", "x86_64-unknown-linux-musl"),
        ("musllinux_1_2_armv7l", "armv7-unknown-linux-musleabihf"),
        ("macosx_10_12_x86_64", "x86_64-apple-darwin"),
        ("macosx_11_0_arm64", "aarch64-apple-darwin"),
        ("macosx_10_12_universal2", "universal2-apple-darwin"),
        ("win_amd64", "x86_64-pc-windows-msvc"),
    ],
)
def test_each_platform_tag_belongs_to_one_target(tag: str, target: str) -> None:
    assert wheels.target_of(tag) == target


@pytest.mark.parametrize(
    "tag",
    ["linux_x86_64", "manylinux_2_17", "win64", "any", "manylinux_2_17_vax"],
)
def test_an_unknown_platform_tag_is_refused(tag: str) -> None:
    with pytest.raises(
        ReleaseError, match=f"`{tag}` is not a valid platform tag of a wheel"
    ):
        wheels.target_of(tag)


@pytest.mark.parametrize(
    ("tag", "glibc"),
    [
        ("manylinux_2_28_aarch64", "2.28"),
        ("manylinux2014_x86_64", "2.17"),
        ("manylinux1_i686", "2.5"),
        ("musllinux_1_2_x86_64", ""),
        ("macosx_11_0_arm64", ""),
    ],
)
def test_a_platform_tag_promises_a_glibc(tag: str, glibc: str) -> None:
    assert wheels.glibc_of(tag) == glibc

"""A crate is built, and not only checked, where a check would not show all that is wrong."""

from __future__ import annotations

import pytest

from release_tasks.tools.cargo import codegen

LIB = {"kind": ["lib"], "crate_types": ["lib"]}


def target(kind: str, crate_type: str = "bin") -> dict[str, list[str]]:
    return {"kind": [kind], "crate_types": [crate_type]}


@pytest.mark.parametrize(
    ("package", "is_needed"),
    [
        ({"targets": [LIB]}, False),
        ({"targets": [LIB, target("bin")]}, True),
        ({"targets": [LIB, target("custom-build")]}, True),
        ({"targets": [LIB], "links": "z"}, True),
        ({"targets": [target("cdylib", "cdylib")]}, True),
        (
            {
                "targets": [
                    {"kind": ["lib"], "crate_types": ["lib", "staticlib"]}
                ]
            },
            True,
        ),
        ({"targets": [target("proc-macro", "proc-macro")]}, True),
        # cargo package builds none of these
        ({"targets": [LIB, target("example")]}, False),
        ({"targets": [LIB, target("test")]}, False),
        ({"targets": [LIB, target("bench")]}, False),
        ({}, False),
    ],
)
def test_what_is_linked_is_built(
    package: dict[str, object], is_needed: bool
) -> None:
    assert codegen.is_needed(package, [b"pub fn f() {}\n"]) is is_needed


@pytest.mark.parametrize(
    ("source", "is_needed"),
    [
        ('#[link(name = "z", kind = "static")]\nextern "C" {}', True),
        ("#[no_mangle]\npub fn f() {}", True),
        ("#[unsafe(no_mangle)]\npub fn f() {}", True),
        ("# [ unsafe ( export_name = \"f\" ) ]\npub fn f() {}", True),
        ('core::arch::asm!("nop")', True),
        ('core::arch::global_asm!("nop")', True),
        ("fn f<T>() { const { assert!(size_of::<T>() > 3) } }", True),
        ("impl<T> A<T> { const OK: () = assert!(size_of::<T>() > 3); }", True),
        ("const N: usize = 3;", False),
        ("pub const fn f() {}", False),
        ("fn link() { no_mangle(); }", False),
        ("#[linked]\nfn f() {}", False),
    ],
)  # fmt: skip
def test_what_is_seen_in_machine_code_alone_is_built(
    source: str, is_needed: bool
) -> None:
    sources = [b"", source.encode()]
    assert codegen.is_needed({"targets": [LIB]}, sources) is is_needed

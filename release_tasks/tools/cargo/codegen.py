"""Which crates a compiler can still refuse after `cargo check`: in their machine code, or linking.

`cargo package` builds a crate, which takes longer than checking it: half as long again, where
everything it needs has to be built, too. Of a plain library a check says the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from release_tasks.tools.cargo import Package

# The Cargo Book, Cargo Targets (crate-type) and Build Scripts: what is linked, or says how
LINKED = {
    "bin",
    "cdylib",
    "custom-build",
    "dylib",
    "proc-macro",
    "staticlib",
}
# The Rust Reference: what is only looked at when code is generated. Linking (attribute `link`),
# The Application Binary Interface, Inline assembly, and constants that depend on a parameter.
_GENERATED = re.compile(
    rb"#\s*!?\[\s*(?:unsafe\s*\(\s*)?(?:link|link_section|no_mangle|export_name|used)\b"
    rb"|\b(?:asm|global_asm|naked_asm)!"
    rb"|\bconst\s*\{"
    rb"|\bconst\s+\w+\s*:\s*\(\s*\)\s*="
)


def is_needed(package: Package, sources: Iterable[bytes]) -> bool:
    """Tell whether a crate has to be built, as checking it would not show every fault.

    `package` is what cargo says of it, `sources` are the contents of its Rust files.
    """
    if package.get("links"):
        return True
    for target in package.get("targets", ()):
        if LINKED.intersection((*target["kind"], *target["crate_types"])) and (
            not {"example", "test", "bench"}.intersection(target["kind"])
        ):
            return True
    return any(_GENERATED.search(source) for source in sources)

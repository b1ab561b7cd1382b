"""The names of platforms in images: `linux/arm64`, `linux/arm/v7`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from release_tasks.formats.platforms import ALIASES, normalize
from release_tasks.rules.rule import rule

SYSTEMS = (
    "aix",
    "android",
    "darwin",
    "dragonfly",
    "freebsd",
    "illumos",
    "js",
    "linux",
    "netbsd",
    "openbsd",
    "plan9",
    "solaris",
    "wasi",
    "wasip1",
    "windows",
)
VARIANTS = {  # by architecture: the variants that it may have
    "386": r"",
    "amd64": r"v[1-4]",
    "arm": r"v[5-8]",
    "arm64": r"v8(\.[0-9])?|v9(\.[0-9])?",
    "loong64": r"",
    "mips": r"",
    "mips64": r"",
    "mips64le": r"",
    "mipsle": r"",
    "ppc64": r"",
    "ppc64le": r"power(8|9|10)",
    "riscv64": r"rva2[0-9]u64",
    "s390x": r"",
    "wasm": r"",
}
# names that containerd does not know, of uname, Rust and Debian: what is meant by them
MEANT = {
    "arm64v8": "arm64",
    "armv6l": "arm/v6",
    "armv7": "arm/v7",
    "armv7l": "arm/v7",
    "i686": "386",
    "powerpc64le": "ppc64le",
    "ppc64el": "ppc64le",
    "riscv64gc": "riscv64",
    "x64": "amd64",
    "x86": "386",
}


@rule(
    "OCI registries",
    "OCI image-spec 1.1, Image Index (GOOS, GOARCH); containerd/platforms",
)
def platform(value: str) -> Iterator[str]:
    """Check a platform: a system, an architecture, and a variant where it has some."""
    parts = value.split("/")
    if len(parts) not in (2, 3) or "" in parts:
        yield f"{value!r} is not a platform: it is OS/ARCH or OS/ARCH/VARIANT"
        return
    system, architecture, *variant = normalize(value).split("/")
    if system not in SYSTEMS:
        yield f"{value}: unknown operating system {system!r}"
    elif architecture not in VARIANTS:
        yield f"{value}: unknown architecture {architecture!r}"
    elif variant and not re.fullmatch(VARIANTS[architecture], variant[0]):
        yield f"{value}: unknown variant {variant[0]!r} of {architecture}"


def nearest(value: str) -> str:
    """Return the platform that was probably meant by an invalid one."""
    parts = value.lower().strip("/").split("/")
    system, rest = "linux", parts
    if parts[0] in SYSTEMS:
        system, rest = parts[0], parts[1:]
    architecture = rest[0] if rest else "amd64"
    architecture = ALIASES.get(architecture, (architecture, ""))[0]
    if architecture in MEANT:
        return f"{system}/{MEANT[architecture]}"
    found = difflib.get_close_matches(architecture, VARIANTS, 1, 0.5)
    return f"{system}/{found[0] if found else 'amd64'}"

"""The category slugs of crates.io (its page `category_slugs`, November 2026)."""

from __future__ import annotations

_TREE = """
accessibility aerospace:drones,protocols,simulation,space-protocols,unmanned-aerial-vehicles algorithms
api-bindings artificial-intelligence asynchronous authentication automotive caching
command-line-interface command-line-utilities compilers compression computer-vision concurrency config
cryptography:cryptocurrencies data-structures database database-implementations date-and-time
development-tools:build-utils,cargo-plugins,debugging,ffi,procedural-macro-helpers,profiling,testing
email embedded emulators encoding external-ffi-bindings filesystem finance game-development
game-engines games graphics gui hardware-support internationalization localization mathematics
memory-management multimedia:audio,encoding,images,video network-programming no-std:no-alloc
os:android-apis,freebsd-apis,linux-apis,macos-apis,unix-apis,windows-apis parser-implementations
parsing rendering:data-formats,engine,graphics-api rust-patterns
science:bioinformatics,computational-biology,computational-chemistry,geo,materials,neuroscience
science:quantum-computing,robotics
science::bioinformatics:genomics,proteomics,sequence-analysis
science::computational-biology:structural-modeling,systems-biology
science::computational-chemistry:cheminformatics,electronic-structure,molecular-simulation
security simulation template-engine text-editors text-processing value-formatting virtualization
visualization wasm web-programming:http-client,http-server,websocket
"""


def _spread() -> frozenset[str]:
    slugs = set[str]()
    for word in _TREE.split():
        parent, _, children = word.replace("::", "\0").partition(":")
        parent = parent.replace("\0", "::")
        slugs |= {parent} | {f"{parent}::{child}" for child in children.split(",") if child}
    return frozenset(slugs)


SLUGS = _spread()

"""The category slugs of crates.io (its page `category_slugs`, November 2026)."""

from __future__ import annotations

import re

_TREE = """
accessibility aerospace:drones,protocols,simulation,space-protocols,unmanned-aerial-vehicles
algorithms api-bindings artificial-intelligence asynchronous authentication automotive caching
command-line-interface command-line-utilities compilers compression computer-vision concurrency
config cryptography:cryptocurrencies data-structures database database-implementations date-and-time
development-tools:build-utils,cargo-plugins,debugging,ffi,procedural-macro-helpers,profiling
development-tools:testing email embedded emulators encoding external-ffi-bindings filesystem finance
game-development game-engines games graphics gui hardware-support internationalization localization
mathematics memory-management multimedia:audio,encoding,images,video network-programming
no-std:no-alloc
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
    """Return the slugs of the tree: `parent:child,child` in it, `parent::child` in the result."""
    slugs = set[str]()
    for word in _TREE.split():
        parent, *children = re.split(r"(?<!:):(?!:)|,", word)
        slugs.add(parent)
        slugs.update(f"{parent}::{child}" for child in children)
    return frozenset(slugs)


SLUGS = _spread()

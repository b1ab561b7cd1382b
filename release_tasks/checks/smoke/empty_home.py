"""What a program sees whose user has an empty home folder: no logins, no settings."""

from __future__ import annotations

import os
from pathlib import Path

# Variables that send an installer to another place than the home folder. Those that the caller
# has get a place below the new one.
PLACES = {
    "CARGO_HOME": ".cargo",
    "CARGO_INSTALL_ROOT": ".cargo",
    "GOPATH": "go",
    "GOBIN": "go/bin",
    "NPM_CONFIG_PREFIX": ".npm",
    "PIPX_HOME": ".local/share/pipx",
    "PIPX_BIN_DIR": ".local/bin",
    "PYTHONUSERBASE": ".local",
    "UV_TOOL_DIR": ".local/share/uv/tools",
    "UV_TOOL_BIN_DIR": ".local/bin",
    "XDG_BIN_HOME": ".local/bin",
    "XDG_CACHE_HOME": ".cache",
    "XDG_CONFIG_HOME": ".config",
    "XDG_DATA_HOME": ".local/share",
    "XDG_STATE_HOME": ".local/state",
}
ON_PATH = (".local/bin", ".cargo/bin", "bin")  # below the home folder


def environment(home: Path) -> dict[str, str]:
    """Return the variables of somebody whose home folder is empty."""
    env = {"HOME": str(home), "USERPROFILE": str(home)}
    for name, place in PLACES.items():
        if name in os.environ:
            env[name] = str(home / place)
    toolchains = Path.home() / ".rustup"
    if toolchains.is_dir() and "RUSTUP_HOME" not in os.environ:
        env["RUSTUP_HOME"] = str(toolchains)
    folders = [str(home / place) for place in ON_PATH]
    env["PATH"] = os.pathsep.join([*folders, os.environ.get("PATH", "")])
    return env

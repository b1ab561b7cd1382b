"""cargo's settings in a repository that would lead an upload, and its token, elsewhere."""

from __future__ import annotations

import os
import ssl
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from release_tasks import files
from release_tasks.formats import text_files

# cargo reads the first one only
CONFIGS = (".cargo/config", ".cargo/config.toml")
TOOLCHAINS = ("rust-toolchain", "rust-toolchain.toml")
BUILT_IN = "cargo:"  # how the providers that cargo itself has begin
# the one of them that starts a program
STARTS_ANOTHER = "cargo:token-from-stdout"
PROVIDERS = ("registry.", "registries.", "credential-alias.")
TOKEN = "CARGO_REGISTRY_TOKEN"


class Steer(NamedTuple):
    """A key of a file (relative to the repository) that the upload obeys, and what it does."""

    file: str
    key: str
    effect: str


def steers(tree: Path) -> Iterator[Steer]:
    """Yield what the repository's files would do to an upload from a folder of it.

    Those above the folder count, too (the Cargo book, "Configuration"). A file that is not valid
    TOML is left to cargo.
    """
    for file, data in _files(tree, CONFIGS):
        for key, value in _providers(data):
            if not _is_built_in(key, value):
                yield Steer(
                    file, key, "starts that program with the token of crates.io"
                )
        if _at(data, "http", "cainfo") and _at(data, "http", "proxy"):
            yield Steer(file, "http", "sends the upload through another host")
        if _at(data, "build", "rustc"):
            yield Steer(
                file, "build.rustc", "is started in place of the compiler"
            )
    for file, data in _toolchain_files(tree):
        if _at(data, "toolchain", "path"):
            yield Steer(file, "toolchain.path", "is started in place of cargo")


def patches(tree: Path) -> Iterator[tuple[str, str]]:
    """Yield the file and the name of each crate of crates.io that cargo's settings replace.

    They hold when a crate is verified, but not for who uses it (the Cargo book, `[patch]`).
    """
    for file, data in _files(tree, CONFIGS):
        patched = _at(data, "patch", "crates-io")
        if isinstance(patched, dict):
            for name in patched:
                yield file, name


def pins(tree: Path) -> dict[str, str]:
    """Return the variables with which an upload from a tree obeys the user and not the tree.

    Variables go before files (the Cargo book, "Hierarchical structure"). Nothing is compiled.
    """
    found = {}
    for _, data in _files(tree, CONFIGS):
        for key in ("rustc-wrapper", "rustc-workspace-wrapper"):
            if _at(data, "build", key):
                found[key.upper().replace("-", "_")] = ""
    for steer in steers(tree):
        if steer.key.startswith(PROVIDERS) and os.environ.get(TOKEN):
            found["CARGO_REGISTRY_CREDENTIAL_PROVIDER"] = f"{BUILT_IN}token"
        if steer.key == "http":
            found["CARGO_HTTP_CAINFO"] = _certificates(os.environ)
        if steer.key == "build.rustc":
            found["RUSTC"] = os.environ.get("RUSTC") or "rustc"
    return found


def _toolchain_files(tree: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the nearest toolchain files: rustup obeys no others (its book, "Overrides")."""
    for folder in _folders(tree):
        if any((folder / name).is_file() for name in TOOLCHAINS):
            yield from _of_folder(folder, TOOLCHAINS, _folders(tree)[-1])
            return


def _files(
    tree: Path, names: tuple[str, ...]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield path (from the repository) and data of the files of these names, the nearest first."""
    folders = _folders(tree)
    for folder in folders:
        yield from _of_folder(folder, names, folders[-1])


def _of_folder(
    folder: Path, names: tuple[str, ...], top: Path
) -> Iterator[tuple[str, dict[str, Any]]]:
    for name in names:
        try:
            data = tomllib.loads(text_files.peek(folder, name))
        except (ValueError, RecursionError):
            continue
        yield (folder / name).relative_to(top).as_posix(), data


def _folders(tree: Path) -> list[Path]:
    """Return a folder and those above it in the same repository; alone where there is none."""
    folders = [tree, *tree.parents]
    return folders[: folders.index(files.repository(tree)) + 1]


def _providers(data: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key in ("credential-provider", "global-credential-providers"):
        if value := _at(data, "registry", key):
            yield f"registry.{key}", value
    if value := _at(data, "registries", "crates-io", "credential-provider"):
        yield "registries.crates-io.credential-provider", value
    aliases = _at(data, "credential-alias")
    if isinstance(aliases, dict):
        for name, value in aliases.items():
            yield f"credential-alias.{name}", value


def _is_built_in(key: str, value: Any) -> bool:
    """Tell whether a provider with its words, or each of a list of them, is cargo's own."""
    words = value if isinstance(value, list) else str(value).split()
    names = list(
        map(str, words if key.startswith("registry.global") else words[:1])
    )
    if any(name.startswith(STARTS_ANOTHER) for name in names):
        return False
    return bool(names) and all(name.startswith(BUILT_IN) for name in names)


def _certificates(env: Mapping[str, str]) -> str:
    """Return the file of the certificates that the user trusts."""
    named = env.get("CARGO_HTTP_CAINFO") or env.get("SSL_CERT_FILE")
    if named:
        return named
    default = ssl.get_default_verify_paths().cafile
    if default:
        return default
    import certifi

    return certifi.where()


def _at(data: Mapping[str, Any], *keys: str) -> Any:
    value: Any = data
    for key in keys:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value

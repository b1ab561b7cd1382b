"""Flags that keep the folders of a build out of its bytes, joined with the project's own flags.

Cargo takes its flags from one place only: CARGO_ENCODED_RUSTFLAGS, else RUSTFLAGS, else every
`target.*.rustflags` that applies, else `build.rustflags`. Ours must join the one that counts.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from release_tasks.errors import ReleaseError
from release_tasks.shell import ask

SOURCE = "/source"  # not the project's name: that of its folder may differ


def reproducible(
    tree: Path, target: str, built_in: Path, env: Mapping[str, str]
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the arguments and variables that make the bytes independent of the folders in use.

    `tree` is shown as /source, cargo's home as /cargo; `built_in` is cargo's target folder, `env` what the
    build gets besides the caller's environment. Cargo and maturin take both alike.
    """
    seen = os.environ | dict(env)
    flags = [f"--remap-path-prefix={path}={shown}" for path, shown in _remaps(tree, built_in, seen)]
    encoded = seen.get("CARGO_ENCODED_RUSTFLAGS") or "\x1f".join(seen.get("RUSTFLAGS", "").split())
    if encoded:
        return (), {"CARGO_ENCODED_RUSTFLAGS": "\x1f".join([encoded, *flags])}
    variable = f"CARGO_TARGET_{target.upper().replace('-', '_')}_RUSTFLAGS"
    has_own = variable in seen or _has_flags(tree, target, seen.get("RUSTC", "rustc"))
    if any(" " in flag for flag in flags):  # the variable is cut at each space
        key = f"target.{target}" if has_own else "build"
        return ("--config", f"{key}.rustflags={json.dumps(flags)}"), {}
    variable = variable if has_own else "CARGO_BUILD_RUSTFLAGS"
    return (), {variable: " ".join([*seen.get(variable, "").split(), *flags])}


def target_tables(tree: Path) -> list[dict[str, Any]]:
    """Return the `target` table of each of cargo's configuration files that hold for a folder."""
    return [config.get("target", {}) for config in _configs(tree)]


def applies(condition: str, facts: Sequence[str]) -> bool:
    """Tell whether a `cfg(...)` holds; `facts` are the lines of `rustc --print cfg`.

    The grammar is that of the Rust reference, conditional compilation.
    """
    words = re.findall(r'\w+\s*=\s*"[^"]*"|\w+|[(),]', condition)
    value, rest = _evaluate([re.sub(r"\s*=\s*", "=", word) for word in words], set(facts))
    if rest:
        raise ReleaseError(
            f"cargo's configuration has an unreadable condition: {condition}",
            "mend it in .cargo/config.toml",
        )
    return value


def _remaps(tree: Path, built_in: Path, env: Mapping[str, str]) -> list[tuple[Path, str]]:
    home = cargo_home(env)
    shown = {tree.resolve(): SOURCE, home: "/cargo", home.resolve(): "/cargo"}
    if not built_in.is_relative_to(tree.resolve()):
        shown[built_in] = f"{SOURCE}/target"
    # of several that match, rustc takes the last one
    return sorted(shown.items(), key=lambda item: (len(item[0].parts), str(item[0])))


def cargo_home(env: Mapping[str, str]) -> Path:
    """Return the folder in which cargo keeps the sources of other crates."""
    return Path(env.get("CARGO_HOME") or Path.home() / ".cargo").absolute()


def _has_flags(tree: Path, target: str, rustc: str) -> bool:
    facts: list[str] = []
    for table in target_tables(tree):
        for key, values in table.items():
            if not isinstance(values, dict) or "rustflags" not in values:
                continue
            if key == target:
                return True
            if key.startswith("cfg("):
                facts = (
                    facts or ask([rustc, "--print=cfg", "--target", target], cwd=tree).splitlines()
                )
                if applies(key, facts):
                    return True
    return False


def _configs(tree: Path) -> Iterator[dict[str, Any]]:
    folders = [parent / ".cargo" for parent in (tree.resolve(), *tree.resolve().parents)]
    for folder in dict.fromkeys([*folders, cargo_home(os.environ)]):
        for name in ("config", "config.toml"):  # cargo reads the older name first, and only one
            path = folder / name
            if path.is_file():
                try:
                    yield tomllib.loads(path.read_text("utf-8"))
                except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
                    raise ReleaseError(
                        f"{path} is no TOML: {error}", f"mend that line of {path}"
                    ) from error
                break


def _evaluate(words: list[str], facts: set[str]) -> tuple[bool, list[str]]:
    if not words:
        return False, ["nothing"]
    head, rest = words[0], words[1:]
    if rest[:1] != ["("]:
        return head in facts or head == "true", rest
    rest, values = rest[1:], []
    while rest and rest[0] != ")":
        value, rest = _evaluate(rest, facts)
        values.append(value)
        rest = rest[1:] if rest[:1] == [","] else rest
    value = {
        "all": all(values),
        "any": any(values),
        "not": not any(values),
        "cfg": any(values),
    }.get(head, False)
    return value, rest[1:] if rest else ["unclosed"]

"""Flags that keep the folders of a build out of its bytes, joined with the project's own flags.

Cargo takes its flags from one place only: CARGO_ENCODED_RUSTFLAGS, else RUSTFLAGS, else every
`target.*.rustflags` that applies, else `build.rustflags`. Ours must join those that it takes.
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
from release_tasks.shell import Failed, ask

SOURCE = "/source"  # not the project's name: that of its folder may differ
SEPARATOR = "\x1f"  # of the flags in CARGO_ENCODED_RUSTFLAGS


def reproducible(
    tree: Path,
    target: str,
    target_folder: Path,
    env: Mapping[str, str],
    folder: Path | None = None,
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return arguments and variables that make the bytes independent of the folders in use.

    The bytes name `tree` as /source, and cargo's home as /cargo. `target_folder` is where cargo
    builds, `env` is what the build gets besides the caller's environment, and `folder` is where it
    starts (default: `tree`): the settings there and above apply. Cargo and maturin take the same
    arguments.
    """
    seen = os.environ | dict(env)
    flags = []
    for path, shown in _remaps(tree, target_folder, seen):
        flags.append(f"--remap-path-prefix={path}={shown}")
    encoded = seen.get("CARGO_ENCODED_RUSTFLAGS")
    if not encoded:
        encoded = SEPARATOR.join(seen.get("RUSTFLAGS", "").split())
    if encoded:
        return (), {
            "CARGO_ENCODED_RUSTFLAGS": SEPARATOR.join([encoded, *flags])
        }
    table = "build"
    variable = f"CARGO_TARGET_{target.upper().replace('-', '_')}_RUSTFLAGS"
    if variable in seen or _has_flags(
        folder or tree, target, seen.get("RUSTC", "rustc")
    ):
        table = f"target.{target}"
    else:
        variable = "CARGO_BUILD_RUSTFLAGS"
    # cargo splits the variable at spaces
    if any(" " in flag for flag in flags):
        return ("--config", f"{table}.rustflags={json.dumps(flags)}"), {}
    return (), {variable: " ".join([*seen.get(variable, "").split(), *flags])}


def target_tables(tree: Path) -> list[dict[str, Any]]:
    """Return the `target` table of each of cargo's configuration files that apply to a folder."""
    return [config.get("target", {}) for config in _configs(tree)]


def applies(condition: str, facts: Sequence[str]) -> bool:
    """Tell whether a `cfg(...)` is true; `facts` are the lines of `rustc --print cfg`.

    The grammar is that of the Rust reference, conditional compilation. Raises `ReleaseError` for
    a condition that does not follow it.
    """
    words = re.findall(r'\w+\s*=\s*"[^"]*"|\w+|[(),]', condition)
    words = [re.sub(r"\s*=\s*", "=", word) for word in words]
    try:
        value, rest = _evaluate(words, set(facts))
    except RecursionError:
        raise _invalid(condition) from None
    if rest:
        raise _invalid(condition)
    return value


def _invalid(condition: str) -> ReleaseError:
    return ReleaseError(
        f"cargo's configuration has an invalid condition: {condition[:200]}",
        "fix it in .cargo/config.toml",
    )


class Platforms:
    """Targets, and whether a dependency of cargo's `target` tables is used on any of them."""

    def __init__(self, tree: Path, targets: Sequence[str]) -> None:
        self.targets = targets
        self._facts = []
        for target in targets:
            argv = ["rustc", "--print=cfg", "--target", target]
            try:
                self._facts.append(ask(argv, cwd=tree).splitlines())
            except Failed:  # a target that this Rust does not know
                continue

    def use(self, condition: str | None) -> bool:
        """Tell whether a dependency is used; `condition` is a `cfg(...)`, a target, or None."""
        if condition is None:
            return True
        if not condition.startswith("cfg("):
            return condition in self.targets
        return any(applies(condition, facts) for facts in self._facts)


def cargo_home(env: Mapping[str, str]) -> Path:
    """Return the folder in which cargo keeps the sources of other crates."""
    return Path(env.get("CARGO_HOME") or Path.home() / ".cargo").absolute()


def _remaps(
    tree: Path, target_folder: Path, env: Mapping[str, str]
) -> list[tuple[Path, str]]:
    """Return folders and what the bytes name them; of several that match, rustc takes the last."""
    home = cargo_home(env)
    root = tree.resolve()
    shown = {root: SOURCE, home: "/cargo", home.resolve(): "/cargo"}
    if not target_folder.is_relative_to(root):
        shown[target_folder] = f"{SOURCE}/target"
    return sorted(
        shown.items(), key=lambda item: (len(item[0].parts), str(item[0]))
    )


def _has_flags(tree: Path, target: str, rustc: str) -> bool:
    """Tell whether a `target` table with flags applies to this target."""
    keys = []
    for table in target_tables(tree):
        for key, values in table.items():
            if isinstance(values, dict) and "rustflags" in values:
                keys.append(key)
    if target in keys:
        return True
    conditions = [key for key in keys if key.startswith("cfg(")]
    if not conditions:
        return False
    facts = ask(
        [rustc, "--print=cfg", "--target", target], cwd=tree
    ).splitlines()
    return any(applies(condition, facts) for condition in conditions)


def _configs(tree: Path) -> Iterator[dict[str, Any]]:
    """Yield cargo's configuration files, the nearest first (the Cargo book, "Configuration")."""
    folder = tree.resolve()
    folders = [parent / ".cargo" for parent in (folder, *folder.parents)]
    for folder in dict.fromkeys([*folders, cargo_home(os.environ)]):
        for name in ("config", "config.toml"):  # cargo reads the first one only
            if (folder / name).is_file():
                yield _read(folder / name)
                break


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (
        tomllib.TOMLDecodeError,
        UnicodeDecodeError,
        RecursionError,
    ) as error:
        raise ReleaseError(
            f"{path} is not valid TOML: {error}", f"fix {path}"
        ) from error


def _evaluate(words: list[str], facts: set[str]) -> tuple[bool, list[str]]:
    """Return the value of the first expression in `words`, and the words after it."""
    if not words:
        return False, ["nothing"]
    head, rest = words[0], words[1:]
    if rest[:1] != ["("]:
        return head in facts or head == "true", rest
    rest = rest[1:]
    values = []
    while rest and rest[0] != ")":
        value, rest = _evaluate(rest, facts)
        values.append(value)
        if rest[:1] == [","]:
            rest = rest[1:]
    if not rest:
        return False, ["unclosed"]
    return _combined(head, values), rest[1:]


def _combined(operator: str, values: Sequence[bool]) -> bool:
    if operator == "all":
        return all(values)
    if operator == "not":
        return not any(values)
    return operator in ("any", "cfg") and any(values)

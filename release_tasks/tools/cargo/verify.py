"""Tarballs are verified: each crate compiles from its own files, as `cargo package` tries it."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from invoke.context import Context

from release_tasks import files, shell, terminal
from release_tasks.errors import ReleaseError, raise_all
from release_tasks.formats import unpacking
from release_tasks.shell import Failed
from release_tasks.tools import rustup
from release_tasks.tools.cargo import (
    CRATES_IO,
    Package,
    Verification,
    codegen,
    select,
)
from release_tasks.tools.cargo.package import offline_first
from release_tasks.tools.cargo.publish import plain

# So many folders that `../../Cargo.toml` of a crate does not exist.
DEEP = Path("tarballs", "of", "this", "release")
# cargo mostly reads here; two of them never compile at the same time
THREADS = 4
MODIFIED = "Source directory was modified by build.rs"
# of each file, with its permissions
Contents = Mapping[Path, tuple[bytes, int]]


@dataclass(frozen=True)
class Tarballs:
    """The tarball of each crate by name, which is used instead of what crates.io has.

    `tree` is the project, whose toolchain, lock file and cargo settings apply; `target` is where
    cargo builds; `packages` is what cargo says of each crate; `env` is for the builds.
    """

    tree: Path
    target: Path
    crates: Mapping[str, Path]
    env: Mapping[str, str] = field(default_factory=dict)
    packages: Mapping[str, Package] = field(default_factory=dict)
    is_locked: bool = False

    @property
    def folder(self) -> Path:
        """Return the workspace that all of them are unpacked into."""
        return self.target / "release-tasks" / "crates"

    def argv(self, is_built: bool) -> list[str | Path]:
        """Return the words that build crates of that workspace, or check that they compile."""
        manifest = self.folder / "Cargo.toml"
        options = ("--manifest-path", manifest, "--target-dir", self.target)
        return ["cargo", "build" if is_built else "check", *options]

    def crate_folder(self, name: str) -> Path:
        """Return the folder that a crate is unpacked into."""
        return self.folder / DEEP / self.crates[name].stem

    def package_id(self, name: str) -> str:
        """Return `name@version`; the tarball is NAME-VERSION.crate."""
        return f"{name}@{self.crates[name].stem.removeprefix(f'{name}-')}"


def verify(
    c: Context, tarballs: Tarballs, wanted: Mapping[str, Verification]
) -> None:
    """Check that the tarballs of the crates `wanted` compile, each by itself.

    What does not is tried as `cargo package` does it, which decides. Raises `ReleaseError` with
    crate, file and line for each that fails.
    """
    for name, how in wanted.items():
        if not how.is_wanted:
            terminal.say(f"{name} is not verified: {how.reason}")
    tried = {name: how for name, how in wanted.items() if how.is_wanted}
    if not tried:
        return
    contents: Contents = {}
    if not shell.is_dry(c):
        contents = _unpack(tarballs)
    built = _built(tarballs, tried, contents)
    for is_built in (False, True):
        group = {
            name: how
            for name, how in tried.items()
            if (name in built) is is_built
        }
        _together(c, tarballs, group, is_built)
    if shell.is_dry(c):
        return
    errors = _refusals(c, tarballs, tried, built)
    for name, file in _written(tarballs, tried, contents):
        errors.setdefault(name, _writes_source(name, file))
    raise_all(errors.values())


def _built(
    tarballs: Tarballs, tried: Mapping[str, Verification], contents: Contents
) -> set[str]:
    """Return the crates that are built, as a check would not show all that is wrong."""
    found = set()
    for name in tried:
        folder = tarballs.crate_folder(name)
        sources = (
            content
            for path, (content, _) in contents.items()
            if path.suffix == ".rs" and path.is_relative_to(folder)
        )
        if codegen.is_needed(tarballs.packages.get(name, {}), sources):
            found.add(name)
    return found


def _refusals(
    c: Context,
    tarballs: Tarballs,
    tried: Mapping[str, Verification],
    built: Collection[str],
) -> dict[str, ReleaseError]:
    """Return why crates are refused, each by its own name."""
    failed = dict(_failures(tarballs, tried, built))
    culprits = {
        name: _culprit(failed[name].output, tried) or name for name in failed
    }
    errors: dict[str, ReleaseError] = {}
    # Those that fail by themselves first: what needs them fails with them.
    for name in sorted(failed, key=lambda name: culprits[name] != name):
        if culprits[name] in errors:
            continue
        error = _decide(c, tarballs, name, tried[name], failed[name])
        if error:
            errors[culprits[name]] = error
    return errors


def _together(
    c: Context,
    tarballs: Tarballs,
    tried: Mapping[str, Verification],
    is_built: bool,
) -> None:
    """Compile all at once: that uses every core, though it unifies the features of all."""
    plain_ones = [name for name, how in tried.items() if not how.options]
    if not plain_ones:
        return
    names = [tarballs.package_id(name) for name in plain_ones]
    argv = [*tarballs.argv(is_built), *select(names, False)]
    try:
        offline_first(c, argv, tarballs.tree, tarballs.env)
    except Failed:
        terminal.say("checking each crate by itself")


def _failures(
    tarballs: Tarballs,
    tried: Mapping[str, Verification],
    built: Collection[str],
) -> Iterator[tuple[str, Failed]]:
    """Compile each crate alone, and yield the name and the failure of those that fail."""

    def failure(item: tuple[str, Verification]) -> Failed | None:
        return _failure(tarballs, *item, item[0] in built)

    with ThreadPoolExecutor(THREADS) as pool:
        found = pool.map(failure, tried.items())
        for name, error in zip(tried, found, strict=True):
            if error:
                yield name, error


def _failure(
    tarballs: Tarballs, name: str, how: Verification, is_built: bool
) -> Failed | None:
    """Return how a crate fails to compile alone, None where it does not."""
    crate = ("-p", tarballs.package_id(name))
    argv = [*tarballs.argv(is_built), "--quiet", *crate, *how.options]
    try:  # `ask`, not `do`: the warnings of all were shown before
        shell.ask([*argv, "--offline"], cwd=tarballs.tree, env=tarballs.env)
    except Failed as error:
        if not how.options or "offline" not in error.output:
            return error
    else:
        return None
    try:  # it was not compiled together with the others, which would have downloaded all
        shell.ask(argv, cwd=tarballs.tree, env=tarballs.env)
    except Failed as error:
        return error
    return None


def _decide(
    c: Context, tarballs: Tarballs, name: str, how: Verification, failed: Failed
) -> ReleaseError | None:
    """Return why a crate is refused that does not compile in the workspace of all tarballs."""
    output = plain(failed.output)
    declared = for_docs(tarballs.packages.get(name, {}))
    is_choice = declared and not how.options and _is_choice(output, declared)
    if (
        is_choice
        and declared
        and _failure(tarballs, name, declared, False) is None
    ):
        shown = " ".join(declared.options)
        terminal.say(f"{name} compiles as docs.rs builds it: {shown}")
        return None
    if _is_outside(output):
        culprit = _culprit(output, tarballs.crates) or name
        return _does_not_compile(culprit, tarballs, output)
    said = _cargo_says(c, tarballs, name, how)
    if said is None:
        return None
    if MODIFIED in said:
        return _writes_source(name, _first_change(said))
    culprit = _culprit(output, tarballs.crates) or name
    return _does_not_compile(culprit, tarballs, output)


def for_docs(package: Package) -> Verification | None:
    """Return how docs.rs builds a crate, None where its manifest does not say.

    docs.rs, "Metadata for custom builds". A target counts only where it is the one that docs.rs
    takes by default.
    """
    metadata = package.get("metadata") or {}
    table = metadata.get("docs", {}).get("rs", {})
    found = Verification(
        features=tuple(table.get("features", ())),
        all_features=bool(table.get("all-features")),
        default_features=not table.get("no-default-features"),
        target=table.get("default-target"),
    )
    return found if found.options else None


def _is_choice(output: str, declared: Verification) -> bool:
    """Tell whether a crate demands a choice: by compile_error!, or by another target."""
    return declared.target is not None or "compile_error!" in output


def _is_outside(output: str) -> bool:
    """Tell whether an include names a file that the tarball does not have, as cargo would say."""
    return re.search(r"couldn't read `", output) is not None


def _cargo_says(
    c: Context, tarballs: Tarballs, name: str, how: Verification
) -> str | None:
    """Return what `cargo package` prints where it refuses a crate, None where it accepts it."""
    names = list(_needed(tarballs, name))
    if how.options and len(names) > 1:
        return "cargo applies the options to all crates"
    terminal.say(f"compiling {name} as `cargo package` does")
    argv: list[str | Path] = ["cargo", "package", "--quiet", *CRATES_IO]
    argv += ["--target-dir", tarballs.target, *how.options]
    argv += select(names, tarballs.is_locked)
    try:
        offline_first(c, argv, tarballs.tree, tarballs.env)
    except Failed as error:
        return plain(error.output)
    return None


def _needed(tarballs: Tarballs, name: str) -> dict[str, None]:
    """Return a crate, and the other crates here that it cannot be packed without."""
    found = {name: None}
    queue = [name]
    while queue:
        package = tarballs.packages.get(queue.pop(), {})
        for dependency in package.get("dependencies", ()):
            other = dependency["name"]
            if other in tarballs.crates and other not in found:
                found[other] = None
                queue.append(other)
    return found


def _culprit(output: str, names: Mapping[str, object]) -> str | None:
    """Return the first of these crates that cargo's output says does not compile."""
    failed = re.findall(
        r"(?:could not compile|custom build command for) `([^ `]+)",
        plain(output),
    )
    for name in failed:
        if name in names:
            return str(name)
    return None


def _does_not_compile(
    name: str, tarballs: Tarballs, output: str
) -> ReleaseError:
    start = re.search(r"^error", output, re.M)
    errors = output[start.start() :] if start else output
    unreadable = (
        r"couldn't read `.*?`|No such file or directory.*|panicked at.*\n.*"
    )
    reason = _linker_says(errors) or re.search(unreadable, errors)
    reason = reason or re.search(r".*", errors)
    said = " ".join(reason[0].replace(f"{DEEP}/", "").split()) if reason else ""
    fact = f"{name} does not compile from the files in its tarball"
    stem = re.escape(tarballs.crates[name].stem)
    if location := re.search(rf"{stem}/([^\s:]+):(\d+)", errors):
        fact += f", {location[1]} line {location[2]}"
    return ReleaseError(f"{fact}: {said}", _fix(name, tarballs, errors))


def _linker_says(errors: str) -> re.Match[str] | None:
    """Return what a linker (ld, lld, ld64) does not find, None where none was at work."""
    if "linking with" not in errors:
        return None
    return re.search(
        r"(?:cannot find|unable to find library|library not found for) \S+"
        r"|library '[^']+' not found"
        r"|undefined (?:reference to|symbols?:?) .*|cannot open .*",
        errors,
    )


def _fix(name: str, tarballs: Tarballs, errors: str) -> str:
    if target := re.search(r"`?rustup target add ([\w.-]+)`?", errors):
        return rustup.add_targets(tarballs.tree, [target[1]])
    features = list(tarballs.packages.get(name, {}).get("features", ()))
    if "compile_error!" in errors and features:
        chosen = json.dumps(
            [feature for feature in features if feature != "default"]
        )
        return (
            f"choose in release-tasks.toml: [crates.{name}] features = {chosen}"
        )
    place = "its folder, and into package.include where that is set"
    if "linking with" in errors:
        return f"install the library that is linked, or move what is linked into {place}"
    return f"move what the crate reads into {place}"


def _writes_source(name: str, file: str) -> ReleaseError:
    """Return cargo's refusal of a build script ("Build Scripts": nothing outside of OUT_DIR)."""
    return ReleaseError(
        f"the build script of {name} writes {file} into the crate's own folder, "
        "which cargo publish refuses",
        "let it write below OUT_DIR, and include that: "
        'include!(concat!(env!("OUT_DIR"), "/FILE.rs"))',
    )


def _first_change(said: str) -> str:
    """Return the first file that cargo says a build script changed."""
    found = re.search(r"^\s*(?:Changed|Added|Removed): (.+)$", said, re.M)
    return Path(found[1]).name if found else "files"


def _written(
    tarballs: Tarballs,
    tried: Mapping[str, Verification],
    contents: Contents,
) -> Iterator[tuple[str, str]]:
    """Yield crate and file of what a build changed in the folders that cargo publish compares."""
    for name in tried:
        folder = tarballs.crate_folder(name)
        for path in sorted(folder.rglob("*")):
            relative = path.relative_to(folder)
            if not path.is_file() or relative.parts[0] == "target":
                continue
            before = contents.get(path)
            if before is None or path.read_bytes() != before[0]:
                yield name, relative.as_posix()
                break


def _unpack(tarballs: Tarballs) -> Contents:
    """Make a workspace of the tarballs' files, and return them with their permissions.

    An equal file is not touched, and a different one gets a new time: cargo compares times, and
    in tarballs all of them are the same.
    """
    folder = tarballs.folder
    lock = tarballs.tree / "Cargo.lock"
    wanted: dict[Path, tuple[bytes, int]] = {}
    for tarball in tarballs.crates.values():
        wanted |= _contents(tarball, folder / DEEP)
    wanted[folder / "Cargo.toml"] = (
        _workspace(tarballs.crates).encode(),
        0o644,
    )
    if lock.exists():
        wanted[folder / "Cargo.lock"] = (lock.read_bytes(), 0o644)
    for path in folder.rglob("*"):
        if path.is_file() and path not in wanted:
            files.remove(path)
    for path, (content, mode) in wanted.items():
        if not path.exists() or path.read_bytes() != content:
            files.write_bytes(path, content)
            path.chmod(mode & 0o755)
    return wanted


def _contents(tarball: Path, folder: Path) -> dict[Path, tuple[bytes, int]]:
    found = {}
    for entry, data in unpacking.tar_files(tarball):
        if entry.isreg():
            found[folder / unpacking.path_inside(entry)] = (data, entry.mode)
    return found


def _workspace(crates: Mapping[str, Path]) -> str:
    """Return the Cargo.toml of a workspace of tarballs, which replace those of crates.io."""
    members = []
    patches = []
    for name, tarball in crates.items():
        path = (DEEP / tarball.stem).as_posix()
        members.append(f'  "{path}",\n')
        patches.append(f'{name} = {{ path = "{path}" }}\n')
    return (
        f'[workspace]\nresolver = "2"\nmembers = [\n{"".join(members)}]\n'
        f"\n[patch.crates-io]\n{''.join(patches)}"
    )

"""The release of a sample project with everything that it declares."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from unittest.mock import patch

from release_tasks.dist import Built
from release_tasks.rehearsal.registries import run_registries
from release_tasks.rehearsal.server import Servers
from support import executables
from support.complete_releases import (
    ARM,
    ARM_MUSL,
    BOTH,
    INTEL,
    LINUX,
    MODELS,
    MUSL,
    SETTINGS,
    SILICON,
    WINDOWS,
    CompleteRelease,
)
from support.executables import AARCH64, AMD64, MAC_ARM64, MAC_X86_64, X86_64
from support.file_server import FileServer
from support.hosted_project import CommandResult, HostedProject
from support.python_projects import wheel
from support.sample_projects import HISTORIES, NEXT, git, sample, unpublished

PROGRAMS = {
    LINUX: executables.elf(X86_64),
    ARM: executables.elf(AARCH64),
    MUSL: executables.elf(X86_64),
    ARM_MUSL: executables.elf(AARCH64),
    INTEL: executables.macho(MAC_X86_64),
    SILICON: executables.macho(MAC_ARM64),
    BOTH: executables.macho(MAC_X86_64, MAC_ARM64),
    WINDOWS: executables.pe(AMD64),
}
NO_GATES = "[gates]\nminor = []\npatch = []\n"  # gates have tests of their own
NOT_PUSHED = "is declared, but neither in dist/ nor"


@dataclass(frozen=True)
class SampleRelease:
    """A sample project of which nothing is published, and what a release of it publishes."""

    complete: CompleteRelease
    hosted: HostedProject
    root: Path
    origin: Path

    @property
    def repository(self) -> tuple[str, str]:
        return _repository(self.complete)

    @property
    def version(self) -> str:
        return self.complete.version or NEXT[self.complete.name]

    @property
    def other_machines(self) -> Path:
        """The folder that has dist/ of the other machines, by target."""
        return self.hosted.folder / "elsewhere"

    def inv(self, command: str, *words: str) -> CommandResult:
        return self.hosted.inv(
            self.root, command, *words, "--version", self.version
        )

    def release(self) -> CommandResult:
        return self.inv("release", "--new", "all", "--sign-off", "Tester")

    def build_elsewhere(self) -> Path:
        """Write what other machines build into their folder, and return it."""
        built_here = {
            (path.parent.name, normalized(path.name))
            for path in self.root.glob("dist/*/*")
        }
        for file, target in self.complete.foreign.items():
            if (self._tag_of(file), file) not in built_here:
                self._build(file, target)
        return self.other_machines

    def _build(self, file: str, target: str) -> None:
        """Write the file and the record that `inv build-... --target` leaves in dist/."""
        tag = self._tag_of(file)
        kind, name, version = "binary", "", tag.rpartition("v")[2]
        data = PROGRAMS[target]
        if file.endswith(".whl"):
            kind = "wheel"
            name, pep440, *tags = file.removesuffix(".whl").split("-")
            data = _wheel(
                name, pep440, "-".join(tags), self._module(target), data
            )
        row = Built(
            kind=kind,
            name=file,
            version=version,
            component=self.complete.component or self.complete.name,
            file=file,
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            digest="",
            target=target,
            commit=git(self.root, "rev-parse", "HEAD").strip(),
            package=name.replace("_", "-"),
        )
        dist = self.other_machines / target / tag
        (dist / "parts").mkdir(parents=True, exist_ok=True)
        (dist / file).write_bytes(data)
        (dist / "parts" / f"built-{file}.json").write_text(
            json.dumps([asdict(row)])
        )

    def _tag_of(self, file: str) -> str:
        for registry, names in self.complete.public.items():
            if registry.startswith("GitHub ") and file in names:
                return registry.removeprefix("GitHub ")
        raise AssertionError(f"{file} is an asset of no release")

    def _module(self, target: str) -> str:
        if target == WINDOWS:
            return f"{self.complete.module}.pyd"
        return f"{self.complete.module}.abi3.so"

    def leave_one_out(self) -> dict[str, str]:
        """Go on without each file in turn, and return the error that stopped that, by file."""
        done = subprocess.run(
            [sys.executable, "-m", "support.leave_one_out", self.version],
            cwd=self.root,
            env=self.hosted.environment()
            | {"PYTHONPATH": str(Path(__file__).parents[1])},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        stopped: dict[str, str] = json.loads(done.stdout)
        return stopped

    def foreign_files(self) -> set[tuple[str, str]]:
        """Return the name and sha256 of each file that another machine has built."""
        paths = [
            path for path in self.other_machines.glob("*/*/*") if path.is_file()
        ]
        return {
            (path.name, hashlib.sha256(path.read_bytes()).hexdigest())
            for path in paths
        }

    def downloads(self) -> set[tuple[str, str]]:
        """Return the name and sha256 of each file that users download from GitHub."""
        releases = self.hosted.registries.github.releases(*self.repository)
        return {
            (name, asset["digest"].removeprefix("sha256:"))
            for release in releases
            for name, asset in release["assets"].items()
        }

    def refs(self) -> str:
        return git(
            self.origin, "for-each-ref", "--format=%(objectname) %(refname)"
        )

    def public(self) -> dict[str, set[str]]:
        """Return the names of what users can get, and of drafts, by registry."""
        registries = self.hosted.registries
        old_tags = {
            tag for tags in HISTORIES[self.complete.name].tags for tag in tags
        }
        crates = registries.crates.store.published()
        found = {
            "tags": {*git(self.origin, "tag").split()} - old_tags,
            "PyPI": {
                normalized(file) for file in registries.pypi.store.uploads
            },
            "crates.io": {
                f"{name} {line['vers']}"
                for name, lines in crates.items()
                for line in lines
            },
        }
        for name, repository in registries.oci.store.repositories.items():
            tags = [
                re.sub("^sha-[0-9a-f]{7}$", "sha-{sha}", t)
                for t in repository.tags
            ]
            found[f"ghcr.io/{name}"] = {*tags}
        found = {registry: names for registry, names in found.items() if names}
        for release in registries.github.releases(*self.repository):
            registry = "draft" if release["draft"] else "GitHub"
            assets = {normalized(file) for file in release["assets"]}
            found[f"{registry} {release['tag']}"] = assets
        return found


@contextmanager
def sample_release(
    complete: CompleteRelease, folder: Path
) -> Iterator[SampleRelease]:
    """Run local registries, with a sample project on the local GitHub."""
    root = sample(complete.name, folder, complete.settings or complete.name)
    _adapt(root, complete)
    files = {f"{name}.gguf": data for name, data in MODELS.items()}
    file_server = FileServer(files=files)
    with (
        patch(
            "release_tasks.rehearsal.registries.Servers",
            lambda apps, *others: Servers((*apps, file_server), *others),
        ),
        unpublished(_packages(complete)),
        run_registries(
            folder / "registries", offline=not complete.reads_real_registries
        ) as registries,
    ):
        owner, name = _repository(complete)
        origin = registries.github.create(owner, name, root)
        check = {"name": "test", "app": {"slug": "test"}}
        registries.github.set_checks(owner, name, [check])
        hosted = HostedProject(registries, folder, name)
        if "[bundles" in (root / SETTINGS).read_text():
            hosted.env["XDG_CACHE_HOME"] = str(folder / "cache")
        yield SampleRelease(complete, hosted, root, origin)


def release_and_compare(project: SampleRelease) -> CommandResult:
    """Assert that nothing is pushed without any one file, release, and compare what is public."""
    before, public = project.refs(), project.complete.public
    tagged = project.inv("bump", "--version", project.version, "tag")
    assert tagged.code == 0, tagged.err
    if project.complete.foreign:
        folder = project.build_elsewhere()
        collected = project.inv("collect", "--folders", str(folder))
        assert collected.code == 0, collected.err
    stopped = project.leave_one_out()
    assert [
        file for file, why in stopped.items() if NOT_PUSHED not in why
    ] == []
    assert_files_are_declared({*stopped}, project.complete)
    assert (project.refs(), project.public()) == (before, {})
    done = project.release()
    assert done.code == 0, done.err[-3000:]
    assert project.public() == public
    assert project.foreign_files() <= project.downloads()
    return done


def assert_files_are_declared(
    files: set[str], complete: CompleteRelease
) -> None:
    """Assert that dist/ had the declared files, and one for each image and chart."""
    public = complete.public
    containers = {file for file in files if file.endswith((".oci.tar", ".tgz"))}
    repositories = [
        registry for registry in public if registry.startswith("ghcr.io")
    ]
    assert len(containers) == len(repositories)
    declared = {
        f"{name.replace(' ', '-')}.crate"
        for name in public.get("crates.io", ())
    }
    for registry, names in public.items():
        if registry.startswith(("GitHub", "PyPI")):
            declared |= names
    assert {normalized(file) for file in files} - containers == declared


def normalized(file: str) -> str:
    """Return a wheel's name with its tags in the order of the projects; maturin's changed."""
    return re.sub(r"(manylinux\d+_\w+)\.(manylinux_\w+)", r"\2.\1", file)


def _adapt(root: Path, complete: CompleteRelease) -> None:
    """Commit what the project changes for this machine, and let origin be the local GitHub."""
    for path, changes in complete.changes.items():
        text = (root / path).read_text()
        for old, new in changes.items():
            assert old in text
            text = text.replace(old, new)
        (root / path).write_text(text)
    if (root / ".gitmodules").exists():  # of other hosts, which no test reaches
        keys = git(
            root, "config", "--file", ".gitmodules", "--get-regexp", "path"
        )
        folders = [line.split(" ", 1)[1] for line in keys.splitlines()]
        git(root, "rm", "--quiet", "--cached", ".gitmodules", *folders)
        (root / ".gitmodules").unlink()
    settings = root / SETTINGS
    text = settings.read_text()
    if "[gates]" in text:
        text = text.replace("[gates]\n", NO_GATES)
    else:
        text += NO_GATES
    settings.write_text(text)
    git(root, "commit", "--quiet", "--all", "--message=Release on this machine")
    key = git(
        root, "config", "--local", "--name-only", "--get-regexp", "^url"
    ).strip()
    git(root, "config", "--local", "--unset", key)


def _packages(complete: CompleteRelease) -> set[str]:
    """Return the names of the crates and packages that the release publishes."""
    public = complete.public
    published = public.get("crates.io", set()) | public.get("PyPI", set())
    return {
        re.split(r"[- ]\d", name)[0].replace("_", "-") for name in published
    }


def _repository(complete: CompleteRelease) -> tuple[str, str]:
    owner, _, name = HISTORIES[complete.name].repository.partition("/")
    return owner, name


def _wheel(
    name: str, version: str, tags: str, module: str, data: bytes
) -> bytes:
    return wheel(name, None, tags, {module: data}, version)

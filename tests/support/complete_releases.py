"""The sample projects with all that they declare: what other machines bring, and what is public in the end."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from unittest.mock import patch

from release_tasks.dist import Built
from release_tasks.rehearsal.registries import run_registries
from release_tasks.rehearsal.server import Servers
from support.executables import (
    AARCH64,
    AMD64,
    MAC_ARM64,
    MAC_X86_64,
    X86_64,
    elf,
    macho,
    pe,
)
from support.file_server import FileServer
from support.hosted_project import CommandResult, HostedProject
from support.python_projects import wheel
from support.sample_projects import HISTORIES, NEXT, git, sample, unheard_of

LINUX, ARM = "x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"
INTEL, SILICON, BOTH = (
    f"{one}-apple-darwin" for one in ("x86_64", "aarch64", "universal2")
)
MUSL, ARM_MUSL, WINDOWS = (
    "x86_64-unknown-linux-musl",
    "aarch64-unknown-linux-musl",
    "x86_64-pc-windows-msvc",
)
CODE = {
    LINUX: elf(X86_64),
    ARM: elf(AARCH64),
    INTEL: macho(MAC_X86_64),
    SILICON: macho(MAC_ARM64),
    MUSL: elf(X86_64),
    ARM_MUSL: elf(AARCH64),
    BOTH: macho(MAC_X86_64, MAC_ARM64),
    WINDOWS: pe(AMD64),
}
MODELS = {"qwen-1.5b": b"many weights" * 99, "smollm-135m": b"few weights"}
SEEN_ELSEWHERE = {
    "tasks.py": {  # what verify does with such crates and wheels, the other projects show
        "from release_tasks import ns": "from release_tasks import collection, without\n"
        "from release_tasks.steps.verify import verify\n\n"
        "ns = collection(without(verify))",
    }
}
SAID = {
    "llmcc": "llmcc-workspace"
}  # the settings of a sample that are not called like it
SETTINGS = "release-tasks.toml"
QUIET = "[gates]\nminor = []\npatch = []\n"  # gates have tests of their own


@dataclass(frozen=True)
class CompleteRelease:
    """A release of a sample project; `public` is everything that users can get in the end, by place."""

    name: str
    public: dict[str, set[str]]
    elsewhere: dict[str, str] = field(
        default_factory=dict
    )  # what other machines build: the file, and for which target
    module: str = ""  # the native one in a wheel
    version: str = ""
    component: str = ""  # to which that belongs
    needs_others: bool = (
        False  # crates and packages of others, read from the real registries
    )
    changed: dict[str, dict[str, str]] = field(
        default_factory=dict
    )  # what files say otherwise on this machine


def summed(*names: str) -> set[str]:
    """Return files, each with that of its checksum."""
    return {*names, *(f"{name}.sha256" for name in names)}


def foreign(files: dict[str, str]) -> dict[str, str]:
    """Return the files that a Linux on x86_64 has from other machines."""
    return {file: target for file, target in files.items() if target != LINUX}


def spelled(file: str) -> str:
    """Return a wheel's name with its tags in the order that those of the projects have; maturin's changed."""
    return re.sub(r"(manylinux\d+_\w+)\.(manylinux_\w+)", r"\2.\1", file)


PROXY = {"llmtrace-proxy-linux-amd64": LINUX, "llmtrace-proxy-macos-arm64": SILICON}
LLMTRACING = {
    f"llmtracing-0.2.0-cp312-cp312-{tag}.whl": target
    for tag, target in {
        "manylinux_2_17_x86_64.manylinux2014_x86_64": LINUX,
        "manylinux_2_17_aarch64.manylinux2014_aarch64": ARM,
        "macosx_10_12_x86_64.macosx_11_0_arm64.macosx_10_12_universal2": BOTH,
    }.items()
}
LLMCC = {
    f"llmcc-0.2.15-cp38-abi3-{tag}.whl": target
    for tag, target in {
        "manylinux_2_17_x86_64.manylinux2014_x86_64": LINUX,
        "manylinux_2_17_aarch64.manylinux2014_aarch64": ARM,
        "macosx_10_12_x86_64": INTEL,
        "macosx_11_0_arm64": SILICON,
        "win_amd64": WINDOWS,
    }.items()
}
LLMCC_TODAY = {
    "llmcc-linux-x64": LINUX,
    "llmcc-linux-arm64": ARM,
    "llmcc-darwin-x64": INTEL,
    "llmcc-darwin-arm64": SILICON,
    "llmcc-win32-x64.exe": WINDOWS,
}
LITELLM = {
    f"edgequake_litellm-0.6.13-cp39-abi3-{tag}.whl": target
    for tag, target in {
        "manylinux_2_17_x86_64.manylinux2014_x86_64": LINUX,
        "manylinux_2_17_aarch64.manylinux2014_aarch64": ARM,
        "musllinux_1_2_x86_64": MUSL,
        "musllinux_1_2_aarch64": ARM_MUSL,
        "macosx_10_12_x86_64": INTEL,
        "macosx_11_0_arm64": SILICON,
        "win_amd64": WINDOWS,
    }.items()
}
CARO = {
    f"caro-1.2.0-{place}": target
    for place, target in {
        "linux-amd64": LINUX,
        "linux-arm64": ARM,
        "macos-intel": INTEL,
        "macos-silicon": SILICON,
        "windows-amd64.exe": WINDOWS,
    }.items()
}
CRATES = ("llmcc", "llmcc-bindings", "llmcc-core", "llmcc-python", "llmcc-rust")
COMPLETE_RELEASES = {
    "llmtrace": CompleteRelease("llmtrace", {
        "tags": {"v0.2.0"},
        "crates.io": {f"{name} 0.2.0" for name in ("llmtrace-core", "llmtrace-storage", "llmtrace-security", "llmtrace-sdk", "llmtrace")},
        "PyPI": {*LLMTRACING}, "GitHub v0.2.0": {*PROXY, *LLMTRACING}, "ghcr.io/epappas/llmtrace-proxy": {"0.2.0", "latest"},
    }, foreign(PROXY) | LLMTRACING, "llmtrace/llmtrace", changed={SETTINGS: {
        '"protoc"': '"cc"', "trivy image --input {layout} --severity CRITICAL,HIGH --exit-code 1": "test -f {layout}/index.json",
    }, "CHANGELOG.md": {"## [0.1.5]": "## [Unreleased]\n\n- Traces more.\n\n## [0.1.5]"}}),
    "llmcc": CompleteRelease("llmcc", {
        "tags": {"v0.2.66"}, "GitHub v0.2.66": {*LLMCC_TODAY}, "crates.io": {f"{name} 0.2.66" for name in (
            "llmcc", "llmcc-bumpalo", "llmcc-core", "llmcc-cpp", "llmcc-csharp", "llmcc-dot", "llmcc-error", "llmcc-go",
            "llmcc-java", "llmcc-js", "llmcc-python", "llmcc-resolver", "llmcc-rust", "llmcc-tree", "llmcc-ts",
        )},
    }, foreign(LLMCC_TODAY), version="0.2.66", changed=SEEN_ELSEWHERE),
    "llmcc-runbook": CompleteRelease("llmcc-runbook", {
        "tags": {"v0.2.15", *(f"{name}-v0.2.0" for name in CRATES)}, "crates.io": {f"{name} 0.2.0" for name in CRATES},
        "PyPI": {*LLMCC, "llmcc-0.2.15.tar.gz"}, "GitHub v0.2.15": {*LLMCC, "llmcc-0.2.15.tar.gz"},
        **{f"GitHub {name}-v0.2.0": set() for name in CRATES},
    }, foreign(LLMCC), "llmcc_bindings/llmcc_bindings", ",".join([*(f"{name}=0.2.0" for name in CRATES), "python=0.2.15"]), "python", True,
       {"pyproject.toml": {'include = ["LICENSE", "README.md"]\n': ""}}),
    "llm-proxy": CompleteRelease("llm-proxy", {
        "tags": {"v0.2.0"}, "ghcr.io/sofatutor/llm-proxy": {"0.2.0", "0.2", "sha-{sha}"}, "ghcr.io/sofatutor/charts/llm-proxy": {"0.2.0"},
    }, changed={
        SETTINGS: {"make docker-smoke IMAGE={image}": "skopeo inspect --raw oci:{layout}"},  # its own needs a docker daemon
        "deploy/helm/llm-proxy/values.yaml": {"repository: llm-proxy": "repository: ghcr.io/sofatutor/llm-proxy"},
    }),
    "caro": CompleteRelease("caro", {
        "tags": {"v1.2.0"}, "crates.io": {"caro 1.2.0"}, "ghcr.io/wildcard/caro": {"1.2.0", "1.2", "1", "latest"},
        "GitHub v1.2.0": summed(*CARO, *(f"{one.removesuffix('.exe')}-with-{model}.tar.gz" for one in CARO for model in MODELS)),
    }, foreign(CARO), changed={SETTINGS: {
        f'{key} = {{ url = "...", sha256 = "...", license = "..."': f'{key} = {{ url = "https://files.example/{name}.gguf",'
        f' sha256 = "{hashlib.sha256(data).hexdigest()}", license = "Apache-2.0"'
        for (name, data), key in zip(MODELS.items(), ('"qwen-1.5b"', "smollm-135m"), strict=True)
    }}),
    "edgequake-llm": CompleteRelease("edgequake-llm", {
        "tags": {"v0.6.27", "py-v0.6.13"}, "crates.io": {"edgequake-llm 0.6.27"}, "GitHub v0.6.27": {"edgequake-llm-0.6.27.crate"},
        "PyPI": {*LITELLM, "edgequake_litellm-0.6.13.tar.gz"}, "GitHub py-v0.6.13": {*LITELLM, "edgequake_litellm-0.6.13.tar.gz"},
    }, foreign(LITELLM), "edgequake_litellm/_native", "", "edgequake-litellm", True, SEEN_ELSEWHERE | {SETTINGS: {'audit = "cargo audit"\n': ""},
        "edgequake-litellm/CHANGELOG.md": {"## [0.6.12]": "## [0.6.13]\n\n### Added\n\n- More models\n\n## [0.6.12]"},
    }),
}  # fmt: skip


@dataclass(frozen=True)
class Project:
    """A sample project of which nothing is published."""

    whole: CompleteRelease
    site: HostedProject
    root: Path
    origin: Path

    @property
    def repository(self) -> tuple[str, str]:
        owner, _, name = HISTORIES[self.whole.name].repository.partition("/")
        return owner, name

    @property
    def version(self) -> str:
        return self.whole.version or NEXT[self.whole.name]

    def inv(self, command: str, *words: str) -> CommandResult:
        return self.site.inv(self.root, command, *words, "--version", self.version)

    def release(self) -> CommandResult:
        return self.inv("release", "--new", "all", "--sign-off", "Tester")

    def bring(self) -> Path:
        """Return a folder with what was not built here, as the machines that can have left it."""
        away, here = (
            self.site.folder / "elsewhere",
            {spelled(path.name) for path in self.root.glob("dist/*/*")},
        )
        for file, target in self.whole.elsewhere.items():
            if file not in here:
                _build(self, away / target, file, target)
        return away

    def one_less(self) -> dict[str, str]:
        """Build the rest, go on without each file in turn, and return what stopped that, by file."""
        argv = [sys.executable, "-m", "support.leave_one_out", self.version]
        env = self.site.environment() | {"PYTHONPATH": str(Path(__file__).parents[1])}
        done = subprocess.run(
            argv, cwd=self.root, env=env, stdout=subprocess.PIPE, text=True, check=True
        )
        stopped: dict[str, str] = json.loads(done.stdout)
        return stopped

    def brought(self) -> set[tuple[str, str]]:
        """Return the name and sha256 of each file from another machine."""
        paths = (self.site.folder / "elsewhere").glob("*/*/*")
        return {
            (path.name, hashlib.sha256(path.read_bytes()).hexdigest())
            for path in paths
            if path.is_file()
        }

    def digests(self) -> set[tuple[str, str]]:
        """Return the name and sha256 of each file that users download from GitHub."""
        assets = (
            row["assets"]
            for row in self.site.registries.github.releases(*self.repository)
        )
        return {
            (name, one["digest"].removeprefix("sha256:"))
            for some in assets
            for name, one in some.items()
        }

    def refs(self) -> str:
        return git(self.origin, "for-each-ref", "--format=%(objectname) %(refname)")

    def public(self) -> dict[str, set[str]]:
        """Return all that anybody can get, drafts included, as the local registries have it."""
        running = self.site.registries
        old = {tag for tags in HISTORIES[self.whole.name].tags for tag in tags}
        found = {
            "tags": {*git(self.origin, "tag").split()} - old,
            "PyPI": {*map(spelled, running.pypi.store.uploads)},
            "crates.io": {
                f"{name} {one['vers']}"
                for name, rows in running.crates.store.published().items()
                for one in rows
            },
        }
        for name, repository in running.oci.store.repositories.items():
            found[f"ghcr.io/{name}"] = {
                re.sub("^sha-[0-9a-f]{7}$", "sha-{sha}", tag) for tag in repository.tags
            }
        found = {place: names for place, names in found.items() if names}
        for row in running.github.releases(*self.repository):
            found[f"{'draft' if row['draft'] else 'GitHub'} {row['tag']}"] = {
                *map(spelled, row["assets"])
            }
        return found


def release_and_compare(project: Project) -> CommandResult:
    """Bring the rest, show that nothing is pushed without any one file, and release exactly what is declared."""
    before, public = project.refs(), project.whole.public
    tagged = project.inv("bump", "--version", project.version, "tag")
    assert tagged.code == 0, tagged.err
    if project.whole.elsewhere:
        collected = project.inv("collect", "--folders", str(project.bring()))
        assert collected.code == 0, collected.err
    stopped = project.one_less()
    assert [
        file
        for file, why in stopped.items()
        if "is declared, but neither in dist/ nor" not in why
    ] == []
    named = {
        name
        for place, names in public.items()
        if place.startswith(("GitHub", "PyPI"))
        for name in names
    }
    crates = {f"{name.replace(' ', '-')}.crate" for name in public.get("crates.io", ())}
    containers = {file for file in stopped if file.endswith((".oci.tar", ".tgz"))}
    assert {spelled(file) for file in stopped} - containers == named | crates
    assert len(containers) == len(
        [place for place in public if place.startswith("ghcr.io")]
    )
    assert (project.refs(), project.public()) == (before, {})
    done = project.release()
    assert done.code == 0, done.err[-3000:]
    assert project.public() == public
    assert project.brought() <= project.digests()
    return done


@contextmanager
def sample_release(whole: CompleteRelease, folder: Path) -> Iterator[Project]:
    """Put a sample project on GitHub."""
    root, (owner, name) = (
        sample(whole.name, folder, SAID.get(whole.name, whole.name)),
        HISTORIES[whole.name].repository.split("/"),
    )
    for path, changes in whole.changed.items():
        text = (root / path).read_text()
        for old, new in changes.items():
            assert old in text
            text = text.replace(old, new)
        (root / path).write_text(text)
    settings = root / SETTINGS
    text = settings.read_text()
    settings.write_text(
        text.replace("[gates]\n", QUIET) if "[gates]" in text else text + QUIET
    )
    git(root, "commit", "--quiet", "--all", "--message=Release on this machine")
    key = git(root, "config", "--local", "--name-only", "--get-regexp", "^url").strip()
    git(root, "config", "--local", "--unset", key)
    ours = {
        re.split(r"[- ]\d", name)[0].replace("_", "-")
        for place in ("crates.io", "PyPI")
        for name in whole.public.get(place, ())
    }
    shelf = FileServer(files={f"{name}.gguf": data for name, data in MODELS.items()})
    with (
        patch(
            "release_tasks.rehearsal.registries.Servers",
            lambda apps, at: Servers((*apps, shelf), at),
        ),
        unheard_of(ours),
        run_registries(
            folder / "registries", offline=not whole.needs_others
        ) as running,
    ):
        origin = running.github.create(owner, name, root)
        running.github.set_checks(
            owner, name, [{"name": "test", "app": {"slug": "test"}}]
        )
        env = (
            {"XDG_CACHE_HOME": str(folder / "cache")}
            if "[bundles" in settings.read_text()
            else {}
        )
        yield Project(whole, HostedProject(running, folder, name, env), root, origin)


def _build(project: Project, machine: Path, file: str, target: str) -> None:
    """Leave in dist/ of another machine what `inv build-... --target` makes of one file there."""
    whole, is_wheel = project.whole, file.endswith(".whl")
    tag = next(
        place.removeprefix("GitHub ")
        for place, names in whole.public.items()
        if place != "PyPI" and file in names
    )
    name, version, *tags = (
        file.removesuffix(".whl").split("-")
        if is_wheel
        else ("", tag.rpartition("v")[2])
    )
    native = whole.module + (".pyd" if target == WINDOWS else ".abi3.so")
    data = (
        wheel(name, None, "-".join(tags), {native: CODE[target]}, version)
        if is_wheel
        else CODE[target]
    )
    commit = git(project.root, "rev-parse", "HEAD").strip()
    row = Built(
        "wheel" if is_wheel else "binary",
        file,
        version,
        whole.component or whole.name,
        file,
        len(data),
        hashlib.sha256(data).hexdigest(),
        "",
        target,
        commit,
        name.replace("_", "-"),
    )
    (machine / tag / "parts").mkdir(parents=True, exist_ok=True)
    (machine / tag / file).write_bytes(data)
    (machine / tag / "parts" / f"built-{file}.json").write_text(
        json.dumps([asdict(row)])
    )

"""What a release of each sample project publishes, and which of its files other machines build."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

LINUX, ARM = "x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"
MUSL, ARM_MUSL = "x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl"
INTEL, SILICON = "x86_64-apple-darwin", "aarch64-apple-darwin"
BOTH = "universal2-apple-darwin"
WINDOWS = "x86_64-pc-windows-msvc"

MODELS = {"qwen-1.5b": b"many weights" * 99, "smollm-135m": b"few weights"}
SETTINGS = "release-tasks.toml"
WITHOUT_VERIFY = """\
from release_tasks import collection, without
from release_tasks.steps.verify import verify

ns = collection(without(verify))"""
# what verify does with such crates and wheels, the other projects show
UNVERIFIED = {"tasks.py": {"from release_tasks import ns": WITHOUT_VERIFY}}


@dataclass(frozen=True)
class CompleteRelease:
    """A release of a sample project, with everything that is public in the end."""

    name: str
    # the names of what users can get, by registry
    public: Mapping[str, set[str]]
    foreign: Mapping[str, str] = field(default_factory=dict)  # file: its target
    module: str = ""  # the native one in a wheel
    version: str = ""  # if not that of sample_projects.NEXT
    component: str = ""  # of the files that other machines build
    settings: str = ""  # the name of its settings, if not that of the project
    reads_real_registries: bool = False  # third-party crates and packages
    changes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    # texts that are replaced on this machine, by file


def _wheels(stem: str, tags: Mapping[str, str]) -> dict[str, str]:
    return {f"{stem}-{tag}.whl": target for tag, target in tags.items()}


def _foreign(files: Mapping[str, str]) -> dict[str, str]:
    """Return the files that Linux on x86_64 does not build."""
    return {file: target for file, target in files.items() if target != LINUX}


def _versions(names: Iterable[str], version: str) -> set[str]:
    return {f"{name} {version}" for name in names}


LLMTRACE_CRATES = (
    "llmtrace-core",
    "llmtrace-storage",
    "llmtrace-security",
    "llmtrace-sdk",
    "llmtrace",
)
LLMTRACE_BINARIES = {
    "llmtrace-proxy-linux-amd64": LINUX,
    "llmtrace-proxy-macos-arm64": SILICON,
}
MANYLINUX = {
    "manylinux_2_17_x86_64.manylinux2014_x86_64": LINUX,
    "manylinux_2_17_aarch64.manylinux2014_aarch64": ARM,
}
LLMTRACE_WHEELS = _wheels(
    "llmtracing-0.2.0-cp312-cp312",
    MANYLINUX
    | {"macosx_10_12_x86_64.macosx_11_0_arm64.macosx_10_12_universal2": BOTH},
)
LLMTRACE = CompleteRelease(
    name="llmtrace",
    public={
        "tags": {"v0.2.0"},
        "crates.io": _versions(LLMTRACE_CRATES, "0.2.0"),
        "PyPI": {*LLMTRACE_WHEELS},
        "GitHub v0.2.0": {*LLMTRACE_BINARIES, *LLMTRACE_WHEELS},
        "ghcr.io/epappas/llmtrace-proxy": {"0.2.0", "latest"},
    },
    foreign=_foreign(LLMTRACE_BINARIES) | LLMTRACE_WHEELS,
    module="llmtrace/llmtrace",
    changes={
        SETTINGS: {
            '"protoc"': '"cc"',
            "trivy image --input {layout} --severity CRITICAL,HIGH --exit-code 1": (
                "test -f {layout}/index.json"
            ),
        },
        "CHANGELOG.md": {
            "## [0.1.5]": "## [Unreleased]\n\n- Traces more.\n\n## [0.1.5]"
        },
    },
)

LLMCC_CRATES = (
    "llmcc",
    "llmcc-bumpalo",
    "llmcc-core",
    "llmcc-cpp",
    "llmcc-csharp",
    "llmcc-dot",
    "llmcc-error",
    "llmcc-go",
    "llmcc-java",
    "llmcc-js",
    "llmcc-python",
    "llmcc-resolver",
    "llmcc-rust",
    "llmcc-tree",
    "llmcc-ts",
)
LLMCC_BINARIES = {
    "llmcc-linux-x64": LINUX,
    "llmcc-linux-arm64": ARM,
    "llmcc-darwin-x64": INTEL,
    "llmcc-darwin-arm64": SILICON,
    "llmcc-win32-x64.exe": WINDOWS,
}
LLMCC = CompleteRelease(
    name="llmcc",
    public={
        "tags": {"v0.2.66"},
        "GitHub v0.2.66": {*LLMCC_BINARIES},
        "crates.io": _versions(LLMCC_CRATES, "0.2.66"),
    },
    foreign=_foreign(LLMCC_BINARIES),
    version="0.2.66",
    settings="llmcc-workspace",
    changes=UNVERIFIED,
)

RUNBOOK_CRATES = (
    "llmcc",
    "llmcc-bindings",
    "llmcc-core",
    "llmcc-python",
    "llmcc-rust",
)
DESKTOPS = {
    "macosx_10_12_x86_64": INTEL,
    "macosx_11_0_arm64": SILICON,
    "win_amd64": WINDOWS,
}
RUNBOOK_WHEELS = _wheels("llmcc-0.2.15-cp38-abi3", MANYLINUX | DESKTOPS)
RUNBOOK_FILES = {*RUNBOOK_WHEELS, "llmcc-0.2.15.tar.gz"}
RUNBOOK_VERSIONS = [
    *(f"{name}=0.2.0" for name in RUNBOOK_CRATES),
    "python=0.2.15",
]
LLMCC_RUNBOOK = CompleteRelease(
    name="llmcc-runbook",
    public={
        "tags": {"v0.2.15", *(f"{name}-v0.2.0" for name in RUNBOOK_CRATES)},
        "crates.io": _versions(RUNBOOK_CRATES, "0.2.0"),
        "PyPI": RUNBOOK_FILES,
        "GitHub v0.2.15": RUNBOOK_FILES,
        **{f"GitHub {name}-v0.2.0": set() for name in RUNBOOK_CRATES},
    },
    foreign=_foreign(RUNBOOK_WHEELS),
    module="llmcc_bindings/llmcc_bindings",
    version=",".join(RUNBOOK_VERSIONS),
    component="python",
    reads_real_registries=True,
    changes={"pyproject.toml": {'include = ["LICENSE", "README.md"]\n': ""}},
)

LLM_PROXY = CompleteRelease(
    name="llm-proxy",
    public={
        "tags": {"v0.2.0"},
        "ghcr.io/sofatutor/llm-proxy": {"0.2.0", "0.2", "sha-{sha}"},
        "ghcr.io/sofatutor/charts/llm-proxy": {"0.2.0"},
    },
    changes={
        SETTINGS: {  # its own test needs a docker daemon
            "make docker-smoke IMAGE={image}": "skopeo inspect --raw oci:{layout}",
        },
        "deploy/helm/llm-proxy/values.yaml": {
            "repository: llm-proxy": "repository: ghcr.io/sofatutor/llm-proxy"
        },
    },
)

CARO_BINARIES = {
    "caro-1.2.0-linux-amd64": LINUX,
    "caro-1.2.0-linux-arm64": ARM,
    "caro-1.2.0-macos-intel": INTEL,
    "caro-1.2.0-macos-silicon": SILICON,
    "caro-1.2.0-windows-amd64.exe": WINDOWS,
}
CARO_BUNDLES = [
    f"{binary.removesuffix('.exe')}-with-{model}.tar.gz"
    for binary in CARO_BINARIES
    for model in MODELS
]
CARO_FILES = [*CARO_BINARIES, *CARO_BUNDLES]


def _model_settings(key: str, name: str) -> dict[str, str]:
    """Return what the settings of a model become: an address, and the sha256 of its file."""
    digest = hashlib.sha256(MODELS[name]).hexdigest()
    url = f"https://files.example/{name}.gguf"
    return {
        f'{key} = {{ url = "...", sha256 = "...", license = "..."': (
            f'{key} = {{ url = "{url}", sha256 = "{digest}", license = "Apache-2.0"'
        )
    }


CARO = CompleteRelease(
    name="caro",
    public={
        "tags": {"v1.2.0"},
        "crates.io": {"caro 1.2.0"},
        "ghcr.io/wildcard/caro": {"1.2.0", "1.2", "1", "latest"},
        "GitHub v1.2.0": {
            *CARO_FILES,
            *(f"{name}.sha256" for name in CARO_FILES),
        },
    },
    foreign=_foreign(CARO_BINARIES),
    changes={
        SETTINGS: _model_settings('"qwen-1.5b"', "qwen-1.5b")
        | _model_settings("smollm-135m", "smollm-135m")
    },
)

EDGEQUAKE_WHEELS = _wheels(
    "edgequake_litellm-0.6.13-cp39-abi3",
    MANYLINUX
    | {"musllinux_1_2_x86_64": MUSL, "musllinux_1_2_aarch64": ARM_MUSL}
    | DESKTOPS,
)
EDGEQUAKE_FILES = {*EDGEQUAKE_WHEELS, "edgequake_litellm-0.6.13.tar.gz"}
EDGEQUAKE_LLM = CompleteRelease(
    name="edgequake-llm",
    public={
        "tags": {"v0.6.27", "py-v0.6.13"},
        "crates.io": {"edgequake-llm 0.6.27"},
        "GitHub v0.6.27": {"edgequake-llm-0.6.27.crate"},
        "PyPI": EDGEQUAKE_FILES,
        "GitHub py-v0.6.13": EDGEQUAKE_FILES,
    },
    foreign=_foreign(EDGEQUAKE_WHEELS),
    module="edgequake_litellm/_native",
    component="edgequake-litellm",
    reads_real_registries=True,
    changes=UNVERIFIED
    | {
        SETTINGS: {'audit = "cargo audit"\n': ""},
        "edgequake-litellm/CHANGELOG.md": {
            "## [0.6.12]": "## [0.6.13]\n\n### Added\n\n- More models\n\n## [0.6.12]"
        },
    },
)

"""docker buildx: an image is built into one OCI tar, and pushed from it with the same digest."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from invoke.context import Context

from release_tasks import shell
from release_tasks.errors import ReleaseError
from release_tasks.tools.docker.login import SECRETS
from release_tasks.tools.programs import PROGRAMS, outdated, version

BINARIES = "binaries"  # the build context in which a Dockerfile finds the binaries of the release


def require() -> None:
    """Raise `ReleaseError` unless docker has a buildx that can do what a release needs."""
    buildx = PROGRAMS["buildx"]
    if version(buildx) is None:
        missing = "docker buildx" if shell.found("docker") else "docker"
        raise ReleaseError(f"{missing} is not installed", "inv doctor shows how to install it")
    if error := outdated(buildx):
        raise error


def takes_binaries(dockerfile: str) -> bool:
    """Tell whether a Dockerfile copies from the context `binaries`, and has no stage of that name."""
    stage = re.search(rf"^\s*FROM\s.*\sAS\s+{BINARIES}\s*$", dockerfile, re.I | re.M)
    return stage is None and bool(
        re.search(rf"(\bfrom=|^\s*FROM\s+){BINARIES}\b", dockerfile, re.I | re.M)
    )


def steps_per_platform(dockerfile: str) -> int:
    """Return how many RUN steps are run for each platform; stages `FROM --platform=$BUILDPLATFORM` are run once."""
    once: dict[str, bool] = {}
    is_once, count = False, 0
    for line in re.sub(r"\\\s*\n", " ", dockerfile).splitlines():
        word, *rest = line.split() or [""]
        if word.upper() == "FROM":
            base, *name = [one for one in rest if not one.startswith("--")] or [""]
            is_once = once.get(
                base.lower(),
                any("BUILDPLATFORM" in one for one in rest if one.startswith("--platform")),
            )
            once |= dict.fromkeys((one.lower() for one in name[1:]), is_once)
        count += word.upper() == "RUN" and not is_once
    return count


def build(
    c: Context,
    context: Path | str,
    dockerfile: str,
    output: Path | str,
    platforms: Sequence[str],
    args: Sequence[tuple[str, str]],
    labels: Mapping[str, str],
    cache: Sequence[str],
    contexts: Mapping[str, Path | str],
    epoch: int,
    builder: Mapping[str, str],
) -> None:
    """Build an image from the folder `context` into the OCI tar `output`, the same bytes every time.

    `cache` are `--cache-from=...` and `--cache-to=...`, `epoch` (seconds since 1970) is the time of everything in it; `builder` are variables from
    `buildkit.builder`. An attestation would hold the time of the build, so there is none.
    """
    argv = ["docker", "buildx", "build", "--progress=plain", "--provenance=false", "--sbom=false"]
    argv += [f"--platform={','.join(platforms)}", f"--file={context}/{dockerfile}"]
    argv += [f"--build-context={name}={folder}" for name, folder in sorted(contexts.items())]
    argv += [f"--build-arg={name}={value}" for name, value in args]
    argv += [*(f"--label={name}={value}" for name, value in sorted(labels.items())), *cache]
    argv += [f"--output=type=oci,dest={output},rewrite-timestamp=true", str(context)]
    try:
        shell.do(
            c,
            argv,
            env={**builder, "SOURCE_DATE_EPOCH": str(epoch)},
            secrets=(*SECRETS, "ACTIONS_RUNTIME_TOKEN") if cache else (),
        )  # type=gha
    except shell.Failed as error:
        if "exec format error" in error.output:
            raise ReleaseError(
                f"{dockerfile} runs programs of a platform that this machine cannot run\n{error.problem}",
                "install qemu-user-static (binfmt), or copy prebuilt binaries",
            ) from error
        raise


def create(c: Context, source: str, reference: str, tags: Sequence[str]) -> None:
    """Let tags of `reference` name the image at `source` (an OCI layout, or a reference, with a digest).

    Every platform is copied and the digest stays: without `--prefer-index=false` an image of one
    platform would be wrapped into an index.
    """
    named = [word for tag in tags for word in ("--tag", f"{reference}:{tag}")]
    argv = ["docker", "buildx", "imagetools", "create", "--progress=plain", "--prefer-index=false"]
    shell.do(c, [*argv, *named, source], secrets=SECRETS)

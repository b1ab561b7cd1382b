"""docker buildx: an image is built into one OCI tar, and pushed from it with the same digest."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from invoke.context import Context

from release_tasks import shell
from release_tasks.errors import ReleaseError
from release_tasks.rules import oci
from release_tasks.tools import outages
from release_tasks.tools.docker.login import SECRETS
from release_tasks.tools.programs import PROGRAMS, outdated, version

BINARIES = "binaries"  # the build context in which a Dockerfile finds the binaries of the release
CACHE_TOKEN = "ACTIONS_RUNTIME_TOKEN"  # what `--cache-to=type=gha` logs in with


@dataclass(frozen=True)
class ImageRequest:
    """An image to build from the folder `tree` into the OCI tar `output`.

    `context` and `dockerfile` are paths in that folder, `cache` are `--cache-from=...` and
    `--cache-to=...`, `contexts` are other folders by name. `epoch` (seconds since 1970) is the
    time of everything in the image.
    """

    tree: Path | str
    context: str
    dockerfile: str
    target: str | None
    output: Path | str
    platforms: Sequence[str]
    args: Mapping[str, str]
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    secrets: Sequence[str]
    cache: Sequence[str]
    contexts: Mapping[str, Path | str]
    epoch: int


def require() -> None:
    """Raise `ReleaseError` unless there is a buildx that can do what a release needs."""
    buildx = PROGRAMS["buildx"]
    if version(buildx) is None:
        missing = "docker buildx" if shell.found("docker") else "docker"
        raise ReleaseError(
            f"{missing} is not installed", "inv doctor shows how to install it"
        )
    if error := outdated(buildx):
        raise error


def takes_binaries(dockerfile: str) -> bool:
    """Tell whether the text of a Dockerfile copies from the context `binaries`.

    It does not where a stage has that name.
    """
    if re.search(
        rf"^\s*FROM\s.*\sAS\s+{BINARIES}\s*$", dockerfile, re.I | re.M
    ):
        return False
    copied = re.search(
        rf"(\bfrom=|^\s*FROM\s+){BINARIES}\b", dockerfile, re.I | re.M
    )
    return copied is not None


def steps_per_platform(dockerfile: str) -> int:
    """Return how many RUN steps of a Dockerfile's text run once for each platform.

    Those of stages `FROM --platform=$BUILDPLATFORM`, and of stages made from them, run once.
    """
    runs_once: dict[str, bool] = {}  # by the name of the stage
    is_once = False
    count = 0
    for line in re.sub(r"\\\s*\n", " ", dockerfile).splitlines():
        instruction, *words = line.split() or [""]
        if instruction.upper() == "FROM":
            options = [word for word in words if word.startswith("--platform")]
            base, *rest = [
                word.lower() for word in words if not word.startswith("--")
            ] or [""]
            on_build_platform = any(
                "BUILDPLATFORM" in option for option in options
            )
            is_once = runs_once.get(base, on_build_platform)
            runs_once |= dict.fromkeys(rest[1:], is_once)  # after `AS`
        if instruction.upper() == "RUN" and not is_once:
            count += 1
    return count


def build(c: Context, image: ImageRequest, builder: Mapping[str, str]) -> None:
    """Build an image, the same bytes every time; `builder` are variables of `buildkit.builder`.

    There is no attestation, as it would hold the time of the build. Raises `ReleaseError` where
    the Dockerfile runs programs of another platform that this machine cannot run, else `Failed`.
    """
    argv = [
        "docker",
        "buildx",
        "build",
        "--progress=plain",
        "--provenance=false",
        "--sbom=false",
    ]
    argv.append(f"--platform={','.join(image.platforms)}")
    argv.append(f"--file={image.tree}/{image.dockerfile}")
    argv += [
        f"--build-context={name}={path}"
        for name, path in sorted(image.contexts.items())
    ]
    if image.target is not None:
        argv.append(f"--target={image.target}")
    argv += [
        f"--build-arg={name}={value}"
        for name, value in sorted(image.args.items())
    ]
    argv += [
        f"--label={name}={value}"
        for name, value in sorted(image.labels.items())
    ]
    argv += _annotations(image)
    argv += [f"--secret={_secret_option(secret)}" for secret in image.secrets]
    argv += image.cache
    argv.append(f"--output=type=oci,dest={image.output},rewrite-timestamp=true")
    argv.append(f"{image.tree}/{image.context}".removesuffix("/."))
    secrets = _variables(image.secrets)
    if image.cache:
        secrets += (*SECRETS, CACHE_TOKEN)
    try:
        shell.do(
            c,
            argv,
            env={**builder, "SOURCE_DATE_EPOCH": str(image.epoch)},
            secrets=secrets,
        )
    except shell.Failed as error:
        if "exec format error" not in error.output:
            raise
        raise ReleaseError(
            f"{image.dockerfile} runs programs of a platform that this machine cannot run\n"
            f"{error.problem}",
            "install qemu-user-static (binfmt), or copy prebuilt binaries",
        ) from error


def secret_variable(secret: str) -> str | None:
    """Return the variable that a secret of a build comes from, None for one from a file.

    `secret` is as docker buildx build takes it: `id=npm,env=NPM_TOKEN`, or `NPM_TOKEN` alone.
    """
    fields = _fields(secret)
    if _file_of(fields) or fields.get("type") == "file":
        return None
    return fields.get("env") or fields.get("id") or secret


def secret_file(secret: str) -> Path | None:
    """Return the file that a secret of a build comes from, None for one from a variable."""
    name = _file_of(_fields(secret))
    return Path(name).expanduser() if name else None


def _fields(secret: str) -> dict[str, str]:
    return dict(field.partition("=")[::2] for field in secret.split(","))


def _file_of(fields: Mapping[str, str]) -> str | None:
    return fields.get("src") or fields.get("source")


def _secret_option(secret: str) -> str:
    if "=" not in secret:
        return f"id={secret},env={secret}"
    path = secret_file(secret)
    if path is None:
        return secret
    return f"id={_fields(secret)['id']},src={path.absolute()}"


def _variables(secrets: Sequence[str]) -> tuple[str, ...]:
    found = [secret_variable(secret) for secret in secrets]
    return tuple(name for name in found if name)


def _annotations(image: ImageRequest) -> list[str]:
    """Return the options for annotations: an image of one platform has no index to hold them."""
    levels = "manifest,index" if len(image.platforms) > 1 else "manifest"
    return [
        f"--annotation={levels}:{name}={value}"
        for name, value in sorted(image.annotations.items())
    ]


def create(
    c: Context, source: str, reference: str, tags: Sequence[str]
) -> None:
    """Point tags of `reference` at `source`: an OCI layout or a reference, with a digest.

    Every platform is copied and the digest stays: without `--prefer-index=false` an image of one
    platform would be wrapped into an index.
    """
    argv = [
        "docker",
        "buildx",
        "imagetools",
        "create",
        "--progress=plain",
        "--prefer-index=false",
    ]
    for tag in tags:
        argv += ["--tag", f"{reference}:{tag}"]
    host = oci.name(reference).registry
    outages.push(c, [*argv, source], host, SECRETS)

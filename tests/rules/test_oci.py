"""Names, tags and platforms of images: right and wrong ones, as registries judge them."""

from __future__ import annotations

import pytest

from release_tasks.formats.platforms import normalize
from release_tasks.rules import oci, platforms

ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
NAMES = [
    ("alpine", "docker.io/library/alpine"),
    ("docker.io/alpine", "docker.io/library/alpine"),
    ("docker.io/library/alpine", "docker.io/library/alpine"),
    ("index.docker.io/o/n", "docker.io/o/n"),
    ("o/n", "docker.io/o/n"),
    ("ghcr.io/o/n", "ghcr.io/o/n"),
    ("quay.io/o/n", "quay.io/o/n"),
    ("localhost/o/n", "localhost/o/n"),
    ("localhost:5000/n", "localhost:5000/n"),
    ("registry.gitlab.com/g/s/p/n", "registry.gitlab.com/g/s/p/n"),
    (f"{ECR}/tool", f"{ECR}/tool"),
    (f"{ECR}/team/a.b_c-d", f"{ECR}/team/a.b_c-d"),
    ("registry.example/a__b--c", "registry.example/a__b--c"),
    ("Host/o/n", "Host/o/n"),
]


@pytest.mark.parametrize(("reference", "full"), NAMES)
def test_references_that_mean_the_same_are_equal(
    reference: str, full: str
) -> None:
    assert str(oci.name(reference)) == full
    assert oci.reference(reference) == []


WRONG_REFERENCES = [
    ("ghcr.io/Owner/n", "must be lowercase"),
    ("ghcr.io/o/-n", "not a valid repository name"),
    ("ghcr.io/o/n-", "not a valid repository name"),
    ("ghcr.io/o/a___b", "not a valid repository name"),
    ("ghcr.io/o/a..b", "not a valid repository name"),
    ("ghcr.io/o//n", "not a valid repository name"),
    ("ghcr.io/", "not a valid repository name"),
    ("", "not a valid repository name"),
    ("ghcr.io/o/n:1.0", "has a tag"),
    ("ghcr.io/o/n:", "has a tag"),
    (f"ghcr.io/o/n@sha256:{'0' * 64}", "has a digest"),
    ("https://ghcr.io/o/n", "has a scheme"),
    ("-host.io/o/n", "not a valid registry"),
    ("docker.io/o/n/x", "must be NAMESPACE/NAME"),
    (f"ghcr.io/{'n' * 256}", "not be more than 255"),
    ("ghcr.io/n", "must be ghcr.io/OWNER/n"),
    ("quay.io/n", "must be quay.io/OWNER/n"),
    ("registry.gitlab.com/n", "must be registry.gitlab.com/OWNER/n"),
    ("public.ecr.aws/n", "must be public.ecr.aws/OWNER/n"),
    (f"{ECR}/n", "repositoryName"),
    (f"{ECR}/a__b", "repositoryName"),
    (f"{ECR}/a/b--c", "repositoryName"),
    ("123456789012.dkr-ecr.eu-west-1.on.aws/a--b", "repositoryName"),
]


@pytest.mark.parametrize(("reference", "words"), WRONG_REFERENCES)
def test_a_reference_that_no_client_reads_is_refused(
    reference: str, words: str
) -> None:
    [refusal] = oci.reference(reference)
    assert words in refusal


@pytest.mark.parametrize(
    ("reference", "is_taken"),
    [
        ("docker.io/o/n", True),
        ("docker.io/n", False),
        ("n", False),
        ("docker.io/library/n", False),
        ("index.docker.io/library/n", False),
        ("ghcr.io/library/n", True),
    ],
)
def test_official_images_are_pushed_by_docker_alone(
    reference: str, is_taken: bool
) -> None:
    assert (oci.publishable(reference) == []) is is_taken


@pytest.mark.parametrize(
    "repository", ["o/a__b", "o/a.b_c--d", "1/2", "a/b/c/d"]
)
def test_separators_are_taken_between_letters(repository: str) -> None:
    assert oci.repository(repository) == []


@pytest.mark.parametrize(
    "tag", ["1.2.0", "1.2.0-alpine", "_x", "A", "v1", "n" * 128]
)
def test_a_tag_that_registries_take(tag: str) -> None:
    assert oci.tag(tag) == []


@pytest.mark.parametrize(
    "tag",
    ["", "-latest", ".x", "1.2.0+build", "a/b", "a:b", "ä", "n" * 129, "a b"],
)
def test_a_tag_that_no_registry_takes(tag: str) -> None:
    assert oci.tag(tag) == [f"invalid tag: {tag!r}"]


PLATFORMS = [
    ("linux/amd64", "linux/amd64"),
    ("linux/x86_64", "linux/amd64"),
    ("linux/x86-64", "linux/amd64"),
    ("linux/amd64/v1", "linux/amd64"),
    ("linux/amd64/v3", "linux/amd64/v3"),
    ("linux/aarch64", "linux/arm64"),
    ("linux/arm64/v8", "linux/arm64"),
    ("linux/arm64/8", "linux/arm64"),
    ("linux/arm64/v9.0", "linux/arm64/v9"),
    ("Linux/ARM64", "linux/arm64"),
    ("linux/arm", "linux/arm/v7"),
    ("linux/arm/7", "linux/arm/v7"),
    ("linux/arm/v6", "linux/arm/v6"),
    ("linux/armhf", "linux/arm/v7"),
    ("linux/armel", "linux/arm/v6"),
    ("linux/i386", "linux/386"),
    ("linux/386", "linux/386"),
    ("macos/arm64", "darwin/arm64"),
    ("windows/amd64", "windows/amd64"),
    ("linux/riscv64", "linux/riscv64"),
    ("linux/ppc64le", "linux/ppc64le"),
    ("linux/s390x", "linux/s390x"),
    ("linux/loong64", "linux/loong64"),
    ("wasi/wasm", "wasi/wasm"),
]


@pytest.mark.parametrize(("platform", "normal"), PLATFORMS)
def test_other_names_of_a_platform_are_the_same_one(
    platform: str, normal: str
) -> None:
    assert platforms.platform(platform) == []
    assert normalize(platform) == normal
    assert normalize(normal) == normal


WRONG_PLATFORMS = [
    ("linux/armv7l", "unknown architecture 'armv7l'", "linux/arm/v7"),
    ("linux/armv7", "unknown architecture 'armv7'", "linux/arm/v7"),
    ("linux/arm64v8", "unknown architecture 'arm64v8'", "linux/arm64"),
    ("linux/x64", "unknown architecture 'x64'", "linux/amd64"),
    ("linux/i686", "unknown architecture 'i686'", "linux/386"),
    ("linux/ppc64el", "unknown architecture 'ppc64el'", "linux/ppc64le"),
    ("linux/risc64", "unknown architecture 'risc64'", "linux/riscv64"),
    ("linux/arm64/v7", "unknown variant 'v7' of arm64", "linux/arm64"),
    ("linux/386/v1", "unknown variant 'v1' of 386", "linux/386"),
    ("linus/amd64", "unknown operating system 'linus'", "linux/amd64"),
    ("amd64", "is OS/ARCH", "linux/amd64"),
    ("aarch64", "is OS/ARCH", "linux/arm64"),
    ("linux", "is OS/ARCH", "linux/amd64"),
    ("linux/", "is OS/ARCH", "linux/amd64"),
    ("linux/arm/v7/x", "is OS/ARCH", "linux/arm"),
    ("", "is OS/ARCH", "linux/amd64"),
]


@pytest.mark.parametrize(("platform", "words", "meant"), WRONG_PLATFORMS)
def test_a_platform_that_nobody_runs_is_refused_with_the_right_one(
    platform: str, words: str, meant: str
) -> None:
    [refusal] = platforms.platform(platform)
    assert words in refusal
    assert platforms.nearest(platform) == meant
    assert platforms.platform(meant) == []

"""The one table of kinds: what a component ships, and which files of dist/ that becomes.

Settings, discovery, channels, checks and commands derive their own lists from `KINDS`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class FileKind(StrEnum):
    """The kind of a file in dist/, as release.json has it."""

    CRATE = "crate"
    WHEEL = "wheel"
    SDIST = "sdist"
    BINARY = "binary"
    BUNDLE = "bundle"
    SHA256 = "sha256"
    CHART = "chart"
    IMAGE = "image"
    LAYOUT = "layout"  # an image for one platform, as an OCI layout


class Asset(StrEnum):
    """A word of `[github] assets`: which files are attached to the GitHub release."""

    BINARIES = "binaries"
    SHA256 = "sha256"  # a checksum file beside each binary and bundle
    SHA256SUMS = "SHA256SUMS"  # one checksum file for all assets
    CRATES = "crates"
    WHEELS = "wheels"
    SDIST = "sdist"
    CHARTS = "charts"
    BUNDLES = "bundles"
    INVENTORY = "release.json"


@dataclass(frozen=True)
class Output:
    """Files of one kind that the build of something shipped makes."""

    kind: FileKind
    # the word that attaches them to the GitHub release
    asset: Asset | None = None
    # how their names end; empty where the settings name each file
    suffix: str = ""
    name: str = ""  # the attribute that names them in release.json; "" where one thing has several


@dataclass(frozen=True)
class Kind:
    """A kind of what is shipped.

    `name` is that of its table in the settings, of its key in `[components.NAME]`, and of its
    attribute of `Component`.
    """

    name: str
    channel: str  # the module of channels/ that publishes it
    step: str  # what builds it
    outputs: tuple[Output, ...]
    # the attribute with the public name: `name`, `reference` or `file`
    key: str = "name"
    has_folder: bool = False  # whether it has a folder with a manifest
    # whether its manifest decides which version a component has
    sets_version: bool = False
    is_oci: bool = False  # whether it goes to an OCI registry
    # the kind it is made of: whoever ships that ships this, too
    made_of: str = ""

    @property
    def file_kinds(self) -> tuple[FileKind, ...]:
        """Return the kinds of its files in dist/."""
        return tuple(output.kind for output in self.outputs)

    def public_name(self, thing: Any) -> str:
        """Return the name under which one of this kind is published."""
        return str(getattr(thing, self.key))


# In the order of publication: what is hardest to take back comes last.
KINDS = (
    Kind(
        "images",
        channel="images",
        step="docker-buildx",
        outputs=(Output(FileKind.IMAGE, name="name"), Output(FileKind.LAYOUT)),
        is_oci=True,
    ),
    Kind(
        "charts",
        channel="charts",
        step="package-charts",
        outputs=(
            Output(FileKind.CHART, Asset.CHARTS, ".tgz", name="reference"),
        ),
        key="reference",
        has_folder=True,
        is_oci=True,
    ),
    Kind(
        "python",
        channel="pypi",
        step="build-wheels",
        outputs=(
            Output(FileKind.WHEEL, Asset.WHEELS, ".whl"),
            Output(FileKind.SDIST, Asset.SDIST, ".tar.gz"),
        ),
        has_folder=True,
        sets_version=True,
    ),
    Kind(
        "crates",
        channel="crates_io",
        step="package-crates",
        outputs=(Output(FileKind.CRATE, Asset.CRATES, ".crate", name="name"),),
        has_folder=True,
        sets_version=True,
    ),
    Kind(
        "binaries",
        channel="github",
        step="build-binaries",
        outputs=(Output(FileKind.BINARY, Asset.BINARIES, name="file"),),
    ),
    Kind(
        "bundles",
        channel="github",
        step="package-bundles",
        outputs=(Output(FileKind.BUNDLE, Asset.BUNDLES, name="file"),),
        key="file",
        made_of="binaries",
    ),
)
# what `[components.NAME]` may name
NAMED = tuple(kind for kind in KINDS if not kind.made_of)


def outputs() -> Iterator[Output]:
    """Yield the outputs of every kind."""
    for kind in KINDS:
        yield from kind.outputs


def of_asset(word: str) -> Output | None:
    """Return the output of a word of `[github] assets`, None for files about other files."""
    return next((output for output in outputs() if output.asset == word), None)

"""release-tasks.toml: only what cannot be discovered; the key of a table is a public name."""

from __future__ import annotations

from typing import Annotated, Literal, get_args, get_origin, get_type_hints

import msgspec

from release_tasks.project.kinds import Asset

FILE = "release-tasks.toml"
Reason = Annotated[str, msgspec.Meta(min_length=1)]  # why something is ignored
PythonVersion = Annotated[str, msgspec.Meta(pattern=r"^3\.\d+t?$")]
GlibcVersion = Annotated[str, msgspec.Meta(pattern=r"^2\.\d+$")]
Command = Annotated[str, msgspec.Meta(min_length=1)]
Lines = tuple[str, ...]
# GitHub's own limit of a job is six hours
Minutes = Annotated[int, msgspec.Meta(ge=1, le=360)]
# five fields: POSIX cron, as GitHub takes it
CronLine = Annotated[str, msgspec.Meta(pattern=r"^\S+( +\S+){4}$")]


# of an image
DEFAULT_TAGS = ("{version}", "{major}.{minor}", "{major}", "latest")


class _Table(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"
):
    """A table of the settings; an unknown key in it is an error."""


class ProjectTable(_Table, frozen=True):
    """What holds for the whole repository."""

    version: Literal["manifests", "tag"] = "manifests"
    commit: str = "release: {components}"
    tag_message: str | None = None  # a template; "" for lightweight tags
    prerelease: Literal["semver", "refuse"] = "semver"
    # the branch releases are made from; default: the current one
    branch: str | None = None
    ignore: tuple[str, ...] = ()  # paths that discovery passes over
    together: bool = False  # all components have one version


class ComponentTable(_Table, frozen=True):
    """A part with its own version and tag."""

    # default: as the last releases are tagged, else v{version}
    tag: str | None = None
    tag_message: str | None = None
    commit: str | None = None
    crates: tuple[str, ...] = ()
    python: tuple[str, ...] = ()
    binaries: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    charts: tuple[str, ...] = ()
    pins: dict[str, Literal["follow", "keep"]] = {}  # by component
    latest: bool = False
    title: str | None = None
    assets: tuple[Asset, ...] | None = None
    changelog: str | None = None


class CrateTable(_Table, frozen=True):
    """How a crate is compiled from its tarball, where that is not `cargo package` as it is."""

    features: tuple[str, ...] = ()
    default_features: bool = True
    target: str | None = None
    verify: bool = True
    reason: str = ""  # why it is not verified


class CratesTable(_Table, frozen=True):
    """Which crates go to crates.io, beyond what their manifests say."""

    ignore: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    # of the workspace's Cargo.toml; default: the root, else the only one with crates for crates.io
    folder: str | None = None
    named: dict[str, CrateTable] = {}  # every table in it: a crate


class PythonTable(_Table, frozen=True):
    """A distribution for PyPI."""

    path: str | None = None
    # platform tags; default: one wheel, of the building machine
    wheels: tuple[str, ...] = ()
    pythons: tuple[PythonVersion, ...] = ()  # each gets its own wheels
    sdist: bool = True
    token: str = "PYPI_API_TOKEN"  # the name of the variable, never a value


class ImageTable(_Table, frozen=True):
    """An image; the key is its reference, with `:FLAVOR` for a further image of the same one."""

    dockerfile: str | None = None
    context: str | None = None  # the folder that COPY reads from
    target: str | None = None  # the stage of the Dockerfile
    platforms: tuple[str, ...] = ("linux/amd64", "linux/arm64")
    tags: tuple[str, ...] = DEFAULT_TAGS
    # tags of the newest commit of the release branch, with {sha} and {commit}
    edge: tuple[str, ...] = ()
    args: dict[str, str] = {}
    # as docker buildx build takes them, without values
    secrets: tuple[str, ...] = ()
    annotations: dict[str, str] = {}
    labels: dict[str, str] = {}  # besides those of its commit and version
    cache_from: tuple[str, ...] = ()  # as docker buildx build takes them
    cache_to: tuple[str, ...] = ()
    # a command on the built image, before anything is public
    scan: str | None = None
    test: str | None = None  # another one, which runs it


class ChartTable(_Table, frozen=True):
    """A chart; the key is its reference without a version."""

    path: str | None = None
    app_version: str | None = None  # a template; default: as Chart.yaml has it


class BinaryTable(_Table, frozen=True):
    """A program; every key that is none of these is a Rust target with the name of its file."""

    crate: str | None = None  # the crate that has it, where several do
    package: str | None = None  # cargo's word for the same
    features: tuple[str, ...] = ()  # besides those that the program requires
    profile: str = "release"
    targets: dict[str, str] = {}  # by Rust target: the file


class BundleTable(_Table, frozen=True):
    """A file from elsewhere that is packed with every binary."""

    url: str
    sha256: str
    license: str


class VersionsTable(_Table, frozen=True):
    """Old versions that a bump leaves in the tracked files."""

    stale: Literal["warn", "error"] = "warn"
    # a command that has to pass on the edited files, or the bump puts them back
    check: Command | None = None
    ignore: dict[str, Reason] = {}  # by path or glob


class ChecksTable(_Table, frozen=True):
    """Findings that may stay."""

    ignore: dict[str, Reason] = {}  # by name, as in docs/findings.md


class BuildTable(_Table, frozen=True):
    """How binaries and wheels are compiled."""

    env: dict[str, str] = {}
    # variables of the caller that builds, gates and hooks get besides the usual ones; or NAME_*
    pass_env: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()  # programs that the build itself needs
    static: tuple[str, ...] = ()  # binaries that are linked statically
    # the oldest that binaries for Linux run with
    glibc: GlibcVersion | None = None
    runners: dict[str, str] = {}  # by target: the CI machine that builds it
    # after which a step that compiles is ended; None: never
    minutes: Annotated[float, msgspec.Meta(gt=0)] | None = None


class GatesTable(_Table, frozen=True):
    """What must pass before a release."""

    run: tuple[str, ...] = ()  # instead of the defaults
    # bundles wait for `--sign-off NAME`, the GitHub release for `inv sign-off`
    sign_off: tuple[Literal["bundles", "release"], ...] = ()
    blockers: tuple[str, ...] = ()  # labels of issues of which none may be open
    # files that have to say something of the version, or to have changed since the last one
    mentions: tuple[str, ...] = ()
    # the title of the milestone in which nothing may be open
    milestone: str | None = None
    # The tags wait for the green runs of the release commit: all of them, or those of workflows.
    ci: bool | Literal["release-commit"] | tuple[str, ...] | None = None
    # The gates of a release of this level; None: all of them.
    major: tuple[str, ...] | None = None
    minor: tuple[str, ...] | None = None
    patch: tuple[str, ...] | None = None
    # a patch from a branch `hotfix...`; None: as a patch
    hotfix: tuple[str, ...] | None = None
    # Every other key: a command, or false for a default that is not wanted.
    named: dict[str, str | Literal[False]] = {}


class NotesTable(_Table, frozen=True):
    """A command that prints a version's section."""

    run: str  # with {version}, {tag}, {previous}, {range}


class GithubTable(_Table, frozen=True):
    """The GitHub release."""

    # promote: only `inv promote` makes one
    release: Literal["always", "promote"] = "always"
    title: str = "{tag}"
    assets: tuple[Asset, ...] = (Asset.BINARIES, Asset.SHA256)
    # whether any release of this project is GitHub's "Latest"
    latest: bool = True
    # "changelog", "generated", "install", the path of a template, a list of these, or a command
    notes: str | tuple[str, ...] | NotesTable = "changelog"
    # the environment of a workflow whose reviewers approve what becomes public
    environment: str = ""


class AnnounceTable(_Table, frozen=True):
    """What `inv announce` prints."""

    # a file with placeholders; None: title, notes and how to install it
    template: str | None = None
    # what a person does afterwards
    todo: tuple[str, ...] = (
        "the README, if it is installed in another way now",
        "the website",
        "a post where your users are",
    )


class VerifyTable(_Table, frozen=True):
    """What `inv verify` runs besides what it knows of each channel."""

    # the project's own installers, with {version}, {tag} and {root}
    run: tuple[str, ...] = ()


class MetricsTable(_Table, frozen=True):
    """What `inv metrics` looks for."""

    # of issues, besides those of `[gates] blockers`
    labels: tuple[str, ...] = ("bug",)


class RollbackTable(_Table, frozen=True):
    """What `inv rollback` writes down besides the notice on GitHub."""

    # labels of the issue that says why; none: no issue
    issue: tuple[str, ...] | None = None
    # the file that gets a section with the reason
    known_issues: str | None = None


class DownstreamTable(_Table, frozen=True):
    """A repository that uses this project; the key is its name on GitHub."""

    # a command that has to pass there with the new version
    test: str | None = None
    # the branch that the pull request is for; default: its default branch
    base: str | None = None
    branch: str = "update-{project}"
    # the repository that gets the branch; default: itself
    fork: str | None = None
    draft: bool = False
    # by path: a key, or texts with {version}, besides what is found
    files: dict[str, str | tuple[str, ...]] = {}


class CiTable(_Table, frozen=True):
    """The workflow that `inv generate-ci` writes."""

    # who builds and publishes after `inv release` has pushed the tag
    publishes: Literal["here", "actions"] = "here"
    runner: str = "ubuntu-24.04"  # of every job but those of `inv matrix`
    runners: dict[str, str] = {}  # by job, in place of that
    python: str = "3.13"  # that runs the tasks
    image: str = ""  # on GitLab, that jobs on Linux run in; with all programs
    # lines before check and builds; or by job, or by `linux`, `macos`, `windows`
    setup: Lines | dict[str, Lines] = ()
    environments: dict[str, str] = {}  # by job: an environment of GitHub
    provenance: bool = True  # attestations of GitHub; not for a private project
    # of check, build and assembling, each; or by job
    minutes: Minutes | dict[str, Minutes] = 60
    # by machine: the Pythons with which the built files are tried there; none:
    # each machine that one of the targets is for; false: nowhere
    tests: dict[str, tuple[PythonVersion, ...]] | Literal[False] = {}
    # which releases wait for each other: those of one version, or all
    concurrency: Literal["version", "repository"] = "version"
    # when the default branch is rehearsed, as cron has it
    schedule: tuple[CronLine, ...] = ()
    # what rehearsals keep for the next one: paths, never those of a release
    caches: Lines = ()


class Settings(_Table, frozen=True):
    """All of release-tasks.toml."""

    project: ProjectTable = ProjectTable()
    components: dict[str, ComponentTable] = {}
    crates: CratesTable = CratesTable()
    python: dict[str, PythonTable] = {}
    binaries: dict[str, BinaryTable] = {}
    images: dict[str, ImageTable] = {}
    charts: dict[str, ChartTable] = {}
    bundles: dict[str, dict[str, BundleTable]] = {}  # by file and variant
    # by path: a key, or texts with {version}
    files: dict[str, str | tuple[str, ...]] = {}
    versions: VersionsTable = VersionsTable()
    checks: ChecksTable = ChecksTable()
    build: BuildTable = BuildTable()
    gates: GatesTable = GatesTable()
    github: GithubTable = GithubTable()
    # commands by which users get a version: in place of those found, or false
    install: dict[str, str | Literal[False]] = {}
    announce: AnnounceTable = AnnounceTable()
    verify: VerifyTable = VerifyTable()
    rollback: RollbackTable = RollbackTable()
    metrics: MetricsTable = MetricsTable()
    downstream: dict[str, DownstreamTable] = {}
    ci: CiTable = CiTable()

    @property
    def approval_environment(self) -> str:
        """Return the environment in which people approve what becomes public, "" for none."""
        return self.ci.environments.get("approve") or self.github.environment

    @property
    def sign_off_environment(self) -> str:
        """Return the environment whose reviewers sign programs off in a workflow, "" for none."""
        if not self.bundles or "bundles" not in self.gates.sign_off:
            return ""
        return self.ci.environments.get("sign-off", "sign-off")


def table_types() -> dict[str, type[msgspec.Struct]]:
    """Return the type of each table, or of the tables below it where those have names."""
    found = {}
    for name, annotation in get_type_hints(Settings).items():
        while get_origin(annotation) is dict:
            annotation = get_args(annotation)[1]
        if isinstance(annotation, type) and issubclass(
            annotation, msgspec.Struct
        ):
            found[name] = annotation
    return found

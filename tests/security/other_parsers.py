"""More parsers of ours: of answers, of what programs print, and of other repositories."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from security.parsers import (
    CARGO,
    DAYS,
    DOCKER,
    INVENTORY,
    JSON,
    LOCK,
    MARKDOWN,
    OUTPUT,
    PYPROJECT,
    PYTHON,
    REQUIREMENTS,
    RST,
    SHELL,
    TAR_GZ,
    TEMPLATE,
    TOML,
    URL,
    VERSION,
    WORKFLOW,
    XML,
    YAML,
    ZIP,
    Parser,
)

from release_tasks.changelogs import (
    carried,
    day_lines,
    entries,
    headline,
    new_section,
)
from release_tasks.changelogs.new_section import NewSection
from release_tasks.channels import oci_registry, sign_off
from release_tasks.checks.preflight import advisories, dockerfiles
from release_tasks.checks.smoke import program
from release_tasks.commands import metrics
from release_tasks.display import messages
from release_tasks.downstream import (
    cargo_manifests,
    chart_dependencies,
    image_references,
    python_requirements,
)
from release_tasks.downstream.uses import OurImage, Ours, Place
from release_tasks.formats import differences
from release_tasks.http import Answer
from release_tasks.manifests import (
    directory_locks,
    keys,
    other_manifests,
    python_module,
    setup_cfg,
    text,
    toml_values,
    uv_lock,
    version_sources,
)
from release_tasks.manifests.version_locations import FileBump
from release_tasks.pipelines import written
from release_tasks.project import (
    crate_lists,
    gates,
    installers,
    tag_forms,
)
from release_tasks.project.tag_forms import TagOwner
from release_tasks.rehearsal import identity
from release_tasks.rollback import reports
from release_tasks.rules import crates_io, github, oci, platforms, pypi
from release_tasks.rules import git as git_rules
from release_tasks.tools import docker, gh, outages, twine
from release_tasks.tools.cargo import publish as cargo_publish
from release_tasks.tools.gh import refusals, runs, yank_notice
from release_tasks.tools.git import whole
from release_tasks.tools.helm import rendering
from release_tasks.versions import earlier_tags, suggestions

NEW = NewSection("1.1.0", "2026-02-02", "v1.1.0", "- x\n")
BUMP = FileBump("a", {"a": "2.0.0"}, "2.0.0")
OURS = Ours(
    "o/r",
    {"acme": "2.0.0"},
    {"acme": "2.0.0"},
    {"ghcr.io/o/acme": OurImage("2.0.0", ("{version}", "latest"))},
    {("acme", "oci://ghcr.io/o/charts"): "2.0.0"},
    {"acme": "2.0.0"},
)
IMAGES = (
    "ghcr.io/o/acme", ":1.0.0", "@sha256:" + "0" * 64, ":", "@", "image: ", "tag: ", "repository: ",
    "\n", "  ", "- ", "'", '"', "FROM ", "latest", "{", "}", "/",
)  # fmt: skip
CHART = (
    *YAML, "dependencies:\n", "- name: acme\n", "  version: ^1.0.0\n",
    "  repository: oci://ghcr.io/o/charts\n", "digest: sha256:0\n", "generated: x\n",
)  # fmt: skip
USING = (
    *CARGO, 'acme = "1"\n', 'acme = { git = "https://github.com/o/r", tag = "v1" }\n', "[patch.crates-io]\n",
    'acme = { path = "../acme" }\n', "[dependencies.acme]\n", 'package = "acme"\n',
)  # fmt: skip
REQUIRING = (
    *PYPROJECT, 'dependencies = ["acme @ git+https://github.com/o/r@v1", "acme[x]>=1"]\n',
    "[tool.uv.sources]\n", 'acme = { git = "https://github.com/o/r" }\n', "acme = {path = '../a'}\n",
)  # fmt: skip
NOTICE = (
    yank_notice.add("x", "y", "v1"),
    "> ",
    "[!CAUTION]",
    "<!--",
    "-->",
    "\n",
    "\r\n",
    "yanked",
    "v1",
    "[YANKED] ",
    "*",
)
LOGS = (
    "2026-01-01T00:00:00.0000000Z ", "##[error]", "##[endgroup]", "##[group]", "\n", "\r\n", "\ufeff", "x",
    "\x1b[31m", "error",
)  # fmt: skip
PROGRAMS = (
    *OUTPUT, "HTTP 403", "HTTP 422: x (https://h/)", '{"message": "x"}', "gh: ", "\r\n", "fatal: ", "503", "502 Bad Gateway",
    "Error: ", "kubeVersion: >=1.0.0", "incompatible with Kubernetes v1.20.0", "requires kubeVersion: ", "ERROR ", "WARNING ",
    "HTTPError: 400 Bad Request from https://upload.pypi.org/legacy/\n", "invalid-publisher", "File already exists",
)  # fmt: skip
TAGS = (*VERSION, "core", "core-v", "release/", "@", "_", "/", "acme")
PAGE = (
    *JSON, '"tag_name": "v1"', '"assets": [', '"id": 1', '"draft": true', '"body": null', '"name": "a"', '"size": 1',
    '"digest": "sha256:0"', '"state": "uploaded"', "{}", "[]",
)  # fmt: skip
COUNTS = (
    *JSON, '"versions": [', '"num": "1.0.0"', '"downloads": 1', '"data": [', '"crate": {', '"category": "x"',
    '"manifests": [', '"digest": "sha256:0"', '"platform": {', '"os": "x"', '"config": {', '"Labels": {', "{}", "[]",
)  # fmt: skip
FILE_SPECS = (
    "a.b",
    "version = {version}",
    "{version}",
    "{major}",
    "{minor}",
    "*",
    "^",
    "$",
    "(",
    ")",
    "[",
    "\\",
    "/",
    ".",
    "\n",
    "1.0.0",
    " ",
    "'",
)
WRITTEN = (
    written.with_header("a: 1\n"),
    "# Written by release-tasks==",
    "1.0 ",
    "(sha256 ",
    "0" * 64,
    ").\n",
    "#",
    "\n",
)


def _all(values: Iterable[object]) -> list[object]:
    return list(values)


def _uses(
    path: str, uses: Callable[..., Iterable[object]]
) -> Callable[[str], object]:
    return lambda given: _all(uses(Place(path, given), OURS))


def _lock_of_chart(given: str) -> object:
    manifest = "dependencies:\n- name: acme\n  version: 1.0.0\n  repository: oci://ghcr.io/o/charts\n"
    new = manifest.replace("1.0.0", "2.0.0")
    lock, old = Place("Chart.lock", given), Place("Chart.yaml", manifest)
    return chart_dependencies.renewed_lock(lock, old, new, OURS)


def _set(kind: Any) -> Callable[[str], object]:
    return lambda given: (
        kind.mismatches(given, BUMP),
        kind.set_versions(given, BUMP),
    )


def _answered(read: Callable[[], object]) -> Callable[[bytes], object]:
    """Return a parser of what a server answers to every question."""

    def parse(data: bytes) -> object:
        answer = Answer("https://x", 200, {}, data)
        with _answering(answer):
            return read()

    return parse


@contextlib.contextmanager
def _answering(answer: Answer) -> Any:
    import release_tasks.http as http

    before = http.get
    http.get = lambda *words, **named: answer  # type: ignore[assignment]
    try:
        yield
    finally:
        http.get = before


def _failed_lines(given: str) -> object:
    job = runs.Job(1, "a", "failure", 1.0, "b", "https://x")
    before = gh.text
    gh.text = lambda path: given
    try:
        return runs.failed_lines("o/r", job)
    finally:
        gh.text = before


def _claims(given: str) -> object:
    with contextlib.suppress(identity.NotValid):
        return IDENTITY.claims(given, "pypi")
    return None


def _backend(given: str) -> object:
    data = toml_values.load(given, "a")
    return version_sources.dynamic_version(data, "a", given)


def _edited(given: str) -> object:
    return (
        written.is_ours(given),
        written.body(given),
        written.refuse_edited("a", given, False),
    )


def _spec(given: str) -> object:
    kind = text.listed(given)
    return kind.mismatches("version = 1.0.0\n", BUMP), kind.set_versions(
        "version = 1.0.0\n", BUMP
    )


def _rules(given: str) -> object:
    found = []
    for rule in (
        crates_io.name, crates_io.version, crates_io.packed_name, crates_io.license_expression, crates_io.rust_version,
        crates_io.alias, crates_io.feature, git_rules.tag, git_rules.branch, platforms.platform, github.tag,
        github.asset_name, github.account, github.repository, oci.tag, oci.repository, oci.reference, pypi.name,
    ):  # fmt: skip
        found += _all(rule(given))
    found += crates_io.url("homepage", given)
    return (
        found,
        platforms.nearest(given),
        oci.publishable(given),
        oci.split_tag(given),
    )


IDENTITY = identity.Issuer()
OWNER = TagOwner(("acme", "core"), ("crates",), True, False)
DIRECTORIES = directory_locks.kind(uv_lock.OwnPackages(), {})


def _in_places(path: str) -> Callable[[str], object]:
    return lambda given: other_manifests.places(path, given)


def _found(path: str) -> Callable[[str], object]:
    return lambda given: keys.find(given, path, "a.b")


PARSERS: Mapping[str, Parser] = {
    "new section": Parser(lambda given: new_section.add(given, NEW), (*MARKDOWN, *DAYS)),
    "new section in rst": Parser(lambda given: new_section.add(given, NEW, "CHANGES.rst"), (*RST, *DAYS)),
    "link of a new section": Parser(lambda given: new_section.link_left(given, NEW), MARKDOWN),
    "section of another copy": Parser(lambda given: carried.with_section("# C\n\n## 0.9.0\n", given, "1.0.0"), MARKDOWN),
    "section into another copy": Parser(lambda given: carried.with_section(given, "# C\n\n## 1.0.0\n\n- x\n", "1.0.0"), MARKDOWN),
    "day of a section": Parser(lambda given: day_lines.read(given), (*DAYS, "*", "_", "Released ", ":", "<")),
    "entries": Parser(lambda given: (entries.unknown_groups(given, given), entries.unreferenced(given)), (*MARKDOWN, "### Added\n", "#1")),
    "references": Parser(lambda given: entries.always_references(given, "1.0.0"), (*MARKDOWN, "#1")),
    "headline": Parser(lambda given: headline.title("{tag}: {headline} - x", {"headline": given, "tag": "v1"}), (*TEMPLATE, "{headline}", ": ", " - ")),
    "known issues": Parser(lambda given: reports._inserted(given, "## v1\n"), MARKDOWN),
    "notice of a yanked version": Parser(lambda given: (yank_notice.add(given, given, given), yank_notice.remove(given), yank_notice.without_title(given)), NOTICE),
    "log of a job": Parser(_failed_lines, LOGS),
    "sign-off": Parser(sign_off._read, INVENTORY, True),
    "duration": Parser(lambda given: metrics._seconds(given, "--since"), ("1", "9", "h", "d", "m", "s", "-", ".", " ", "\u0661")),
    "answer of gh": Parser(lambda given: (refusals._fix(given), refusals.time_of_day(given)), PROGRAMS),
    "answer of twine": Parser(lambda given: (twine.was_cut(given), twine.is_taken(given), twine.refused_job(given), twine._reasons(given)), PROGRAMS),
    "answer of a service": Parser(lambda given: outages.explain(given, "ghcr.io"), (*PROGRAMS, "ghcr.io", "500 Internal Server Error")),
    "answer of helm": Parser(lambda given: (rendering.kubernetes_for(given), rendering.needs_more(given)), PROGRAMS),
    "colors of cargo": Parser(cargo_publish.plain, OUTPUT),
    "output of a program": Parser(lambda given: (program.names_version(given, "1.0.0"), program.reason(given)), (*OUTPUT, *VERSION)),
    "pages of gh": Parser(lambda given: ([gh._rows(value) for value in gh._values(given)], gh._one_value(given)), PAGE),
    "message in lines": Parser(lambda given: messages.wrapped(given, "  ", 60), ("`", " ", "x" * 70, "\n", "a", "-", "\t")),
    "cargo of another repository": Parser(_uses("Cargo.toml", cargo_manifests.uses), USING),
    "pyproject of another repository": Parser(_uses("pyproject.toml", python_requirements.uses), REQUIRING),
    "requirements of another repository": Parser(_uses("requirements.txt", python_requirements.uses), (*REQUIREMENTS, "acme", "acme @ git+https://github.com/o/r\n")),
    "chart of another repository": Parser(_uses("Chart.yaml", chart_dependencies.uses), CHART),
    "lock of a chart of another repository": Parser(_lock_of_chart, CHART),
    "images of another repository": Parser(_uses("a.yaml", image_references.uses), IMAGES),
    "directory lock": Parser(_set(DIRECTORIES), (*LOCK, "[package.source]\n", 'url = "."\n', 'type = "directory"\n')),
    "setup.cfg": Parser(_set(setup_cfg.KIND), ("[metadata]\n", "version = 1.0.0\n", "name = a\n", "\n", " ", "[", "]", "=", ":", "#", ";", "%(x)s", "attr: a.b\n")),
    "module of Python": Parser(_set(python_module.KIND), (*PYTHON, '__version__ = "1.0.0"\n')),
    "backend of a pyproject.toml": Parser(_backend, (*PYPROJECT, "[tool.hatch.version]\n", 'path = "a.py"\n', "[tool.setuptools.dynamic]\n",
        'version = {attr = "a.b"}\n', "[tool.pdm.version]\n", "source = 'scm'\n", "[tool.flit.module]\n", "[tool.scikit-build]\n")),
    "key of TOML": Parser(_found("a.toml"), (*TOML, "[a]\nb = 1\n")),
    "key of JSON": Parser(_found("a.json"), (*JSON, '"b": ')),
    "key of YAML": Parser(_found("a.yaml"), (*YAML, "b: ")),
    "key of XML": Parser(_found("a.xml"), (*XML, "<b>", "</b>")),
    "entry of [files]": Parser(_spec, FILE_SPECS),
    "pom.xml": Parser(_in_places("pom.xml"), (*XML, "<project>", "<parent>")),
    "gradle.properties": Parser(_in_places("gradle.properties"), ("version=1.0.0\n", "=", ":", "\n", "\\", "#", " ", "\u2028")),
    "composer.json": Parser(_in_places("composer.json"), JSON),
    "mix.exs": Parser(_in_places("mix.exs"), ("version: ", '"1.0.0"', "@version ", "\n", ",", "do", "[", "]", "#")),
    "CMakeLists.txt": Parser(_in_places("CMakeLists.txt"), ("project(", "VERSION ", "1.0.0", ")", "\n", "#", '"', " ", "a")),
    "gemspec": Parser(_in_places("a.gemspec"), ("s.version = ", '"1.0.0"', "\n", "#", "'", "Gem::Specification.new")),
    "crates of a script": Parser(lambda given: _all(crate_lists.unknown(given, {"a", "b"}, {"a"})), (*SHELL, "cargo publish -p ", "a ", "b\n", "for c in ", "do\n")),
    "tag": Parser(lambda given: (earlier_tags.version_of(given, ("acme",)), tag_forms.version_in_form("core-v{version}", given), tag_forms.read_forms([given, "v1.0.0"], OWNER)), TAGS),
    "form of tags": Parser(lambda given: tag_forms.version_in_form(given, "core-v1.0.0"), (*TEMPLATE, *TAGS)),
    "group of a changelog": Parser(suggestions.of_group, (*MARKDOWN, "Added", "Fixed", "Breaking", ":", "feat!")),
    "command of a gate": Parser(lambda given: (gates.words(given), installers.words_of(given)), SHELL),
    "cargo in a Dockerfile": Parser(lambda given: (_all(dockerfiles.cargo_runs(given)), docker.takes_binaries(given)), (*DOCKER, "cargo build --release\n", "cargo chef cook ", "-p a ")),
    "advisories": Parser(lambda given: _all(advisories._ignored(given)), (*TOML, "[advisories]\n", 'ignore = ["RUSTSEC-2020-0001"]\n', "{ id = 'x', reason = 'y' }")),
    "written workflow": Parser(_edited, (*WRITTEN, *WORKFLOW[:6])),
    "address of a submodule": Parser(lambda given: (whole.absolute_url(given, "https://h/o/r"), whole._without_login(given)), URL),
    "identity": Parser(_claims, ("ey", ".", "A", "=", "-", "_", "\0", "é")),
    "rules": Parser(_rules, (*URL, *VERSION, "linux", "amd64", "_", "MIT", "dep:", "con", "é", "\0", "%", "[", "]", "0x")),
    "members that differ": Parser(lambda data: (differences._zip_members(data) if data[:2] == b"PK" else differences._tar_members(data)), (*ZIP, *TAR_GZ), True),
    "labels of an image": Parser(_answered(lambda: oci_registry.labels("example.org/o/a", "1")), COUNTS, True),
    "tags of an image": Parser(_answered(lambda: oci_registry.tags("example.org/o/a")), (*COUNTS, '"tags": ["1"]'), True),
}  # fmt: skip

"""What is said about versions and files is typed as it is said, and then it is taken."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.help_texts import Read, Row

from release_tasks import dist
from release_tasks.formats import text_files, wheels
from release_tasks.manifests import (
    bun_lock,
    chart_yaml,
    json_values,
    keys,
    python_values,
    toml_values,
    xml_values,
    yaml_values,
)
from release_tasks.manifests.package_json import Listed
from release_tasks.manifests.text import listed
from release_tasks.manifests.version_locations import FileBump
from release_tasks.project.gates import words
from release_tasks.versions import (
    helm_ranges,
    npm_ranges,
    numbers,
    python_requirements,
    requests,
    requirements,
    templates,
)

pytestmark = pytest.mark.quick
ROW = {
    "kind": "crate",
    "component": "a",
    "name": "a",
    "file": "a",
    "sha256": "0" * 64,
    "size": 1,
    "commit": "c",
    "version": "1.0.0",
}
SIBLING = "name: a\nversion: 1.0.0\ndependencies:\n  - name: b\n    repository: file://../b\n    version: '{}'\n"


def version(fix: str) -> str:
    """Return the version that `--version X` or `write it as X` names."""
    return fix.split()[-1]


def option(fix: str) -> str:
    return fix.removeprefix("--version ").split(",")[0].split()[0]


def quoted(fix: str) -> str:
    return fix.split('"')[1]


def level(now: str) -> Read:
    return lambda folder, text: requests.next_version(now, text)


def bumped(path: str, *specs: str) -> Read:
    """Read a text as a bump to 2.0.0 does."""
    bump = FileBump(path, {}, "2.0.0")
    return lambda folder, text: listed(specs).set_versions(text, bump)


def spec_of(path: str, content: str, new: str = "2.0.0", **names: str) -> Read:
    """Read a text of [files] for a file with this content."""
    bump = FileBump(path, names, new)
    return lambda folder, spec: listed(spec).set_versions(content, bump)


def chart(folder: Path, text: str) -> object:
    return chart_yaml.kind().set_versions(
        text, FileBump("Chart.yaml", {}, "2.0.0")
    )


def bun(folder: Path, text: str) -> object:
    kind = bun_lock.kind((Listed(".", {}),))
    return kind.set_versions(text, FileBump("bun.lock", {"a": "2.0.0"}))


def inventory(folder: Path, text: str) -> object:
    return dist.parse(text.encode(), "release.json")


def chart_of_sibling(folder: Path, text: str) -> object:
    kind = chart_yaml.kind(siblings={("b", "file://../b"): "2.0.0"})
    return kind.set_versions(text, FileBump("Chart.yaml", {}, "2.0.0"))


def without(function: object) -> Read:
    return lambda folder, text: function(text)  # type: ignore[operator]


def of_path(function: object, path: str) -> Read:
    return lambda folder, text: function(text, path)  # type: ignore[operator]


ROWS: list[tuple[Read, Row]] = [
    (without(numbers.parse), Row("versions/numbers.py:_invalid", "", "--version 0.2.0", version)),
    (without(numbers.parse), Row("versions/numbers.py:_invalid", "v0.2.0", "--version 0.2.0", version)),
    (without(numbers.parse), Row("versions/numbers.py:_invalid", "1.2", "--version 1.2.0", version)),
    (without(numbers.parse), Row("versions/numbers.py:parse", "9" * 30 + ".0.0", "--version 0.2.0", version)),
    (
        lambda folder, text: requirements.updated(text, "1.2.3"),
        Row("versions/numbers.py:refuse_long", "1," * 9000, "write a requirement like 1.2", version),
    ),
    (without(numbers.pep440), Row("versions/numbers.py:pep440", "1.0.0+b", "--version 1.0.0", version)),
    (without(numbers.pep440), Row("versions/numbers.py:pep440", "1.0.0-x", "--version 1.0.0-rc.1", version)),
    (without(numbers.from_pep440), Row("versions/numbers.py:from_pep440", "x", "write it as 0.2.0", version)),
    (without(numbers.from_pep440), Row("versions/numbers.py:from_pep440", "1!2.0", "write it as ", version)),
    (
        without(requests.parse_request),
        Row("versions/requests.py:parse_request", "1.0.0,2.0.0", "--version core=0.5.0,python=minor", version),
    ),
    (
        without(requests.parse_request),
        Row("versions/requests.py:parse_request", "core=1.0.0,core=2.0.0", "--version core=2.0.0", version),
    ),
    (level("1.0.0"), Row("versions/requests.py:_parse", "v1.0.1", "--version 1.0.1", option)),
    (level("1.0.0"), Row("versions/requests.py:_parse", "biggest", "or a level: ", "minor")),
    (level("1.0.0"), Row("versions/requests.py:_finished", "release", "--version patch, minor", option)),
    (level("1.0.0-x"), Row("versions/requests.py:_counted", "rc", "--version 1.0.0-rc.1", option)),
    (level("1.0.0-x"), Row("versions/requests.py:_counted", "rc", "or release", "release")),
    (level("1.0.0-rc.1"), Row("versions/requests.py:_counted", "beta", "--version prerelease", option)),
    (
        lambda folder, text: requirements.updated(text, "2.0.0"),
        Row("versions/requirements.py:updated", "one", 'write "2.0.0"', quoted),
    ),
    (
        lambda folder, text: requirements.updated(text, "2.0.0"),
        Row("versions/requirements.py:updated", ">3", 'write "2.0.0"', quoted),
    ),
    (
        lambda folder, text: requirements.updated(text, "2.0.0-rc.1"),
        Row("versions/requirements.py:updated", "<2", 'write "2.0.0-rc.1"', quoted),
    ),
    (
        lambda folder, text: helm_ranges.updated(text, "2.0.0"),
        Row("versions/helm_ranges.py:updated", "<1.0.0", 'write "2.0.0"', quoted),
    ),
    (
        lambda folder, text: npm_ranges.followed(text, "2.0.0", "1.0.0"),
        Row("versions/npm_ranges.py:_require_one", "^1.0.0 || ^0.9.0", 'does: "', quoted),
    ),
    (
        lambda folder, text: python_requirements.followed(text, "2.0.0", "1.0.0"),
        Row("versions/python_requirements.py:_not_admitted", ">3", 'write "==2.0.0"', quoted),
    ),
    (without(templates.oci_tag), Row("versions/templates.py:oci_tag", "1.0.0+b", "--version 1.0.0", version)),
    (
        without(templates.oci_tag),
        Row("versions/templates.py:oci_tag", f"1.0.0-{'a' * 140}", "choose a shorter version", "1.0.0-a", "1.0.0-a"),
    ),
    (
        lambda folder, text: templates.expand(text, "1.2.3"),
        Row("versions/templates.py:fill", "v{versoin}", "{version}", "v{version}", "v"),
    ),
    (
        lambda folder, text: templates.fill(text, {"version": "1"}),
        Row("versions/templates.py:value", "v{versoin}", "{version}", "v{version}", "v"),
    ),
    (
        lambda folder, text: templates.fill(text, {"version": "1"}),
        Row("versions/templates.py:value", "{tag}", "{{tag}} is text", "{{tag}}"),
    ),
    (
        without(wheels.target_of),
        Row("formats/wheels.py:target_of", "linux", "macosx_11_0_arm64", "macosx_11_0_arm64"),
    ),
    (
        lambda folder, text: text_files.decode(text.encode("latin-1"), "a.md"),
        Row("formats/text_files.py:decode", "\xff", "save a.md as UTF-8", "y"[:0]),
    ),
    (
        of_path(json_values.load, "a.json"),
        Row("manifests/json_values.py:load", '{"a": 1', "correct the syntax of a.json", '{"a": 1}'),
    ),
    (
        of_path(toml_values.load, "a.toml"),
        Row("manifests/toml_values.py:load", "a = [", "correct the syntax of a.toml", "a = []"),
    ),
    (
        of_path(yaml_values.data, "a.yaml"),
        Row("manifests/yaml_values.py:_invalid", "a: [", "correct the syntax of a.yaml", "a: []"),
    ),
    (
        lambda folder, text: xml_values.elements(text, "pom.xml", "a"),
        Row("manifests/xml_values.py:_parsed", "<a>1", "correct the syntax of pom.xml", "<a>1</a>"),
    ),
    (
        of_path(python_values.parsed, "a.py"),
        Row("manifests/python_values.py:parsed", "a = (", "correct the syntax of a.py", "a = ()"),
    ),
    (
        bun,
        Row(
            "manifests/bun_lock.py:_strings",
            '{\n  "workspaces": {"": {"name": "a"',
            "correct the syntax of bun.lock",
            '{\n  "workspaces": {"": {"name": "a"}}}',
        ),
    ),
    (chart, Row("manifests/chart_yaml.py:locations", "name: a\n", "add a version to Chart.yaml", "name: a\nversion: 1.0.0\n", "1.0.0")),
    (
        lambda folder, text: toml_values.edit(text, "a.toml", {("a", "b"): "2"}),
        Row("manifests/toml_values.py:edit", "[[a]]\nb = '1'\n", "write a.toml as TOML 1.0", "[a]\nb = '1'\n"),
    ),
    (
        lambda folder, spec: keys.find("one 1.0.0", "a.txt", spec) if "{" not in spec else "",
        Row("manifests/keys.py:_values", "version", "write a text with {version} in [files]", "one {version}", "one"),
    ),
    (
        lambda folder, key: keys.find("<a><b><v>1.0.0</v></b><c><v>1.0.0</v></c></a>", "a.xml", key),
        Row("manifests/keys.py:_xml", "v", "write the parent, too, as in PARENT.v", "b.v"),
    ),
    (
        spec_of("a.json", '{"image": "a:1.0.0 b:1.1.0"}'),
        Row("manifests/text.py:_versions_in", "image", '"TEXT{version}TEXT"', "a:{version}"),
    ),
    (
        spec_of("a.md", "my-tiny 1.0.0"),
        Row("manifests/text.py:_no_match", "tiny {version}", "`my-tiny {version}` in [files]", lambda fix: fix.split("`")[1]),
    ),
    (
        spec_of("a.md", "tiny 1.0.0", core="2.0.0"),
        Row("manifests/text.py:_new_value", "tiny {cor}", "available: core", "tiny {core}"),
    ),
    (
        lambda folder, new: spec_of("a.md", "tiny 1.0.0", new)(folder, "tiny {version}"),
        Row("manifests/text.py:_new_value", "2.0.0-x.y", "--version with a prerelease of alpha.N", "2.0.0-alpha.1", "2.0.0-alpha.1"),
    ),
    (
        lambda folder, specs: listed(specs.split(",")).set_versions("tiny 1.0.0 end", FileBump("a.md", {"core": "3.0.0"}, "2.0.0")),
        Row("manifests/version_locations.py:replaced", "tiny {version},{core} end", "so that each text is found once", "tiny {version}"),
    ),
    (
        lambda folder, text: json_values.spans(text, "a.json"),
        Row("manifests/toml_values.py:too_deep", "[" * 3000 + "]" * 3000, "at most 100 deep", "[" * 100 + "]" * 100),
    ),
    (
        lambda folder, text: toml_values.spans(text, "a.toml"),
        Row("manifests/toml_values.py:too_deep", f"a = {'[' * 3000}{']' * 3000}", "at most 100 deep", f"a = {'[' * 100}{']' * 100}"),
    ),
    (inventory, Row("dist.py:parse", "{", "rm release.json", "[]")),
    (
        inventory,
        Row("files.py:bare_name", json.dumps([ROW | {"file": "../x"}]), "remove it from release.json", "[]"),
    ),
    (
        chart_of_sibling,
        Row("manifests/chart_yaml.py:_requirements", SIBLING.format("<1.0.0"), 'write "2.0.0" there', SIBLING.format("2.0.0")),
    ),
    (without(words), Row("project/gates.py:words", "sh 'x", "fix its quotes", "sh 'x'")),
    (without(words), Row("project/gates.py:words", "", "write a command", "true", "true")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("read", "row"),
    ROWS,
    ids=[f"{row.place}-{number}" for number, (_, row) in enumerate(ROWS)],
)
def test_what_is_said_is_typed_and_then_taken(
    read: Read, row: Row, tmp_path: Path
) -> None:
    row.follow(read, tmp_path)

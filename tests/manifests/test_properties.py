"""What holds for every manifest: a bump and back changes nothing; bad texts raise ReleaseError."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from support.manifest_kinds import kind_of

from release_tasks.changelogs import changelog, new_section
from release_tasks.changelogs.new_section import NewSection
from release_tasks.errors import ReleaseError
from release_tasks.formats.text_files import decode
from release_tasks.manifests import cargo_toml, pyproject
from release_tasks.manifests.text import listed
from release_tasks.manifests.version_locations import FileBump
from release_tasks.versions.numbers import parse

NUMBERS = st.integers(0, 40)
FINAL = st.builds("{}.{}.{}".format, NUMBERS, NUMBERS, NUMBERS)
COUNTED = st.builds(
    "{}-{}.{}".format, FINAL, st.sampled_from(("alpha", "beta", "rc")), NUMBERS
)
CRATES = ("core", "core-macros", "app")
COMMENTS = st.sampled_from(("", ' # version = "1.0.0"', "   # größer 🦀"))
EOL = st.sampled_from(("\n", "\r\n"))
QUOTES = st.sampled_from(('"', "'"))
PATHS = (
    "Cargo.toml",
    "pyproject.toml",
    "Chart.yaml",
    "package.json",
    "package-lock.json",
    "setup.py",
    "setup.cfg",
    "uv.lock",
)
LISTED = ("a.json", "a.toml", "a.yaml", "a.xml", "a.py", "README.md")


@st.composite
def requirements(draw, version):
    """A requirement that admits `version`, in any form that cargo reads."""
    number = parse(version)
    major, minor, patch = number.major, number.minor, number.patch
    forms = [
        version,
        f"^{version}",
        f"={version}",
        f"~{version}",
        f">={version}",
        f"= {version}",
        f">={version}, <{major}.{minor}.{patch + 1}",
    ]
    if not number.prerelease:
        forms += [
            f"{major}.{minor}",
            f"~{major}.{minor}",
            f"{major}.{minor}.*",
            f">={major}.{minor}, <{major}.{minor + 1}",
            "*",
            f"{major}",
        ]
        forms += [
            f">={version},<{major + 1}",
            f">={version}, <{major}.{minor + 1}.0",
        ]
    return draw(st.sampled_from(forms))


@st.composite
def manifests(draw, version):
    """A Cargo.toml in any layout, in which every version is `version`."""
    quote, comment = draw(QUOTES), draw(COMMENTS)
    lines = [
        "[package]",
        f"name = {quote}core{quote}",
        f"version = {quote}{version}{quote}{comment}",
        'rust-version = "1.85"',
        "",
    ]
    for table in draw(
        st.lists(
            st.sampled_from(
                (
                    "dependencies",
                    "dev-dependencies",
                    "target.'cfg(unix)'.dependencies",
                    "workspace.dependencies",
                )
            ),
            unique=True,
        )
    ):
        rows, tables = [f'third = "{version}"'], []
        for crate in draw(st.lists(st.sampled_from(CRATES), unique=True)):
            requirement = f"{quote}{draw(requirements(version))}{quote}"
            form = draw(st.integers(0, 4))
            if form == 0:
                rows.append(f"{crate} = {requirement}{comment}")
            elif form == 1:
                rows.append(
                    f'{crate}={{ path = "../{crate}" , version={requirement} }}{comment}'
                )
            elif form == 2:
                rows += [
                    f"{crate}.version = {requirement}",
                    f'{crate}.path = "x"',
                ]
            elif form == 3:
                rows.append(
                    f'renamed-{crate} = {{ version = {requirement}, package = "{crate}", '
                    f'path = "y" }}'
                )
            else:
                tables += [
                    "",
                    f"[{table}.{crate}]{comment}",
                    f"version = {requirement}",
                    'path = "z"',
                ]
        lines += [f"[{table}]", *rows, *tables, ""]
    text = draw(EOL).join(lines)
    return draw(st.sampled_from(("", "\ufeff"))) + draw(
        st.sampled_from((text, text.rstrip("\r\n")))
    )


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.data(), FINAL, FINAL)
def test_a_bump_of_cargo_toml_and_back_gives_the_same_bytes(
    data, before, after
):
    text = data.draw(manifests(before))
    there = cargo_toml.KIND.set_versions(
        text, FileBump("Cargo.toml", dict.fromkeys(CRATES, after), after)
    )
    assert (
        cargo_toml.KIND.mismatches(
            there, FileBump("Cargo.toml", dict.fromkeys(CRATES, after), after)
        )
        == []
    )
    assert len(there.splitlines()) == len(text.splitlines())
    back = cargo_toml.KIND.set_versions(
        there, FileBump("Cargo.toml", dict.fromkeys(CRATES, before), before)
    )
    assert back == text


@settings(deadline=None)
@given(st.data(), COUNTED, COUNTED)
def test_a_bump_to_a_prerelease_and_back_gives_the_same_bytes(
    data, before, after
):
    text = data.draw(manifests(before))
    there = cargo_toml.KIND.set_versions(
        text, FileBump("Cargo.toml", dict.fromkeys(CRATES, after))
    )
    assert (
        cargo_toml.KIND.set_versions(
            there, FileBump("Cargo.toml", dict.fromkeys(CRATES, before))
        )
        == text
    )


LAYOUTS = {
    "pyproject.toml": '[project]\nname = "x" # {0}\nversion="{0}"\ndependencies = ["y=={0}"]',
    "Chart.yaml": (
        "name: x\nversion: {0} # {0}\ndependencies:\n- name: y\n  version: {0}\nappVersion: '{0}'\n"
    ),
    "package.json": '{{"dependencies": {{"version": "{0}"}},\n "version":"{0}" }}',
    "package-lock.json": (
        '{{"version": "{0}", "packages": {{"node_modules/y": {{"version": "{0}"}}, "": '
        '{{"name":"é", "version":"{0}"}} }} }}'
    ),
    "setup.cfg": (
        "[x]\nversion = {0}\n[metadata]\n# version = {0}\nversion={0}\nname = y\n[y]\nversion = {0}"
    ),
    "uv.lock": '[[package]]\nname = "y"\nversion = "{0}"\nsource = {{ registry = "z" }}\n'
    '[[package]]\nname="x"\n'
    "version = '{0}' # {0}\nsource = {{ editable = '.' }}",
    "setup.py": '"""{0}"""\nfrom x import setup\nsetup(name="é",  version = \'{0}\', y="{0}")',
}


@pytest.mark.parametrize("path", sorted(LAYOUTS))
@settings(deadline=None)
@given(
    FINAL,
    FINAL,
    EOL,
    st.sampled_from(("", "\ufeff")),
    st.sampled_from(("", "\n")),
)
def test_a_bump_of_any_kind_and_back_gives_the_same_bytes(
    path, before, after, eol, bom, end
):
    assume(before != after)
    text, kind = (
        bom + (LAYOUTS[path].format(before) + end).replace("\n", eol),
        kind_of(path),
    )
    there = kind.set_versions(text, FileBump(path, {}, after))
    assert after in there
    copies = 2 if path == "package-lock.json" else 1
    assert there.count(before) >= text.count(before) - copies or before in after
    assert kind.mismatches(there, FileBump(path, {}, after)) == []
    assert kind.set_versions(there, FileBump(path, {}, before)) == text


BY_KEY = {
    "a.json": '{{"x": {{"version": "{0}"}}, "version": "{0}", "y": "{0}"}}',
    "a.toml": "version = '{0}' # {0}\n[y]\nversion = \"{0}\"",
    "a.yaml": "x:\n  version: {0} # {0}\ny: &a '{0}'\nversion: 'v{0}'",
    "a.xml": "<!-- {0} --><x y='{0}'><y><version>{0}</version></y>\n<version> {0}\n</version></x>",
    "a.py": '"""{0}"""\nversion: str = "{0}"  # é {0}\nother = "{0}"',
}


@pytest.mark.parametrize("path", sorted(BY_KEY))
@settings(deadline=None)
@given(FINAL, FINAL, EOL, st.sampled_from(("", "\ufeff")))
def test_a_bump_at_a_key_and_back_gives_the_same_bytes(
    path, before, after, eol, bom
):
    assume(before != after)
    text, kind = (
        bom + BY_KEY[path].format(before).replace("\n", eol),
        listed("version"),
    )
    there = kind.set_versions(text, FileBump(path, {}, after))
    assert [
        place.old.removeprefix("v") for place in kind.of(there, FileBump(path))
    ] == [after]
    assert before in after or there.count(before) == text.count(before) - 1
    assert kind.set_versions(there, FileBump(path, {}, before)) == text


@given(
    st.lists(FINAL | COUNTED, min_size=1, max_size=4),
    FINAL | COUNTED,
    st.sampled_from(
        ("/{version}/", 'x = "{version}"', "caro-{version}-linux", "v{version}")
    ),
)
def test_every_stale_text_gets_the_new_version_and_no_other_text_changes(
    olds, new, template
):
    text = "\n".join(
        f"before {template.format(version=old)} after 1.2.3" for old in olds
    )
    there = listed(template).set_versions(text, FileBump("README.md", {}, new))
    assert there == "\n".join(
        f"before {template.format(version=new)} after 1.2.3" for _ in olds
    )
    assert [
        place.old for place in listed(template).of(text, FileBump("README.md"))
    ] == olds


@given(st.lists(FINAL, unique=True, max_size=5), FINAL, st.booleans(), EOL)
def test_a_changelog_keeps_every_section_and_a_second_run_changes_nothing(
    olds, new, has_unreleased, eol
):
    assume(new not in olds)
    head = [
        "# Changelog",
        "",
        *(["## [Unreleased]", "", "- new", ""] if has_unreleased else []),
    ]
    text = eol.join(
        [
            *head,
            *(
                line
                for old in olds
                for line in (f"## [{old}] - 2026-01-01", "", f"- {old}", "")
            ),
        ]
    )
    there = new_section.add(text, NewSection(new, "2026-02-02", body="- new"))
    assert changelog.sections(there) == (new, *olds)
    assert changelog.section(there, new) == "- new"
    assert all(changelog.section(there, old) == f"- {old}" for old in olds)
    assert new_section.add(there, NewSection(new, "2026-03-03")) == there


PIECES = st.sampled_from(
    (
        "[package]\n",
        "[[a]]\n",
        "name = ",
        "version = ",
        '"core"',
        '"1.0.0"',
        "'''",
        '"""',
        "{",
        "}",
        "[",
        "]",
        ",",
        "= ",
        "\n",
        "\r\n",
        "\r",
        "core",
        ".",
        "version",
        ": ",
        "- ",
        "&a ",
        "*a",
        "!t ",
        "|\n",
        "\t",
        "\\",
        "#",
        "<version>",
        "</version>",
        "<a/>",
        "1.0.0",
        "## ",
        "[1.0.0]",
        "```\n",
        "<!--",
        "-->",
        "[dependencies]\n",
        "\x00",
        "\ufeff",
        "setup(version=",
        ")",
        "__version__ = ",
        "workspace",
        "true",
        "é",
        "[x]: https://a/compare/v1.0.0...HEAD\n",
        "Unreleased",
        "*",
        ">=",
        ",<2",
        "1",
        "null",
        "<<: ",
        "? ",
        "%",
    )
)
TEXTS = st.lists(PIECES, max_size=14).map("".join) | st.text(max_size=40)


@pytest.mark.parametrize("path", PATHS)
@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(text=TEXTS)
def test_any_manifest_gives_a_result_or_a_release_error(path, text):
    kind = kind_of(path)
    with suppress(ReleaseError):
        new = kind.set_versions(
            text, FileBump(path, {"core": "2.0.0"}, "2.0.0")
        )
        assert kind.mismatches(
            new, FileBump(path, {"core": "2.0.0"}, "2.0.0")
        ) in (
            [],
            [f"{path} has no version"],
        )
    for module in (cargo_toml, pyproject):
        with suppress(ReleaseError):
            module.read(text, path)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("Cargo.toml", "a = " + "[" * 3000),
        ("Cargo.toml", "a = " + "{a = " * 3000),
        ("Cargo.toml", "x = " + "9" * 5000),
        ("Chart.yaml", "[" * 500),
        ("Chart.yaml", "- " * 500),
        ("package.json", '{"a":' * 20_000),
        ("package.json", "[" * 20_000 + "]" * 20_000),
        ("package-lock.json", '{"packages":' * 20_000),
        ("uv.lock", "package = " + "[" * 3000),
        ("setup.py", "(" * 3000),
        ("setup.py", "x = " + "-" * 20_000 + "1"),
        ("setup.py", "x = " + "a." * 20_000 + "b"),
    ],
)
def test_a_file_nested_too_deeply_is_refused(path, text):
    with pytest.raises(ReleaseError, match=path):
        kind_of(path).set_versions(text, FileBump(path, {}, "2.0.0"))


@pytest.mark.parametrize("path", LISTED)
@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    text=TEXTS,
    spec=st.sampled_from(
        (
            "version",
            "a.version",
            "v{version}",
            "{version}",
            "{core} {major}",
            "",
        )
    )
    | TEXTS,
)
def test_any_listed_file_gives_a_result_or_a_release_error(path, text, spec):
    with suppress(ReleaseError):
        new = listed(spec).set_versions(
            text, FileBump(path, {"core": "2.0.0"}, "2.0.0")
        )
        listed(spec).mismatches(new, FileBump(path, {"core": "2.0.0"}, "2.0.0"))


@settings(max_examples=300, deadline=None)
@given(text=TEXTS)
def test_any_changelog_gives_a_result_or_a_release_error(text):
    with suppress(ReleaseError):
        there = new_section.add(text, NewSection("2.0.0", "2026-01-01"))
        assert (
            new_section.add(there, NewSection("2.0.0", "2026-01-02")) == there
        )
        assert isinstance(changelog.section_with_links(there, "2.0.0"), str)


FILES = st.binary(max_size=40) | st.lists(
    PIECES.map(str.encode) | st.binary(max_size=3), max_size=12
).map(b"".join)


@pytest.mark.parametrize("path", [*PATHS, *LISTED])
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(data=FILES)
def test_any_bytes_give_a_result_or_a_release_error(path, data):
    kind = kind_of(path) or listed(["version", "v{version}"])
    with suppress(ReleaseError):
        text = decode(data, path)
        kind.mismatches(
            kind.set_versions(text, FileBump(path, {"core": "2.0.0"}, "2.0.0")),
            FileBump(path, {"core": "2.0.0"}, "2.0.0"),
        )

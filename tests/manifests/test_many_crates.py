"""A workspace of 500 crates, generated: every version and every pin changes, and nothing else."""

from __future__ import annotations

import pytest

from release_tasks.manifests import cargo_toml

COUNT, OLD, NEW = 500, "0.9.9", "0.10.0"
NAMES = [f"crate-{number:03}" for number in range(COUNT)]
FORMS = (
    '{0} = "{1}"',
    '{0} = {{ path = "../{0}", version = "={1}" }}',
    '{0}.version = "^{1}"',
    'alias-{0} = {{ package = "{0}", version = "~{1}" }}',
    '{0} = {{ version = ">={1}", features = ["{1}"] }}',
    '"{0}" = "{1}" # was {1}',
)
VERSIONS = dict.fromkeys(NAMES, NEW)


def manifest(number: int, version: str) -> str:
    """A crate that needs the ten before it, each in another form, and one of another project with the old version."""
    pins = [
        FORMS[other % len(FORMS)]
        .format(NAMES[other], version)
        .replace(f'["{version}"]', f'["{OLD}"]')
        .replace(f"was {version}", f"was {OLD}")
        for other in range(max(0, number - 10), number)
    ]
    head = [
        "[package]",
        f'name = "{NAMES[number]}"',
        f'version = "{version}"',
        'rust-version = "1.85.0"',
        "",
        "[dependencies]",
        f'serde = "{OLD}"',
    ]
    return "\n".join(
        [*head, *pins[::2], "", "[target.'cfg(unix)'.dev-dependencies]", *pins[1::2], ""]
    )


@pytest.mark.statement("B1.5")
def test_every_pin_of_500_crates_changes_and_no_other_byte() -> None:
    for number in range(COUNT):
        path = f"crates/{NAMES[number]}/Cargo.toml"
        text = cargo_toml.set_versions(manifest(number, OLD), path, VERSIONS)
        assert text == manifest(number, NEW)
        assert cargo_toml.mismatches(text, path, VERSIONS) == []


def test_one_stale_crate_among_500_is_reported() -> None:
    newer = VERSIONS | {NAMES[7]: "0.11.0"}
    sentences = [
        line
        for number in range(COUNT)
        for line in cargo_toml.mismatches(manifest(number, NEW), f"{number}/Cargo.toml", newer)
    ]
    assert len(sentences) == 11
    assert sentences[0] == f"7/Cargo.toml:3: [package] version is {NEW}, expected 0.11.0"

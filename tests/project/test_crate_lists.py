"""Crates that scripts name, found in the forms that scripts have."""

from __future__ import annotations

import pytest

from release_tasks.project.crate_lists import unknown

OWN = {"acme", "acme-core", "acme-cli"}
KNOWN = OWN | {"serde"}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("cargo publish -p acme-core\n", []),
        ("cargo publish -p acme-old\n", ["acme-old"]),
        ("cargo publish --package=acme-old --locked\n", ["acme-old"]),
        ("cargo test -p acme-old\n", ["acme-old"]),
        ("cargo update -p serde\n", []),
        ("cargo publish -p $crate\n", []),
        ("cargo publish -p acme@1.2.0\n", []),
        ("# cargo publish -p acme-old\n", []),
        ("mkdir -p acme-old\n", []),
        ("git clone x && cd x\ncargo build -p other\n", []),
        ("git clone x && cd x\ncargo publish -p acme-old\n", ["acme-old"]),
        ("cargo new probe\ncargo build -p probe\n", []),
        (
            "for c in acme-core acme-old acme; do\n  cargo publish -p $c\ndone\n",
            ["acme-old"],
        ),
        ("for c in one two; do\n  echo $c\ndone\n", []),
        ('CRATES="acme-core acme-old acme"\n', ["acme-old"]),
        ("CRATES=(\n  acme-core\n  acme-old\n)\n", ["acme-old"]),
        ("        crate: [acme-core, acme-old]\n", ["acme-old"]),
        ("        os: [acme-core, linux]\n", []),
    ],
)
def test_a_crate_that_does_not_exist_is_found(
    text: str, names: list[str]
) -> None:
    assert [crate.name for crate in unknown(text, OWN, KNOWN)] == names


def test_a_crate_in_a_list_has_its_line() -> None:
    text = "#!/bin/sh\nCRATES=(\n  acme\n  acme-old\n)\n"
    assert [crate.line for crate in unknown(text, OWN, KNOWN)] == [4]

"""What build backends refuse, by their documents and sources."""

from __future__ import annotations

import pytest

from release_tasks.rules import build_backends

READMES = [
    ("README.md", "", True),
    ("docs/README.RST", "", True),
    ("README.txt", "", True),
    ("README", "", False),
    ("README.adoc", "", False),
    ("README.markdown", "", False),
    ("README", "text/markdown", True),
    ("", "", True),
]


@pytest.mark.parametrize(("file", "content_type", "is_accepted"), READMES)
def test_readmes(file: str, content_type: str, is_accepted: bool) -> None:
    refused = build_backends.readme(file, content_type)
    assert (refused == []) is is_accepted


MIT = "License :: OSI Approved :: MIT License"
CLASSIFIERS = [
    ("MIT", [MIT], False),
    ("MIT", ["Typing :: Typed"], True),
    ("", [MIT], True),
    ("MIT", [], True),
]


@pytest.mark.parametrize(
    ("expression", "classifiers", "is_accepted"), CLASSIFIERS
)
def test_classifiers_of_licenses(
    expression: str, classifiers: list[str], is_accepted: bool
) -> None:
    refused = build_backends.license_classifiers(expression, classifiers)
    assert (refused == []) is is_accepted

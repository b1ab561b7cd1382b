"""What the build backends of Python packages refuse before they build anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from release_tasks.rules.rule import rule

README_SUFFIXES = (".md", ".rst", ".txt")


@rule(
    "Build backends",
    "Declaring project metadata, readme: for other suffixes tools MUST raise an error",
)
def readme(file: str, content_type: str) -> Iterator[str]:
    """Check the name of a readme without a content type: it ends with .md, .rst or .txt."""
    if file and not content_type and not file.lower().endswith(README_SUFFIXES):
        yield f"Unable to determine the content-type of the readme {file}"


@rule("setuptools", "setuptools 77, dist.py (_finalize_license_expression)")
def license_classifiers(
    expression: str, classifiers: Sequence[str]
) -> Iterator[str]:
    """Check that no classifier names a license where `license` is an expression (PEP 639)."""
    named = [one for one in classifiers if one.startswith("License ::")]
    if expression and named:
        yield (
            "License classifiers have been superseded by license expressions. "
            f"Please remove: {', '.join(named)}"
        )

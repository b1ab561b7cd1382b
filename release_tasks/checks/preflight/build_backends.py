"""Python: what the build backend of a package refuses, before it is asked to build."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from release_tasks.checks.check import CheckContext, problem
from release_tasks.errors import Problem
from release_tasks.formats.text_files import line_of, read
from release_tasks.manifests import toml_values
from release_tasks.project.model import PythonPackage
from release_tasks.project.python_packages import PackageBuild, built
from release_tasks.rules import build_backends as rules


@problem
def refused_by_backend(context: CheckContext) -> Iterator[Problem]:
    """Find what a backend refuses in pyproject.toml: a readme of no type, classifiers of licenses.

    maturin takes any readme for plain text; setuptools alone refuses the classifiers.
    """
    for package in context.shipped("python", PythonPackage):
        build = built(context.project, package)
        path = build.path
        text = read(context.project.root, path)
        project = _project(text, path)
        subject = f"{path}: {package.name} cannot be built"
        for refusal in _readme_refusals(package, project):
            yield Problem(
                f"{subject}: {refusal}",
                f'write readme = {{file = "{project["readme"]}", content-type = "text/markdown"}}',
                path,
                line_of(text, "readme"),
            )
        for refusal in _classifier_refusals(build, project):
            yield Problem(
                f"{subject}: {refusal}",
                f"remove them from {path}",
                path,
                line_of(text, "License ::"),
            )


def _project(text: str, path: str) -> dict[str, Any]:
    project = toml_values.load(text, path).get("project")
    return project if isinstance(project, dict) else {}


def _readme_refusals(
    package: PythonPackage, project: dict[str, Any]
) -> list[str]:
    readme = project.get("readme")
    if package.maturin or not isinstance(readme, str):
        return []
    return rules.readme(readme, "")


def _classifier_refusals(
    build: PackageBuild, project: dict[str, Any]
) -> list[str]:
    expression, classifiers = project.get("license"), project.get("classifiers")
    if not build.about.backend.startswith("setuptools"):
        return []
    if not isinstance(expression, str) or not isinstance(classifiers, list):
        return []
    return rules.license_classifiers(expression, list(map(str, classifiers)))

"""Whether a Python package has compiled code that another backend than maturin builds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

BACKENDS = (
    "scikit_build_core",
    "mesonpy",
    "py_build_cmake",
    "sipbuild",
    "enscons",
)
REQUIREMENTS = re.compile(
    r"(?:setuptools-rust|scikit-build(?:-core)?|meson-python|cython|pybind11|nanobind|cffi|mypy"
    r"|mypyc|hatch-cython|hatch-mypyc|cmake|swig|sip)\b",
    re.I,
)
SETUP = re.compile(
    r"\b(?:ext_modules|rust_extensions|cffi_modules|cmake_source_dir|mypycify|cythonize)\b"
)


def reason(data: Mapping[str, Any], setup: str) -> str:
    """Return what compiles code when a pyproject.toml is built, "" where nothing is known to.

    `setup` is the text of setup.py, "" without one.
    """
    return next(_reasons(data, setup), "")


def _reasons(data: Mapping[str, Any], setup: str) -> Iterator[str]:
    build = data.get("build-system", {})
    backend = str(build.get("build-backend", ""))
    if backend.partition(".")[0] in BACKENDS:
        yield f"build-backend {backend}"
    for requirement in build.get("requires", ()):
        if found := REQUIREMENTS.match(str(requirement)):
            yield f"{found[0]} in build-system.requires"
    tool = data.get("tool", {})
    if tool.get("setuptools", {}).get("ext-modules"):
        yield "ext-modules in [tool.setuptools]"
    if "setuptools-rust" in tool:
        yield "[tool.setuptools-rust]"
    if found := SETUP.search(setup):
        yield f"{found[0]} in setup.py"

"""An environment has the pip and the tags of the Python that it is made from."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

import pytest
from support import python_projects as projects
from support.contexts import context

from release_tasks.tools import pip

_OURS = f"cp3{sys.version_info.minor}"
EXPECTED = {
    "py3-none-any",
    f"{_OURS}-{_OURS}-linux_{platform.machine()}",
    f"{_OURS}-abi3-linux_{platform.machine()}",
    f"py3-none-manylinux_2_17_{platform.machine()}",
}


@pytest.fixture
def base() -> Path:
    """Return the Python that ours is an environment of."""
    found = Path(sys.base_prefix, "bin", f"python3.{sys.version_info.minor}")
    if found == Path(sys.executable) or not found.exists():
        pytest.skip("the tests run in no environment")
    return found


@pytest.mark.long
def test_our_own_python_and_another_one_answer_the_same(
    tmp_path: Path, base: Path
) -> None:
    """The base of our own Python is another one by its path alone."""
    wheel = tmp_path / "tiny-0.2.0-py3-none-any.whl"
    wheel.write_bytes(projects.wheel("tiny"))
    found = []
    for name, of in (("own", Path(sys.executable)), ("other", base)):
        python = pip.create_environment(context(), tmp_path / name / "env", of)
        pip.install(context(), python, wheel, "--no-index", {})
        has_pip = any(python.parent.glob("pip*"))
        code = "import sys, tiny; print(tiny.x, sys.argv[1])"
        printed = pip.run(python, code, "said")
        # another version of pip has some more, in another order
        missing = EXPECTED - set(pip.tags(python))
        found.append((has_pip, printed.strip(), missing))
    (own_pip, *own), (other_pip, *other) = found
    assert (own_pip, other_pip) == (False, True)
    assert own == other == ["1 said", set()]

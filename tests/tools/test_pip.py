"""An environment has the pip and the tags of the Python that it is made from."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from support import python_projects as projects
from support.contexts import context

from release_tasks.tools import pip


@pytest.fixture
def base() -> Path:
    """Return the Python that ours is an environment of."""
    found = Path(sys.base_prefix, "bin", f"python3.{sys.version_info.minor}")
    if found == Path(sys.executable) or not found.exists():
        pytest.skip("the tests run in no environment")
    return found


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
        # another version of pip has them in another order
        tags = set(pip.tags(python))
        found.append((has_pip, printed.strip(), tags))
    (own_pip, *own), (other_pip, *other) = found
    assert (own_pip, other_pip) == (False, True)
    assert own == other
    assert own[0] == "1 said"

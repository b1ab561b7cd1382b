"""The wheel as a user meets it; skipped where it is not installed."""

from importlib.metadata import version

import pytest


@pytest.fixture
def polyglot_hello():
    """The module that maturin built."""
    return pytest.importorskip("polyglot_hello")


def test_says_hello(polyglot_hello):
    assert polyglot_hello.hello() == "Hello, world!"
    assert polyglot_hello.hello("de", name="Welt") == "Hallo, Welt!"


def test_knows_its_version(polyglot_hello):
    assert polyglot_hello.__version__ == version("polyglot-hello")

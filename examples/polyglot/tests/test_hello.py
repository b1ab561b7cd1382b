"""The wheel as a user meets it; skipped where it is not installed."""

from importlib.metadata import version

import pytest


@pytest.fixture
def polyglottal_hello():
    """The module that maturin built."""
    return pytest.importorskip("polyglottal_hello")


def test_says_hello(polyglottal_hello):
    assert polyglottal_hello.hello() == "Hello, world!"
    assert polyglottal_hello.hello("de", name="Welt") == "Hallo, Welt!"


def test_knows_its_version(polyglottal_hello):
    assert polyglottal_hello.__version__ == version("polyglottal-hello")

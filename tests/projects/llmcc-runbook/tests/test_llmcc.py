"""What a user of the wheel imports."""

import llmcc


def test_it_is_there():
    assert llmcc.__version__

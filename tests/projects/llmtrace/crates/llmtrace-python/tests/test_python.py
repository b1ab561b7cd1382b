import llmtrace


def test_version():
    assert llmtrace.__version__ == "0.1.0"

"""edgequake-llm for Python programs."""

try:
    from edgequake_litellm._native import VERSION as __version__
except ImportError:
    __version__ = "0.0.0-dev"

"""Says hello, since 0.1.0."""

__version__ = "0.1.0"  # größer: "0.1.0"
VERSION = "0.1.0"
try:
    import nothing
except ImportError:
    __version__ = "0.0.0-dev"

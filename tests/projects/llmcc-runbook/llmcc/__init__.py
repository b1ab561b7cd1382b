"""Shows a language model how a program hangs together."""

__version__ = "0.1.0"

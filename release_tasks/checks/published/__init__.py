"""Use a release as its users do, on each channel: download, install, run, compare."""

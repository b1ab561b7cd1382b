"""What a user would do with a release, done for each channel: fetch, install, start, compare."""

"""Repositories that use a release: the new version there, as a branch and a pull request."""

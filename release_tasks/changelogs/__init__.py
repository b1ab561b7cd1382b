"""Changelogs and release notes: sections, links, entries."""

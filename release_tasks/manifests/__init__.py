"""Files that carry a version: one module per kind."""

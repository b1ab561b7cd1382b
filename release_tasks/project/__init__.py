"""What a repository ships: its settings, what discovery finds, components and versions."""

KINDS = ("crates", "python", "binaries", "images", "charts")  # what a component ships

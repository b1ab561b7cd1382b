"""What a repository ships: its settings, what discovery finds, components and versions."""

"""Taking a published version back, and undoing that: a plan from what the registries show."""

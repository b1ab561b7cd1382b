"""What a bump writes: the files that carry a version, and what each becomes."""

"""One step per file: the file, the function and the step have one name."""

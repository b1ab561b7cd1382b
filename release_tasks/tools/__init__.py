"""One file per program: argv is built here and nowhere else, and programs answer in nouns."""

"""What would break a release, found before anything changes. A finding asks the functions that act."""

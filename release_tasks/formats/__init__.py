"""Files as files: archives, wheels, executables, OCI layouts, checksums."""

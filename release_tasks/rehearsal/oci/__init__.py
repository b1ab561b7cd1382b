"""The local OCI registry."""

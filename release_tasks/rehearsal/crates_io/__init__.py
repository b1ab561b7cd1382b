"""The local crates.io."""

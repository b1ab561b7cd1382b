"""Registries on loopback for a whole release, and the proxy in front of them."""

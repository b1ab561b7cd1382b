"""Version numbers, requests, requirements and templates: pure functions."""

"""Start what was built or published: programs and images, and see which version they print."""

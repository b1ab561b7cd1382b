"""What tests share: projects, local registries, and what they are asked."""

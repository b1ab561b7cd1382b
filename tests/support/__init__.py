"""What tests share: sample projects, local registries, and questions to both."""

"""The local GitHub: git over HTTP, REST, GraphQL and downloads."""

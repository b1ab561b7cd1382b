//! The phrases that polyglot says. `polyglottal-core` reads them in its build script.

/// Every language with its word of greeting, sorted by language.
pub const PHRASES: &[(&str, &str)] = &[("de", "Hallo"), ("en", "Hello"), ("eo", "Saluton")];

//! Greetings in the languages of `polyglottal-phrases`.

include!(concat!(env!("OUT_DIR"), "/word.rs"));

/// The version of polyglot.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Greets somebody; a language that is not known is answered in English.
pub fn greet(language: &str, name: &str) -> String {
    format!("{}, {name}!", word(language).unwrap_or("Hello"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use polyglottal_fixtures::{NAME, UNKNOWN};

    #[test]
    fn greets_in_the_language_asked_for() {
        assert_eq!(greet("eo", NAME), "Saluton, world!");
    }

    #[test]
    fn greets_in_english_where_the_language_is_not_known() {
        assert_eq!(greet(UNKNOWN, NAME), "Hello, world!");
    }
}

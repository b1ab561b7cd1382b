//! What the program `hello` prints.

pub use polyglottal_core::{VERSION, greet};

/// The answer to the arguments of the program.
pub fn answer(arguments: &[String]) -> String {
    match arguments.first().map(String::as_str) {
        Some("--version") => format!("hello {VERSION}"),
        language => format!(
            "{} This is polyglot {VERSION}.",
            greet(language.unwrap_or("en"), "world")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_hello_and_its_version() {
        assert_eq!(
            answer(&["de".into()]),
            format!("Hallo, world! This is polyglot {VERSION}.")
        );
        assert_eq!(answer(&["--version".into()]), format!("hello {VERSION}"));
    }
}

//! Writes one `match` arm for each phrase.

use std::{env, fs, path::Path};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let arms: String = polyglottal_phrases::PHRASES
        .iter()
        .map(|(language, word)| format!("        {language:?} => Some({word:?}),\n"))
        .collect();
    let code = format!(
        "/// The word of greeting in a language, if it is known.\n\
         pub fn word(language: &str) -> Option<&'static str> {{\n    \
         match language {{\n{arms}        _ => None,\n    }}\n}}\n"
    );
    let folder = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&folder).join("word.rs"), code).expect("OUT_DIR can be written");
}

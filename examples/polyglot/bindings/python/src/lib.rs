//! The Python module `polyglottal_hello`.

use pyo3::prelude::*;

/// Says hello in more than one language.
#[pymodule]
mod polyglottal_hello {
    use super::*;

    #[pymodule_export]
    #[allow(non_upper_case_globals)]
    const __version__: &str = polyglottal_core::VERSION;

    /// Greets somebody; a language that is not known is answered in English.
    #[pyfunction]
    #[pyo3(signature = (language = "en", name = "world"))]
    fn hello(language: &str, name: &str) -> String {
        polyglottal_core::greet(language, name)
    }
}

//! The Python module `polyglot_hello`.

use pyo3::prelude::*;

/// Says hello in more than one language.
#[pymodule]
mod polyglot_hello {
    use super::*;

    #[pymodule_export]
    #[allow(non_upper_case_globals)]
    const __version__: &str = polyglot_core::VERSION;

    /// Greets somebody; a language that is not known is answered in English.
    #[pyfunction]
    #[pyo3(signature = (language = "en", name = "world"))]
    fn hello(language: &str, name: &str) -> String {
        polyglot_core::greet(language, name)
    }
}

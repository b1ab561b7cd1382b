/// Returns the version of this crate.
///
/// ```
/// assert!(edgequake_llm::version().contains('.'));
/// ```
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

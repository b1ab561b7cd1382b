/// Says which release this is.
pub fn release() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

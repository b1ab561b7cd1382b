#[no_mangle]
pub extern "C" fn llmtrace_release_bytes() -> usize {
    llmtrace_sdk::release().len()
}

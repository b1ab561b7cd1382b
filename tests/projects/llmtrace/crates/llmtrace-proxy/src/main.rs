fn main() {
    println!("llmtrace-proxy {}", llmtrace_proxy::storage::release());
}

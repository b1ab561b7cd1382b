fn main() {
    println!("{}", llmtrace_core::release());
}

fn main() {
    println!("cargo:rerun-if-changed=../llmtrace-proto/llmtrace.proto");
    let spans = std::fs::read_to_string("../llmtrace-proto/llmtrace.proto").unwrap();
    println!("cargo:rustc-env=LLMTRACE_SPANS={}", spans.lines().count());
}

fn main() {
    println!("llmcc {}", env!("CARGO_PKG_VERSION"));
}

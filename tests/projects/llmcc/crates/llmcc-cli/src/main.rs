fn main() {
    println!("llmcc {}", llmcc_dot::release());
}

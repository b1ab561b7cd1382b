fn main() {
    println!("edgequake-llm {}", edgequake_llm::version());
}

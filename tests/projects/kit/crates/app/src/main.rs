fn main() {
    println!("{} {}", kit_core::WORD, env!("CARGO_PKG_VERSION"));
}

fn main() {
    println!("{} {}", rehearsed_kit_core::WORD, env!("CARGO_PKG_VERSION"));
}

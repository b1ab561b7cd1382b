fn main() {
    println!(
        "caro {} ({})",
        env!("CARGO_PKG_VERSION"),
        env!("CARO_BUILD")
    );
}

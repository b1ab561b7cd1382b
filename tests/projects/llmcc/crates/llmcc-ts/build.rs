fn main() {
    println!("cargo::rustc-env=TREE={}", llmcc_tree::release());
}

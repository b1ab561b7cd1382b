//! Says hello: `hello [LANGUAGE]`, `hello --version`.

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    println!("{}", polyglot::answer(&arguments));
}

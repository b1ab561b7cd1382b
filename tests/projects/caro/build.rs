fn main() {
    println!("cargo:rerun-if-env-changed=CARO_RELEASE");
    let official = std::env::var_os("CARO_RELEASE").is_some();
    let build = if official { "release" } else { "development" };
    let packed = std::path::Path::new(".cargo_vcs_info.json").exists();
    println!(
        "cargo:rustc-env=CARO_BUILD={build}{}",
        if packed { " from a package" } else { "" }
    );
}

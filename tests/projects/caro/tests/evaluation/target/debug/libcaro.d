tests/evaluation/target/debug/libcaro.rlib: src/lib.rs

//! Measures how long a million greetings take.

use std::{hint::black_box, time::Instant};

fn main() {
    let start = Instant::now();
    for _ in 0..1_000_000 {
        black_box(polyglottal_core::greet(black_box("en"), black_box("world")));
    }
    println!("{:?} for a million greetings", start.elapsed());
}

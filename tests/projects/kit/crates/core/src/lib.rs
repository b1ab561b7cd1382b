//! The core of the kit.

/// The word that the kit says.
pub const WORD: &str = "kit";

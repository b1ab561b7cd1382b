pub use llmcc_core::release;

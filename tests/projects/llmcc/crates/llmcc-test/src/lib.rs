pub use llmcc_rust::release;

pub use llmcc_error::release;

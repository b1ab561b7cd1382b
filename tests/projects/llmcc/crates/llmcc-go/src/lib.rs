pub use llmcc_resolver::release;

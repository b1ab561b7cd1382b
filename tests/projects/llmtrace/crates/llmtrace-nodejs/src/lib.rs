pub use llmtrace_sdk::release;

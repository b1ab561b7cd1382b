pub use llmtrace_core::release;

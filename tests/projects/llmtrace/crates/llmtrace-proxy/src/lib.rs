pub use llmtrace_security as security;
pub use llmtrace_storage as storage;

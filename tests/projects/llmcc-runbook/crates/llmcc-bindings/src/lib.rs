use pyo3_ffi::*;
use std::ptr::null_mut;

static mut BINDINGS: PyModuleDef = PyModuleDef {
    m_base: PyModuleDef_HEAD_INIT,
    m_name: c"llmcc_bindings".as_ptr(),
    m_doc: std::ptr::null(),
    m_size: 0,
    m_methods: null_mut(),
    m_slots: null_mut(),
    m_traverse: None,
    m_clear: None,
    m_free: None,
};

/// Says which release this is.
pub fn release() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// # Safety
///
/// Only Python calls this, once.
#[no_mangle]
pub unsafe extern "C" fn PyInit_llmcc_bindings() -> *mut PyObject {
    PyModule_Create(&raw mut BINDINGS)
}

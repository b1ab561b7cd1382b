use pyo3_ffi::*;
use std::ptr::null_mut;

static mut NATIVE: PyModuleDef = PyModuleDef {
    m_base: PyModuleDef_HEAD_INIT,
    m_name: c"_native".as_ptr(),
    m_doc: std::ptr::null(),
    m_size: 0,
    m_methods: null_mut(),
    m_slots: null_mut(),
    m_traverse: None,
    m_clear: None,
    m_free: None,
};

/// # Safety
///
/// Only Python calls this, once.
#[no_mangle]
pub unsafe extern "C" fn PyInit__native() -> *mut PyObject {
    let module = PyModule_Create(&raw mut NATIVE);
    let version = concat!(env!("CARGO_PKG_VERSION"), "\0");
    PyModule_AddStringConstant(module, c"VERSION".as_ptr(), version.as_ptr().cast());
    module
}

//! Errors of the models as exceptions of `opentrace.errors`, with their codes.

use std::error::Error as StdError;

use opentrace_models::Error;
use pyo3::prelude::*;

/// The exception for an error. The classes are Python's own, so that they can be documented and caught there.
pub(crate) fn raise(error: Error) -> PyErr {
    Python::attach(|py| {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            message = format!("{message}: {inner}");
            cause = inner.source();
        }
        let made = py
            .import("opentrace.errors")
            .and_then(|errors| errors.getattr("model_error"))
            .and_then(|make| make.call1((error.code(), message)));
        match made {
            Ok(exception) => PyErr::from_value(exception),
            Err(trouble) => trouble,
        }
    })
}

//! The boundary to libchdb, ClickHouse as a library. The only unsafe code of the project.
//!
//! Contract, from the library's header:
//! - A connection runs one statement at a time; [`Connection`] is owned by one thread at a time and
//!   is `Send` but not `Sync`, so the compiler keeps that.
//! - Every result handle is non-null or the call failed, and is destroyed exactly once; the text and
//!   bytes it lends live as long as the handle. [`Answer`] owns the handle and lends with its own
//!   lifetime.
//! - Strings are passed with their length; parameters are copied by the library before it returns.
//! - The engine starts with the first connection and shuts down with the last; [`Library::connect`]
//!   callers keep one open for the life of the process, since repeated restarts are not supported.
//! - Function pointers stay valid as long as the library is loaded: it is never unloaded.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::path::Path;
use std::ptr::NonNull;

type RawConnection = *mut c_void;
type RawResult = *mut c_void;
type RawInsert = *mut c_void;
type ParamQuery = unsafe extern "C" fn(
    RawConnection,
    *const c_char,
    usize,
    *const c_char,
    usize,
    *const *const c_char,
    *const usize,
    *const *const c_char,
    *const usize,
    usize,
) -> RawResult;

/// The functions of the library that are used.
#[derive(Clone, Copy, Debug)]
pub(super) struct Library {
    connect: unsafe extern "C" fn(c_int, *mut *mut c_char) -> *mut RawConnection,
    close: unsafe extern "C" fn(*mut RawConnection),
    query: ParamQuery,
    stream: ParamQuery,
    fetch: unsafe extern "C" fn(RawConnection, RawResult) -> RawResult,
    cancel: unsafe extern "C" fn(RawConnection, RawResult),
    destroy: unsafe extern "C" fn(RawResult),
    buffer: unsafe extern "C" fn(RawResult) -> *const u8,
    length: unsafe extern "C" fn(RawResult) -> usize,
    error: unsafe extern "C" fn(RawResult) -> *const c_char,
    insert: ParamQuery,
    append: unsafe extern "C" fn(RawInsert, *const c_void, usize) -> c_int,
    done: unsafe extern "C" fn(RawInsert) -> RawResult,
    insert_error: unsafe extern "C" fn(RawInsert) -> *const c_char,
    destroy_insert: unsafe extern "C" fn(RawInsert),
}

impl Library {
    /// Loads the library for the life of the process.
    pub(super) fn load(path: &Path) -> Result<Self, String> {
        // SAFETY: the library's initialisers are those of libchdb, which is what the path names.
        let library = unsafe { libloading::Library::new(path) }.map_err(|e| e.to_string())?;
        let library: &'static libloading::Library = Box::leak(Box::new(library));
        macro_rules! symbol {
            ($name:literal) => {
                // SAFETY: the type is the one the library's header declares for this name.
                *unsafe { library.get($name) }.map_err(|e| e.to_string())?
            };
        }
        let enable_signal_handlers: unsafe extern "C" fn(c_int) =
            symbol!(b"chdb_set_signal_handlers_enabled");
        // The library's handlers keep a crashed process around for minutes: let it end at once, so
        // that it is started again.
        // SAFETY: it takes a flag and resets signal dispositions, on which nothing here depends.
        unsafe { enable_signal_handlers(0) };
        Ok(Self {
            connect: symbol!(b"chdb_connect"),
            close: symbol!(b"chdb_close_conn"),
            query: symbol!(b"chdb_query_with_params_n"),
            stream: symbol!(b"chdb_stream_query_with_params_n"),
            fetch: symbol!(b"chdb_stream_fetch_result"),
            cancel: symbol!(b"chdb_stream_cancel_query"),
            destroy: symbol!(b"chdb_destroy_query_result"),
            buffer: symbol!(b"chdb_result_buffer"),
            length: symbol!(b"chdb_result_length"),
            error: symbol!(b"chdb_result_error"),
            insert: symbol!(b"chdb_stream_insert_with_params_n"),
            append: symbol!(b"chdb_stream_append"),
            done: symbol!(b"chdb_stream_done"),
            insert_error: symbol!(b"chdb_stream_insert_error"),
            destroy_insert: symbol!(b"chdb_destroy_insert_stream"),
        })
    }

    /// Opens a connection; the first one starts the engine with these arguments.
    pub(super) fn connect(&self, arguments: &[String]) -> Result<Connection, String> {
        let owned: Result<Vec<CString>, _> = arguments.iter().map(|a| CString::new(a.as_str())).collect();
        let owned = owned.map_err(|_| "an argument holds a NUL byte".to_owned())?;
        let mut pointers: Vec<*mut c_char> = owned.iter().map(|a| a.as_ptr().cast_mut()).collect();
        let count = c_int::try_from(pointers.len()).map_err(|e| e.to_string())?;
        // SAFETY: `pointers` holds `count` NUL-terminated strings that live through the call; the
        // library does not write to them.
        let handle = unsafe { (self.connect)(count, pointers.as_mut_ptr()) };
        match NonNull::new(handle) {
            Some(handle) => Ok(Connection { library: *self, handle }),
            None => {
                Err("the engine refused the connection (is another program using its folder?)".to_owned())
            }
        }
    }
}

/// One connection to the engine.
#[derive(Debug)]
pub(super) struct Connection {
    library: Library,
    handle: NonNull<RawConnection>,
}

// SAFETY: the library allows a connection to be used from any thread, one at a time, and ownership
// gives exactly that.
unsafe impl Send for Connection {}

impl Drop for Connection {
    fn drop(&mut self) {
        // SAFETY: the handle came from `connect` and is closed once, here.
        unsafe { (self.library.close)(self.handle.as_ptr()) }
    }
}

/// Names and values of server-side parameters.
pub(super) type Params = [(String, String)];

impl Connection {
    /// Runs a statement and waits for its whole answer.
    pub(super) fn query(&mut self, sql: &str, format: &str, params: &Params) -> Result<Answer, String> {
        let answer = self.call(self.library.query, sql, format, params)?;
        Answer::new(self.library, answer)
    }

    /// Starts a statement whose answer is fetched in pieces.
    pub(super) fn stream(&mut self, sql: &str, format: &str, params: &Params) -> Result<Stream<'_>, String> {
        let answer = self.call(self.library.stream, sql, format, params)?;
        let answer = Answer::new(self.library, answer)?;
        Ok(Stream { answer, connection: self, ended: false })
    }

    /// Starts an insert: `sql` without its `FORMAT`.
    pub(super) fn insert(&mut self, sql: &str, format: &str, params: &Params) -> Result<Insert<'_>, String> {
        let handle = self.call(self.library.insert, sql, format, params)?;
        let insert = Insert { handle, library: self.library, connection: std::marker::PhantomData };
        // SAFETY: the handle is live until `insert` is dropped.
        match unsafe { text((self.library.insert_error)(handle)) } {
            Some(error) => Err(error),
            None => Ok(insert),
        }
    }

    fn raw(&self) -> RawConnection {
        // SAFETY: the handle points to the connection until it is closed on drop.
        unsafe { *self.handle.as_ptr() }
    }

    fn call(
        &self,
        function: ParamQuery,
        sql: &str,
        format: &str,
        params: &Params,
    ) -> Result<RawResult, String> {
        let names: Vec<*const c_char> = params.iter().map(|(name, _)| name.as_ptr().cast()).collect();
        let name_lengths: Vec<usize> = params.iter().map(|(name, _)| name.len()).collect();
        let values: Vec<*const c_char> = params.iter().map(|(_, value)| value.as_ptr().cast()).collect();
        let value_lengths: Vec<usize> = params.iter().map(|(_, value)| value.len()).collect();
        // SAFETY: every pointer goes with its length and lives through the call; the library copies
        // what it keeps.
        let handle = unsafe {
            function(
                self.raw(),
                sql.as_ptr().cast(),
                sql.len(),
                format.as_ptr().cast(),
                format.len(),
                names.as_ptr(),
                name_lengths.as_ptr(),
                values.as_ptr(),
                value_lengths.as_ptr(),
                params.len(),
            )
        };
        if handle.is_null() { Err("the engine gave no answer".to_owned()) } else { Ok(handle) }
    }
}

/// An answer, or a piece of one.
#[derive(Debug)]
pub(super) struct Answer {
    library: Library,
    handle: RawResult,
}

// SAFETY: a result is a buffer of its own; the library does not tie it to a thread.
unsafe impl Send for Answer {}

impl Answer {
    fn new(library: Library, handle: RawResult) -> Result<Self, String> {
        if handle.is_null() {
            return Err("the engine gave no answer".to_owned());
        }
        let answer = Self { library, handle };
        // SAFETY: the handle is live until `answer` is dropped.
        match unsafe { text((library.error)(handle)) } {
            Some(error) => Err(error),
            None => Ok(answer),
        }
    }

    /// The bytes of the answer.
    pub(super) fn bytes(&self) -> &[u8] {
        // SAFETY: the buffer holds `length` bytes for as long as the handle lives, which `self`
        // owns; an empty answer may have no buffer.
        unsafe {
            let (buffer, length) = ((self.library.buffer)(self.handle), (self.library.length)(self.handle));
            if buffer.is_null() || length == 0 { &[] } else { std::slice::from_raw_parts(buffer, length) }
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        // SAFETY: the handle is destroyed once, here.
        unsafe { (self.library.destroy)(self.handle) }
    }
}

/// An answer that comes in pieces. Dropping it early ends the query.
pub(super) struct Stream<'c> {
    answer: Answer,
    connection: &'c mut Connection,
    ended: bool,
}

impl Stream<'_> {
    /// The next piece; `None` after the last.
    pub(super) fn next(&mut self) -> Result<Option<Answer>, String> {
        if self.ended {
            return Ok(None);
        }
        let library = self.connection.library;
        // SAFETY: connection and stream are live, and `&mut self` keeps the calls one at a time.
        let piece =
            Answer::new(library, unsafe { (library.fetch)(self.connection.raw(), self.answer.handle) });
        self.ended = !matches!(&piece, Ok(piece) if !piece.bytes().is_empty());
        Ok(Some(piece?).filter(|piece| !piece.bytes().is_empty()))
    }
}

impl Drop for Stream<'_> {
    fn drop(&mut self) {
        if !self.ended {
            let library = self.connection.library;
            // SAFETY: as in `next`; the handle itself is destroyed by `Answer`.
            unsafe { (library.cancel)(self.connection.raw(), self.answer.handle) }
        }
    }
}

/// An insert under way. Dropping it unfinished commits nothing further.
pub(super) struct Insert<'c> {
    handle: RawInsert,
    library: Library,
    connection: std::marker::PhantomData<&'c mut Connection>,
}

impl Insert<'_> {
    /// Adds bytes in the insert's format.
    pub(super) fn append(&mut self, data: &[u8]) -> Result<(), String> {
        // SAFETY: the handle is live and the bytes are copied before the call returns.
        let state = unsafe { (self.library.append)(self.handle, data.as_ptr().cast(), data.len()) };
        if state == 0 {
            return Ok(());
        }
        // SAFETY: the handle is live.
        Err(unsafe { text((self.library.insert_error)(self.handle)) }
            .unwrap_or_else(|| "the insert failed".to_owned()))
    }

    /// Ends and commits.
    pub(super) fn finish(self) -> Result<(), String> {
        // SAFETY: the handle is live; the result is a handle of its own.
        Answer::new(self.library, unsafe { (self.library.done)(self.handle) }).map(drop)
    }
}

impl Drop for Insert<'_> {
    fn drop(&mut self) {
        // SAFETY: the handle is destroyed once, here; it cancels first what was not finished.
        unsafe { (self.library.destroy_insert)(self.handle) }
    }
}

/// A text the library lends, copied.
///
/// # Safety
/// `text` is null or points to a NUL-terminated string that lives through the call.
unsafe fn text(text: *const c_char) -> Option<String> {
    if text.is_null() {
        return None;
    }
    // SAFETY: promised by the caller.
    Some(unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()).filter(|text| !text.is_empty())
}

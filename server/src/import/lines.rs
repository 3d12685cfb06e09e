//! The lines of the files to import: plain or gzip, from disk or standard input, one at a time. Records of CSV
//! are lines, too, which go on where a quote is open.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;

/// What stands for standard input.
const STDIN: &str = "-";
const BUFFER: usize = 256 * 1024;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
/// The longest line that is kept. What is longer is no event that a server would take.
const LONGEST: usize = 1 << 20;

/// How many bytes of the files were read, shared with whoever shows progress.
#[derive(Clone, Debug, Default)]
pub(crate) struct BytesRead(Arc<AtomicU64>);

impl BytesRead {
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Whether a path stands for standard input.
pub(crate) fn is_stdin(path: &Path) -> bool {
    path == Path::new(STDIN)
}

/// The bytes of all files together, where every one is a plain file.
pub(crate) fn size(files: &[PathBuf]) -> Option<u64> {
    files
        .iter()
        .map(|file| std::fs::metadata(file).ok().filter(|data| data.is_file()).map(|data| data.len()))
        .sum()
}

/// The lines of one file.
pub(crate) struct Lines {
    /// Whether a line end in quotes ends no line.
    records: bool,
    reader: Box<dyn BufRead + Send>,
    line: Vec<u8>,
    /// Where the line began, and how many line ends were read.
    number: u64,
    ended: u64,
}

/// One line, without its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    Whole(&'a [u8]),
    /// Longer than any event.
    TooLong,
}

impl Lines {
    /// Opens a file, or standard input for `-`. Whether it is packed shows in its first bytes.
    pub(crate) fn open(path: &Path, count: &BytesRead, records: bool) -> io::Result<Self> {
        let source: Box<dyn Read + Send> =
            if is_stdin(path) { Box::new(io::stdin()) } else { Box::new(File::open(path)?) };
        Self::read(Counted { source, count: count.clone() }, records)
    }

    /// Reads what a source gives.
    pub(crate) fn read(source: impl Read + Send + 'static, records: bool) -> io::Result<Self> {
        let mut plain = BufReader::with_capacity(BUFFER, source);
        let packed = plain.fill_buf()?.starts_with(&GZIP_MAGIC);
        let reader: Box<dyn BufRead + Send> = if packed {
            Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(plain)))
        } else {
            Box::new(plain)
        };
        Ok(Self { records, reader, line: Vec::new(), number: 0, ended: 0 })
    }

    /// The next line and its number from 1, or `None` at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<(u64, Line<'_>)>> {
        self.line.clear();
        self.number = self.ended + 1;
        let mut quoted = false;
        loop {
            let before = self.line.len();
            let mut limited = (&mut self.reader).take((LONGEST + 1 - before) as u64);
            if limited.read_until(b'\n', &mut self.line)? == 0 {
                break;
            }
            self.ended += 1;
            if self.line.len() > LONGEST && self.line.last() != Some(&b'\n') {
                self.reader.skip_until(b'\n')?;
                return Ok(Some((self.number, Line::TooLong)));
            }
            quoted ^= self.records && has_odd_quotes(&self.line[before..]);
            if !quoted || self.line.len() > LONGEST {
                break;
            }
        }
        if self.line.is_empty() {
            return Ok(None);
        }
        let end = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        Ok(Some((self.number, Line::Whole(end.strip_suffix(b"\r").unwrap_or(end)))))
    }
}

/// Whether a quote is open after this text that was closed before it, or the other way round.
fn has_odd_quotes(text: &[u8]) -> bool {
    !text.iter().filter(|byte| **byte == b'"').count().is_multiple_of(2)
}

struct Counted {
    source: Box<dyn Read + Send>,
    count: BytesRead,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.count.0.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn all(bytes: Vec<u8>) -> Vec<(u64, Option<Vec<u8>>)> {
        cut(bytes, false)
    }

    fn cut(bytes: Vec<u8>, records: bool) -> Vec<(u64, Option<Vec<u8>>)> {
        let mut lines = Lines::read(Cursor::new(bytes), records).expect("opened");
        let mut all = Vec::new();
        while let Some((number, line)) = lines.next().expect("read") {
            all.push((
                number,
                match line {
                    Line::Whole(line) => Some(line.to_vec()),
                    Line::TooLong => None,
                },
            ));
        }
        all
    }

    #[test]
    fn lines_end_in_any_way() {
        let want = vec![
            (1, Some(b"a".to_vec())),
            (2, Some(Vec::new())),
            (3, Some(b"b\r".to_vec())),
            (4, Some(b"c".to_vec())),
        ];
        assert_eq!(all(b"a\n\r\nb\r\r\nc".to_vec()), want);
        assert_eq!(all(Vec::new()), Vec::new());
    }

    #[test]
    fn records_go_on_where_a_quote_is_open() {
        let text = b"a,b\n1,\"two\nlines, \"\"so\"\"\"\r\n2,x\n3,\"never closed\n4".to_vec();
        let records = cut(text, true);
        let records: Vec<_> =
            records.iter().map(|(number, record)| (*number, record.as_deref().unwrap_or_default())).collect();
        assert_eq!(
            records,
            [
                (1, b"a,b".as_slice()),
                (2, b"1,\"two\nlines, \"\"so\"\"\""),
                (4, b"2,x"),
                (5, b"3,\"never closed\n4"),
            ]
        );
        let endless = [b"\"".to_vec(), b"line\n".repeat(LONGEST / 4), b"\"\nnext\n".to_vec()].concat();
        assert!(
            cut(endless, true).iter().all(|(_, record)| record.as_ref().is_none_or(|r| r.len() <= LONGEST))
        );
    }

    #[test]
    fn packed_files_are_unpacked_over_all_their_parts() {
        let pack = |text: &[u8]| {
            let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
            packer.write_all(text).expect("packed");
            packer.finish().expect("packed")
        };
        let parts = [pack(b"a\nb"), pack(b"c\n")].concat();
        assert_eq!(all(parts), vec![(1, Some(b"a".to_vec())), (2, Some(b"bc".to_vec()))]);
    }

    #[test]
    fn an_endless_line_is_passed_over() {
        let text =
            [vec![b'x'; LONGEST + 1], b"\nnext\n".to_vec(), vec![b'y'; LONGEST], b"\n".to_vec()].concat();
        let lines = all(text);
        assert_eq!(lines[0], (1, None));
        assert_eq!(lines[1], (2, Some(b"next".to_vec())));
        assert_eq!(lines[2].1.as_ref().map(Vec::len), Some(LONGEST));
    }

    #[test]
    fn sizes_are_known_of_files_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a.log");
        std::fs::write(&file, b"12345").expect("written");
        assert_eq!(size(&[file.clone(), file.clone()]), Some(10));
        assert_eq!(size(&[file, PathBuf::from(STDIN)]), None);
    }
}

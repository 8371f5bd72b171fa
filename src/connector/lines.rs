//! Lines from a stream that nobody can be trusted to end.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, BufReader};

/// Reads lines of bounded length. Of a longer one the beginning is given, and the rest is dropped.
///
/// Safe to cancel: a line that was begun is kept for the next call.
#[derive(Debug)]
pub struct Lines<R> {
    reader: BufReader<R>,
    line: Vec<u8>,
    max: usize,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub fn new(reader: R, max: usize) -> Self {
        Self { reader: BufReader::new(reader), line: Vec::new(), max }
    }

    /// The next line without its end; nothing at the end of the stream. What is not UTF-8 is replaced.
    ///
    /// # Errors
    /// Fails if the stream does.
    pub async fn next(&mut self) -> io::Result<Option<String>> {
        loop {
            let available = fill(&mut self.reader).await?;
            if available.is_empty() {
                return Ok(if self.line.is_empty() { None } else { Some(self.take()) });
            }
            let end = available.iter().position(|&byte| byte == b'\n');
            let piece = available.get(..end.unwrap_or(available.len())).unwrap_or_default();
            let room = self.max.saturating_sub(self.line.len());
            self.line.extend_from_slice(piece.get(..room.min(piece.len())).unwrap_or_default());
            let used = piece.len() + usize::from(end.is_some());
            self.reader.consume(used);
            if end.is_some() {
                return Ok(Some(self.take()));
            }
        }
    }

    fn take(&mut self) -> String {
        let line = std::mem::take(&mut self.line);
        let line = line.strip_suffix(b"\r").unwrap_or(&line);
        String::from_utf8_lossy(line).into_owned()
    }
}

async fn fill<R: AsyncBufRead + Unpin>(reader: &mut R) -> io::Result<&[u8]> {
    reader.fill_buf().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn long_lines_are_cut_and_the_next_one_is_whole() {
        let text = format!("{}\nsecond\r\n\nlast", "x".repeat(100_000));
        let mut lines = Lines::new(text.as_bytes(), 10);
        let mut read = Vec::new();
        while let Some(line) = lines.next().await.expect("reads") {
            read.push(line);
        }
        assert_eq!(read, ["xxxxxxxxxx", "second", "", "last"]);
    }
}

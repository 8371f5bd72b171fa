//! Standard output for results, standard error for remarks.

use std::io::{self, ErrorKind, IsTerminal, Write};

use clap::ValueEnum;

/// How a result is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Format {
    /// For people.
    #[default]
    Table,
    /// For programs: the JSON of the API.
    Json,
}

#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct FormatArgs {
    /// How to show it
    #[arg(long = "output", short = 'o', env = "CONNCENTRIC_OUTPUT", value_enum, default_value_t, global = true)]
    pub(super) output: Format,
}

/// Whoever read our standard output has seen enough, as in `conncentric get events | head`. No failure.
#[derive(Debug, thiserror::Error)]
#[error("standard output was closed")]
pub(super) struct ReaderLeft;

/// Writes a result and a line break.
pub(super) fn line(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => ReaderLeft.into(),
        _ => anyhow::Error::new(error).context("cannot write to standard output"),
    })
}

/// Writes a remark and a line break.
pub(super) fn note(text: &str) {
    // Without a standard error there is nobody left to tell.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Writes JSON as it is, with line breaks and indents if a person is looking.
pub(super) fn json(text: &str) -> anyhow::Result<()> {
    if io::stdout().is_terminal() { line(&indented(text)) } else { line(text) }
}

/// Whether a result may be coloured.
pub(super) fn coloured() -> bool {
    io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Text of others without what a terminal would obey.
pub(super) fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            shown.extend(c.escape_debug());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Lays valid JSON out anew and changes nothing but white space: keys keep their order and numbers their digits.
fn indented(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    let mut rest = json.chars().peekable();
    let new_line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    while let Some(c) = rest.next() {
        if in_text {
            out.push(c);
            in_text = escaped || c != '"';
            escaped = !escaped && c == '\\';
            continue;
        }
        match c {
            c if c.is_ascii_whitespace() => {}
            '{' | '[' => {
                out.push(c);
                while rest.next_if(char::is_ascii_whitespace).is_some() {}
                if let Some(close) = rest.next_if(|c| matches!(c, '}' | ']')) {
                    out.push(close);
                } else {
                    depth += 1;
                    new_line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                new_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c => {
                in_text = c == '"';
                out.push(c);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indenting_is_what_serde_json_does_but_keeps_the_order() {
        let compact = r#"{"a":[1,2.50,{}],"b":"x: [\"y\\\"]{,","c":[],"d":{"e":null}}"#;
        let value: serde_json::Value = serde_json::from_str(compact).expect("valid");
        let pretty = serde_json::to_string_pretty(&value).expect("serialises").replace("2.5,", "2.50,");
        assert_eq!(indented(compact), pretty);
        assert_eq!(indented(r#"{"z": 18446744073709551616, "a": {  } }"#), "{\n  \"z\": 18446744073709551616,\n  \"a\": {}\n}");
    }

    #[test]
    fn escape_sequences_do_not_reach_the_terminal() {
        assert_eq!(harmless("a\u{1b}[31m\nb é"), "a\\u{1b}[31m\\nb é");
    }
}

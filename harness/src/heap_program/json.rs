//! JSON with the spacing and escapes of the reference answers: `", "` between items, `": "` after a
//! key, ASCII only.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::Formatter;

/// Writes `value` as one line of JSON, without the line's end.
///
/// # Errors
///
/// Returns an error if `out` cannot be written to.
pub(super) fn write_line(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(out, Spaced);
    value.serialize(&mut serializer).map_err(io::Error::from)
}

/// Puts the spaces and escapes in.
struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { out.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { out.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }

    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        // The caller has cut out quotes and control characters, but takes DEL for an ordinary one.
        let is_plain = |byte: u8| (b' '..=b'~').contains(&byte);
        if fragment.bytes().all(is_plain) {
            return out.write_all(fragment.as_bytes());
        }
        for unit in fragment.encode_utf16() {
            match u8::try_from(unit) {
                Ok(byte) if is_plain(byte) => out.write_all(&[byte])?,
                _ => write!(out, "\\u{unit:04x}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(value: impl Serialize) -> String {
        let mut out = Vec::new();
        write_line(&mut out, &value).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn items_and_keys_are_spaced() {
        assert_eq!(line([1, 2]), "[1, 2]");
        assert_eq!(
            line(serde_json::json!({"a": [1, {}], "b": null})),
            r#"{"a": [1, {}], "b": null}"#
        );
    }

    #[test]
    fn what_is_not_ascii_is_escaped_by_utf_16_units() {
        assert_eq!(line("ä\"\n😀\x7f"), r#""\u00e4\"\n\ud83d\ude00\u007f""#);
    }
}

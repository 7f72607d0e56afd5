//! Names of types, for people.

use core::fmt;

/// A type's name without the modules that its parts are in: `Node<'_>` for
/// `graph::Node<'_>`.
pub(crate) struct Short(pub(crate) &'static str);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while !rest.is_empty() {
            // A path begins here, or something that is none.
            let is_word = |c: char| c.is_alphanumeric() || c == '_';
            let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            let (path, behind) = rest.split_at(word);
            if let Some(inner) = behind.strip_prefix("::").filter(|_| word > 0) {
                rest = inner;
                continue;
            }
            f.write_str(path)?;
            let other = behind.find(is_word).unwrap_or(behind.len());
            let (other, next) = behind.split_at(other);
            f.write_str(other)?;
            rest = next;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn the_modules_of_every_part_are_left_out() {
        for (name, short) in [
            ("u32", "u32"),
            ("graph::Node", "Node"),
            ("graph::Node<'_>", "Node<'_>"),
            ("[gc_core::lock::Lock<core::option::Option<my_crate::a::B>>]", "[Lock<Option<B>>]"),
            ("(a::B, &mut c::D)", "(B, &mut D)"),
            ("dyn a::Shape<'_> + '_", "dyn Shape<'_> + '_"),
            ("<a::B as c::D>::E", "<B as D>::E"),
            ("a::b::{{closure}}", "{{closure}}"),
            ("[u8; 3]", "[u8; 3]"),
            ("", ""),
        ] {
            assert_eq!(Short(name).to_string(), short);
        }
    }
}

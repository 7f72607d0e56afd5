//! Names of types as a person would write them.

/// A type without the modules in which it and its parameters are.
#[must_use]
pub fn short_type_name(name: &str) -> String {
    let mut short = String::new();
    let mut word = String::new();
    let mut rest = name.chars().peekable();
    while let Some(letter) = rest.next() {
        if letter == ':' && rest.peek() == Some(&':') {
            rest.next();
            word.clear();
        } else if letter.is_alphanumeric() || letter == '_' {
            word.push(letter);
        } else {
            short.push_str(&std::mem::take(&mut word));
            short.push(letter);
        }
    }
    short.push_str(&word);
    short.replace("<'_>", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_name_has_no_modules() {
        let cases = [
            ("u64", "u64"),
            ("harness::workloads::gcbench::Node<'_>", "Node"),
            ("[alloc::vec::Vec<gc_core::gc::Gc<a_b::c::Node>>]", "[Vec<Gc<Node>>]"),
            ("(core::option::Option<u8>, i32)", "(Option<u8>, i32)"),
        ];
        for (name, short) in cases {
            assert_eq!(short_type_name(name), short);
        }
    }
}

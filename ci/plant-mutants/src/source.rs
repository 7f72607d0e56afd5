//! A source in which changes are planted.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::iter::Peekable;
use std::ops::Range;
use std::slice;

use anyhow::{Context as _, Result};

use crate::change::{Change, Genre};
use crate::sites::{ArmSite, Sites};

/// The text, and where in it each change is.
#[derive(Debug)]
pub(crate) struct Planted {
    pub(crate) text: String,
    ranges: Vec<(usize, Range<usize>)>,
}

/// A place of the original, and what may be there.
#[derive(Debug)]
struct Place {
    /// If empty, each text is inserted there, otherwise one of them takes its place.
    range: Range<usize>,
    texts: Vec<(usize, String)>,
}

impl Planted {
    /// Plants changes, each with its number. Those for which no switch fits are left out.
    ///
    /// # Errors
    ///
    /// The source cannot be parsed.
    pub(crate) fn new<'a>(
        original: &str,
        changes: impl Iterator<Item = (usize, &'a Change)>,
    ) -> Result<Planted> {
        let file = syn::parse_file(original).context("this is no Rust")?;
        let sites = Sites::of(&file);
        // By their begin, those that contain others first.
        let mut places = BTreeMap::new();
        for (number, change) in changes.filter(|(_, change)| !change.is_of_a_constant()) {
            if let Some((range, text)) = place(original, &sites, number, change) {
                let key = (range.start, Reverse(range.end));
                let place = places.entry(key).or_insert(Place { range, texts: Vec::new() });
                place.texts.push((number, text));
            }
        }
        let places: Vec<Place> = places.into_values().collect();
        let mut planted = Planted { text: String::new(), ranges: Vec::new() };
        planted.write(original, 0..original.len(), &mut places.iter().peekable());
        Ok(planted)
    }

    /// The numbers of the changes that are here.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = usize> {
        self.ranges.iter().map(|(number, _)| *number)
    }

    /// The change that some bytes of the text are of: the innermost, if there are several.
    pub(crate) fn change_at(&self, bytes: Range<usize>) -> Option<usize> {
        let around = self
            .ranges
            .iter()
            .filter(|(_, range)| range.start <= bytes.start && bytes.end <= range.end);
        around.min_by_key(|(_, range)| range.len()).map(|(number, _)| *number)
    }

    /// Writes a piece of the original, with what is planted there.
    fn write(
        &mut self,
        original: &str,
        piece: Range<usize>,
        places: &mut Peekable<slice::Iter<'_, Place>>,
    ) {
        let mut begin = piece.start;
        while let Some(place) = places.next_if(|place| place.range.end <= piece.end) {
            self.text.push_str(&original[begin..place.range.start]);
            begin = place.range.end;
            if place.range.is_empty() {
                place.texts.iter().for_each(|(number, text)| self.push(*number, text));
                continue;
            }
            self.text.push('(');
            for (number, text) in &place.texts {
                self.push(*number, text);
                self.text.push_str(" else ");
            }
            // In parentheses: a block in front of an operator would be a statement.
            self.text.push_str("{ (");
            self.write(original, place.range.clone(), places);
            self.text.push_str(") })");
        }
        self.text.push_str(&original[begin..piece.end]);
    }

    fn push(&mut self, number: usize, text: &str) {
        let begin = self.text.len();
        self.text.push_str(text);
        self.ranges.push((number, begin..self.text.len()));
    }
}

/// What a change is called where it is planted. None has the name of another in its own.
pub(crate) fn name(number: usize) -> String {
    format!("mutant-{number:04}")
}

/// Where a change goes, and how it reads there.
fn place(
    original: &str,
    sites: &Sites,
    number: usize,
    change: &Change,
) -> Option<(Range<usize>, String)> {
    let (begin, end) = (change.span.start.byte(original)?, change.span.end.byte(original)?);
    let library = if change.package == "gc-core" { "crate" } else { "gc_core" };
    let switch = format!("{library}::planted!(\"{}\")", name(number));
    let instead = |expression: &str| format!("if {switch} {{ ({expression}) }}");
    let arm = |is_it: &dyn Fn(&ArmSite) -> bool| sites.arms.iter().find(|arm| is_it(arm));
    match change.genre {
        Genre::FnValue => {
            let around = sites.bodies.iter().filter(|body| body.contains(&begin));
            let body = around.min_by_key(|body| body.len())?;
            // Behind the brace.
            let inside = body.start + 1;
            let text = format!(" if {switch} {{ return {}; }}", change.replacement);
            Some((inside..inside, text))
        }
        Genre::BinaryOperator | Genre::UnaryOperator => {
            let (operator, whole) =
                sites.operators.iter().find(|(operator, _)| operator.start == begin)?;
            let left = &original[whole.start..operator.start];
            let right = &original[operator.end..whole.end];
            Some((whole.clone(), instead(&format!("{left}{}{right}", change.replacement))))
        }
        Genre::MatchArmGuard => {
            let guard = arm(&|arm| arm.guard == Some(begin..end))?.guard.clone()?;
            Some((guard, instead(&change.replacement)))
        }
        Genre::MatchArm => {
            let arm = arm(&|arm| arm.pattern.start == begin)?;
            match arm.guard.clone() {
                Some(guard) => Some((guard, instead("false"))),
                None => Some((arm.pattern.end..arm.pattern.end, format!(" if !{switch}"))),
            }
        }
        Genre::StructField => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A change of the only place of a source where it says `found`.
    fn change(source: &str, found: &str, genre: &str, replacement: &str) -> Change {
        let mut places = source.match_indices(found);
        let (begin, _) = places.next().expect("it is there");
        assert_eq!(places.next(), None, "`{found}` is there twice");
        let position = |byte: usize| {
            let before = &source[..byte];
            let line_begin = before.rfind('\n').map_or(0, |end| end + 1);
            let column = before[line_begin..].chars().count() + 1;
            json!({ "line": before.matches('\n').count() + 1, "column": column })
        };
        let listed = json!({
            "name": "a change", "package": "gc-core", "file": "a.rs", "function": {},
            "genre": genre, "replacement": replacement,
            "span": { "start": position(begin), "end": position(begin + found.len()) },
        });
        serde_json::from_value(listed).expect("it is like what cargo-mutants prints")
    }

    fn plant(source: &str, changes: &[Change]) -> Planted {
        let planted = Planted::new(source, changes.iter().enumerate()).expect("it is Rust");
        syn::parse_file(&planted.text).expect("it still is");
        for (number, range) in &planted.ranges {
            let text = &planted.text[range.clone()];
            assert!(
                text.contains(&format!("\"{}\"", name(*number))),
                "{number} is not in `{text}`"
            );
        }
        planted
    }

    #[test]
    fn operators_in_each_other_have_their_own_switches() {
        let source = "fn f() -> bool {\n    // Längen\n    a * 2 < b\n}\n";
        let changes = [
            change(source, "<", "BinaryOperator", ">"),
            change(source, "*", "BinaryOperator", "+"),
            change(source, "<", "BinaryOperator", "=="),
        ];
        let planted = plant(source, &changes);
        let line = "    (if crate::planted!(\"mutant-0000\") { (a * 2 > b) } else \
                    if crate::planted!(\"mutant-0002\") { (a * 2 == b) } else { (\
                    (if crate::planted!(\"mutant-0001\") { (a + 2) } else { (a * 2) }) < b) })";
        assert_eq!(planted.text.lines().nth(2), Some(line));
        let place = planted.text.find("(a + 2)").unwrap();
        assert_eq!(planted.change_at(place..place + 7), Some(1));
        assert_eq!(planted.change_at(0..2), None);
    }

    #[test]
    fn functions_arms_and_guards_get_a_switch() {
        let source = "fn f(x: u8) -> u8 { match x { 0 => 5, n if !g(n) => 6, _ => 7 } }";
        let changes = [
            change(source, "match x { 0 => 5, n if !g(n) => 6, _ => 7 }", "FnValue", "1"),
            change(source, "0 => 5", "MatchArm", ""),
            change(source, "!g(n)", "MatchArmGuard", "true"),
            change(source, "!", "UnaryOperator", ""),
        ];
        let text = plant(source, &changes).text;
        assert!(
            text.contains("{ if crate::planted!(\"mutant-0000\") { return 1; } match"),
            "{text}"
        );
        assert!(text.contains("0 if !crate::planted!(\"mutant-0001\") => 5"), "{text}");
        assert!(text.contains("if (if crate::planted!(\"mutant-0002\") { (true) } else"), "{text}");
        assert!(text.contains("if crate::planted!(\"mutant-0003\") { (g(n)) } else"), "{text}");
    }

    #[test]
    fn no_switch_is_where_none_can_be() {
        let source = "fn f() { if a && let Some(x) = b { } if !crate::planted!(\"x\") { } \
                      c - 8 * usize::from(crate::planted!(\"y\")) }";
        let changes = [
            change(source, "-", "BinaryOperator", "+"),
            change(source, "*", "BinaryOperator", "/"),
            change(source, "&&", "BinaryOperator", "||"),
            change(source, "!crate", "UnaryOperator", ""),
        ];
        let planted = plant(source, &changes);
        assert_eq!(planted.text, source);
        assert_eq!(planted.numbers().count(), 0);
    }
}

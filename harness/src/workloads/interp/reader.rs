//! Turns the text of a program into values.

use gc_core::Mutation;

use super::value::{Primitive, Symbol, Value};

/// The names of special forms. A symbol is the place of its name, so that these are known in
/// advance.
const SPECIAL_FORMS: [&str; 4] = ["quote", "if", "lambda", "define"];

pub(super) const QUOTE: Symbol = 0;
pub(super) const IF: Symbol = 1;
pub(super) const LAMBDA: Symbol = 2;
pub(super) const DEFINE: Symbol = 3;

/// Reads one program.
#[derive(Debug)]
pub(super) struct Reader<'text> {
    names: Vec<&'text str>,
    tokens: Vec<&'text str>,
}

impl<'text> Reader<'text> {
    pub(super) fn new(source: &'text str) -> Self {
        let names = SPECIAL_FORMS.into_iter().chain(Primitive::ALL.map(|(name, _)| name)).collect();
        let parentheses = |character: char| matches!(character, '(' | ')');
        let mut tokens: Vec<_> = source
            .split_whitespace()
            .flat_map(|word| word.split_inclusive(parentheses))
            .flat_map(|piece| match piece.strip_suffix(parentheses) {
                Some(atom) => [atom, &piece[atom.len()..]],
                None => [piece, ""],
            })
            .filter(|token| !token.is_empty())
            .collect();
        // The next token is the last, where it can be popped.
        tokens.reverse();
        Reader { names, tokens }
    }

    /// The number of different symbols read so far.
    pub(super) fn symbols(&self) -> usize {
        self.names.len()
    }

    /// The forms up to the closing parenthesis or the end, as a list.
    pub(super) fn list<'gc>(&mut self, mc: &'gc Mutation<'gc>) -> Value<'gc> {
        let mut forms = Vec::new();
        while let Some(token) = self.tokens.pop() {
            match token {
                "(" => forms.push(self.list(mc)),
                ")" => break,
                atom => forms.push(self.atom(mc, atom)),
            }
        }
        forms.into_iter().rev().fold(Value::Nil, |tail, head| Value::cons(mc, head, tail))
    }

    fn atom<'gc>(&mut self, mc: &'gc Mutation<'gc>, atom: &'text str) -> Value<'gc> {
        match (atom, atom.parse()) {
            ("#t", _) => Value::Bool(true),
            ("#f", _) => Value::Bool(false),
            (_, Ok(number)) => Value::number(mc, number),
            (name, Err(_)) => Value::Symbol(self.symbol(name)),
        }
    }

    fn symbol(&mut self, name: &'text str) -> Symbol {
        let place = self.names.iter().position(|&known| known == name).unwrap_or_else(|| {
            self.names.push(name);
            self.names.len() - 1
        });
        place as Symbol
    }
}

/// The symbol of a primitive: they follow the special forms.
pub(super) const fn symbol_of_primitive(place: usize) -> usize {
    SPECIAL_FORMS.len() + place
}

//! Turns the text of a program into forms, from which each heap makes values of its own.

use super::value::Primitive;

/// The number of a name.
pub(crate) type Symbol = u32;

/// A piece of source code.
#[derive(Clone, Debug)]
pub(crate) enum Form {
    Bool(bool),
    Symbol(Symbol),
    Number(f64),
    List(Vec<Form>),
}

/// The names of special forms. A symbol is the place of its name, so that these are known in
/// advance.
const SPECIAL_FORMS: [&str; 4] = ["quote", "if", "lambda", "define"];

pub(crate) const QUOTE: Symbol = 0;
pub(crate) const IF: Symbol = 1;
pub(crate) const LAMBDA: Symbol = 2;
pub(crate) const DEFINE: Symbol = 3;

/// Reads one program.
#[derive(Debug)]
pub(crate) struct Reader<'text> {
    names: Vec<&'text str>,
    tokens: Vec<&'text str>,
}

impl<'text> Reader<'text> {
    pub(crate) fn new(source: &'text str) -> Self {
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
    pub(crate) fn symbols(&self) -> usize {
        self.names.len()
    }

    /// The forms up to the closing parenthesis or the end.
    pub(crate) fn forms(&mut self) -> Vec<Form> {
        let mut forms = Vec::new();
        while let Some(token) = self.tokens.pop() {
            match token {
                "(" => forms.push(Form::List(self.forms())),
                ")" => break,
                atom => forms.push(self.atom(atom)),
            }
        }
        forms
    }

    fn atom(&mut self, atom: &'text str) -> Form {
        match (atom, atom.parse()) {
            ("#t", _) => Form::Bool(true),
            ("#f", _) => Form::Bool(false),
            (_, Ok(number)) => Form::Number(number),
            (name, Err(_)) => Form::Symbol(self.symbol(name)),
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

/// The primitive that a symbol names: they follow the special forms.
pub(crate) fn primitive_of_symbol(symbol: usize) -> Option<Primitive> {
    let place = symbol.checked_sub(SPECIAL_FORMS.len())?;
    Primitive::ALL.get(place).map(|&(_, primitive)| primitive)
}

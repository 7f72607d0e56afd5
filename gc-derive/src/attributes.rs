//! What the words of `#[trace(..)]` say about a type and about a field.
//!
//! A word that is not understood is an error at its own place, never ignored: a word that silently
//! does nothing would be a promise not kept.

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::parse::Parse;
use syn::{Attribute, Error, Generics, Ident, Lifetime, Meta, Path, Result, WherePredicate};

use crate::grammar::{for_each_word, parse_bound, parse_value};

const TYPE_WORDS: &str = "`no_drop`, `require_static`, `unsafe_drop`, `finalize`, `recursive`, \
                          `bound = \"where ..\"`, `gc_lifetime = 'gc` and `crate = path`";

/// How a type's destructor is kept from reading dead objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The type does not implement `Drop`; the expansion makes an implementation a conflict.
    #[default]
    NoDrop,
    /// The type is `'static`, so it holds no reference into a heap.
    RequireStatic,
    /// The author of the type answers for it.
    UnsafeDrop,
}

/// What `#[trace(..)]` says on a type.
#[derive(Default)]
pub(crate) struct TypeWords {
    pub(crate) mode: Mode,
    /// Replaces the default bounds, and nothing else.
    pub(crate) bound: Option<Vec<WherePredicate>>,
    pub(crate) krate: Option<Path>,
    /// `HAS_GC` is true without asking the fields.
    pub(crate) is_recursive: bool,
    /// Where the type says that its objects have a finalizer.
    pub(crate) finalize: Option<Span>,
}

impl TypeWords {
    /// Reads every `#[trace(..)]` among a type's attributes.
    ///
    /// # Errors
    ///
    /// Fails for a word that is unknown, given twice or at odds with another, and for a value that
    /// is not what its word takes.
    pub(crate) fn parse(attributes: &[Attribute], generics: &Generics) -> Result<Self> {
        let mut words = Self::default();
        let mut mode_word: Option<Ident> = None;
        for_each_word(attributes, |word, input| {
            match word.to_string().as_str() {
                "no_drop" => words.mode = choose_mode(Mode::NoDrop, &mut mode_word, word)?,
                "require_static" => {
                    words.mode = choose_mode(Mode::RequireStatic, &mut mode_word, word)?;
                }
                "unsafe_drop" => words.mode = choose_mode(Mode::UnsafeDrop, &mut mode_word, word)?,
                "recursive" => words.is_recursive = true,
                "finalize" => words.finalize = Some(word.span()),
                "bound" => words.bound = Some(parse_bound(input)?),
                "gc_lifetime" => {
                    check_is_declared(&parse_value(input, Lifetime::parse)?, generics)?
                }
                "crate" => words.krate = Some(parse_value(input, Path::parse_mod_style)?),
                _ => {
                    let message = format!("unknown word `{word}`: a type takes {TYPE_WORDS}");
                    return Err(Error::new(word.span(), message));
                }
            }
            Ok(())
        })?;
        Ok(words)
    }
}

/// Whether a field says `#[trace(require_static)]`.
///
/// # Errors
///
/// Fails for every other word and for the same word twice.
pub(crate) fn is_static_field(attributes: &[Attribute]) -> Result<bool> {
    let mut is_static = false;
    for_each_word(attributes, |word, _| {
        if word != "require_static" {
            let message = format!("unknown word `{word}`: a field takes only `require_static`");
            return Err(Error::new(word.span(), message));
        }
        is_static = true;
        Ok(())
    })?;
    Ok(is_static)
}

/// The place of `packed` in a `#[repr(..)]`.
pub(crate) fn find_packed(attributes: &[Attribute]) -> Option<Span> {
    fn find(tokens: TokenStream) -> Option<Span> {
        tokens.into_iter().find_map(|token| match token {
            TokenTree::Ident(word) => (word == "packed").then(|| word.span()),
            TokenTree::Group(group) => find(group.stream()),
            TokenTree::Punct(_) | TokenTree::Literal(_) => None,
        })
    }
    attributes.iter().filter(|attribute| attribute.path().is_ident("repr")).find_map(|attribute| {
        match &attribute.meta {
            Meta::List(list) => find(list.tokens.clone()),
            Meta::Path(_) | Meta::NameValue(_) => None,
        }
    })
}

/// Notes that `word` chooses the type's mode.
///
/// Fails if another word has. The same word again is left to the grammar to report.
fn choose_mode(mode: Mode, chosen_by: &mut Option<Ident>, word: &Ident) -> Result<Mode> {
    match chosen_by {
        Some(earlier) if earlier != word => {
            let message = format!("`{word}` contradicts `{earlier}`: a type takes one of them");
            Err(Error::new(word.span(), message))
        }
        _ => {
            *chosen_by = Some(word.clone());
            Ok(mode)
        }
    }
}

fn check_is_declared(lifetime: &Lifetime, generics: &Generics) -> Result<()> {
    if generics.lifetimes().any(|declared| declared.lifetime == *lifetime) {
        return Ok(());
    }
    Err(Error::new(lifetime.span(), format!("the type has no lifetime parameter `{lifetime}`")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::ToTokens;
    use syn::{DeriveInput, parse_quote};

    fn parse(item: &str) -> Result<TypeWords> {
        let input: DeriveInput = syn::parse_str(item)?;
        TypeWords::parse(&input.attrs, &input.generics)
    }

    fn error_of(item: &str) -> String {
        parse(item).err().expect(item).to_string()
    }

    #[test]
    fn a_type_without_words_may_not_implement_drop() {
        let words = parse("struct S;").unwrap();
        assert_eq!(words.mode, Mode::NoDrop);
        assert!(words.bound.is_none() && words.krate.is_none() && !words.is_recursive);
        assert!(words.finalize.is_none());
    }

    #[test]
    fn each_word_is_understood() {
        let mode = |item| parse(item).unwrap().mode;
        assert_eq!(mode("#[trace(no_drop)] struct S;"), Mode::NoDrop);
        assert_eq!(mode("#[trace(require_static)] struct S;"), Mode::RequireStatic);
        assert_eq!(mode("#[trace(unsafe_drop)] struct S;"), Mode::UnsafeDrop);
        let words = "#[trace(bound = \"where T: A\", gc_lifetime = 'gc)] #[trace(recursive)]";
        let words = parse(&format!("{words} #[trace(crate = crate)] struct S<'gc, T>;")).unwrap();
        assert!(words.is_recursive);
        assert!(parse("#[trace(finalize)] struct S;").unwrap().finalize.is_some());
        assert_eq!(words.krate.to_token_stream().to_string(), "crate");
        assert_eq!(words.bound.unwrap().len(), 1);
    }

    #[test]
    fn contradicting_words_are_refused() {
        let error = error_of("#[trace(no_drop)] #[trace(unsafe_drop)] struct S;");
        assert_eq!(error, "`unsafe_drop` contradicts `no_drop`: a type takes one of them");
        assert_eq!(error_of("#[trace(no_drop, no_drop)] struct S;"), "`no_drop` is given twice");
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let unknown = error_of("#[trace(no_dorp)] struct S;");
        assert!(unknown.starts_with("unknown word `no_dorp`: a type takes `no_drop`"));
        let undeclared = error_of("#[trace(gc_lifetime = 'b)] struct S<'a>(&'a ());");
        assert_eq!(undeclared, "the type has no lifetime parameter `'b`");
    }

    #[test]
    fn a_field_takes_one_word() {
        assert!(!is_static_field(&[]).unwrap());
        assert!(!is_static_field(&[parse_quote!(#[doc = "text"])]).unwrap());
        assert!(is_static_field(&[parse_quote!(#[trace(require_static)])]).unwrap());
        let error_of = |field| is_static_field(&[field]).unwrap_err().to_string();
        let unknown = error_of(parse_quote!(#[trace(no_drop)]));
        assert_eq!(unknown, "unknown word `no_drop`: a field takes only `require_static`");
        let twice = error_of(parse_quote!(#[trace(require_static, require_static)]));
        assert_eq!(twice, "`require_static` is given twice");
    }

    #[test]
    fn packed_is_found_among_other_representations() {
        let is_packed = |attributes: &[Attribute]| find_packed(attributes).is_some();
        assert!(is_packed(&[parse_quote!(#[repr(C, packed)])]));
        assert!(is_packed(&[parse_quote!(#[doc(hidden)]), parse_quote!(#[repr(packed(2))])]));
        assert!(!is_packed(&[parse_quote!(#[repr(C)]), parse_quote!(#[repr(align(8))])]));
        assert!(!is_packed(&[parse_quote!(#[doc(packed)])]));
    }
}

//! The grammar of `#[trace(..)]`: a list of words, some of which take a value.
//!
//! A value is parsed as what it is, a path as a path and a bound as where-predicates, to the last
//! token. So no value can smuggle other tokens into the generated code.

use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Attribute, Error, Ident, LitStr, Meta, Result, Token, WherePredicate};

/// Calls `read` once per word, positioned behind it, so that `read` can take the word's value.
///
/// # Errors
///
/// Fails where `read` does, for an attribute without parentheses, for a word given twice (in one
/// attribute or in several) and for a value that `read` has left.
pub(crate) fn for_each_word(
    attributes: &[Attribute],
    mut read: impl FnMut(&Ident, ParseStream<'_>) -> Result<()>,
) -> Result<()> {
    let mut seen: Vec<Ident> = Vec::new();
    for attribute in attributes.iter().filter(|attribute| is_ours(attribute)) {
        let Meta::List(list) = &attribute.meta else {
            let advice = "expected words in parentheses, as in `#[trace(no_drop)]`";
            return Err(Error::new(attribute.path().span(), advice));
        };
        list.parse_args_with(|input: ParseStream<'_>| {
            while !input.is_empty() {
                // `crate` is a keyword, hence `parse_any`.
                let word = input.call(Ident::parse_any)?;
                read(&word, input)?;
                if seen.contains(&word) {
                    return Err(Error::new(word.span(), format!("`{word}` is given twice")));
                }
                seen.push(word);
                if !input.is_empty() {
                    input.parse::<Token![,]>()?;
                }
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// Refuses `#[trace(..)]` where it would mean nothing; `advice` says where it belongs.
///
/// # Errors
///
/// Fails if one of the attributes is ours.
pub(crate) fn refuse(attributes: &[Attribute], advice: &str) -> Result<()> {
    match attributes.iter().find(|attribute| is_ours(attribute)) {
        Some(attribute) => Err(Error::new(attribute.path().span(), advice)),
        None => Ok(()),
    }
}

/// Parses `= "where ..predicates"`; the word `where` may be left out.
///
/// # Errors
///
/// Fails if anything but predicates is in the string.
pub(crate) fn parse_bound(input: ParseStream<'_>) -> Result<Vec<WherePredicate>> {
    input.parse::<Token![=]>()?;
    let text: LitStr = input.parse()?;
    let predicates = text.parse_with(|input: ParseStream<'_>| {
        input.parse::<Option<Token![where]>>()?;
        Punctuated::<WherePredicate, Token![,]>::parse_terminated(input)
    })?;
    Ok(predicates.into_iter().collect())
}

/// Parses `= value` or `= "value"`.
///
/// # Errors
///
/// Fails where `parse` does.
pub(crate) fn parse_value<T>(
    input: ParseStream<'_>,
    parse: fn(ParseStream<'_>) -> Result<T>,
) -> Result<T> {
    input.parse::<Token![=]>()?;
    if input.peek(LitStr) { input.parse::<LitStr>()?.parse_with(parse) } else { parse(input) }
}

fn is_ours(attribute: &Attribute) -> bool {
    attribute.path().is_ident("trace")
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::ToTokens;
    use syn::parse::{Parse, Parser};
    use syn::{Lifetime, Path};

    /// Reads `#[trace(..)]`s in which `word` takes a value of the type that `parse` parses.
    fn read<T>(attributes: &str, parse: impl Fn(ParseStream<'_>) -> Result<T>) -> Result<Vec<T>> {
        let attributes = Parser::parse_str(Attribute::parse_outer, attributes)?;
        let mut values = Vec::new();
        for_each_word(&attributes, |_, input| {
            values.push(parse(input)?);
            Ok(())
        })?;
        Ok(values)
    }

    fn text(tokens: impl ToTokens) -> String {
        tokens.to_token_stream().to_string()
    }

    fn error_of(attributes: &str) -> String {
        read(attributes, |_| Ok(())).expect_err(attributes).to_string()
    }

    #[test]
    fn words_may_be_spread_over_several_attributes() {
        assert_eq!(
            read("#[trace(a, b,)] #[other(x)] #[trace(crate)]", |_| Ok(())).unwrap().len(),
            3
        );
        assert!(read("#[trace()] #[doc(trace)]", |_| Ok(())).unwrap().is_empty());
    }

    #[test]
    fn what_is_no_list_of_words_is_refused() {
        for attributes in ["#[trace]", "#[trace = \"a\"]"] {
            let advice = "expected words in parentheses, as in `#[trace(no_drop)]`";
            assert_eq!(error_of(attributes), advice);
        }
        assert_eq!(error_of("#[trace(\"a\")]"), "expected ident");
        assert_eq!(error_of("#[trace(a b)]"), "expected `,`");
        assert_eq!(error_of("#[trace(a = 3)]"), "expected `,`");
    }

    #[test]
    fn a_word_given_twice_is_refused() {
        assert_eq!(error_of("#[trace(a, b, a)]"), "`a` is given twice");
        assert_eq!(error_of("#[trace(a)] #[trace(a)]"), "`a` is given twice");
    }

    #[test]
    fn values_may_be_quoted_or_bare() {
        for attribute in ["#[trace(crate = ::a::b)]", "#[trace(crate = \"::a::b\")]"] {
            let paths = read(attribute, |input| parse_value(input, Path::parse_mod_style)).unwrap();
            assert_eq!(text(&paths[0]), ":: a :: b");
        }
        for attribute in ["#[trace(gc_lifetime = 'a)]", "#[trace(gc_lifetime = \"'a\")]"] {
            let lifetimes = read(attribute, |input| parse_value(input, Lifetime::parse));
            assert_eq!(text(&lifetimes.unwrap()[0]), "'a");
        }
    }

    #[test]
    fn a_crate_is_a_plain_path() {
        for value in ["a::<u8>::b", "a::b {}", "\"a b\"", "\"\"", "3", "\"a; b\"", "\"a::b<'gc>\""]
        {
            let attribute = format!("#[trace(crate = {value})]");
            let read = read(&attribute, |input| parse_value(input, Path::parse_mod_style));
            assert!(read.is_err(), "accepted {value}");
        }
    }

    #[test]
    fn a_bound_is_a_list_of_predicates_with_or_without_where() {
        let bound = |value| read(&format!("#[trace(bound = {value})]"), parse_bound).unwrap();
        for value in ["\"where T: A, for<'a> U: B<'a>\"", "\"T: A, for<'a> U: B<'a>,\""] {
            let predicates: Vec<String> = bound(value)[0].iter().map(text).collect();
            assert_eq!(predicates, ["T : A", "for < 'a > U : B < 'a >"]);
        }
        assert!(bound("\"\"")[0].is_empty() && bound("\"where\"")[0].is_empty());
    }

    #[test]
    fn a_bound_cannot_smuggle_other_tokens() {
        for value in [
            "where T: A {} unsafe impl",
            "where T: A } {",
            "T: A; struct X",
            "T",
            "where where T: A",
        ] {
            let read = read(&format!("#[trace(bound = \"{value}\")]"), parse_bound);
            assert!(read.is_err(), "accepted {value}");
        }
        let error = read("#[trace(bound)]", parse_bound).err().unwrap();
        assert_eq!(error.to_string(), "expected `=`");
    }
}

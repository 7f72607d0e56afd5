//! The where clause of the generated impl: what the type states, the default bounds or their
//! replacement, and what safety needs.
//!
//! Invariant: `#[trace(bound = "..")]` replaces the middle part only. Nothing that memory safety
//! rests on is a default bound: that a traced field is `Trace` is checked where the field is
//! traced, and that an untraced field is `'static` is always among the predicates.

use quote::ToTokens;
use syn::{
    DeriveInput, Ident, Path, WherePredicate, parse_quote, parse_quote_spanned, spanned::Spanned,
};

use crate::attributes::{Mode, TypeWords};
use crate::shape::{Variant, mentions};

/// The predicates to add to those that the type itself states.
pub(crate) fn predicates(
    input: &DeriveInput,
    words: &TypeWords,
    variants: &[Variant<'_>],
    krate: &Path,
) -> Vec<WherePredicate> {
    let mut predicates = match (&words.bound, words.mode) {
        (Some(bound), _) => bound.clone(),
        (None, Mode::RequireStatic) => Vec::new(),
        (None, Mode::NoDrop | Mode::UnsafeDrop) => default_bounds(input, variants, krate),
    };
    predicates.extend(safety_bounds(input, words, variants));
    predicates
}

/// `T: Trace` for every type parameter that a traced field mentions.
///
/// Parameters rather than field types: `Option<Gc<'gc, Node<T>>>: Trace` as a condition for
/// `Node<T>: Trace` would send the compiler in circles. Fields that these bounds do not make
/// `Trace` are an error where they are traced.
fn default_bounds(
    input: &DeriveInput,
    variants: &[Variant<'_>],
    krate: &Path,
) -> Vec<WherePredicate> {
    let is_for_static_fields_only = |parameter: &Ident| {
        let fields = variants.iter().flat_map(|variant| &variant.fields);
        let mut mentioning =
            fields.filter(|field| mentions(field.ty.to_token_stream(), &|word| word == parameter));
        // A parameter that no field mentions was forgotten, and the compiler will say so.
        mentioning.next().is_some_and(|first| first.is_static && mentioning.all(|f| f.is_static))
    };
    let parameters = input.generics.type_params().map(|parameter| &parameter.ident);
    parameters
        .filter(|parameter| !is_for_static_fields_only(parameter))
        .map(|parameter| parse_quote!(#parameter: #krate::Trace))
        .collect()
}

/// What justifies not looking: a `'static` type or field cannot hold a reference into a heap, whose
/// lifetime is an arena's own. And what justifies to call a finalizer later, with the arena's lifetime
/// replaced: there is no other.
fn safety_bounds(
    input: &DeriveInput,
    words: &TypeWords,
    variants: &[Variant<'_>],
) -> Vec<WherePredicate> {
    if words.mode == Mode::RequireStatic {
        return vec![parse_quote!(Self: 'static)];
    }
    let parameters = input.generics.type_params().map(|parameter| &parameter.ident);
    let finalized = parameters.filter(|_| words.finalize.is_some());
    let finalized = finalized.map(|parameter| parse_quote!(#parameter: 'static));
    let fields = variants.iter().flat_map(|variant| &variant.fields);
    let fields = fields.filter(|field| field.is_static).map(|field| {
        let ty = field.ty;
        parse_quote_spanned!(ty.span()=> #ty: 'static)
    });
    finalized.chain(fields).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape;

    fn predicates_of(item: &str) -> Vec<String> {
        let input: DeriveInput = syn::parse_str(item).expect(item);
        let variants = shape::variants(&input).unwrap();
        let words = TypeWords::parse(&input.attrs, &input.generics).unwrap();
        let predicates = predicates(&input, &words, &variants, &parse_quote!(c));
        predicates.iter().map(|predicate| predicate.to_token_stream().to_string()).collect()
    }

    #[test]
    fn parameters_are_bounded_by_default() {
        let item = "struct S<'gc, T, const N: usize, U>(T, [Gc<'gc, U>; N]);";
        assert_eq!(predicates_of(item), ["T : c :: Trace", "U : c :: Trace"]);
        assert!(predicates_of("enum E { A(u8) }").is_empty());
    }

    #[test]
    fn a_parameter_of_static_fields_alone_is_not_bounded() {
        let item = "struct S<T>(#[trace(require_static)] Cell<T>);";
        assert_eq!(predicates_of(item), ["Cell < T > : 'static"]);
        let item = "struct S<T>(#[trace(require_static)] Cell<T>, T);";
        assert_eq!(predicates_of(item), ["T : c :: Trace", "Cell < T > : 'static"]);
    }

    #[test]
    fn a_bound_replaces_the_default_and_not_what_safety_needs() {
        let item = "#[trace(bound = \"T: A\")] struct S<T>(T, #[trace(require_static)] Cell<T>);";
        assert_eq!(predicates_of(item), ["T : A", "Cell < T > : 'static"]);
        let item = "#[trace(require_static, bound = \"T: A\")] struct S<T>(T);";
        assert_eq!(predicates_of(item), ["T : A", "Self : 'static"]);
        let item = "#[trace(unsafe_drop, bound = \"\")] struct S<T>(#[trace(require_static)] T);";
        assert_eq!(predicates_of(item), ["T : 'static"]);
    }
}

//! Where generated tokens are resolved, where errors in them are shown, and which lints see them.
//!
//! Generated tokens are resolved as the macro's own (`mixed_site`) even where they are located at a
//! field's type, which puts errors where the user can mend them. It also tells the compiler that
//! they come from a macro of another crate, which most lints pass over; `unsafe_code` does, so a
//! crate that forbids it can derive.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{DeriveInput, Path, Type};

/// A variable of the expansion, which no variable of the user's can be mistaken for.
pub(crate) fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

/// A span that is shown at `place` and resolved as the macro's own.
pub(crate) fn own_span_at(place: Span) -> Span {
    Span::mixed_site().located_at(place)
}

/// `<Type as krate::Trace>::item`, located at the type.
///
/// Spelled out, so that an inherent `visit` or `HAS_GC` is not mistaken for the trait's.
pub(crate) fn associated(ty: &Type, krate: &Path, item: &str) -> TokenStream {
    let span = own_span_at(ty.span());
    let item = Ident::new(item, span);
    quote_spanned!(span=> <#ty as #krate::Trace>::#item)
}

/// The attributes that keep generated code free of warnings.
///
/// What the type allows is allowed here too: the user's tokens that are repeated, the types of the
/// fields, would be linted once more. And `deprecated`, unlike most lints, looks into the
/// expansions of other crates' macros.
pub(crate) fn allowed_lints(input: &DeriveInput) -> TokenStream {
    let allowed = input.attrs.iter().filter(|attribute| attribute.path().is_ident("allow"));
    quote! {
        #[allow(deprecated, reason = "deprecated types and fields are traced like any other")]
        #(#allowed)*
    }
}

/// Helpers of the tests that look at expansions as text.
#[cfg(test)]
pub(crate) mod text {
    use super::*;

    /// The expansion of an item.
    pub(crate) fn expand(item: &str) -> String {
        let input: DeriveInput = syn::parse_str(item).expect(item);
        let tokens = crate::expand::derive(&input, syn::parse_quote!(::gc_core));
        syn::parse2::<syn::File>(tokens.clone()).expect("the expansion parses");
        tokens.to_string()
    }

    /// Asserts that the tokens of `part` occur in `expansion`, in this order and nothing between.
    #[track_caller]
    pub(crate) fn assert_has(expansion: &str, part: &str) {
        let part: TokenStream = part.parse().expect("tokens");
        // Text differs in the spaces around punctuation; without any, no two of our parts are
        // alike.
        let squeeze = |text: &str| text.split_whitespace().collect::<String>();
        let is_there = squeeze(expansion).contains(&squeeze(&part.to_string()));
        assert!(is_there, "{part}\nis not in\n{expansion}");
    }
}

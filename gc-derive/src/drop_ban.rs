//! The ban on `Drop`: a dying object's neighbors may be dead already, so no `drop` may look at
//! them.
//!
//! An impl of `Drop` is made a conflict: a hidden trait is implemented for every type that
//! implements `Drop`, and for the type in question. The compiler accepts both impls only if it can
//! show that the type does not implement `Drop`, which for a type of this crate is a fact, with or
//! without type parameters and lifetimes.
//!
//! The trait is gc-core's, where `Drop` is the real one: a crate may call itself `core`, and then
//! `::core::ops::Drop` is what it pleases. It may call itself gc-core, too, so the slots of the type check
//! that the trait is the right one (`SlotMap::__check_drop`). `SlotMap` is, or the impl of `Trace` would not
//! compile.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{DeriveInput, Path};

use crate::hygiene::{allowed_lints, own_span_at};

/// Makes `impl Drop` for the type a compile error.
///
/// The impl for the type repeats the type's own predicates only. With those of the `Trace` impl
/// among them, one that never holds would hide the conflict.
pub(crate) fn expand(input: &DeriveInput, krate: &Path) -> TokenStream {
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    let name = &input.ident;
    let for_the_type = quote_spanned! { own_span_at(name.span())=>
        impl #impl_generics #krate::__MustNotImplDrop for #name #type_generics #where_clause {
            type Ban = ();
        }
    };
    let allowed_lints = allowed_lints(input);
    quote! {
        #[automatically_derived]
        #allowed_lints
        #for_the_type
    }
}

#[cfg(test)]
mod tests {
    use crate::hygiene::text::{assert_has, expand};

    #[test]
    fn the_ban_repeats_the_predicates_of_the_type() {
        let ban =
            "impl<T: Copy> ::gc_core::__MustNotImplDrop for S<T> where T: Eq { type Ban = (); }";
        assert_has(&expand("struct S<T: Copy>(T) where T: Eq;"), ban);
    }

    #[test]
    fn a_bound_that_never_holds_does_not_empty_the_ban() {
        let expansion = expand("#[trace(no_drop, bound = \"T: Never\")] struct S<T: Copy>(T);");
        assert_has(
            &expansion,
            "impl<T: Copy> ::gc_core::__MustNotImplDrop for S<T> { type Ban = (); }",
        );
    }

    #[test]
    fn a_type_without_parameters_is_banned_too() {
        assert_has(
            &expand("enum E { A(u8) }"),
            "impl ::gc_core::__MustNotImplDrop for E { type Ban = (); }",
        );
    }

    #[test]
    fn there_is_no_ban_on_types_that_answer_for_their_drop() {
        for word in ["unsafe_drop", "require_static"] {
            let expansion = expand(&format!("#[trace({word})] struct S;"));
            assert!(!expansion.contains("__MustNotImplDrop"), "{expansion}");
        }
    }
}

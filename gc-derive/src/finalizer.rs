//! What `#[trace(finalize)]` adds: the finalizer, as a constant of `Trace`, and the promise that it runs.
//!
//! The finalizer runs in a later `mutate` than the one that made the object, so it is asked for with the
//! type's lifetime left open: `for<'a>`, as `Rootable!` writes it. That is why a type with a
//! finalizer has one lifetime at most, and why `bounds` makes its type parameters `'static`.
//!
//! It is also why each value has a `Brand<'gc>`, which exists for no lifetime but that of a `mutate`.
//! Otherwise a `Node<'static>` that holds no `Gc` could become an object of any arena: its finalizer
//! would store a short-lived `Gc` where another reference to the object reads one that is `'static`.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{DeriveInput, Error, GenericParam, Lifetime, Path, Result, Type};

use crate::hygiene::{allowed_lints, local, own_span_at};
use crate::shape::Variant;

/// Refuses a finalizer on a type with several lifetimes.
///
/// # Errors
///
/// Fails at the first lifetime that is one too many.
pub(crate) fn check_lifetimes(input: &DeriveInput, word: Option<Span>) -> Result<()> {
    match (word, input.generics.lifetimes().nth(1)) {
        (Some(_), Some(second)) => {
            let message = "a type with `finalize` takes one lifetime at most, its arena's: when the \
                           finalizer runs, others have ended";
            Err(Error::new(second.lifetime.span(), message))
        }
        _ => Ok(()),
    }
}

/// The constant of the impl of `Trace`, if the type has a finalizer.
///
/// # Errors
///
/// Fails if the type has a lifetime, and values without a field of type `Brand`.
pub(crate) fn constant(
    input: &DeriveInput,
    variants: &[Variant<'_>],
    word: Option<Span>,
    krate: &Path,
) -> Result<TokenStream> {
    let Some(word) = word else { return Ok(TokenStream::new()) };
    let span = own_span_at(word);
    let finalizer = match proof(input, variants, word, krate)? {
        Some(brand) => {
            let root = root(input, span, krate);
            quote_spanned!(span=> #krate::DeclaredFinalizer::of::<#root>(#brand))
        }
        None => quote_spanned!(span=> #krate::DeclaredFinalizer::of_static::<Self>()),
    };
    Ok(quote_spanned! {span=>
        const FINALIZER: ::core::option::Option<#krate::DeclaredFinalizer> =
            ::core::option::Option::Some(#finalizer);
    })
}

/// The type with its lifetime left open.
fn root(input: &DeriveInput, span: Span, krate: &Path) -> TokenStream {
    let gc = Lifetime::new("'__gc", span);
    let name = &input.ident;
    let arguments = input.generics.params.iter().map(|parameter| match parameter {
        GenericParam::Lifetime(_) => quote!(#gc),
        GenericParam::Type(parameter) => {
            let name = &parameter.ident;
            quote!(#name)
        }
        GenericParam::Const(parameter) => {
            let name = &parameter.ident;
            quote!(#name)
        }
    });
    quote_spanned!(span=> dyn for<#gc> #krate::Rootable<#gc, Root = #name<#(#arguments),*>>)
}

/// A function to the `Brand` that each value has, if the type has a lifetime. The compiler says whether
/// it is of this lifetime.
///
/// The tuple is made before its type is known, so a reference in it is not coerced through `Deref`.
fn proof(
    input: &DeriveInput,
    variants: &[Variant<'_>],
    word: Span,
    krate: &Path,
) -> Result<Option<TokenStream>> {
    let Some(lifetime) = input.generics.lifetimes().next().map(|declared| &declared.lifetime)
    else {
        return Ok(None);
    };
    let [value, brand, found, proof] = ["value", "brand", "found", "proof"].map(local);
    let arm = |variant: &Variant<'_>| {
        let field = variant.fields.iter().find(|field| is_brand(field.ty))?;
        let (constructor, member) = (&variant.constructor, &field.member);
        Some(quote!(#constructor { #member: #brand, .. } => (#brand,),))
    };
    match variants.iter().map(arm).collect::<Option<Vec<TokenStream>>>() {
        Some(arms) => Ok(Some(quote! {
            {
                let #proof: fn(&Self) -> (&#krate::Brand<#lifetime>,) =
                    |#value| { let #found = match #value { #(#arms)* }; #found };
                #proof
            }
        })),
        None => {
            let message = format!(
                "a type with `finalize` and a lifetime takes a field of type `Brand<{lifetime}>` in \
                 each of its values, made by `Brand::new(mc)`"
            );
            Err(Error::new(word, message))
        }
    }
}

/// Whether a type is called `Brand`; that it is the right one is for the compiler to say.
fn is_brand(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    path.path.segments.last().is_some_and(|segment| segment.ident == "Brand")
}

/// The impl that says so, without which `Finalize` cannot be implemented.
pub(crate) fn declaration(input: &DeriveInput, word: Option<Span>, krate: &Path) -> TokenStream {
    if word.is_none() {
        return TokenStream::new();
    }
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    let (name, allowed_lints) = (&input.ident, allowed_lints(input));
    quote! {
        #[automatically_derived]
        #allowed_lints
        impl #impl_generics #krate::DeclaresFinalizer for #name #type_generics #where_clause {}
    }
}

#[cfg(test)]
mod tests {
    use crate::hygiene::text::{assert_has, expand};

    #[test]
    fn the_lifetime_of_a_finalizer_is_left_open() {
        let item = "#[trace(finalize)] struct S<'gc, T, const N: usize>([T; N], Brand<'gc>);";
        let expansion = expand(item);
        let root = "dyn for<'__gc> ::gc_core::Rootable<'__gc, Root = S<'__gc, T, N> >";
        assert_has(&expansion, &format!("::gc_core::DeclaredFinalizer::of::<{root}>"));
        assert_has(&expansion, "impl<'gc, T, const N: usize> ::gc_core::DeclaresFinalizer for S");
        assert_has(&expansion, "T: 'static");
    }

    #[test]
    fn a_type_that_declares_none_has_none() {
        let expansion = expand("struct S<'gc>(Gc<'gc, u8>);");
        assert!(!expansion.contains("Finalizer"), "{expansion}");
    }

    #[test]
    fn each_value_proves_its_lifetime() {
        let item = "#[trace(finalize)] enum E<'gc> { A(u8, c::Brand<'gc>), B { b: Brand<'gc> } }";
        let arms = "Self::A { 1: brand, .. } => (brand,), Self::B { b: brand, .. } => (brand,),";
        assert_has(&expand(item), &format!("let found = match value {{ {arms} }};"));
        for item in ["enum E<'gc> { A(Brand<'gc>), B }", "struct S<'gc>(Option<Brand<'gc>>);"] {
            let expansion = expand(&format!("#[trace(finalize)] {item}"));
            assert!(expansion.contains("takes a field of type `Brand<'gc>`"), "{expansion}");
        }
    }

    #[test]
    fn a_second_lifetime_is_refused() {
        let expansion = expand("#[trace(finalize)] struct S<'a, 'b>(Gc<'a, u8>, Gc<'b, u8>);");
        assert!(expansion.contains("takes one lifetime at most"), "{expansion}");
    }
}

//! `__unelide_lifetimes!`: names the elided lifetimes of a type.
//!
//! `Rootable![Node<'_>]` stands for the family of the types `Node<'gc>`, written as an associated
//! type under `for<'gc>`, where nothing may be elided. Only what the type itself elides is named. A
//! function type has an elision scope of its own, in its arguments and its result, and so has the
//! code of a constant (`[u8; N]`); neither is entered.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::parse::{Parse, ParseStream};
use syn::visit_mut::{self, VisitMut};
use syn::{
    Expr, Lifetime, ParenthesizedGenericArguments, Result, Token, Type, TypeBareFn, TypeReference,
};

/// `'lifetime; Type`.
pub(crate) struct Input {
    lifetime: Lifetime,
    ty: Type,
}

impl Parse for Input {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let lifetime = input.parse()?;
        input.parse::<Token![;]>()?;
        Ok(Self { lifetime, ty: input.parse()? })
    }
}

/// The type with its elided lifetimes named.
pub(crate) fn expand(mut input: Input) -> TokenStream {
    Unelide { lifetime: input.lifetime }.visit_type_mut(&mut input.ty);
    input.ty.into_token_stream()
}

struct Unelide {
    lifetime: Lifetime,
}

impl VisitMut for Unelide {
    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        if lifetime.ident == "_" {
            let place = lifetime.span();
            *lifetime = self.lifetime.clone();
            // Resolved where the name was bound, shown where it was elided.
            lifetime.set_span(self.lifetime.span().located_at(place));
        }
    }

    fn visit_type_reference_mut(&mut self, reference: &mut TypeReference) {
        if reference.lifetime.is_none() {
            reference.lifetime = Some(self.lifetime.clone());
        }
        visit_mut::visit_type_reference_mut(self, reference);
    }

    fn visit_type_bare_fn_mut(&mut self, _: &mut TypeBareFn) {}

    fn visit_parenthesized_generic_arguments_mut(&mut self, _: &mut ParenthesizedGenericArguments) {
    }

    fn visit_expr_mut(&mut self, _: &mut Expr) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    /// Asserts that `'gc; before` becomes `after`.
    fn check(before: TokenStream, after: TokenStream) {
        let input = syn::parse2(quote!('gc; #before)).unwrap();
        // Parsed, since the text of unparsed tokens tells `>>` from `> >`.
        let after: Type = syn::parse2(after).unwrap();
        assert_eq!(expand(input).to_string(), after.to_token_stream().to_string());
    }

    #[test]
    fn anonymous_lifetimes_are_named_at_every_depth() {
        check(quote!(Node<'_>), quote!(Node<'gc>));
        check(
            quote!(Gc<'_, RefLock<Option<m::Node<'_, u8>>>>),
            quote!(Gc<'gc, RefLock<Option<m::Node<'gc, u8>>>>),
        );
        check(
            quote!((A<'_>, [B<'_>; 3], *const C<'_>)),
            quote!((A<'gc>, [B<'gc>; 3], *const C<'gc>)),
        );
        check(quote!(<A<'_> as Tr<'_>>::Out<'_>), quote!(<A<'gc> as Tr<'gc>>::Out<'gc>));
    }

    #[test]
    fn references_without_a_lifetime_get_one() {
        check(quote!(&str), quote!(&'gc str));
        check(quote!(&'_ mut &'a [&u8]), quote!(&'gc mut &'a [&'gc u8]));
    }

    #[test]
    fn what_has_a_name_keeps_it() {
        check(quote!(Node<'a, 'static>), quote!(Node<'a, 'static>));
        check(quote!(Box<dyn Tr>), quote!(Box<dyn Tr>));
        check(quote!([u8]), quote!([u8]));
    }

    #[test]
    fn trait_objects_are_entered_but_their_binders_stay() {
        check(quote!(dyn Tr<'_> + '_), quote!(dyn Tr<'gc> + 'gc));
        check(
            quote!(dyn for<'a> Tr<'a, '_, Out = &u8>),
            quote!(dyn for<'a> Tr<'a, 'gc, Out = &'gc u8>),
        );
    }

    #[test]
    fn function_signatures_keep_their_own_elision() {
        check(quote!(A<'_, fn(&u8, B<'_>) -> &u8>), quote!(A<'gc, fn(&u8, B<'_>) -> &u8>));
        check(quote!(Box<dyn Fn(&u8) -> B<'_> + '_>), quote!(Box<dyn Fn(&u8) -> B<'_> + 'gc>));
        check(quote!(for<'a> fn(&'a u8, &u8)), quote!(for<'a> fn(&'a u8, &u8)));
    }

    #[test]
    fn constants_are_not_entered() {
        check(
            quote!(
                [A<'_>; {
                    let x: &u8 = &3;
                    *x as usize
                }]
            ),
            quote!(
                [A<'gc>; {
                    let x: &u8 = &3;
                    *x as usize
                }]
            ),
        );
    }

    #[test]
    fn other_input_is_refused() {
        for tokens in [quote!(Node<'_>), quote!('gc, u8), quote!('gc;), quote!('gc; u8 u8)] {
            assert!(syn::parse2::<Input>(tokens).is_err());
        }
    }
}

//! Arguments that borrow: what a task, which outlives its caller, cannot take.

use proc_macro2::TokenStream;
use quote::ToTokens as _;
use syn::{
    FnArg, GenericArgument, Lifetime, Path, PathArguments, Result, Type, TypeArray, TypeGroup,
    TypeParen, TypeReference, TypeSlice,
};

use crate::refuse::refuse;

/// Refuses an argument that borrows, at the reference or lifetime that does.
pub(crate) fn refuse_borrow(argument: &FnArg) -> Result<()> {
    let (ty, instead) = match argument {
        FnArg::Receiver(receiver) => (&receiver.ty, "write `self: Rc<Self>`"),
        FnArg::Typed(typed) => (&typed.ty, "take an owned value, an `Rc` or a clone"),
    };
    refuse(borrow(ty), format!("a task outlives its caller: {instead}"))
}

/// The first part of `ty` that is borrowed for less than `'static`.
///
/// It looks where a value may hold a reference. The parameters of `fn(&T)` and `dyn Fn(&T)` are
/// none of those, and what hides behind a name is left to the compiler.
fn borrow(ty: &Type) -> Option<TokenStream> {
    match ty {
        Type::Reference(TypeReference { lifetime: Some(lifetime), elem, .. })
            if is_static(lifetime) =>
        {
            borrow(elem)
        },
        Type::Reference(reference) => Some(reference.to_token_stream()),
        Type::Array(TypeArray { elem, .. })
        | Type::Group(TypeGroup { elem, .. })
        | Type::Paren(TypeParen { elem, .. })
        | Type::Slice(TypeSlice { elem, .. }) => borrow(elem),
        Type::Tuple(tuple) => tuple.elems.iter().find_map(borrow),
        Type::Path(path) => borrow_in_path(&path.path),
        _ => None,
    }
}

/// As [`borrow`], in the generic arguments of a type: `Option<&T>`, `Cow<'_, T>`.
fn borrow_in_path(path: &Path) -> Option<TokenStream> {
    path.segments.iter().find_map(|segment| match &segment.arguments {
        PathArguments::AngleBracketed(generics) => generics.args.iter().find_map(borrow_in_generic),
        PathArguments::Parenthesized(_) | PathArguments::None => None,
    })
}

fn borrow_in_generic(argument: &GenericArgument) -> Option<TokenStream> {
    match argument {
        GenericArgument::Lifetime(lifetime) if is_static(lifetime) => None,
        GenericArgument::Lifetime(lifetime) => Some(lifetime.to_token_stream()),
        GenericArgument::Type(ty) => borrow(ty),
        _ => None,
    }
}

fn is_static(lifetime: &Lifetime) -> bool {
    lifetime.ident == "static"
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    fn borrowed(argument: TokenStream) -> Option<String> {
        let ty = match syn::parse2(argument).expect("an argument") {
            FnArg::Receiver(receiver) => receiver.ty,
            FnArg::Typed(typed) => typed.ty,
        };
        borrow(&ty).map(|tokens| tokens.to_string())
    }

    #[test]
    fn references_borrow_wherever_a_value_holds_them() {
        for argument in [
            quote!(x: &str),
            quote!(x: (u8, &str)),
            quote!(x: [&str; 2]),
            quote!(x: Box<[&str]>),
            quote!(x: Option<Vec<&str>>),
            quote!(x: &'static [&str]),
            quote!(x: (&str)),
        ] {
            assert_eq!(borrowed(argument).as_deref(), Some("& str"));
        }
    }

    #[test]
    fn lifetimes_borrow() {
        assert_eq!(borrowed(quote!(x: &'a str)).as_deref(), Some("& 'a str"));
        assert_eq!(borrowed(quote!(x: Cow<'_, str>)).as_deref(), Some("'_"));
    }

    #[test]
    fn borrowed_receivers_borrow() {
        assert_eq!(borrowed(quote!(&self)).as_deref(), Some("& Self"));
        assert_eq!(borrowed(quote!(&mut self)).as_deref(), Some("& mut Self"));
        assert_eq!(borrowed(quote!(self: Pin<&mut Self>)).as_deref(), Some("& mut Self"));
    }

    #[test]
    fn owners_and_parameters_of_functions_do_not() {
        for argument in [
            quote!(self),
            quote!(mut self),
            quote!(self: Rc<Self>),
            quote!(x: &'static str),
            quote!(x: Cow<'static, str>),
            quote!(x: fn(&str) -> &str),
            quote!(x: Box<dyn Fn(&str) -> &str>),
            quote!(x: impl AsyncFn(&str)),
            quote!(x: Vec<T>),
        ] {
            assert_eq!(borrowed(argument), None);
        }
    }
}

//! `#[task]`: functions that spawn their body.

use std::mem;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::spanned::Spanned as _;
use syn::{Attribute, FnArg, Pat, PatIdent, PatType, Receiver, Result, Signature, parse_quote};

use crate::borrow::refuse_borrow;
use crate::function::Function;
use crate::options::Options;
use crate::refuse::{all, refuse_qualifier, refuse_sync, report};

/// Expands `#[task]` with `options` on `item`.
// EV-TASK-21, ruling R-16.
pub(crate) fn expand(options: TokenStream, item: TokenStream) -> TokenStream {
    Function::expand(item, |function| {
        let (options, known) = Options::parse(options);
        let meant = options.refuse_test_options("task");
        let accepted = check(&function.sig);
        let krate = options.krate();
        let spawn = if accepted.is_ok() { quote!(#krate::spawn) } else { spawn_nothing(&krate) };
        report(spawning(function, &krate, &spawn), all([known, meant, accepted]))
    })
}

/// `function` as a plain one that calls `spawn` with the body and returns the `Task`.
fn spawning(mut function: Function, krate: &TokenStream, spawn: &TokenStream) -> TokenStream {
    let body = function.typed_body();
    let arguments = take_arguments(&mut function.sig);
    return_task(&mut function, krate);
    let function = function.with_block(&quote!(#spawn(async move { #arguments #body })));
    quote! {
        #[track_caller]
        #[allow(clippy::async_yields_async, clippy::no_effect_underscore_binding)]
        #function
    }
}

fn check(sig: &Signature) -> Result<()> {
    all([
        refuse_sync(sig),
        refuse_qualifier("task", sig.constness),
        refuse_qualifier("task", &sig.abi),
        all(sig.inputs.iter().map(refuse_borrow)),
    ])
}

/// Stands in for `spawn` beside an error: a future that borrows is checked like any other.
fn spawn_nothing(krate: &TokenStream) -> TokenStream {
    quote! {
        fn spawn<F: ::core::future::Future>(_: F) -> #krate::Task<F::Output> {
            ::core::unimplemented!()
        }
        spawn
    }
}

fn return_task(function: &mut Function, krate: &TokenStream) {
    let output = function.output();
    let sig = &mut function.sig;
    sig.asyncness = None;
    sig.constness = None;
    sig.abi = None;
    sig.output = parse_quote!(-> #krate::Task<#output>);
}

/// Makes the arguments plain parameters and returns the statements that move them into the task.
fn take_arguments(sig: &mut Signature) -> TokenStream {
    let inputs = sig.inputs.iter_mut().enumerate();
    inputs
        .map(|(index, input)| match input {
            FnArg::Receiver(receiver) => take_receiver(receiver),
            FnArg::Typed(argument) => take_argument(index, argument),
        })
        .collect()
}

/// A mention is enough: `async move` captures all of `self`, and drops it after the locals.
fn take_receiver(receiver: &Receiver) -> TokenStream {
    let this = receiver.self_token;
    quote!(let _ = &#this;)
}

/// Binds the whole value, then the pattern, as an `async fn` does: what the pattern leaves of the
/// value is dropped at the end too.
fn take_argument(index: usize, argument: &mut PatType) -> TokenStream {
    let name = parameter_name(index, &argument.pat);
    let pattern = mem::replace(&mut *argument.pat, parse_quote!(#name));
    let attrs = mem::take(&mut argument.attrs);
    let cfgs: Vec<&Attribute> = attrs.iter().filter(|attr| attr.path().is_ident("cfg")).collect();
    argument.attrs = cfgs.iter().copied().cloned().collect();
    quote! {
        #(#cfgs)* let #name = #name;
        #(#attrs)* let #pattern = #name;
    }
}

/// The name as written, if the pattern is one, for the documentation; of a span that the body
/// cannot see.
fn parameter_name(index: usize, pattern: &Pat) -> Ident {
    let mut name = match pattern {
        Pat::Ident(PatIdent { by_ref: None, subpat: None, ident, .. }) => ident.clone(),
        _ => format_ident!("arg{index}"),
    };
    name.set_span(Span::mixed_site().located_at(pattern.span()));
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(item: TokenStream) -> String {
        expand(TokenStream::new(), item).to_string()
    }

    #[test]
    fn a_call_spawns_and_returns_the_task() {
        let expansion = task(quote!(
            pub async fn f<T: 'static>(t: T) -> u8
            where
                T: Copy,
            {
                1
            }
        ));
        assert!(expansion.starts_with("# [track_caller]"));
        assert!(expansion.contains(
            "pub fn f < T : 'static > (t : T) -> :: evergreen :: Task < u8 > where T : Copy , \
             { :: evergreen :: spawn (async move { let t = t ; let t = t ; { if let"
        ));
    }

    #[test]
    fn no_return_type_is_unit_and_opaque_types_stay() {
        let unit = task(quote!(
            async fn f() {}
        ));
        assert!(unit.contains(":: evergreen :: Task < () >"));
        let opaque = task(quote!(
            async fn f() -> impl Copy {
                1
            }
        ));
        assert!(opaque.contains(":: evergreen :: Task < impl Copy >"));
    }

    #[test]
    fn patterns_move_into_the_task() {
        let expansion = task(quote!(
            async fn f(mut a: u8, (b, _): (u8, u8), _: u8) {}
        ));
        assert!(expansion.contains("fn f (a : u8 , arg1 : (u8 , u8) , arg2 : u8)"));
        assert!(expansion.contains(
            "let a = a ; let mut a = a ; let arg1 = arg1 ; let (b , _) = arg1 ; \
             let arg2 = arg2 ; let _ = arg2 ; {"
        ));
    }

    #[test]
    fn attributes_of_arguments_go_with_the_pattern() {
        let expansion = task(quote!(
            async fn f(
                #[cfg(unix)]
                #[allow(unused)]
                a: u8,
            ) {
            }
        ));
        assert!(expansion.contains("fn f (# [cfg (unix)] a : u8 ,)"));
        assert!(
            expansion.contains(
                "# [cfg (unix)] let a = a ; # [cfg (unix)] # [allow (unused)] let a = a ;"
            )
        );
    }

    #[test]
    fn an_unused_self_moves_into_the_task() {
        let expansion = task(quote!(
            async fn f(self: Rc<Self>) {}
        ));
        assert!(expansion.contains("(async move { let _ = & self ; {"));
    }

    #[test]
    fn a_refused_function_still_returns_its_task() {
        let expansion = task(quote!(
            async fn f(&self) -> u8 {
                1
            }
        ));
        assert!(expansion.contains("fn f (& self) -> :: evergreen :: Task < u8 > { fn spawn <"));
        assert!(expansion.contains("} spawn (async move {"));
    }
}

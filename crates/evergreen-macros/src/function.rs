//! The function under an attribute: parsing and printing.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned as _;
use syn::token::Brace;
use syn::{Abi, AttrStyle, Attribute, Result, ReturnType, Signature, Token, Visibility, braced};

use crate::refuse::report;

/// A function of which the body stays unparsed: one half typed in an editor is still expanded.
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    vis: Visibility,
    pub(crate) sig: Signature,
    body: Group,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        if !starts_function(&input.fork())? {
            return Err(input.error("this attribute goes on an `async fn`"));
        }
        let sig = input.parse()?;
        let body = parse_body(input, &mut attrs)?;
        Ok(Self { attrs, vis, sig, body })
    }
}

/// Parses no more of a body than the attributes at its start, which go to `attrs`.
fn parse_body(input: ParseStream<'_>, attrs: &mut Vec<Attribute>) -> Result<Group> {
    if !input.peek(Brace) {
        return Err(input.error("this attribute goes on an `async fn` with a body"));
    }
    let content;
    let token = braced!(content in input);
    attrs.extend(content.call(Attribute::parse_inner)?.into_iter().map(outer));
    Ok(braces(content.parse()?, token.span.join()))
}

fn braces(content: TokenStream, span: Span) -> Group {
    let mut group = Group::new(Delimiter::Brace, content);
    group.set_span(span);
    group
}

/// Whether `fn` follows the qualifiers; the parser of signatures takes for granted that it does.
fn starts_function(input: ParseStream<'_>) -> Result<bool> {
    input.parse::<Option<Token![const]>>()?;
    input.parse::<Option<Token![async]>>()?;
    input.parse::<Option<Token![unsafe]>>()?;
    input.parse::<Option<Abi>>()?;
    Ok(input.peek(Token![fn]))
}

/// An attribute from within the braces, moved before the function: what it says is the same.
fn outer(attr: Attribute) -> Attribute {
    Attribute { style: AttrStyle::Outer, ..attr }
}

impl Function {
    /// What `expand` makes of `item`, or `item` and an error if it is no function.
    pub(crate) fn expand(
        item: TokenStream,
        expand: impl FnOnce(Self) -> TokenStream,
    ) -> TokenStream {
        match syn::parse2(item.clone()) {
            Ok(function) => expand(function),
            Err(error) => report(item, Err(error)),
        }
    }

    /// The type of the body.
    pub(crate) fn output(&self) -> TokenStream {
        match &self.sig.output {
            ReturnType::Default => quote_spanned!(self.sig.ident.span()=> ()),
            ReturnType::Type(_, output) => output.to_token_stream(),
        }
    }

    /// The body as a block that states its type first, for an `async` block to hold.
    ///
    /// An `async` block cannot name its type. A `return` that never happens does, so that `?`
    /// finds its error type and a mismatch is reported at the expression that has the wrong type.
    pub(crate) fn typed_body(&self) -> Group {
        let statements = self.body.stream();
        let output = self.output();
        let type_statement = if can_annotate(output.clone()) {
            state_type(&output)
        } else {
            // A block of one expression would be told to drop its braces.
            quote!(
                const _: () = ();
            )
        };
        braces(quote!(#type_statement #statements), self.body.span())
    }

    /// The function with `block` in place of its body.
    pub(crate) fn with_block(&self, block: &TokenStream) -> TokenStream {
        let Self { attrs, vis, sig, .. } = self;
        quote!(#(#attrs)* #vis #sig { #block })
    }

    /// The function as an item that nobody calls, for its body to be checked beside an error.
    pub(crate) fn uncalled(&self) -> TokenStream {
        let Self { sig, body, .. } = self;
        let item = sig.receiver().is_none().then(|| quote!(#sig #body));
        quote!(#item ::core::unimplemented!())
    }
}

/// A statement, not an expression: it is not the value of an empty body.
fn state_type(output: &TokenStream) -> TokenStream {
    quote_spanned! {Span::mixed_site().located_at(output.span())=>
        if let ::core::option::Option::Some(output) = ::core::option::Option::None::<#output> {
            return output;
        };
    }
}

/// Whether a return type may stand elsewhere: `!` and `impl Trait` may not.
fn can_annotate(output: TokenStream) -> bool {
    output.to_string() != "!" && !mentions_impl(output)
}

/// `impl` is a keyword: among the tokens of a type it is `impl Trait`, at any depth.
fn mentions_impl(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(word) => word == "impl",
        TokenTree::Group(group) => mentions_impl(group.stream()),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand(item: &str) -> String {
        let item = item.parse().expect("tokens");
        Function::expand(item, |function| function.with_block(&quote!(body))).to_string()
    }

    fn typed_body(item: &str) -> String {
        let function: Function = syn::parse_str(item).expect("a function");
        function.typed_body().to_string()
    }

    #[test]
    fn what_is_no_function_stays_beside_the_error() {
        for item in ["struct S ;", "mod m { }", "pub const F : fn () = f ;", "extern \"C\" { }"] {
            let expansion = expand(item);
            assert!(expansion.starts_with(&format!("{item} :: core :: compile_error")));
            assert!(expansion.contains("this attribute goes on an `async fn`\""), "{expansion}");
        }
        assert!(expand("async fn f();").contains("goes on an `async fn` with a body"));
    }

    #[test]
    fn a_broken_signature_stays_beside_the_error() {
        assert!(expand("async fn f { }").starts_with("async fn f { } :: core :: compile_error"));
    }

    #[test]
    fn a_broken_body_is_for_the_compiler() {
        assert_eq!(expand("async fn f() { let x = y. }"), "async fn f () { body }");
        assert!(typed_body("async fn f() { let x = y. }").ends_with("let x = y . }"));
    }

    #[test]
    fn inner_attributes_move_out() {
        let expansion = expand("#[inline] fn f() { #![allow(unused)] 1 }");
        assert_eq!(expansion, "# [inline] # [allow (unused)] fn f () { body }");
    }

    #[test]
    fn only_types_that_may_be_named_are_stated() {
        let named = [typed_body("fn f() {}"), typed_body("fn f() -> Result<u8, E> {}")];
        assert!(named[0].contains("None :: < () >"));
        assert!(named[1].contains("None :: < Result < u8 , E > >"));
        for output in ["!", "impl Copy", "Option<(u8, impl Copy)>"] {
            let body = typed_body(&format!("fn f() -> {output} {{ 1 }}"));
            assert_eq!(body, "{ const _ : () = () ; 1 }");
        }
    }
}

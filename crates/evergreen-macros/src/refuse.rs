//! Refusals: errors at the user's tokens that say what to write.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Error, Result, Signature};

/// Refuses `tokens`, if there are any.
pub(crate) fn refuse(tokens: impl ToTokens, message: impl ToString) -> Result<()> {
    let tokens = tokens.into_token_stream();
    if tokens.is_empty() { Ok(()) } else { Err(Error::new_spanned(tokens, message.to_string())) }
}

/// Refuses a function that is not `async`.
pub(crate) fn refuse_sync(sig: &Signature) -> Result<()> {
    let sync = sig.asyncness.is_none().then_some(sig.fn_token);
    refuse(sync, "the function must be async: write `async fn`")
}

/// Refuses `qualifier`, as `unsafe` or `extern "C"`, on the function of the attribute `name`.
pub(crate) fn refuse_qualifier(name: &str, qualifier: impl ToTokens) -> Result<()> {
    let text = qualifier.to_token_stream();
    refuse(qualifier, format!("`{name}` cannot be `{text}`: remove it"))
}

/// All errors of `checks` as one, so that one build shows them all.
pub(crate) fn all(checks: impl IntoIterator<Item = Result<()>>) -> Result<()> {
    let mut errors = checks.into_iter().filter_map(Result::err);
    let Some(mut first) = errors.next() else { return Ok(()) };
    first.extend(errors);
    Err(first)
}

/// `tokens`, and the error of `outcome` if it has one.
pub(crate) fn report(mut tokens: TokenStream, outcome: Result<()>) -> TokenStream {
    tokens.extend(outcome.err().map(Error::into_compile_error));
    tokens
}

//! The options in the parentheses of an attribute.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens as _, quote};
use syn::parse::{ParseStream, Parser as _};
use syn::{Error, LitStr, Path, Result, Token};

/// What an attribute was told.
#[derive(Default)]
pub(crate) struct Options {
    krate: Option<Path>,
}

impl Options {
    /// Reads as far as it goes: what comes before an error still holds.
    pub(crate) fn parse(tokens: TokenStream) -> (Self, Result<()>) {
        let mut options = Self::default();
        let outcome = (|input: ParseStream<'_>| options.read(input)).parse2(tokens);
        (options, outcome)
    }

    /// The path of the evergreen crate.
    pub(crate) fn krate(&self) -> TokenStream {
        self.krate.as_ref().map_or_else(|| quote!(::evergreen), Path::to_token_stream)
    }

    fn read(&mut self, input: ParseStream<'_>) -> Result<()> {
        while !input.is_empty() {
            self.read_one(input)?;
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(())
    }

    fn read_one(&mut self, input: ParseStream<'_>) -> Result<()> {
        let name: TokenTree = input.parse()?;
        let refusal = match name.to_string().as_str() {
            "crate" if self.krate.is_some() => "`crate` is given twice".to_owned(),
            "crate" => return self.read_crate(input),
            // What programs that come from tokio write.
            tokio @ ("flavor" | "worker_threads") => {
                format!("evergreen runs on one thread: remove `{tokio}`")
            },
            other => format!("unknown option `{other}`: the only one is `crate = \"path\"`"),
        };
        Err(Error::new_spanned(name, refusal))
    }

    fn read_crate(&mut self, input: ParseStream<'_>) -> Result<()> {
        input.parse::<Token![=]>()?;
        let path: LitStr = input.parse()?;
        self.krate = Some(path.parse_with(Path::parse_mod_style)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn krate(options: &str) -> String {
        Options::parse(options.parse().expect("tokens")).0.krate().to_string()
    }

    fn error(options: &str) -> String {
        let (_, outcome) = Options::parse(options.parse().expect("tokens"));
        outcome.expect_err("a refusal").to_string()
    }

    #[test]
    fn the_crate_is_evergreen_unless_given() {
        assert_eq!(krate(""), ":: evergreen");
        assert_eq!(krate(r#"crate = "rt""#), "rt");
        assert_eq!(krate(r#"crate = "crate","#), "crate");
        assert_eq!(krate(r#"crate = "::a::b""#), ":: a :: b");
    }

    #[test]
    fn the_crate_survives_a_later_error() {
        assert_eq!(krate(r#"crate = "rt", nonsense"#), "rt");
    }

    #[test]
    fn threads_are_refused_by_name() {
        for option in ["flavor = \"multi_thread\"", "worker_threads = 4"] {
            assert!(error(option).starts_with("evergreen runs on one thread: remove `"));
        }
    }

    #[test]
    fn all_else_is_unknown() {
        for option in ["virtual_time", "timeout = 5", "4", "(crate)", "\"crate\""] {
            assert!(error(option).starts_with("unknown option `"), "{option}");
        }
    }

    #[test]
    fn a_crate_is_given_once_as_a_path_in_a_string() {
        assert_eq!(error(r#"crate = "a", crate = "b""#), "`crate` is given twice");
        assert_eq!(error("crate = a"), "expected string literal");
        assert_eq!(error("crate"), "expected `=`");
        error(r#"crate = "a b""#);
    }
}

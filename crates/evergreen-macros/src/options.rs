//! The options in the parentheses of an attribute.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens as _, quote};
use syn::parse::{ParseStream, Parser as _};
use syn::{Error, LitStr, Path, Result, Token};

use crate::duration::parse_duration;

/// What an attribute was told.
#[derive(Default)]
pub(crate) struct Options {
    krate: Option<Path>,
    /// Where `virtual_time` stands.
    virtual_time: Option<Span>,
    /// Where `timeout` stands, and its nanoseconds.
    timeout: Option<(Span, u64)>,
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

    /// The calls that tell the run of a test what it was told; none without such options.
    pub(crate) fn test_settings(&self) -> TokenStream {
        let virtual_time = self.virtual_time.map(|_| quote!(.virtual_time()));
        let timeout = self
            .timeout
            .map(|(_, nanos)| quote!(.timeout(::core::time::Duration::from_nanos(#nanos))));
        quote!(#virtual_time #timeout)
    }

    /// Refuses what only a test may be told.
    pub(crate) fn refuse_test_options(&self, attribute: &str) -> Result<()> {
        let refused = |at: Span, name| {
            let text =
                format!("`{name}` is for `#[evergreen::test]`: remove it from `{attribute}`");
            Err(Error::new(at, text))
        };
        let virtual_time = self.virtual_time.map_or(Ok(()), |at| refused(at, "virtual_time"));
        let timeout = self.timeout.map_or(Ok(()), |(at, _)| refused(at, "timeout"));
        crate::refuse::all([virtual_time, timeout])
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
            twice @ ("crate" | "virtual_time" | "timeout") if self.has(twice) => {
                format!("`{twice}` is given twice")
            },
            "crate" => return self.read_crate(input),
            "virtual_time" => return self.read_virtual_time(name.span(), input),
            "timeout" => return self.read_timeout(name.span(), input),
            // What programs that come from tokio write.
            tokio @ ("flavor" | "worker_threads") => {
                format!("evergreen runs on one thread: remove `{tokio}`")
            },
            "start_paused" => "write `virtual_time` in place of `start_paused`".to_owned(),
            other => format!(
                "unknown option `{other}`: there are `crate = \"path\"` and, for tests, \
                 `virtual_time` and `timeout = \"5s\"`"
            ),
        };
        Err(Error::new_spanned(name, refusal))
    }

    fn has(&self, name: &str) -> bool {
        match name {
            "crate" => self.krate.is_some(),
            "virtual_time" => self.virtual_time.is_some(),
            _ => self.timeout.is_some(),
        }
    }

    fn read_crate(&mut self, input: ParseStream<'_>) -> Result<()> {
        input.parse::<Token![=]>()?;
        let path: LitStr = input.parse()?;
        self.krate = Some(path.parse_with(Path::parse_mod_style)?);
        Ok(())
    }

    fn read_virtual_time(&mut self, at: Span, input: ParseStream<'_>) -> Result<()> {
        if input.peek(Token![=]) {
            return Err(input.error("`virtual_time` takes no value: write the word alone"));
        }
        self.virtual_time = Some(at);
        Ok(())
    }

    fn read_timeout(&mut self, at: Span, input: ParseStream<'_>) -> Result<()> {
        input.parse::<Token![=]>()?;
        if !input.peek(LitStr) {
            return Err(input.error("the limit is a string: write `timeout = \"5s\"`"));
        }
        let length: LitStr = input.parse()?;
        let nanos =
            parse_duration(&length.value()).map_err(|text| Error::new_spanned(&length, text))?;
        self.timeout = Some((at, nanos));
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
        for option in ["virtual", "time = 5", "4", "(crate)", "\"crate\""] {
            assert!(error(option).starts_with("unknown option `"), "{option}");
        }
        assert_eq!(error("start_paused = true"), "write `virtual_time` in place of `start_paused`");
    }

    fn settings(options: &str) -> String {
        let (options, outcome) = Options::parse(options.parse().expect("tokens"));
        outcome.expect("no refusal");
        options.test_settings().to_string()
    }

    #[test]
    fn a_test_is_told_what_was_asked_for() {
        let limit = ". timeout (:: core :: time :: Duration :: from_nanos (5000000000u64))";
        assert_eq!(settings(""), "");
        assert_eq!(settings("virtual_time,"), ". virtual_time ()");
        assert_eq!(settings(r#"timeout = "5s""#), limit);
        let both = format!(". virtual_time () {limit}");
        assert_eq!(settings(r#"timeout = "5s", crate = "a", virtual_time"#), both);
    }

    #[test]
    fn test_options_are_given_once_in_their_form() {
        assert_eq!(error("virtual_time, virtual_time"), "`virtual_time` is given twice");
        assert_eq!(error(r#"timeout = "1s", timeout = "2s""#), "`timeout` is given twice");
        let bare = "`virtual_time` takes no value: write the word alone";
        assert_eq!(error("virtual_time = true"), bare);
        assert_eq!(error("timeout = 5"), "the limit is a string: write `timeout = \"5s\"`");
        assert!(error(r#"timeout = "5""#).starts_with("`5` is no length of time: "));
    }

    #[test]
    fn what_is_for_tests_is_refused_elsewhere() {
        let options = r#"virtual_time, timeout = "1s""#.parse().expect("tokens");
        let refusal = Options::parse(options).0.refuse_test_options("main").expect_err("a refusal");
        let texts: Vec<_> = refusal.into_iter().map(|error| error.to_string()).collect();
        assert_eq!(
            texts,
            ["virtual_time", "timeout"]
                .map(|name| format!("`{name}` is for `#[evergreen::test]`: remove it from `main`"))
        );
    }

    #[test]
    fn a_crate_is_given_once_as_a_path_in_a_string() {
        assert_eq!(error(r#"crate = "a", crate = "b""#), "`crate` is given twice");
        assert_eq!(error("crate = a"), "expected string literal");
        assert_eq!(error("crate"), "expected `=`");
        error(r#"crate = "a b""#);
    }
}

//! `#[main]` and `#[test]`: functions in which an event loop runs.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::{Attribute, Generics, Result, Signature};

use crate::function::Function;
use crate::options::Options;
use crate::refuse::{all, refuse, refuse_qualifier, refuse_sync, report};

/// Which of the two.
#[derive(Clone, Copy)]
pub(crate) enum Entry {
    Main,
    Test,
}

/// Expands the attribute with `options` on `item`.
pub(crate) fn expand(entry: Entry, options: TokenStream, item: TokenStream) -> TokenStream {
    Function::expand(item, |mut function| {
        let (options, known) = Options::parse(options);
        let meant = entry.check_options(&options);
        let accepted = entry.check(&function);
        remove_qualifiers(&mut function.sig);
        let (test, block) = match accepted {
            Ok(()) => (entry.test_attribute(), entry.run(&function, &options)),
            Err(_) => (None, function.uncalled()),
        };
        remove_parameters(&mut function.sig);
        let function = function.with_block(&block);
        report(quote!(#test #function), all([known, meant, accepted]))
    })
}

fn remove_qualifiers(sig: &mut Signature) {
    sig.constness = None;
    sig.unsafety = None;
    sig.abi = None;
}

/// Leaves what may be called without arguments, whatever else was written.
fn remove_parameters(sig: &mut Signature) {
    sig.asyncness = None;
    sig.generics = Generics::default();
    sig.inputs.clear();
}

impl Entry {
    /// The name of the attribute, and of what runs the body in the front door.
    fn name(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Test => "test",
        }
    }

    fn run(self, function: &Function, options: &Options) -> TokenStream {
        let (krate, body) = (options.krate(), function.typed_body());
        let settings = options.test_settings();
        if matches!(self, Self::Test) && !settings.is_empty() {
            return quote!(#krate::__private::TestRun::new() #settings .run(async #body));
        }
        let name = Ident::new(self.name(), Span::call_site());
        quote!(#krate::__private::#name(async #body))
    }

    fn check_options(self, options: &Options) -> Result<()> {
        match self {
            Self::Main => options.refuse_test_options(self.name()),
            Self::Test => Ok(()),
        }
    }

    fn test_attribute(self) -> Option<TokenStream> {
        match self {
            Self::Main => None,
            Self::Test => Some(quote!(#[::core::prelude::v1::test])),
        }
    }

    fn check(self, function: &Function) -> Result<()> {
        let sig = &function.sig;
        all([
            refuse_sync(sig),
            refuse_qualifier(self.name(), sig.constness),
            refuse_qualifier(self.name(), sig.unsafety),
            refuse_qualifier(self.name(), &sig.abi),
            self.refuse_generics(sig),
            self.refuse_arguments(sig),
            self.refuse_second_test(&function.attrs),
        ])
    }

    fn refuse_generics(self, sig: &Signature) -> Result<()> {
        refuse(&sig.generics, format!("`{}` cannot be generic: name the types", self.name()))
    }

    fn refuse_arguments(self, sig: &Signature) -> Result<()> {
        let name = self.name();
        match sig.receiver() {
            Some(this) => refuse(this, format!("`{name}` takes no `self`: write a free function")),
            None => refuse(&sig.inputs, format!("`{name}` takes no arguments")),
        }
    }

    /// Two attributes would register the test twice.
    fn refuse_second_test(self, attrs: &[Attribute]) -> Result<()> {
        let second = attrs.iter().find(|attr| attr.path().is_ident("test"));
        match self {
            Self::Main => Ok(()),
            Self::Test => refuse(second, "this is a test already: remove `#[test]`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn main(options: TokenStream, item: TokenStream) -> String {
        expand(Entry::Main, options, item).to_string()
    }

    #[test]
    fn the_body_runs_in_the_front_door() {
        assert_eq!(
            main(
                quote!(),
                quote!(
                    #[inline]
                    pub async fn run() -> u8 {
                        1
                    }
                )
            ),
            "# [inline] pub fn run () -> u8 { :: evergreen :: __private :: main (async { \
             if let :: core :: option :: Option :: Some (output) = \
             :: core :: option :: Option :: None :: < u8 > { return output ; } ; 1 }) }",
        );
    }

    #[test]
    fn a_test_is_a_rust_test() {
        let expansion = expand(
            Entry::Test,
            quote!(crate = "a::b"),
            quote!(
                async fn adds() {}
            ),
        );
        let expansion = expansion.to_string();
        assert!(expansion.starts_with(
            "# [:: core :: prelude :: v1 :: test] fn adds () { a :: b :: __private :: test (async {"
        ));
    }

    #[test]
    fn a_test_with_options_runs_under_them() {
        let expansion = expand(
            Entry::Test,
            quote!(virtual_time, timeout = "1us"),
            quote!(
                async fn adds() {}
            ),
        );
        let expansion = expansion.to_string();
        assert!(expansion.contains(
            "{ :: evergreen :: __private :: TestRun :: new () . virtual_time () \
             . timeout (:: core :: time :: Duration :: from_nanos (1000u64)) . run (async {"
        ));
    }

    #[test]
    fn a_refused_option_leaves_the_function() {
        let item = quote!(
            async fn main() {}
        );
        let good = main(quote!(), item.clone());
        assert!(
            main(quote!(threads), item).starts_with(&format!("{good} :: core :: compile_error"))
        );
    }

    #[test]
    fn a_refused_function_can_still_be_called() {
        let item = quote!(
            async fn main(args: Args) -> u8 {
                args.0
            }
        );
        assert!(main(quote!(), item).starts_with(
            "fn main () -> u8 { async fn main (args : Args) -> u8 { args . 0 } \
             :: core :: unimplemented ! () } :: core :: compile_error"
        ));
    }
}

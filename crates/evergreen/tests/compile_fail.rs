//! What the attribute macros refuse, and what they say.

#[test]
fn refusals_say_what_to_write() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}

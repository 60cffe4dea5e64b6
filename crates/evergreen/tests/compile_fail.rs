//! What the attribute macros refuse, and what they say.

// EV-HND-04, EV-TASK-24, EV-FUT-26, EV-LIB-16, D-10: and what the types leave out.
#[test]
fn refusals_say_what_to_write() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}

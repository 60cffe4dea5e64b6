#[evergreen::test]
fn adds() {}

fn main() {}

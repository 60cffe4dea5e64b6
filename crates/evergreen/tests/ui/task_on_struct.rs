#[evergreen::task]
#[derive(Debug)]
pub struct Session {
    serve: fn(),
}

fn main() {}

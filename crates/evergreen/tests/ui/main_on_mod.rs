#[evergreen::main]
mod program {}

fn main() {}

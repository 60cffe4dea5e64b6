#[evergreen::main(name = "server")]
async fn main() {}

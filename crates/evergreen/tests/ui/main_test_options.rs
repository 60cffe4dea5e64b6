#[evergreen::main(virtual_time, timeout = "5s")]
async fn main() {}

#[evergreen::test(virtual_time)]
async fn waits() {}

fn main() {}

#[evergreen::task(timeout = "5s")]
async fn greet() {}

fn main() {
    drop(greet());
}

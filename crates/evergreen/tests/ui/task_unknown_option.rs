#[evergreen::task(name = "greeter")]
async fn greet() {}

fn main() {
    drop(greet());
}

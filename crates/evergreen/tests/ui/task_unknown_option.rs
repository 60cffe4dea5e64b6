#[evergreen::task(name = "greeter")]
async fn greet() {}

fn main() {
    greet().detach();
}

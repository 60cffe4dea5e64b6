#[evergreen::main]
async fn main() {
    evergreen::select! { biased; }
}

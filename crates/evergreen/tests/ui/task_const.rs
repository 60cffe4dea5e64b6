#[evergreen::task]
const async fn answer() -> u8 {
    42
}

fn main() {
    drop(answer());
}

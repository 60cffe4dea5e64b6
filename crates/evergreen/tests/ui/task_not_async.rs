#[evergreen::task]
fn answer() -> u8 {
    42
}

fn main() {
    drop(answer());
}

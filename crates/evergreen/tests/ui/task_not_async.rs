#[evergreen::task]
fn answer() -> u8 {
    42
}

fn main() {
    answer().detach();
}

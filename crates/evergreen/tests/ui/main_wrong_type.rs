// A mismatch is reported at the expression, as in an `async fn`.
#[evergreen::main]
async fn answer() -> u8 {
    "text"
}

fn main() {
    answer();
}

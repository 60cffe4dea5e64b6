async fn ask() -> u8 {
    1
}

#[evergreen::main]
async fn main() {
    evergreen::join!(async { 1 }, ask);
}

#[evergreen::main]
async fn main() {
    let _ = evergreen::try_join!(async { Err::<(), u8>(1) }, async { Err::<(), String>(String::new()) });
}

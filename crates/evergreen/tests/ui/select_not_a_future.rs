async fn ask() -> u8 {
    1
}

#[evergreen::main]
async fn main() {
    evergreen::select! {
        one = ask => drop(one),
        () = evergreen::sleep(1.0) => (),
    }
}

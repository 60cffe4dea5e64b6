#[evergreen::main]
async fn main() {
    let f = || async {};
    evergreen::join!(
        f(), f(), f(), f(), f(), f(), f(), f(), f(), f(), f(), f(), f(),
        f(), f(), f(), f(), f(), f(), f(), f(), f(), f(), f(), f(), f(),
        f(), f(), f(), f(), f(), f(), f(), f(), f(), f(), f(), f(), f(),
        f(), f(), f(), f(), f(), f(), f(), f(), f(), f(), f(), f(), f(),
        f(), f(), f(), f(), f(), f(), f(), f(), f(), f(), f(), f(), f(),
    );
}

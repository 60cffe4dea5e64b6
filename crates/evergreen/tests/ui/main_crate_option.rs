#[evergreen::main(crate = evergreen)]
async fn main() {
    path();
    twice();
}

#[evergreen::main(crate = "not a path")]
async fn path() {}

#[evergreen::main(crate = "evergreen", crate = "evergreen")]
async fn twice() {}

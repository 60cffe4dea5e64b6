#[evergreen::main]
async fn main() {
    let _text = evergreen::select! {
        one = async { 1 } => one,
        () = evergreen::sleep(1.0) => "nothing",
    };
}

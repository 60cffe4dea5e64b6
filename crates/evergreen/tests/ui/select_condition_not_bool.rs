#[evergreen::main]
async fn main() {
    evergreen::select! {
        one = async { 1 }, if 1 => drop(one),
    }
}

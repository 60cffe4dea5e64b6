#[evergreen::main]
async fn main() {
    let first = async { 1 };
    evergreen::select! {
        one = first,
        two = async { 2 } => drop(two),
    }
}

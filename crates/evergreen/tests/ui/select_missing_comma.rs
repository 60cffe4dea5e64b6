#[evergreen::main]
async fn main() {
    evergreen::select! {
        one = async { 1 } => drop(one)
        two = async { 2 } => drop(two),
    }
}

#[evergreen::main]
async fn main() {
    evergreen::select! {
        one => drop(one),
    }
}

#[evergreen::main]
async fn main() {
    evergreen::select! {
        else => (),
        one = async { 1 } => drop(one),
    }
}

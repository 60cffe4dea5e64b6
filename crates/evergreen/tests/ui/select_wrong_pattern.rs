#[evergreen::main]
async fn main() {
    evergreen::select! {
        Some(one) = async { 1 } => drop(one),
        else => (),
    }
}

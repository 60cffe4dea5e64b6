#[evergreen::main]
async fn main() {
    let wanted = true;
    evergreen::select! {
        one = async { 1 } if wanted => drop(one),
    }
}

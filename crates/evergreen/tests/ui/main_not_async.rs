#[evergreen::main]
fn main() -> Result<(), String> {
    Ok(())
}

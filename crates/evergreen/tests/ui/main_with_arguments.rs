use std::collections::HashMap;

#[evergreen::main]
async fn main(args: HashMap<String, u32>, verbose: bool) {
    println!("{args:?} {verbose}");
}

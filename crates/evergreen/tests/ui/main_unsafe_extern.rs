#[evergreen::main]
async unsafe extern "C" fn main() {}

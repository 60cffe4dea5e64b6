//! What is absent on purpose, and said to be: pools of processes (EV-FUT-26), TLS of our own (EV-LIB-16).

use evergreen::futures::ProcessPoolExecutor;
use evergreen::lib::ssl;

fn main() {}

#[evergreen::main(flavor = "multi_thread")]
async fn main() {
    workers();
}

#[evergreen::main(worker_threads = 4)]
async fn workers() {}

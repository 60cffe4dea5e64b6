struct Server;

impl Server {
    #[evergreen::main]
    async fn serve(&self) {}
}

fn main() {
    Server::serve();
}

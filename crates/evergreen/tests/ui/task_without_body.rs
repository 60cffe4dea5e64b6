trait Serve {
    #[evergreen::task]
    async fn serve(self);
}

fn main() {}

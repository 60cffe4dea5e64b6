use std::pin::Pin;

struct Session;

impl Session {
    #[evergreen::task]
    async fn shared(&self) {}

    #[evergreen::task]
    async fn exclusive(&mut self) {}

    #[evergreen::task]
    async fn pinned(self: Pin<&mut Self>) {}
}

fn main() {
    drop(Session.shared());
}

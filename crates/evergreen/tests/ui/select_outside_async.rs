fn main() {
    evergreen::select! {
        () = evergreen::sleep(1.0) => (),
    }
}

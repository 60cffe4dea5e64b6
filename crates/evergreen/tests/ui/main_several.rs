// Every mistake is reported at once.
#[evergreen::main(threads)]
unsafe fn main<T>(value: T) {
    drop(value);
}

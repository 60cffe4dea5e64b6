use std::borrow::Cow;
use std::fmt::Display;

#[evergreen::task]
async fn greet(name: &str) -> usize {
    name.len()
}

#[evergreen::task]
async fn nested(pairs: Vec<(u8, &'_ str)>, text: Cow<'_, str>) -> impl Display {
    format!("{pairs:?} {text}")
}

#[evergreen::task]
async fn named<'a>(name: &'a str, length: fn(&str) -> usize) -> usize {
    length(name)
}

fn main() {
    drop(greet("ada"));
}

#[evergreen::test(timeout = 5)]
async fn is_a_number() {}

#[evergreen::test(timeout = "5 seconds")]
async fn has_no_unit() {}

#[evergreen::test(timeout = "0s")]
async fn is_zero() {}

#[evergreen::test(virtual_time, timeout = "600000h")]
async fn is_short_enough() {}

#[evergreen::test(timeout = "6000000h")]
async fn is_too_long() {}

#[evergreen::test(virtual_time = true)]
async fn is_a_bare_word() {}

fn main() {}

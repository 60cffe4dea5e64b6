//! The crawler of the examples, in this process.

#[path = "../crawler.rs"]
#[allow(dead_code, reason = "its entry point is not this one")]
mod crawler;

// EV-EX-01: what it prints is compared where the examples are run.
#[evergreen::test]
async fn all_pages_are_fetched() {
    crawler::crawl().await.expect("each page was there");
}

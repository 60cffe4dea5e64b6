//! The attribute macros of evergreen, re-exported by the `evergreen` crate: use them from there.
//!
//! | attribute | turns an `async fn` into |
//! |---|---|
//! | [`macro@main`] | a function that runs a loop until the body has returned |
//! | [`macro@test`] | the same as a `#[test]` |
//! | [`macro@task`] | a function that spawns the body and returns its `Task` |
//!
//! All three take the option `crate = "path"`: where to find evergreen when it is renamed or
//! re-exported, `::evergreen` if not given. `test` takes two more.

use proc_macro::TokenStream;

mod borrow;
mod duration;
mod entry;
mod function;
mod options;
mod refuse;
mod task;

use entry::Entry;

/// Runs an `async fn` on an event loop of this thread: `fn main` for programs that await.
///
/// ```text
/// #[evergreen::main]
/// async fn main() -> std::io::Result<()> {
///     let listener = TcpListener::bind("127.0.0.1:8080").await?;
///     serve(listener).await
/// }
/// ```
///
/// The function makes a loop if the thread has none, runs the body, drops the tasks that are left
/// and destroys the loop. Attributes, visibility and return type stay as written, and the name
/// need not be `main`.
///
/// The counterpart of `#[tokio::main]`, without `flavor` and `worker_threads`: evergreen runs on
/// one thread.
///
/// # Options
///
/// `crate = "path"`: where to find evergreen, `::evergreen` if not given.
///
/// # Errors
///
/// It does not compile on a function that is not `async`, takes arguments, `self` or generics, or
/// is `const`, `unsafe` or `extern`.
#[proc_macro_attribute]
pub fn main(options: TokenStream, item: TokenStream) -> TokenStream {
    entry::expand(Entry::Main, options.into(), item.into()).into()
}

/// Makes an `async fn` a test that runs on an event loop of its own.
///
/// ```text
/// #[evergreen::test]
/// async fn answers() -> Result<(), Error> {
///     let answer = evergreen::spawn(ask()).await?;
///     assert_eq!(answer, 42);
///     Ok(())
/// }
/// ```
///
/// It adds `#[test]`. `#[should_panic]`, `#[ignore]` and every other attribute stay as written,
/// and the test may return whatever a plain one may.
///
/// The counterpart of `#[tokio::test]`; `virtual_time` is its `start_paused = true`.
///
/// # Options
///
/// - `virtual_time`: the loop has a clock of its own, which begins at zero and jumps to the next
///   timer when nothing is left to do. An hour of waiting takes no time. The crate
///   `evergreen-testing` moves and freezes it.
/// - `timeout = "5s"`: the test panics if it has not ended after so much time of the system's clock,
///   also in virtual time; its tasks are dropped, and destructors run. The clock is looked at once
///   in a turn of the loop, so a task that never returns cannot be stopped by it. The value is a
///   whole number and a unit: `ns`, `us`, `ms`, `s`, `m` or `h`.
/// - `crate = "path"`: where to find evergreen, `::evergreen` if not given.
///
/// ```text
/// #[evergreen::test(virtual_time, timeout = "5s")]
/// async fn tries_again_after_an_hour() { /* … */ }
/// ```
///
/// # Errors
///
/// It does not compile where [`macro@main`] does not, nor together with `#[test]`.
#[proc_macro_attribute]
pub fn test(options: TokenStream, item: TokenStream) -> TokenStream {
    entry::expand(Entry::Test, options.into(), item.into()).into()
}

/// Makes an `async fn` spawn: a call starts the body as a task and returns its `Task`.
///
/// ```text
/// #[evergreen::task]
/// async fn greet(name: String) -> usize {
///     println!("hello {name}");
///     name.len()
/// }
///
/// let task: Task<usize> = greet("ada".to_owned()); // spawned here
/// let length = task.await;
/// ```
///
/// Generics, patterns and documentation stay as written. Every argument moves into the task, used
/// or not, and is dropped when the task ends. The task's spawn location is the caller's.
///
/// A method takes `self` by value, as `self: Rc<Self>` or as any other owner:
///
/// ```text
/// impl Session {
///     #[evergreen::task]
///     async fn serve(self: Rc<Self>, mut requests: Receiver<Request>) { /* … */ }
/// }
/// ```
///
/// The counterpart of `@evergreen.task` of Python evergreen.
///
/// # Options
///
/// `crate = "path"`: where to find evergreen, `::evergreen` if not given.
///
/// # Errors
///
/// It does not compile on a function that is not `async`, that is `const` or `extern`, or that
/// borrows: a task outlives its caller, so `&self`, `&T` and `Cow<'_, T>` have nothing to refer to.
/// Write `self: Rc<Self>`, take an owned value, or pass a clone. `&'static T` is fine.
#[proc_macro_attribute]
pub fn task(options: TokenStream, item: TokenStream) -> TokenStream {
    task::expand(options.into(), item.into()).into()
}

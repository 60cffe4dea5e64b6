//! `join!` and `try_join!`: wait for all branches.

/// Waits for several futures at once, until all are ready. Its value is a tuple of their outputs.
///
/// ```
/// use evergreen_task::{join, sleep, spawn};
/// # let event_loop = evergreen_loop::EventLoop::new()?;
/// # event_loop.block_on(async {
/// let task = spawn(async { "a task" });
/// let (first, second, ()) = join!(task, async { 2 }, sleep(0.001));
/// assert_eq!((first.unwrap(), second), ("a task", 2));
/// # });
/// # Ok::<(), evergreen_loop::LoopError>(())
/// ```
///
/// The futures are made in the order written, and at every wake-up of the task those that are not
/// ready yet are polled in that order. A future that is ready is dropped at once; its output waits
/// for the others. There may be up to 64 branches. One gives a tuple of one, none gives `()`, at
/// once.
///
/// All branches are part of the task that joins them. They take turns where they wait, and have
/// one turn in the queue together; a panic in one of them drops them all. Where each shall have its
/// own turns, spawn them and join the handles.
///
/// The counterpart of `tokio::join!`, whose `biased;` is accepted and means nothing: the order is
/// always the one written, and every branch is polled.
///
/// # Kill safety
///
/// That of the futures; outputs that are already there are lost.
#[macro_export]
macro_rules! join {
    (biased; $($future:tt)*) => { $crate::join!($($future)*) };
    ($($future:expr),* $(,)?) => {{
        let outputs = $crate::__private::all()$(.and($crate::__private::branch($future)))*.await;
        $crate::__flat!(outputs $($future),*)
    }};
}

/// As [`join!`] for futures that may fail: ends at the first error.
///
/// ```
/// use evergreen_task::{sleep, try_join};
/// # let event_loop = evergreen_loop::EventLoop::new()?;
/// # event_loop.block_on(async {
/// let parse = async |text: &str| text.parse::<u8>();
/// assert_eq!(try_join!(parse("1"), parse("2")), Ok((1, 2)));
/// let never = async {
///     sleep(60.0).await;
///     Ok(())
/// };
/// let failed = try_join!(never, parse("x"));
/// assert_eq!(failed.unwrap_err().to_string(), "invalid digit found in string");
/// # });
/// # Ok::<(), evergreen_loop::LoopError>(())
/// ```
///
/// Its value is `Ok` with a tuple of the values, or the first `Err`. At each wake-up the branches
/// are polled in the order written, so of two errors at once it is the one written first; what
/// comes after it is not polled any more. All futures and values are dropped in the order written
/// before the error is there.
///
/// All branches have one type of error. Where the compiler cannot know it, as in `try_join!()`, say
/// it: `Ok::<_, io::Error>(())`.
///
/// # Kill safety
///
/// That of the futures; values that are already there are lost. The same holds for an error.
#[macro_export]
macro_rules! try_join {
    (biased; $($future:tt)*) => { $crate::try_join!($($future)*) };
    ($($future:expr),* $(,)?) => {{
        let outputs = $crate::__private::all()$(.and($crate::__private::branch($future)))*.or_error().await;
        match outputs {
            ::core::result::Result::Ok(outputs) => {
                ::core::result::Result::Ok($crate::__flat!(outputs $($future),*))
            },
            ::core::result::Result::Err(error) => ::core::result::Result::Err(error),
        }
    }};
}

/// Makes one tuple of the nested pairs in a variable: `{how many more} variable pairs [names] the
/// branches that have no name yet`. Each name is a new one, by hygiene.
#[doc(hidden)]
#[macro_export]
macro_rules! __flat {
    ($outputs:ident) => { $outputs };
    ($outputs:ident $($future:expr),+) => {
        $crate::__flat!({
            _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _
            _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _
        } $outputs () [] $($future),+)
    };
    ({$($more:tt)*} $outputs:ident $pairs:tt [$($name:ident)*]) => {{
        let $pairs = $outputs;
        ($($name,)*)
    }};
    ({} $($rest:tt)*) => {
        ::core::compile_error!("`join!` and `try_join!` take at most 64 branches")
    };
    ({_ $($more:tt)*} $outputs:ident $pairs:tt [$($name:ident)*]
        $future:expr $(, $rest:expr)*
    ) => {
        $crate::__flat!({$($more)*} $outputs ($pairs, output) [$($name)* output] $($rest),*)
    };
}

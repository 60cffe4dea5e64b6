//! `select!`: goes on with the first branch that is ready.

/// Waits for several futures at once and goes on with the first that is ready; the others are
/// dropped.
///
/// ```
/// use evergreen_task::{select, sleep, spawn};
/// # let event_loop = evergreen_loop::EventLoop::new()?;
/// # event_loop.block_on(async {
/// let mut answer = spawn(async { 42 });
/// let text = select! {
///     answer = &mut answer => format!("the answer is {answer:?}"),
///     () = sleep(60.0) => "nobody answered".to_owned(),
/// };
/// assert_eq!(text, "the answer is Ok(42)");
/// # });
/// # Ok::<(), evergreen_loop::LoopError>(())
/// ```
///
/// A branch is `pattern = future => handler`, with `, if condition` after the future if it is not
/// always wanted. A comma ends it; after a handler in braces it may be left out. An `else =>
/// handler` may stand last. There may be up to 64 branches. The macro is an expression of an
/// `async` block, and its value is that of the handler. Handlers may await, and `?`, `return`,
/// `break` and `continue` act on what surrounds the macro.
///
/// What happens, in this order:
///
/// 1. All conditions are evaluated, once. A branch whose condition is false is disabled.
/// 2. All futures are made, those of disabled branches too: `future` is an expression like any
///    other. What is disabled is never polled.
/// 3. The enabled branches are polled **in the order in which they are written**, at every wake-up
///    of the task. The first that is ready with a value that matches its pattern wins. A value
///    that does not match is dropped, and disables its branch.
/// 4. All futures are dropped in the order written, those of the losers, of the disabled branches
///    and of the winner, and with them what they borrow.
/// 5. The handler runs.
///
/// If no enabled branch is left, the handler of `else` runs.
///
/// # Order
///
/// The order is a promise: of two branches that are ready, the one written first wins, always. So
/// put first what is rare or urgent, such as a stop signal, and last what is often ready. A branch
/// that is ready whenever a loop comes round to `select!` starves those below it. With a value
/// above a limit, a value that is there is never thrown away.
///
/// # Across turns of a loop
///
/// A future that shall outlive the `select!` is lent to it, pinned if it has to be:
///
/// ```
/// use evergreen_task::{pin, select, sleep, yield_now};
/// # let event_loop = evergreen_loop::EventLoop::new()?;
/// # event_loop.block_on(async {
/// let mut limit = pin!(sleep(0.01));
/// let mut rounds = 0;
/// loop {
///     select! {
///         () = limit.as_mut() => break,
///         () = yield_now(), if rounds < 3 => rounds += 1,
///     }
/// }
/// assert_eq!(rounds, 3);
/// # });
/// # Ok::<(), evergreen_loop::LoopError>(())
/// ```
///
/// # Coming from tokio
///
/// Blocks written for `tokio::select!` can stay as they are. tokio begins at a random branch unless
/// `biased;` stands first; here that is always so, and the word may be left or removed.
///
/// # Panics
///
/// If all branches are disabled and there is no `else`.
///
/// # Kill safety
///
/// That of the futures: those that are made in the macro are lost with whatever they have done so
/// far, both when they lose and when the task is killed. Those that are lent to it go on.
#[macro_export]
macro_rules! select {
    () => {
        ::core::compile_error!("`select!` needs a branch: `pattern = future => handler`")
    };
    (biased; $($branches:tt)*) => { $crate::select!($($branches)*) };
    ($($branches:tt)+) => {
        $crate::__select!({
            _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _
            _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _
        } [] $($branches)+,)
    };
}

/// Takes the branches of a `select!` one by one: `{how many more} [those taken] the rest`,
/// with a comma after the last.
///
/// With each branch the patterns of those before it move one step outwards in the list, and the
/// variable that holds its condition is a new one, by hygiene.
#[doc(hidden)]
#[macro_export]
macro_rules! __select {
    ({$($more:tt)*} $taken:tt $(,)?) => {
        $crate::__select!(@finish $taken
            ::core::panic!("all branches of `select!` are disabled and there is no `else`"))
    };
    ({$($more:tt)*} $taken:tt else => $otherwise:expr $(,)*) => {
        $crate::__select!(@finish $taken $otherwise)
    };
    ({$($more:tt)*} $taken:tt else $($rest:tt)*) => {
        ::core::compile_error!("`else => handler` stands once, and is the last branch of `select!`")
    };
    ({} $taken:tt $($rest:tt)+) => {
        ::core::compile_error!("`select!` takes at most 64 branches")
    };
    ({_ $($more:tt)*} [$({$($taken:tt)*} ($chosen:pat))*]
        $pattern:pat = $future:expr $(, if $condition:expr)? => $handler:block, $($rest:tt)*
    ) => {
        $crate::__select!({$($more)*} [
            $({$($taken)*} ($crate::__private::Chosen::Earlier($chosen)))*
            {enabled ($($condition)?) ($future) ($pattern) ($handler)}
            ($crate::__private::Chosen::This($pattern))
        ] $($rest)*)
    };
    ({_ $($more:tt)*} [$({$($taken:tt)*} ($chosen:pat))*]
        $pattern:pat = $future:expr $(, if $condition:expr)? => $handler:block $($rest:tt)*
    ) => {
        $crate::__select!({$($more)*} [
            $({$($taken)*} ($crate::__private::Chosen::Earlier($chosen)))*
            {enabled ($($condition)?) ($future) ($pattern) ($handler)}
            ($crate::__private::Chosen::This($pattern))
        ] $($rest)*)
    };
    ({_ $($more:tt)*} [$({$($taken:tt)*} ($chosen:pat))*]
        $pattern:pat = $future:expr $(, if $condition:expr)? => $handler:expr, $($rest:tt)*
    ) => {
        $crate::__select!({$($more)*} [
            $({$($taken)*} ($crate::__private::Chosen::Earlier($chosen)))*
            {enabled ($($condition)?) ($future) ($pattern) ($handler)}
            ($crate::__private::Chosen::This($pattern))
        ] $($rest)*)
    };
    ({$($more:tt)*} $taken:tt
        $pattern:pat = $future:expr $(, if $condition:expr)?, $($rest:tt)*
    ) => {
        ::core::compile_error!(::core::concat!(
            "the branch `", ::core::stringify!($pattern = $future),
            "` of `select!` has no handler: write `=> handler` after it",
        ))
    };
    (@finish [$({
        $enabled:ident ($($condition:expr)?) ($future:expr) ($pattern:pat) ($handler:expr)
    } ($chosen:pat))*] $otherwise:expr) => {{
        $(let $enabled: bool = true $(&& $condition)?;)*
        // What the futures borrow is given back at the end of this statement.
        let output = $crate::__private::first()
            $(.or($enabled, $crate::__private::branch($future), |output| {
                $crate::__select!(@fits output $pattern)
            }))*
            .await;
        match output {
            $(::core::option::Option::Some($chosen) => $handler,)*
            ::core::option::Option::None => $otherwise,
            #[allow(unreachable_patterns, reason = "only where a pattern can fail")]
            ::core::option::Option::Some(_) => ::core::unreachable!("it matched before"),
        }
    }};
    // The guard sees whether the pattern matches, and lets nothing be moved out of the output.
    (@fits $output:ident $pattern:pat) => {{
        let mut fits = false;
        #[allow(unused, reason = "the names are for the handler")]
        match $output {
            $pattern if { fits = true; false } => ::core::unreachable!("the guard is false"),
            _ => {},
        }
        fits.then_some($output)
    }};
}

//! What the entry points say when they are used where they cannot work.

use std::panic::catch_unwind;
use std::thread;

use evergreen::{EventLoop, JoinError, LoopError, RunError, SystemExit, spawn, timeout};

/// The message of a panic on a thread of its own, which is no main thread.
fn panic_of<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> String {
    let payload = thread::spawn(f).join().err().expect("it panics");
    let text = payload.downcast_ref::<&str>().copied().map(str::to_owned);
    text.or_else(|| payload.downcast_ref().cloned()).expect("a message")
}

const WAY_OUT: &str = "this is inside the running event loop: await the future, or spawn a task";

//
#[test]
fn block_on_inside_a_task_says_what_to_do_instead() {
    let message = evergreen::block_on(async {
        let task = spawn(async { evergreen::block_on(async { 1 }) });
        task.await.unwrap_err().to_string()
    });
    assert!(message.starts_with("the task panicked: block_on at "), "{message}");
    assert!(message.contains("errors.rs") && message.ends_with(WAY_OUT), "{message}");
}

//
#[test]
fn block_on_inside_a_callback_is_reported_and_the_loop_goes_on() {
    let event_loop = EventLoop::new().unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    event_loop.set_exception_handler(move |context: &evergreen::ErrorContext| {
        tell.send(context.message().to_owned()).unwrap();
    });
    let inner = event_loop.clone();
    event_loop.call_soon(move || inner.block_on(async {}));
    let (goes_on, went_on) = std::sync::mpsc::channel();
    event_loop.call_soon(move || goes_on.send(()).unwrap());
    event_loop.run().unwrap();
    assert_eq!(told.try_recv().unwrap(), format!("panicked: block_on failed: {WAY_OUT}"));
    went_on.try_recv().unwrap();
    event_loop.destroy().unwrap();
}

// EV-LOOP-02, EV-TASK-20
#[test]
fn spawning_where_there_is_no_loop_names_the_ways_to_one() {
    let message = panic_of(|| drop(spawn(async {})));
    assert_eq!(
        message,
        "cannot make a task: no event loop on this thread: make one with EventLoop::new(), \
         or call block_on"
    );
    let error = thread::spawn(|| EventLoop::current().unwrap_err().to_string());
    assert!(message.ends_with(&error.join().unwrap()));
}

// EV-LOOP-02
#[test]
fn a_second_loop_on_a_thread_is_refused() {
    let event_loop = EventLoop::new().unwrap();
    assert!(matches!(EventLoop::new(), Err(LoopError::AlreadyExists)));
    event_loop.destroy().unwrap();
    EventLoop::new().unwrap().destroy().unwrap();
}

// D-6
#[test]
fn a_loop_that_is_stopped_before_the_future_is_done_says_so() {
    let message = panic_of(|| {
        evergreen::block_on(async {
            EventLoop::current().unwrap().stop().unwrap();
            std::future::pending::<()>().await;
        });
    });
    assert!(
        message.ends_with("the event loop was stopped before the future was done"),
        "{message}"
    );
}

// D-7
#[test]
fn a_system_exit_comes_back_from_the_run() {
    let event_loop = EventLoop::new().unwrap();
    let inner = event_loop.clone();
    event_loop.call_soon(move || inner.stop_with(SystemExit::new(7)).unwrap());
    let Err(RunError::System(stop)) = event_loop.run_forever() else { panic!("it was stopped") };
    assert_eq!((stop.exit_code(), stop.to_string()), (7, "exit with code 7".to_owned()));
    event_loop.destroy().unwrap();
}

// a panic of the future is passed on, and the loop it ran on is gone.
#[test]
fn a_panic_of_the_main_future_is_passed_on() {
    let payload = catch_unwind(|| evergreen::block_on(async { panic!("on purpose") })).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"on purpose"));
    assert!(EventLoop::try_current().is_none());
}

async fn killed() -> Result<(), Box<dyn std::error::Error>> {
    let task = spawn(std::future::pending::<()>());
    task.kill();
    Ok(task.await?)
}

async fn limited() -> Result<(), Box<dyn std::error::Error>> {
    Ok(timeout(0.0, std::future::pending::<()>()).await?)
}

// EV-TASK-25, R-16: the errors of tasks and limits are errors.
#[evergreen::test]
async fn errors_go_through_the_question_mark() {
    let error = killed().await.unwrap_err();
    assert!(error.downcast_ref::<JoinError>().unwrap().is_exit());
    assert_eq!(error.to_string(), "the task was killed");
    assert_eq!(limited().await.unwrap_err().to_string(), "timed out after 0 seconds");
}

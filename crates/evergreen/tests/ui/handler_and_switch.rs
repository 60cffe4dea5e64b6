//! What the types leave out: handlers that a user makes or schedules again (EV-HND-04), and tasks
//! that switch to each other without the loop (EV-TASK-24).

use evergreen::tasks::TaskRef;
use evergreen::{EventLoop, Handler, Task};

fn again(event_loop: &EventLoop, handler: Handler) {
    event_loop.call_soon(handler);
}

fn make() -> Handler {
    Handler::new(|| {})
}

fn switch(task: &TaskRef) {
    task.switch();
}

fn throw(task: &Task<()>) {
    task.throw("an error");
}

fn main() {}

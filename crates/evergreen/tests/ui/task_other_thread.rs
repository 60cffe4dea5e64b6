//! What another thread cannot do to a task of the loop's thread: cells of the task matrix (D-10).

use std::rc::Rc;

use evergreen::tasks::TaskRef;
use evergreen::{EventLoop, LoopRemote, RemoteTasks, Task};

fn on_another_thread<T: Send>(_: T) {}

fn kill(remote: &LoopRemote, task: Task<()>) {
    remote.call_from_thread(move || task.kill()).ok();
}

fn drop_handle(task: Task<()>) {
    on_another_thread(task);
}

fn join(task: Task<()>) {
    on_another_thread(task.join());
}

fn wake(task: TaskRef) {
    on_another_thread(move || task.wake());
}

fn destroy(event_loop: EventLoop) {
    on_another_thread(move || event_loop.destroy());
}

fn spawn(remote: &LoopRemote, local: Rc<u8>) {
    remote.spawn_from_thread(async move { drop(local) }).ok();
}

fn main() {}

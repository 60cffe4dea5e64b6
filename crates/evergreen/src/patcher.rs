//! Rust code cannot be patched: nothing here changes what calls `std`, in this crate or in others.
//!
//! Python evergreen replaces functions of other modules at run time, so that libraries which know
//! nothing of it stop to block. A Rust program is linked when it runs, and a call that blocks cannot
//! become one that awaits. What there is instead is a choice, for code that wants to serve both kinds
//! of programs: [`lib::net`](crate::lib::net) and [`lib::thread`](crate::lib::thread) are written
//! once, block their thread by the standard library as long as they are not patched, and park their
//! task only when they are.
//!
//! ```
//! use evergreen::lib::thread::sleep;
//! use evergreen::patcher::{self, Module};
//! use std::time::Duration;
//!
//! patcher::patch([Module::Thread]);
//! assert!(patcher::is_patched("thread") && !patcher::is_patched("net"));
//! evergreen::block_on(sleep(Duration::from_millis(1)));
//! ```
//!
//! For one source file the choice is made by what it imports: `use evergreen::lib::patched::net` in
//! place of `use std::net`, which stays there as [`original::net`]. The compiler then shows each call
//! that needs an `await`. A name that is not there does not compile.

mod module;
mod provider;

pub use self::module::{Module, PatchError};
pub(crate) use self::provider::choose;
pub use self::provider::{Provider, with_provider};

/// Has the functions of these modules park their task only, in the whole process; of all modules, if
/// none is named. It may be called again, and is never undone. Sockets that exist stay what they
/// are.
pub fn patch(modules: impl IntoIterator<Item = Module>) {
    let mut none = true;
    for module in modules {
        module.patch();
        none = false;
    }
    if none {
        Module::ALL.iter().for_each(|module| module.patch());
    }
}

/// Whether a module is patched, by itself or by its name. One that is not known is not.
pub fn is_patched(module: impl AsRef<str>) -> bool {
    module.as_ref().parse().is_ok_and(|module: Module| module.is_patched())
}

/// The standard library's modules, whatever is patched.
pub mod original {
    pub use std::{net, thread, time};
}

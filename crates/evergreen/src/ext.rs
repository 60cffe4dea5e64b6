//! Rust has no imports at run time: an extension has to be registered before it can be had by name.
//!
//! Python evergreen finds a package `evergreen_foo` when somebody imports `evergreen.ext.foo`. Here a
//! crate, by custom `evergreen-foo`, registers what makes its value; a program that can name the
//! crate's types needs none of this.
//!
//! ```
//! use evergreen::{EventLoop, ext};
//! use std::cell::Cell;
//! use std::convert::Infallible;
//!
//! struct Counter(Cell<u32>);
//!
//! ext::register("counter", || Ok::<_, Infallible>(Counter(Cell::new(0))))?;
//! let event_loop = EventLoop::new()?;
//! let counter = ext::get::<Counter>("counter")?;
//! counter.0.set(1);
//! // There is one for each loop.
//! assert_eq!(ext::get::<Counter>("counter")?.0.get(), 1);
//! # event_loop.destroy()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::any::{Any, type_name};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use evergreen_loop::LoopError;
use evergreen_loop::build::LoopId;

type Made = Result<Rc<dyn Any>, Box<dyn Error>>;
type Extensions = BTreeMap<String, Rc<dyn Any>>;
type Factory = Arc<dyn Fn() -> Made + Send + Sync>;

static KNOWN: Mutex<BTreeMap<String, Factory>> = Mutex::new(BTreeMap::new());

thread_local! {
    /// What was made, and for which loop.
    static MADE: RefCell<Option<(LoopId, Extensions)>> = const { RefCell::new(None) };
}

/// Registers an extension for the whole process. `factory` is called once for each loop whose thread
/// asks for it, and must not ask for its own name.
///
/// # Errors
///
/// [`ExtError::Taken`].
pub fn register<T: 'static, E: Into<Box<dyn Error>>>(
    name: &str,
    factory: impl Fn() -> Result<T, E> + Send + Sync + 'static,
) -> Result<(), ExtError> {
    let factory = move || -> Made { Ok(Rc::new(factory().map_err(Into::into)?)) };
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if known.contains_key(name) {
        return Err(ExtError::Taken(name.to_owned()));
    }
    known.insert(name.to_owned(), Arc::new(factory));
    Ok(())
}

/// The extension of this name, made when this thread's loop has none yet. One that could not be made
/// is tried again the next time.
///
/// # Errors
///
/// All of [`ExtError`] but [`ExtError::Taken`].
pub fn get<T: 'static>(name: &str) -> Result<Rc<T>, ExtError> {
    let id = LoopId::current().map_err(ExtError::Loop)?;
    let made = match made(id, name) {
        Some(made) => made,
        None => make(id, name)?,
    };
    made.downcast()
        .map_err(|_| ExtError::WrongType { name: name.to_owned(), wanted: type_name::<T>() })
}

fn made(id: LoopId, name: &str) -> Option<Rc<dyn Any>> {
    MADE.with_borrow(|slot| {
        let (_, made) = slot.as_ref().filter(|(owner, _)| *owner == id)?;
        made.get(name).cloned()
    })
}

fn make(id: LoopId, name: &str) -> Result<Rc<dyn Any>, ExtError> {
    let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
    let factory = known.ok_or_else(|| ExtError::NotFound(name.to_owned()))?;
    let new = factory().map_err(ExtError::Init)?;
    // Those of a former loop are dropped when nothing is borrowed.
    let former = MADE.with_borrow_mut(|slot| {
        let former = slot.take_if(|(owner, _)| *owner != id);
        let (_, made) = slot.get_or_insert_with(|| (id, Extensions::new()));
        made.insert(name.to_owned(), Rc::clone(&new));
        former
    });
    drop(former);
    Ok(new)
}

/// Why an extension cannot be had.
#[derive(Debug)]
#[non_exhaustive]
pub enum ExtError {
    /// Nobody has registered one of this name.
    NotFound(String),
    /// It is registered already.
    Taken(String),
    /// It is of another type.
    WrongType {
        /// Its name.
        name: String,
        /// The type that was asked for.
        wanted: &'static str,
    },
    /// What went wrong inside of it, as it is.
    Init(Box<dyn Error>),
    /// This thread has no loop.
    Loop(LoopError),
}

impl fmt::Display for ExtError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound(name) => {
                write!(f, "no extension `{name}` is registered: call the `register` of its crate")
            },
            Self::Taken(name) => write!(f, "an extension `{name}` is registered already"),
            Self::WrongType { name, wanted } => {
                write!(f, "the extension `{name}` is no {wanted}")
            },
            Self::Init(error) => error.fmt(f),
            Self::Loop(error) => error.fmt(f),
        }
    }
}

impl Error for ExtError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            // They are shown in full; what is behind them is not.
            Self::Init(error) => error.source(),
            Self::Loop(error) => error.source(),
            _ => None,
        }
    }
}

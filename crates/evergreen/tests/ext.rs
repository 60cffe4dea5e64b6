//! Extensions by name.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::convert::Infallible;
use std::io;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};

use evergreen::LoopError;
use evergreen::ext::{self, ExtError};
use evergreen_testing::{OnDrop, TestLoop};

#[derive(Debug)]
struct Numbered(u32);

// EV-EXT-01
#[test]
fn an_extension_is_made_once_for_each_loop() {
    static MADE: AtomicU32 = AtomicU32::new(0);
    ext::register("numbered", || {
        Ok::<_, Infallible>(Numbered(MADE.fetch_add(1, Ordering::SeqCst)))
    })
    .unwrap();
    for number in 0..2 {
        let _loop = TestLoop::new();
        let first = ext::get::<Numbered>("numbered").unwrap();
        assert_eq!(first.0, number);
        assert!(Rc::ptr_eq(&first, &ext::get("numbered").unwrap()));
    }
    std::thread::spawn(|| {
        let _loop = TestLoop::new();
        assert_eq!(ext::get::<Numbered>("numbered").unwrap().0, 2);
    })
    .join()
    .unwrap();
}

// EV-EXT-01
#[test]
fn the_extensions_of_a_former_loop_are_dropped() {
    static DROPPED: AtomicU32 = AtomicU32::new(0);
    let factory = || {
        let count: fn() = || DROPPED.store(DROPPED.load(Ordering::SeqCst) + 1, Ordering::SeqCst);
        Ok::<_, Infallible>(OnDrop::new(count))
    };
    ext::register("dropped", factory).unwrap();
    for dropped in 0..2 {
        let _loop = TestLoop::new();
        drop(ext::get::<OnDrop<fn()>>("dropped").unwrap());
        assert_eq!(DROPPED.load(Ordering::SeqCst), dropped);
    }
}

// EV-EXT-01
#[test]
fn what_goes_wrong_is_told_apart() {
    let no_loop = std::thread::spawn(|| ext::get::<u8>("x").unwrap_err().to_string()).join();
    assert_eq!(no_loop.unwrap(), LoopError::NoLoop.to_string());
    let _loop = TestLoop::new();
    let unknown = ext::get::<u8>("unknown").unwrap_err();
    assert!(matches!(&unknown, ExtError::NotFound(name) if name == "unknown"), "{unknown}");
    assert!(unknown.to_string().contains("`unknown`"), "{unknown}");

    ext::register("seven", || Ok::<_, Infallible>(7_u8)).unwrap();
    let taken = ext::register("seven", || Ok::<_, Infallible>(8_u8)).unwrap_err();
    assert!(matches!(taken, ExtError::Taken(_)), "{taken}");
    let wrong = ext::get::<String>("seven").unwrap_err();
    assert!(matches!(wrong, ExtError::WrongType { wanted, .. } if wanted.contains("String")));
    assert_eq!(*ext::get::<u8>("seven").unwrap(), 7);
}

// EV-EXT-01
#[test]
fn an_error_inside_an_extension_comes_out_as_it_is() {
    static TRIED: AtomicU32 = AtomicU32::new(0);
    let _loop = TestLoop::new();
    ext::register("broken", || match TRIED.fetch_add(1, Ordering::SeqCst) {
        0 => Err(io::Error::from(io::ErrorKind::NotFound)),
        tried => Ok(tried),
    })
    .unwrap();
    let broken = ext::get::<u32>("broken").unwrap_err();
    let ExtError::Init(inside) = &broken else { panic!("{broken}") };
    assert_eq!(inside.downcast_ref::<io::Error>().unwrap().kind(), io::ErrorKind::NotFound);
    assert_eq!(broken.to_string(), inside.to_string());
    // It is tried again.
    assert_eq!(*ext::get::<u32>("broken").unwrap(), 1);
}

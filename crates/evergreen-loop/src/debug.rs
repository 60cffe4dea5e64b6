//! Whether the loop looks out for mistakes of the program: waits without end, entries that are slow.

use std::ffi::{OsStr, OsString};
use std::sync::OnceLock;

/// Decided once for the process: in debug builds, unless `EVERGREEN_DEBUG` says otherwise.
pub(crate) fn is_on() -> bool {
    static ON: OnceLock<bool> = OnceLock::new();
    *ON.get_or_init(|| chosen(std::env::var_os("EVERGREEN_DEBUG"), cfg!(debug_assertions)))
}

fn chosen(variable: Option<OsString>, usual: bool) -> bool {
    match variable.as_deref().and_then(OsStr::to_str) {
        None | Some("") => usual,
        Some(value) => value != "0",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // AIO-DBG-01
    #[test]
    fn the_variable_decides_unless_it_is_empty() {
        for usual in [true, false] {
            assert_eq!(chosen(None, usual), usual);
            assert_eq!(chosen(Some("".into()), usual), usual);
            assert!(chosen(Some("1".into()), usual));
            assert!(!chosen(Some("0".into()), usual));
        }
    }
}

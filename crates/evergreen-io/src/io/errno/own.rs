//! What has no number of the system's: the same on every system, and the same as libuv's.

macro_rules! numbers {
    ($($name:ident $number:literal $text:literal)*) => {
        $(
            #[doc = concat!($text, ".")]
            pub const $name: i32 = $number;
        )*

        /// Each with its name, and what it means.
        pub(super) const OWN: &[(i32, &str, &str)] = &[
            $(($name, stringify!($name), $text),)*
        ];
    };
}

numbers! {
    EOF -4095 "the end of the stream"
    EAI_ADDRFAMILY -3000 "the name has no address of this family"
    EAI_AGAIN -3001 "the name cannot be resolved at present"
    EAI_BADFLAGS -3002 "the flags for resolving are not valid"
    EAI_CANCELED -3003 "resolving was cancelled"
    EAI_FAIL -3004 "the name cannot be resolved, now or later"
    EAI_FAMILY -3005 "the address family is not supported"
    EAI_MEMORY -3006 "out of memory while resolving"
    EAI_NODATA -3007 "the name has no address"
    EAI_NONAME -3008 "the name or the service is not known"
    EAI_OVERFLOW -3009 "the name is longer than its buffer"
    EAI_SERVICE -3010 "the service is not available for this type of socket"
    EAI_SOCKTYPE -3011 "the type of socket is not supported"
    EAI_BADHINTS -3013 "the hints for resolving are not valid"
    EAI_PROTOCOL -3014 "the protocol for resolving is not known"
}

/// The number here of what the system's resolver has said. `EAI_SYSTEM` has none: it stands for a
/// number of the system's.
pub(in crate::io) const fn of_resolver(code: i32) -> Option<i32> {
    Some(match code {
        libc::EAI_AGAIN => EAI_AGAIN,
        libc::EAI_BADFLAGS => EAI_BADFLAGS,
        libc::EAI_FAIL => EAI_FAIL,
        libc::EAI_FAMILY => EAI_FAMILY,
        libc::EAI_MEMORY => EAI_MEMORY,
        #[cfg(not(target_os = "freebsd"))]
        libc::EAI_NODATA => EAI_NODATA,
        libc::EAI_NONAME => EAI_NONAME,
        libc::EAI_OVERFLOW => EAI_OVERFLOW,
        libc::EAI_SERVICE => EAI_SERVICE,
        libc::EAI_SOCKTYPE => EAI_SOCKTYPE,
        _ => return None,
    })
}

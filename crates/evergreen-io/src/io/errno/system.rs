//! The numbers of the system.

macro_rules! numbers {
    ($(#$on:tt { $($name:ident)* })*) => {
        $($(
            #$on
            #[doc = concat!("The system's `", stringify!($name), "`.")]
            pub const $name: i32 = libc::$name;
        )*)*

        /// Each with its name.
        pub(super) const SYSTEM: &[(i32, &str)] = &[
            $($(#$on ($name, stringify!($name)),)*)*
        ];
    };
}

numbers! {
    #[cfg(unix)]
    {
        E2BIG EACCES EADDRINUSE EADDRNOTAVAIL EAFNOSUPPORT EAGAIN EALREADY EBADF EBADMSG EBUSY
        ECANCELED ECHILD ECONNABORTED ECONNREFUSED ECONNRESET EDEADLK EDESTADDRREQ EDOM EDQUOT
        EEXIST EFAULT EFBIG EHOSTDOWN EHOSTUNREACH EIDRM EILSEQ EINPROGRESS EINTR EINVAL EIO
        EISCONN EISDIR ELOOP EMFILE EMLINK EMSGSIZE EMULTIHOP ENAMETOOLONG ENETDOWN ENETRESET
        ENETUNREACH ENFILE ENOBUFS ENODEV ENOENT ENOEXEC ENOLCK ENOLINK ENOMEM ENOMSG
        ENOPROTOOPT ENOSPC ENOSYS ENOTBLK ENOTCONN ENOTDIR ENOTEMPTY ENOTRECOVERABLE ENOTSOCK
        ENOTTY ENXIO EOPNOTSUPP EOVERFLOW EOWNERDEAD EPERM EPFNOSUPPORT EPIPE EPROTO
        EPROTONOSUPPORT EPROTOTYPE ERANGE EREMOTE EROFS ESHUTDOWN ESOCKTNOSUPPORT ESPIPE ESRCH
        ESTALE ETIMEDOUT ETOOMANYREFS ETXTBSY EUSERS EXDEV
    }
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    {
        ENODATA ENOSR ENOSTR ETIME
    }
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        EADV EBADE EBADFD EBADR EBADRQC EBADSLT EBFONT ECHRNG ECOMM EDOTDOT EHWPOISON EISNAM
        EKEYEXPIRED EKEYREJECTED EKEYREVOKED EL2HLT EL2NSYNC EL3HLT EL3RST ELIBACC ELIBBAD
        ELIBEXEC ELIBMAX ELIBSCN ELNRNG EMEDIUMTYPE ENAVAIL ENOANO ENOCSI ENOKEY ENOMEDIUM
        ENONET ENOPKG ENOTNAM ENOTUNIQ EREMCHG EREMOTEIO ERESTART ERFKILL ESRMNT ESTRPIPE
        EUCLEAN EUNATCH EXFULL
    }
    #[cfg(any(target_os = "freebsd", target_vendor = "apple"))]
    {
        EAUTH EBADRPC EFTYPE ENEEDAUTH ENOATTR EPROCLIM EPROCUNAVAIL EPROGMISMATCH EPROGUNAVAIL
        ERPCMISMATCH
    }
    #[cfg(target_vendor = "apple")]
    {
        EBADARCH EBADEXEC EBADMACHO EDEVERR ENOPOLICY EPWROFF EQFULL ESHLIBVERS ENOTSUP
    }
    #[cfg(target_os = "freebsd")]
    {
        ECAPMODE EDOOFUS EINTEGRITY ENOTCAPABLE
    }
}

/// The same as [`EAGAIN`].
pub const EWOULDBLOCK: i32 = libc::EWOULDBLOCK;

/// The same as [`EDEADLK`].
#[cfg(any(target_os = "linux", target_os = "android"))]
pub const EDEADLOCK: i32 = libc::EDEADLOCK;

/// The same as [`EOPNOTSUPP`].
#[cfg(not(target_vendor = "apple"))]
pub const ENOTSUP: i32 = libc::ENOTSUP;

//! What both ends of a pipe have in common, written once.

/// The ways to make an end of a pipe, and to take it apart. `$interest` and `$check` say which end.
macro_rules! end_of_pipe {
    ($end:ident, $interest:expr, $direction:expr, $for:literal) => {
        impl $end {
            /// Takes over an end that is ours alone, and non-blocking. Whoever has the other end may
            /// write in packets (`O_DIRECT`).
            pub(crate) fn owned(fd: OwnedFd) -> io::Result<Self> {
                Ok(Self { source: Source::packets(fd.into(), $interest)? })
            }

            pub(crate) const fn source(&self) -> &Source<File> {
                &self.source
            }

            #[doc = concat!("Takes over a file that is a pipe open for ", $for, ", and makes it")]
            /// non-blocking.
            ///
            /// # Errors
            ///
            /// [`io::ErrorKind::InvalidInput`] if it is anything else; what the system says.
            pub fn from_file(file: File) -> io::Result<Self> {
                check(&file, $direction)?;
                rustix::io::ioctl_fionbio(&file, true)?;
                Self::from_file_unchecked(file)
            }

            #[doc = concat!("Takes over a descriptor that is a pipe open for ", $for, ", and makes")]
            /// it non-blocking.
            ///
            /// # Errors
            ///
            /// [`io::ErrorKind::InvalidInput`] if it is anything else; what the system says.
            pub fn from_owned_fd(fd: OwnedFd) -> io::Result<Self> {
                Self::from_file(fd.into())
            }

            /// Takes over a file without looking at it: it must be non-blocking, and be a pipe or
            /// behave like one.
            ///
            /// # Errors
            ///
            /// If it cannot be registered, or this thread has no loop.
            pub fn from_file_unchecked(file: File) -> io::Result<Self> {
                let source = Source::packets(file, $interest)?;
                Ok(Self { source: source.shared().asked_first() })
            }

            /// Takes over a descriptor without looking at it: it must be non-blocking, and be a
            /// pipe or behave like one.
            ///
            /// # Errors
            ///
            /// If it cannot be registered, or this thread has no loop.
            pub fn from_owned_fd_unchecked(fd: OwnedFd) -> io::Result<Self> {
                Self::from_file_unchecked(fd.into())
            }

            /// Gives the descriptor back, blocking, as a program that is started expects it.
            ///
            /// # Errors
            ///
            /// What the system says.
            pub fn into_blocking_fd(self) -> io::Result<OwnedFd> {
                let fd = self.into_nonblocking_fd()?;
                rustix::io::ioctl_fionbio(&fd, false)?;
                Ok(fd)
            }

            /// Gives the descriptor back, non-blocking.
            ///
            /// # Errors
            ///
            /// None at present.
            pub fn into_nonblocking_fd(self) -> io::Result<OwnedFd> {
                Ok(self.source.into_io().into())
            }
        }

        crate::stream::readies!($end);
        crate::stream::lends!($end);
    };
}

pub(super) use end_of_pipe;

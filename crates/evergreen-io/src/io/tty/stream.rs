//! A stream over a terminal.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::{Rc, Weak};

use rustix::termios::tcgetwinsize;

use super::endpoint::Terminal;
use super::raw_mode::RawMode;
use crate::io::base_stream::BaseStream;
use crate::io::core::StreamCore;
use crate::io::error::{StreamError, TtyError};

/// A terminal: what is typed, and what it shows. As Python evergreen's `TTYStream`; a clone is another
/// handle of the same.
///
/// At first a terminal gives what is typed line by line, echoes it, and sends signals for some keys.
/// In [raw mode](Self::set_raw_mode) it gives each key at once and does nothing by itself. If the
/// terminal goes away, reads tell the end.
///
/// ```
/// use evergreen_io::io::{BaseStream, StreamError, TtyStream};
///
/// # let event_loop = evergreen_loop::EventLoop::new()?;
/// event_loop.block_on(async {
///     let terminal = match TtyStream::stdin() {
///         Err(error) if matches!(error.kind(), StreamError::NotATerminal) => return Ok(()),
///         terminal => terminal?,
///     };
///     terminal.set_raw_mode(true)?;
///     terminal.write(b"press any key\n")?;
///     let key = terminal.read_some(16).await?;
///     terminal.set_raw_mode(false)?;
///     println!("{key:?}");
///     Ok::<(), StreamError>(())
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct TtyStream(Rc<Tty>);

struct Tty {
    core: StreamCore,
    terminal: Weak<Terminal>,
    raw_mode: Rc<RefCell<Option<RawMode>>>,
}

impl TtyStream {
    /// Takes over a descriptor of a terminal; it is connected at once. One that is not `readable` is
    /// only written to, and what is typed is left to others.
    ///
    /// The terminal is opened once more by its name and the descriptor closed, as libuv does, so that
    /// nobody who shares it finds it non-blocking. Where that cannot be, as for the controlling side
    /// of a pseudo-terminal, the descriptor itself becomes non-blocking.
    ///
    /// # Errors
    ///
    /// [`StreamError::NotATerminal`]; if this thread has no loop; what the system says. In each case
    /// the descriptor is closed, but for a standard one, 0 to 2.
    pub fn new(fd: impl Into<OwnedFd>, readable: bool) -> Result<Self, TtyError> {
        Ok(Self::around(Terminal::taking(fd.into(), readable)?))
    }

    /// As [`new`](Self::new), but leaves the descriptor open and as it is. If the terminal cannot be
    /// opened once more, the system is asked before each call whether it would wait, which a terminal
    /// that was stopped (ctrl-s) does nevertheless.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn sharing(fd: impl AsFd, readable: bool) -> Result<Self, TtyError> {
        Ok(Self::around(Terminal::sharing(fd.as_fd(), readable)?))
    }

    /// The terminal that is the standard input, to be read. Closing the stream leaves that open.
    ///
    /// # Errors
    ///
    /// As [`sharing`](Self::sharing).
    #[doc(alias = "StdinStream")]
    pub fn stdin() -> Result<Self, TtyError> {
        Self::sharing(rustix::stdio::stdin(), true)
    }

    /// The terminal that is the standard output, to be written to. Closing the stream leaves that
    /// open.
    ///
    /// # Errors
    ///
    /// As [`sharing`](Self::sharing).
    #[doc(alias = "StdoutStream")]
    pub fn stdout() -> Result<Self, TtyError> {
        Self::sharing(rustix::stdio::stdout(), false)
    }

    /// The terminal that is the standard error, to be written to. Closing the stream leaves that
    /// open.
    ///
    /// # Errors
    ///
    /// As [`sharing`](Self::sharing).
    #[doc(alias = "StderrStream")]
    pub fn stderr() -> Result<Self, TtyError> {
        Self::sharing(rustix::stdio::stderr(), false)
    }

    fn around(terminal: Terminal) -> Self {
        let (terminal, raw_mode) = (Rc::new(terminal), Rc::default());
        let tty = Tty {
            terminal: Rc::downgrade(&terminal),
            core: StreamCore::around(terminal),
            raw_mode: Rc::clone(&raw_mode),
        };
        tty.core.at_close(move || drop(raw_mode.take()));
        Self(Rc::new(tty))
    }

    /// Its size in columns and rows, asked for anew. A terminal that was not told has none of either.
    ///
    /// SIGWINCH says that the size of the process's own terminal has changed. The handler only passes
    /// that on: with a handle of the stream in it, the stream would stay open as long as the handler,
    /// and the terminal raw.
    ///
    /// ```
    /// use evergreen_io::io::TtyStream;
    /// use evergreen_loop::EventLoop;
    /// use evergreen_sync::Event;
    /// use std::{error::Error, rc::Rc};
    ///
    /// async fn show(screen: TtyStream, draw: impl Fn(u16, u16)) -> Result<(), Box<dyn Error>> {
    ///     let resized = Rc::new(Event::new());
    ///     let told = Rc::clone(&resized);
    ///     EventLoop::current()?.add_signal_handler(libc::SIGWINCH, move || told.set())?;
    ///     loop {
    ///         let (columns, rows) = screen.winsize()?;
    ///         draw(columns, rows);
    ///         resized.wait().await;
    ///         resized.clear();
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`StreamError::Closed`], and what the system says: the terminal may be gone.
    pub fn winsize(&self) -> Result<(u16, u16), TtyError> {
        let size = tcgetwinsize(self.terminal()?.fd()).map_err(io::Error::from)?;
        Ok((size.ws_col, size.ws_row))
    }

    /// Begins or ends raw mode: no echo, no lines, no signals for keys, no translation of what is
    /// typed. A newline that is written is translated as before.
    ///
    /// Where several streams of one terminal want it, it ends with the last of them. Then the
    /// settings are again those that there were before the first. That is also so when the stream is
    /// closed or dropped, as by a panic, and when the process ends (see
    /// [`reset_mode`](super::reset_mode)). To set what is set already does no harm: it may be done
    /// after the process was stopped and continued, as somebody else may have changed the settings.
    ///
    /// In the background the system stops the process here until it is in the foreground again.
    ///
    /// # Errors
    ///
    /// [`StreamError::Closed`], and what the system says: the terminal may be gone.
    pub fn set_raw_mode(&self, raw: bool) -> Result<(), TtyError> {
        let terminal = self.terminal()?;
        let mut raw_mode = self.0.raw_mode.borrow_mut();
        match &*raw_mode {
            Some(mode) if raw => mode.renew()?,
            Some(mode) => {
                mode.end()?;
                *raw_mode = None;
            },
            None if raw => *raw_mode = Some(RawMode::begin(terminal.fd())?),
            None => {},
        }
        Ok(())
    }

    fn terminal(&self) -> Result<Rc<Terminal>, StreamError> {
        self.0.core.check_open()?;
        self.0.terminal.upgrade().ok_or(StreamError::Closed)
    }
}

impl BaseStream for TtyStream {
    type Error = TtyError;

    fn stream_core(&self) -> &StreamCore {
        &self.0.core
    }
}

impl fmt::Debug for TtyStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TtyStream").field(self.stream_core()).finish()
    }
}

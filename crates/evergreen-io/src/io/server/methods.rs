//! What the servers of all classes have in common, written once.

/// The methods of a server `$server` around a `ServerCore`, which gives connections `$connection`.
/// Its listener is one of `net`'s `$listener`.
macro_rules! server {
    ($server:ident, $connection:ident, $error:ident, $listener:ident) => {
        impl $server {
            /// Accepts connections until the server is closed. As many may wait to be accepted as
            /// the system allows.
            ///
            /// What goes wrong while it accepts is told to the loop's exception handler, and it goes
            /// on: at once where only one connection was concerned, else after at most a second (see
            #[doc = concat!("[`accept`](crate::net::", stringify!($listener), "::accept)).")]
            ///
            /// # Errors
            ///
            /// [`StreamError::NotBound`](crate::io::StreamError::NotBound),
            /// [`StreamError::AlreadyServing`](crate::io::StreamError::AlreadyServing),
            /// [`StreamError::Closed`](crate::io::StreamError::Closed); what the system says when it is
            /// to listen.
            ///
            /// # Kill safety
            ///
            /// No connection is lost; it stays bound, and may serve again.
            pub async fn serve(&self) -> Result<(), $error> {
                Ok(self.0.serve(None).await?)
            }

            /// As [`serve`](Self::serve), and `backlog` connections may wait to be accepted. Zero is
            /// as many as the system allows.
            ///
            /// # Errors
            ///
            /// As [`serve`](Self::serve).
            ///
            /// # Kill safety
            ///
            /// As [`serve`](Self::serve).
            pub async fn serve_with_backlog(&self, backlog: u32) -> Result<(), $error> {
                Ok(self.0.serve(Some(backlog)).await?)
            }

            /// Accepts no more, closes all connections, and has `serve` return. Closing it again
            /// does nothing.
            pub fn close(&self) {
                self.0.close();
            }

            /// Whether it is closed.
            pub fn is_closed(&self) -> bool {
                self.0.is_closed()
            }

            /// The connections that are open, in the order in which they were accepted.
            pub fn connections(&self) -> Vec<$connection> {
                self.0.connections().into_iter().map($connection::new).collect()
            }
        }

        impl std::fmt::Debug for $server {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_tuple(stringify!($server)).field(&self.0).finish()
            }
        }
    };
}

pub(in crate::io) use server;

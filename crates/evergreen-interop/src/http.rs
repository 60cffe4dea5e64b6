//! A service, and the connections that give it.

use bytes::Bytes;
use evergreen::hyper::{Clock, Exec};
use evergreen::net::TcpStream;
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use std::{convert::Infallible, time::Duration};

/// How long a client may take for the head of a request.
pub const HEAD_LIMIT: Duration = Duration::from_secs(30);

/// A text, or what the client has sent.
pub type Body = Either<Full<Bytes>, Incoming>;

/// Sends a body back as it comes; without one, says what was asked for.
///
/// # Errors
///
/// None.
pub async fn answer(request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    Ok(Response::new(match *request.method() {
        Method::POST => Either::Right(request.into_body()),
        _ => Either::Left(Full::new(format!("this is {}", request.uri().path()).into())),
    }))
}

/// Which HTTP a server speaks.
#[derive(Clone, Copy, Debug)]
pub enum Version {
    /// HTTP/1.0 and 1.1.
    One,
    /// HTTP/2 without TLS and without asking first.
    Two,
}

/// Serves one connection until its end.
///
/// # Errors
///
/// Those of hyper: a client that breaks off, talks nonsense, or takes too long.
pub async fn serve_one(stream: TcpStream, version: Version) -> hyper::Result<()> {
    let service = service_fn(answer);
    match version {
        Version::One => {
            http1::Builder::new()
                .timer(Clock)
                .header_read_timeout(HEAD_LIMIT)
                .half_close(true)
                .serve_connection(stream, service)
                .await
        },
        Version::Two => {
            http2::Builder::new(Exec).timer(Clock).serve_connection(stream, service).await
        },
    }
}

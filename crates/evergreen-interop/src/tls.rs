//! Both ends of TLS, for a certificate that is made for a moment.

use futures_rustls::{
    TlsAcceptor, TlsConnector,
    pki_types::{PrivateKeyDer, ServerName},
    rustls::{ClientConfig, RootCertStore, ServerConfig},
};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use std::{error::Error, sync::Arc};

/// The name that the certificate is for.
pub const NAME: &str = "localhost";

/// As the client asks for it.
///
/// # Panics
///
/// Never: the name is a valid one.
pub fn server_name() -> ServerName<'static> {
    ServerName::try_from(NAME).expect("a valid name")
}

/// A server with a certificate of its own, and a client that trusts that one alone.
///
/// # Errors
///
/// If the certificate cannot be made.
pub fn pair() -> Result<(TlsAcceptor, TlsConnector), Box<dyn Error>> {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed([NAME.to_owned()])?;
    let key = PrivateKeyDer::try_from(signing_key.serialize_der())?;
    let mut trusted = RootCertStore::empty();
    trusted.add(cert.der().clone())?;
    let server = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)?;
    let client = ClientConfig::builder().with_root_certificates(trusted).with_no_client_auth();
    Ok((TlsAcceptor::from(Arc::new(server)), TlsConnector::from(Arc::new(client))))
}

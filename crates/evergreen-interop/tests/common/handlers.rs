//! What servers of the stream classes do with a client, and what the client must get.

use super::content;
use evergreen::io::BaseStream;

const LENGTH: usize = 4 << 20;

/// How often [`repeat`] does.
pub(crate) const TIMES: usize = 4 << 20;

/// Lines of any bytes.
pub(crate) fn lines() -> Vec<u8> {
    [content(LENGTH), b"\n".to_vec()].concat()
}

/// Sends each line back.
pub(crate) async fn echo<S: BaseStream>(client: S) -> Result<(), S::Error> {
    loop {
        let line = client.read_until(b"\n").await?;
        if line.is_empty() {
            return Ok(());
        }
        client.write(&line)?;
    }
}

/// Sends each line back so often that no system takes it at once, and does not wait until it is out.
pub(crate) async fn repeat<S: BaseStream>(client: S) -> Result<(), S::Error> {
    loop {
        let line = client.read_until(b"\n").await?;
        if line.is_empty() {
            return Ok(());
        }
        client.write(&line.repeat(TIMES))?;
    }
}

/// Sends all back, the last byte first, which is known when the client has ended.
pub(crate) async fn reverse<S: BaseStream>(client: S) -> Result<(), S::Error> {
    client.keep_open_on_eof(true);
    let mut all = Vec::new();
    loop {
        let some = client.read_some(usize::MAX).await?;
        if some.is_empty() {
            break;
        }
        all.extend(some);
    }
    all.reverse();
    client.write(&all)?;
    client.shutdown().await
}

/// Sends each key back that is typed, and each line once it has ended.
pub(crate) async fn terminal<S: BaseStream>(client: S) -> Result<(), S::Error> {
    client.write(b"ready\r\n")?;
    let mut line = Vec::new();
    loop {
        let key = client.read_some(1).await?;
        if key.is_empty() {
            return Ok(());
        }
        line.extend(&key);
        if line.ends_with(b"\r\n") {
            client.write(&[b"\r\n", &*std::mem::take(&mut line)].concat())?;
        } else if key != b"\r" {
            client.write(&key)?;
        }
    }
}

/// Numbers the lines of a client that ends them as telnet does.
pub(crate) async fn number<S: BaseStream>(client: S) -> Result<(), S::Error> {
    client.write(b"ready\r\n")?;
    for number in 1.. {
        let line = client.read_until(b"\r\n").await?;
        if line.is_empty() {
            break;
        }
        client.write(format!("{number} ").as_bytes())?;
        client.write(&line)?;
    }
    Ok(())
}

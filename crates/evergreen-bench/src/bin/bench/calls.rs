//! How many system calls a server makes for one request.

use crate::{
    peers::Peer,
    scenario::Echo,
    server::{BUFFER, Server},
};
use evergreen_bench::Figures;

/// The calls of two servers, one of which is asked more often. What is left when one is taken from
/// the other belongs to the requests: not to the start, nor to the connections that stay.
pub(crate) fn count(peer: &Peer, load: Echo) -> Result<Figures, String> {
    let few = load.requests / 10;
    let before = of_server(peer, load, few)?;
    let mut calls = of_server(peer, load, load.requests)?;
    for (name, number) in &mut calls.0 {
        *number -= before.get(name).unwrap_or(0.0);
        *number /= (load.requests - few) as f64;
    }
    // A ring may serve so many at once that nothing is left of one.
    calls.0.retain(|name, number| *number > 0.0 || name == "calls");
    Ok(calls)
}

fn of_server(peer: &Peer, load: Echo, requests: u64) -> Result<Figures, String> {
    let mut server = Server::start_as(&mut peer.counted(&["serve", BUFFER]))?;
    let clients = server.serve(load, requests)?;
    let summary = server.end()?;
    drop(clients);
    parse(&summary)
}

/// The lines of strace's summary, each a name and a number; the last one has the sum.
fn parse(summary: &str) -> Result<Figures, String> {
    let mut calls = Figures::default();
    for line in summary.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        if let [name, number] = words[..]
            && let Ok(number) = number.parse()
        {
            calls.set(if name == "total" { "calls" } else { name }, number);
        }
    }
    match calls.get("calls") {
        Some(_) => Ok(calls),
        None => Err(format!("strace did not count: {}", summary.trim())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_names_and_numbers() {
        let summary = "syscall              calls\n---------------- ---------\n\
                       recvfrom                20\nepoll_wait              11\n\
                       ---------------- ---------\ntotal                   31\n";
        let calls = parse(summary).unwrap();
        assert_eq!(calls.get("recvfrom"), Some(20.0));
        assert_eq!(calls.get("calls"), Some(31.0));
        assert_eq!(calls.0.len(), 3);
    }

    #[test]
    fn a_refusal_is_told() {
        let refusal = "strace: test_ptrace_get_syscall_info: refused";
        assert!(parse(refusal).unwrap_err().contains("refused"));
    }
}

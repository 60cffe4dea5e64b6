//! Builds and runs the examples and compares what they print with `examples/expected`.

use crate::{Result, program::Program};
use serde_json::Value;
use std::{
    fs,
    io::{BufRead, BufReader, ErrorKind, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

const MAX_LINES: usize = 99;

struct Example {
    name: String,
    source: PathBuf,
    program: PathBuf,
}

pub(crate) fn run() -> Result {
    let examples = build()?;
    let mut failed = 0;
    for example in &examples {
        let name = &example.name;
        match check(example) {
            Ok(()) => println!("{name}: ok"),
            Err(error) => {
                eprintln!("{name}: {error}");
                failed += 1;
            },
        }
    }
    println!("examples: {} passed, {failed} failed", examples.len() - failed);
    match (examples.len(), failed) {
        (0, _) => Err("there is no example".into()),
        (_, 0) => Ok(()),
        _ => Err("an example failed".into()),
    }
}

/// Cargo tells, as JSON, what it has built.
fn build() -> Result<Vec<Example>> {
    let output = Command::new("cargo")
        .args(["build", "--package", "evergreen-examples", "--examples"])
        .arg("--message-format=json-render-diagnostics")
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err("the examples do not build".into());
    }
    let mut examples = Vec::new();
    for line in String::from_utf8(output.stdout)?.lines() {
        let message: Value = serde_json::from_str(line)?;
        let target = &message["target"];
        if target["kind"][0] != "example" {
            continue;
        }
        if let (Some(name), Some(source), Some(program)) =
            (target["name"].as_str(), target["src_path"].as_str(), message["executable"].as_str())
        {
            examples.push(Example {
                name: name.into(),
                source: source.into(),
                program: program.into(),
            });
        }
    }
    examples.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(examples)
}

fn check(example: &Example) -> Result {
    check_form(&fs::read_to_string(&example.source)?)?;
    let printed = match &*example.name {
        "echo_server" | "echo_classes" => echo(&example.program)?,
        "signals" => signals(&example.program)?,
        _ => Program::start(&example.program, &[])?.finish()?,
    };
    let expected = Path::new("examples/expected").join(&example.name).with_extension("txt");
    match fs::read_to_string(&expected) {
        Ok(expected) => compare(&expected, &printed),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// An example is short, and opens with what it shows.
fn check_form(source: &str) -> Result {
    if !source.starts_with("//!") {
        return Err("it does not open with a `//!` comment".into());
    }
    match source.lines().count() {
        ..=MAX_LINES => Ok(()),
        lines => Err(format!("{lines} lines, at most {MAX_LINES} are allowed").into()),
    }
}

/// Talks to the server as a client would, then stops it as a terminal would.
fn echo(program: &Path) -> Result<Vec<String>> {
    let server = Program::start(program, &["0"])?;
    let greeting = server.line()?.ok_or("it ended before it listened")?;
    let address: SocketAddr = greeting
        .strip_prefix("listening on ")
        .ok_or_else(|| format!("its first line is `{greeting}`"))?
        .parse()?;
    let mut client = TcpStream::connect(address)?;
    client.set_read_timeout(Some(Duration::from_secs(5)))?;
    client.write_all(b"hello\n")?;
    let mut reply = String::new();
    BufReader::new(client).read_line(&mut reply)?;
    if reply != "hello\n" {
        return Err(format!("it answered {reply:?} to \"hello\\n\"").into());
    }
    server.signal("INT")?;
    let mut printed = vec![greeting];
    printed.extend(server.finish()?);
    Ok(printed)
}

/// Sends the second signal only when a line has answered the first.
fn signals(program: &Path) -> Result<Vec<String>> {
    let program = Program::start(program, &[])?;
    let mut printed = Vec::new();
    while printed.last().is_none_or(|line| line != "ready") {
        printed.push(program.line()?.ok_or("it ended before it was ready")?);
    }
    program.signal("HUP")?;
    printed.push(program.line()?.ok_or("it ended on SIGHUP")?);
    program.signal("TERM")?;
    printed.extend(program.finish()?);
    Ok(printed)
}

fn compare(expected: &str, printed: &[String]) -> Result {
    let expected: Vec<&str> = expected.lines().collect();
    if matches(&expected, printed) {
        return Ok(());
    }
    let (expected, printed) = (expected.join("\n  "), printed.join("\n  "));
    Err(format!("expected\n  {expected}\nprinted\n  {printed}").into())
}

/// Line by line; `*` stands for any line, `**` for any number of them.
fn matches(expected: &[&str], printed: &[String]) -> bool {
    match (expected, printed) {
        ([], []) => true,
        (["**", rest @ ..], _) => (0..=printed.len()).any(|n| matches(rest, &printed[n..])),
        ([first, rest @ ..], [line, lines @ ..]) => {
            (*first == "*" || first == line) && matches(rest, lines)
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agree(expected: &str, printed: &str) -> bool {
        let printed: Vec<String> = printed.lines().map(str::to_owned).collect();
        compare(expected, &printed).is_ok()
    }

    #[test]
    fn output_must_agree_line_by_line() {
        assert!(agree("a\nb\n", "a\nb"));
        assert!(!agree("a\nb", "a"));
        assert!(!agree("a", "a\nb"));
        assert!(!agree("a\nb", "b\na"));
    }

    #[test]
    fn one_star_is_one_line() {
        assert!(agree("pid *\n*\nb", "pid *\nanything\nb"));
        assert!(!agree("*", ""));
        assert!(!agree("*", "a\nb"));
    }

    #[test]
    fn two_stars_are_any_number_of_lines() {
        for printed in ["a\nz", "a\nb\nz", "a\nz\nb\nz"] {
            assert!(agree("a\n**\nz", printed), "{printed}");
        }
        assert!(!agree("a\n**\nz", "a\nb"));
        assert!(agree("**", ""));
    }

    #[test]
    fn an_example_is_short_and_says_what_it_shows() {
        let lines = |n: usize| format!("//! Shows.\n{}", "x\n".repeat(n - 1));
        assert!(check_form(&lines(99)).is_ok());
        assert!(check_form(&lines(100)).is_err());
        assert!(check_form("fn main() {}\n").is_err());
    }
}

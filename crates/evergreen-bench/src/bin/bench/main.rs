//! Measures runtimes side by side and draws up the table: `scripts/bench`.

mod calls;
mod chart;
mod clients;
mod goals;
mod measure;
mod options;
mod peers;
mod record;
mod scenario;
mod server;
mod table;

use options::Options;
use record::{Record, Run};
use std::{error::Error, fs, path::Path};

const RESULTS: &str = "results";

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse(std::env::args().skip(1))?;
    let runs = match &options.from[..] {
        [] => vec![measure_all(&options)],
        names => {
            let load = |name: &String| Run::load(&results(name, "json"));
            let of = |run: Run| run.of(&options.scenarios);
            names.iter().map(|name| load(name).map(of)).collect::<Result<_, _>>()?
        },
    };
    fs::create_dir_all(RESULTS)?;
    if let ([], [run]) = (&options.from[..], &runs[..]) {
        fs::write(results(&options.out, "json"), run.to_json())?;
    }
    let table = table::draw(&runs);
    fs::write(results(&options.out, "md"), &table)?;
    fs::write(results(&options.out, "svg"), chart::draw(&runs))?;
    println!("\n{table}\nwritten: crates/evergreen-bench/{RESULTS}/{}.*", options.out);
    if options.check && !goals::all_are_reached(&runs) {
        return Err("not every goal is reached".into());
    }
    Ok(())
}

fn results(name: &str, extension: &str) -> std::path::PathBuf {
    Path::new(RESULTS).join(name).with_extension(extension)
}

/// Round by round, in each of them scenario by scenario, in each of those peer by peer: what
/// changes on the machine meanwhile touches all peers alike.
fn measure_all(options: &Options) -> Run {
    let mut run = Run::begin();
    let builds: Vec<_> =
        options.peers.iter().map(|peer| (*peer, peers::build(peer).err())).collect();
    for round in 1..=options.rounds {
        for scenario in &options.scenarios {
            for (peer, not_built) in builds.iter().filter(|(peer, _)| scenario.is_for(peer.name)) {
                let outcome = match not_built {
                    Some(error) => Err(error.clone()),
                    None => measure::one(peer, scenario),
                };
                let record = Record::new(peer.name, scenario.name, round, outcome);
                println!("{record}");
                run.records.push(record);
            }
        }
    }
    run.end();
    run
}

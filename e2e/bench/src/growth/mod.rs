//! How costs grow: the same requests while there is more and more of one thing, on each of Plinth's databases.

mod axis;
mod bulk;
mod collections;
mod figures;
mod markdown;
mod memberships;
mod meter;
mod permissions;
mod plot;
mod records;
mod scale;
mod sessions;
mod subscribers;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use self::axis::Axis;
use self::figures::{Point, Sample};
use self::meter::Meter;
use crate::args::Args;
use crate::machine::Machine;
use crate::product::Product;
use crate::server::Server;

/// Everything that a run found out.
#[derive(Debug, Serialize)]
struct Report {
    machine: Machine,
    version: String,
    seconds: f64,
    rounds: u32,
    points: Vec<Point>,
    samples: Vec<Sample>,
    /// Measurements that a wrong answer ended, and which.
    failures: Vec<String>,
}

pub(crate) async fn run(args: &Args) -> Result<()> {
    let axes = Axis::chosen(&args.only);
    ensure!(
        !axes.is_empty(),
        "nothing that grows has such a name; --list names them"
    );
    if args.list {
        for axis in &axes {
            println!("{}", axis.name());
        }
        return Ok(());
    }
    let products = Product::chosen(args)?;
    let mut servers = Vec::new();
    for product in products.iter().filter(|it| it.is_plinth()) {
        let server = Server::start(product).await?;
        bulk::allow(&server).await?;
        servers.push(server);
    }
    let mut measurements = Measurements {
        meter: Meter::new(args.seconds()),
        servers,
        rounds: args.rounds(),
        samples: Vec::new(),
        failures: Vec::new(),
    };
    for &axis in &axes {
        measurements.along(axis, args.quick).await?;
    }
    let report = Report {
        machine: Machine::this(),
        version: products[0].version()?,
        seconds: args.seconds(),
        rounds: args.rounds(),
        points: figures::points(&measurements.samples),
        samples: measurements.samples,
        failures: measurements.failures,
    };
    println!("{}", markdown::report(&report));
    if let Some(file) = &args.json {
        write(file, &serde_json::to_string_pretty(&report)?)?;
    }
    if let Some(folder) = &args.plots {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        for axis in axes {
            let file = folder.join(format!("growth-{}.svg", axis.name()));
            write(&file, &plot::svg(axis, &report.points)?)?;
        }
    }
    let failed = report.failures.len();
    ensure!(failed == 0, "{failed} measurements failed");
    Ok(())
}

fn write(file: &Path, content: &str) -> Result<()> {
    fs::write(file, content).with_context(|| file.display().to_string())
}

struct Measurements {
    meter: Meter,
    servers: Vec<Server>,
    rounds: u32,
    samples: Vec<Sample>,
    failures: Vec<String>,
}

impl Measurements {
    /// At each size the servers take turns, so that a noisy minute hits each of them.
    async fn along(&mut self, axis: Axis, quick: bool) -> Result<()> {
        let mut had = None;
        for &size in axis.sizes(quick) {
            for server in &self.servers {
                eprintln!("{}: {}", server.name, axis.amount(size));
                axis.prepare(server, had, size).await?;
            }
            had = Some(size);
            for round in 1..=self.rounds {
                let mut order: Vec<_> = (0..self.servers.len()).collect();
                if round % 2 == 0 {
                    order.reverse();
                }
                for place in order {
                    self.one(axis, size, place, round).await;
                }
            }
        }
        for server in &self.servers {
            axis.tidy(server, quick).await?;
        }
        Ok(())
    }

    async fn one(&mut self, axis: Axis, size: u64, place: usize, round: u32) {
        let server = &mut self.servers[place];
        for (request, reading) in axis.measure(server, size, &mut self.meter).await {
            let what = format!("{}: {request}, {}", server.name, axis.amount(size));
            match reading {
                Ok(reading) => {
                    eprintln!("{what} [{round}/{}]: {reading}", self.rounds);
                    self.samples.push(Sample {
                        axis,
                        request,
                        server: server.name,
                        size,
                        round,
                        reading,
                    });
                }
                Err(error) => {
                    let failure = format!("{what}: {error:#}");
                    eprintln!("{failure}\n{}", server.log());
                    self.failures.push(failure);
                }
            }
        }
    }
}

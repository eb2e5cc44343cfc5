//! One run: starts the servers, lets them take turns, and reports.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::args::Args;
use crate::load::{Load, as_f64};
use crate::machine::Machine;
use crate::plan::{Workload, workloads};
use crate::prepare::{Prepared, Totals};
use crate::product::Product;
use crate::report::{self, Report, Started};
use crate::server::Server;
use crate::summary::{Sample, summarise};

/// What a server does in the background after it has answered is over by then.
pub(crate) const BREATH: Duration = Duration::from_millis(100);

pub(crate) async fn run(args: &Args) -> Result<()> {
    let workloads = workloads(args.quick, &args.only);
    anyhow::ensure!(
        !workloads.is_empty(),
        "no workload has such a name; --list names them"
    );
    if args.list {
        for workload in &workloads {
            println!("{}", workload.name);
        }
        return Ok(());
    }
    let products = Product::chosen(args)?;
    let mut servers = Vec::new();
    let mut started = Vec::new();
    for product in &products {
        let server = Server::start(product).await?;
        tokio::time::sleep(BREATH).await;
        started.push(Started {
            name: product.name,
            version: product.version()?,
            milliseconds: server.started_in.as_secs_f64() * 1000.0,
            idle: server.memory()?.now,
            after: 0.0,
            peak: 0.0,
        });
        servers.push(server);
    }
    let (samples, failures) = Measurements::new(args, &workloads, &servers).all().await;
    for (started, server) in started.iter_mut().zip(&servers) {
        let memory = server.memory()?;
        (started.after, started.peak) = (memory.now, memory.peak);
    }
    let report = Report {
        machine: Machine::this(),
        seconds: args.seconds(),
        rounds: args.rounds(),
        servers: started,
        results: summarise(&samples),
        samples,
        failures,
    };
    println!("{}", report::markdown(&report));
    if let Some(file) = &args.json {
        fs::write(file, serde_json::to_string_pretty(&report)?)
            .with_context(|| file.display().to_string())?;
    }
    let failed = report.failures.len();
    anyhow::ensure!(failed == 0, "{failed} measurements failed");
    Ok(())
}

struct Measurements<'a> {
    workloads: &'a [Workload],
    servers: &'a [Server],
    rounds: u32,
    duration: Duration,
    totals: Totals,
    samples: Vec<Sample>,
    failures: Vec<String>,
}

impl<'a> Measurements<'a> {
    fn new(args: &Args, workloads: &'a [Workload], servers: &'a [Server]) -> Self {
        Self {
            workloads,
            servers,
            rounds: args.rounds(),
            duration: Duration::from_secs_f64(args.seconds()),
            totals: Totals::new(),
            samples: Vec::new(),
            failures: Vec::new(),
        }
    }

    /// What was measured, and what failed, which has no figures.
    ///
    /// Reads before writes, in all rounds. The servers take turns, so that a noisy minute hits each of them.
    async fn all(mut self) -> (Vec<Sample>, Vec<String>) {
        for writes in [false, true] {
            for round in 1..=self.rounds {
                let phase = self
                    .workloads
                    .iter()
                    .filter(|it| it.kind.writes() == writes);
                for (workload, load) in
                    phase.flat_map(|it| it.loads.iter().map(move |load| (it, *load)))
                {
                    let able = |server: &&Server| server.api().has(workload.kind);
                    let mut order: Vec<_> = self.servers.iter().filter(able).collect();
                    if round % 2 == 0 {
                        order.reverse();
                    }
                    for server in order {
                        let what = || format!("{}: {} ({load})", server.name, workload.name);
                        let sample = self.one(server, workload, load, round).await;
                        match sample {
                            Ok(sample) => {
                                self.progress(&sample);
                                self.samples.push(sample);
                            }
                            Err(error) => {
                                let failure = format!("{}: {error:#}", what());
                                eprintln!("{failure}\n{}", server.log());
                                self.failures.push(failure);
                            }
                        }
                    }
                }
            }
        }
        (self.samples, self.failures)
    }

    async fn one(
        &mut self,
        server: &Server,
        workload: &Workload,
        load: Load,
        round: u32,
    ) -> Result<Sample> {
        let prepared = Prepared::new(server, workload.kind, &mut self.totals).await?;
        let mut sent = 0;
        // What is there only once is not spent on warming up.
        if !matches!(load, Load::Count { .. }) {
            let warm_up = (self.duration / 4).max(Duration::from_millis(200));
            sent += prepared.send(server, load, warm_up).await?.requests();
        }
        tokio::time::sleep(BREATH).await;
        let before = server.cpu_milliseconds()?;
        let measured = prepared.send(server, load, self.duration).await?;
        prepared.finish(server, sent + measured.requests()).await?;
        let used = server.cpu_milliseconds()? - before;
        let memory = server.memory()?.now;
        Ok(Sample {
            workload: workload.name.clone(),
            load: load.to_string(),
            is_open: matches!(load, Load::Open { .. }),
            server: server.name,
            round,
            requests: measured.requests(),
            per_second: measured.per_second(),
            p50: measured.percentile(50.0),
            p99: measured.percentile(99.0),
            p999: measured.percentile(99.9),
            cpu: used / as_f64(measured.requests().max(1)),
            memory,
        })
    }

    fn progress(&self, sample: &Sample) {
        let able = |workload: &Workload| {
            let servers = self.servers.iter();
            servers.filter(|it| it.api().has(workload.kind)).count()
        };
        let loads: usize = self
            .workloads
            .iter()
            .map(|it| it.loads.len() * able(it))
            .sum();
        let all = loads * self.rounds as usize;
        let Sample {
            workload,
            load,
            server,
            per_second,
            p50,
            p99,
            ..
        } = sample;
        let at = self.samples.len() + self.failures.len() + 1;
        eprintln!(
            "[{at}/{all}] {server}: {workload} ({load}): {per_second:.0}/s, p50 {p50:.2} ms, p99 {p99:.2} ms"
        );
    }
}

//! The figures as Markdown.

use std::fmt::Write;

use serde::Serialize;

use crate::machine::Machine;
use crate::summary::{Figure, Sample, Summary};

/// Everything that a run found out.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    pub(crate) seconds: f64,
    pub(crate) rounds: u32,
    pub(crate) servers: Vec<Started>,
    pub(crate) results: Vec<Summary>,
    pub(crate) samples: Vec<Sample>,
    /// Measurements that a wrong answer ended, and which.
    pub(crate) failures: Vec<String>,
}

/// A server, how soon it answered, and its memory in megabytes: before all measurements, after them, and at most.
#[derive(Debug, Serialize)]
pub(crate) struct Started {
    pub(crate) name: &'static str,
    pub(crate) version: String,
    pub(crate) milliseconds: f64,
    pub(crate) idle: f64,
    pub(crate) after: f64,
    pub(crate) peak: f64,
}

/// What a reader must know to take the figures for what they are.
const NOTES: &str = "Driver and servers share the machine, over loopback, with connections that are kept. Figures are medians of the rounds, \
with the lowest and the highest; latencies and CPU are in ms, CPU is the server's for a request (with PostgreSQL's, where it is used), \
memory is the server's in MB right after. `c=N`: N clients, each sends its next request when it has the answer to the last. `N/s`: \
requests are due at this rate, and latency counts from then; the ratio is that of p50 there, and of requests a second elsewhere. \
Every answer that counts was as it has to be. The servers have the same collections, records and rules, and no log of requests. What differs: \
Plinth commits with `synchronous=FULL`, PocketBase with `NORMAL`, which may lose the last commits at a power cut; Plinth hashes passwords with argon2id, \
PocketBase with bcrypt. Parse Server and Directus wait for PostgreSQL's disk, as Plinth does there; the one does not show a record that it has made, the other is asked by its administrator, past its rules, and given the ids of records.";

pub(crate) fn markdown(report: &Report) -> String {
    let mut out = format!(
        "{}; {} × {} s.\n\n{NOTES}\n\n",
        report.machine, report.rounds, report.seconds
    );
    row(
        &mut out,
        [
            "server",
            "version",
            "first answer, ms",
            "idle, MB",
            "after, MB",
            "peak, MB",
        ]
        .map(String::from),
    );
    row(
        &mut out,
        ["---", "---", "--:", "--:", "--:", "--:"].map(String::from),
    );
    for server in &report.servers {
        let figures = [server.milliseconds, server.idle, server.after, server.peak];
        let names = [server.name.to_owned(), server.version.clone()];
        row(
            &mut out,
            names
                .into_iter()
                .chain(figures.map(|figure| format!("{figure:.0}"))),
        );
    }
    out.push('\n');
    let head = [
        "workload",
        "load",
        "server",
        "req/s",
        "p50",
        "p99",
        "p99.9",
        "CPU",
        "memory",
        "× PocketBase",
    ];
    row(&mut out, head.map(String::from));
    let lines = [
        "---", "---", "---", "--:", "--:", "--:", "--:", "--:", "--:", "--:",
    ];
    row(&mut out, lines.map(String::from));
    for result in &report.results {
        let cells = [
            result.workload.clone(),
            result.load.clone(),
            result.server.to_owned(),
            range(result.per_second, 0),
            format!("{:.2}", result.p50.median),
            range(result.p99, 2),
            format!("{:.2}", result.p999.median),
            format!("{:.3}", result.cpu.median),
            format!("{:.0}", result.memory.median),
            result
                .ratio
                .map_or(String::new(), |ratio| format!("{ratio:.2}")),
        ];
        row(&mut out, cells);
    }
    list_failures(&mut out, &report.failures);
    out
}

pub(crate) fn list_failures(out: &mut String, failures: &[String]) {
    if !failures.is_empty() {
        out.push_str("\nFailed, and so without figures:\n\n");
    }
    for failure in failures {
        // Writing to a text cannot fail.
        let _ = writeln!(out, "- {failure}");
    }
}

pub(crate) fn row(out: &mut String, cells: impl IntoIterator<Item = String>) {
    let cells = Vec::from_iter(cells).join(" | ");
    // Writing to a text cannot fail.
    let _ = writeln!(out, "| {cells} |");
}

fn range(figure: Figure, digits: usize) -> String {
    let Figure {
        median,
        lowest,
        highest,
    } = figure;
    format!("{median:.digits$} ({lowest:.digits$}–{highest:.digits$})")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::{summarise, tests::sample};

    #[test]
    fn a_line_has_the_figures_of_one_server() {
        let samples = vec![
            sample("Plinth, SQLite", 4000.0, 1.0, false),
            sample("Plinth, SQLite", 5000.0, 2.0, false),
            sample("PocketBase", 1500.0, 3.0, false),
        ];
        let report = Report {
            machine: Machine::this(),
            seconds: 4.0,
            rounds: 2,
            servers: Vec::new(),
            results: summarise(&samples),
            samples,
            failures: vec!["PocketBase: create (c=1): 400".to_owned()],
        };
        let markdown = markdown(&report);
        let lines: Vec<_> = markdown
            .lines()
            .filter(|line| line.starts_with("| get one"))
            .collect();
        assert_eq!(
            lines,
            [
                "| get one | c=16 | Plinth, SQLite | 4500 (4000–5000) | 1.50 | 9.00 (9.00–9.00) | 99.00 | 0.250 | 20 | 3.00 |",
                "| get one | c=16 | PocketBase | 1500 (1500–1500) | 3.00 | 9.00 (9.00–9.00) | 99.00 | 0.250 | 20 |  |",
            ]
        );
        assert!(markdown.ends_with("without figures:\n\n- PocketBase: create (c=1): 400\n"));
    }
}

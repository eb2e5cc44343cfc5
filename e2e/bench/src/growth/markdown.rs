//! The figures as tables, one for each thing that grows.

use super::Report;
use super::axis::{Axis, thousands};
use super::figures::{Point, each_once};
use super::meter::Reading;
use crate::report::{list_failures, row};

const NOTES: &str = "Driver and servers share the machine, over loopback, with connections that are kept. Each cell has the requests a second \
of 16 clients, each of which sends its next request when it has the answer to the last; the median latency; and the server's CPU \
for a request, with PostgreSQL's, where it is used: all medians of the rounds. With subscribers, ten records are created a second, and \
the last figure is the server's memory for a subscriber. The last column is how many times longer a request takes at the \
greatest size than at the smallest. Every answer that counts was as it has to be.";

pub(super) fn report(report: &Report) -> String {
    let mut out = format!(
        "{}, {}; {} × {} s.\n\n{NOTES}\n",
        report.version, report.machine, report.rounds, report.seconds
    );
    let all: Vec<_> = report.points.iter().collect();
    for axis in each_once(&all, |point| point.axis) {
        out.push_str(&table(axis, &report.points));
    }
    list_failures(&mut out, &report.failures);
    out
}

fn table(axis: Axis, points: &[Point]) -> String {
    let points: Vec<_> = points.iter().filter(|it| it.axis == axis).collect();
    let sizes = each_once(&points, |point| point.size);
    let head = [axis.name().to_owned(), "server".to_owned()];
    let of_sizes = sizes.iter().map(|&size| thousands(size));
    let mut out = "\n".to_owned();
    row(
        &mut out,
        head.into_iter().chain(of_sizes).chain(["×".to_owned()]),
    );
    let alignment = ["---"; 2].into_iter().chain(sizes.iter().map(|_| "--:"));
    row(&mut out, alignment.chain(["--:"]).map(String::from));
    for (request, server) in each_once(&points, |point| (point.request, point.server)) {
        let line: Vec<_> = sizes
            .iter()
            .map(|&size| {
                points
                    .iter()
                    .find(|it| (it.request, it.server, it.size) == (request, server, size))
            })
            .collect();
        let cells = line
            .iter()
            .map(|point| point.map_or_else(|| "failed".to_owned(), |it| medians(it).to_string()));
        let growth = match line[..] {
            [Some(first), .., Some(last)] => format!("{:.2}", last.p50.median / first.p50.median),
            _ => String::new(),
        };
        let names = [request.to_owned(), server.to_owned()];
        row(&mut out, names.into_iter().chain(cells).chain([growth]));
    }
    out
}

fn medians(point: &Point) -> Reading {
    Reading {
        per_second: point.per_second.map(|it| it.median),
        p50: point.p50.median,
        cpu: point.cpu.map(|it| it.median),
        kilobytes: point.kilobytes.map(|it| it.median),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::growth::figures::{points, tests::rounds};

    #[test]
    fn a_line_has_all_sizes_and_says_what_failed() {
        let samples = [
            rounds("get one", "Plinth, SQLite", 1000, [1.0, 1.0]),
            rounds("get one", "Plinth, SQLite", 10_000, [2.0, 4.0]),
            rounds("create", "Plinth, SQLite", 1000, [4.0, 4.0]),
        ]
        .concat();
        let expected = "
| records | server | 1,000 | 10,000 | × |
| --- | --- | --: | --: | --: |
| get one | Plinth, SQLite | 16000/s · 1.00 ms · 0.125 ms CPU | 6000/s · 3.00 ms · 0.375 ms CPU | 3.00 |
| create | Plinth, SQLite | 4000/s · 4.00 ms · 0.500 ms CPU | failed |  |
";
        assert_eq!(table(Axis::Records, &points(&samples)), expected);
    }
}

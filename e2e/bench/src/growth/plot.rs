//! Pictures of the figures: a column for each database, the median latency above, CPU below. Both axes are logarithmic, so what grows in
//! proportion to the size is a line of 45 degrees where the decades are squares, and what does not grow is level.

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;

use super::axis::{Axis, thousands};
use super::figures::{Point, each_once};
use super::scale::Scale;
use crate::load::as_f64;
use crate::summary::Figure;

const PICTURE: (u32, u32) = (1000, 720);
const LEGEND: u32 = 40;
const FONT: &str = "sans-serif";
/// Told apart by people who see colours differently too (Okabe and Ito).
const COLOURS: [RGBColor; 5] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 86, 86),
];

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Value = fn(&Point) -> Option<Figure>;
type Line = (RGBColor, Vec<(f64, f64)>);

const ROWS: [(&str, Value); 2] = [
    ("p50, ms", |point| Some(point.p50)),
    ("CPU, ms a request", |point| point.cpu),
];

pub(super) fn svg(axis: Axis, points: &[Point]) -> Result<String> {
    let mut out = String::new();
    draw(axis, points, &mut out).map_err(|error| anyhow!("{}: {error}", axis.name()))?;
    Ok(out)
}

fn draw(axis: Axis, points: &[Point], out: &mut String) -> Result<(), Box<dyn std::error::Error>> {
    let points: Vec<_> = points.iter().filter(|it| it.axis == axis).collect();
    let sizes = each_once(&points, |point| point.size);
    let servers = each_once(&points, |point| point.server);
    let requests = each_once(&points, |point| point.request);
    if points.is_empty() {
        return Err("no figures".into());
    }
    let picture = SVGBackend::with_string(out, PICTURE).into_drawing_area();
    picture.fill(&WHITE)?;
    let (top, panels) = picture.split_vertically(LEGEND);
    legend(&top, &requests)?;
    let x = Scale::of_sizes(&sizes);
    let panels = panels.split_evenly((ROWS.len(), servers.len()));
    for (row, (unit, value)) in panels.chunks(servers.len()).zip(ROWS) {
        let of_all = points.iter().filter_map(|point| value(point));
        let y = Scale::of_times(of_all.map(|figure| figure.median));
        for (panel, &server) in row.iter().zip(&servers) {
            let line = |request: &&str| -> Vec<_> {
                let own = points
                    .iter()
                    .filter(|it| it.server == server && it.request == *request);
                own.filter_map(|it| Some((as_f64(it.size), value(it)?.median)))
                    .collect()
            };
            let lines = COLOURS.into_iter().cycle().zip(requests.iter().map(line));
            let labels = Labels {
                title: server,
                x: axis.name(),
                y: unit,
            };
            chart(panel, &labels, &x, &y, lines.collect())?;
        }
    }
    picture.present()?;
    Ok(())
}

fn legend(area: &Area, requests: &[&str]) -> Result<(), Box<dyn std::error::Error>> {
    let parts = area.split_evenly((1, requests.len()));
    for ((part, request), colour) in parts.iter().zip(requests).zip(COLOURS.iter().cycle()) {
        let style = colour.stroke_width(2);
        part.draw(&PathElement::new([(16, 24), (40, 24)], style))?;
        part.draw(&Circle::new((28, 24), 3, colour.filled()))?;
        let text = (FONT, 14).into_font();
        part.draw(&Text::new((*request).to_owned(), (46, 17), text))?;
    }
    Ok(())
}

struct Labels<'a> {
    title: &'a str,
    x: &'a str,
    y: &'a str,
}

fn chart(
    area: &Area,
    labels: &Labels,
    x: &Scale,
    y: &Scale,
    lines: Vec<Line>,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut chart = ChartBuilder::on(area)
        .caption(labels.title, (FONT, 16))
        .margin(8)
        .margin_right(24)
        .x_label_area_size(42)
        .y_label_area_size(64)
        .build_cartesian_2d(x.clone(), y.clone())?;
    chart
        .configure_mesh()
        .max_light_lines(0)
        .bold_line_style(RGBColor(221, 221, 221))
        .label_style((FONT, 13))
        .axis_desc_style((FONT, 14))
        .x_desc(labels.x)
        .y_desc(labels.y)
        .x_label_formatter(&|size| size_written(*size))
        .y_label_formatter(&|tick| written(*tick))
        .draw()?;
    for (colour, line) in lines {
        let points: Vec<_> = line
            .iter()
            .map(|&at| Circle::new(at, 3, colour.filled()))
            .collect();
        chart.draw_series(LineSeries::new(line, colour.stroke_width(2)))?;
        chart.draw_series(points)?;
    }
    Ok(())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sizes are whole"
)]
fn size_written(size: f64) -> String {
    thousands(size as u64)
}

/// A time to one digit that says something.
fn written(milliseconds: f64) -> String {
    let digits = if milliseconds < 0.009 {
        3
    } else if milliseconds < 0.09 {
        2
    } else {
        usize::from(milliseconds < 0.9)
    };
    format!("{milliseconds:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::growth::figures::{points, tests::rounds};

    #[test]
    fn times_are_written_with_one_digit_that_says_something() {
        let times = [0.005, 0.02, 0.5, 1.0, 200.0].map(written);
        assert_eq!(times, ["0.005", "0.02", "0.5", "1", "200"]);
    }

    #[test]
    fn the_picture_names_what_was_measured_on_what() {
        let samples = [
            rounds("get one", "Plinth, SQLite", 1000, [1.0, 1.0]),
            rounds("get one", "Plinth, SQLite", 10_000, [1.0, 1.0]),
            rounds("create", "Plinth, PostgreSQL", 1000, [3.0, 5.0]),
        ]
        .concat();
        let svg = svg(Axis::Records, &points(&samples)).expect("a picture");
        for text in [
            "get one",
            "create",
            "Plinth, SQLite",
            "Plinth, PostgreSQL",
            "records",
            "10,000",
        ] {
            assert!(svg.contains(text), "no {text}");
        }
        assert!(super::svg(Axis::Permissions, &points(&samples)).is_err());
    }
}

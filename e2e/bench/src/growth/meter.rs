//! Measures one kind of request at one size.

use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use super::bulk;
use crate::load::{self, Load, as_f64};
use crate::prepare::Totals;
use crate::run::BREATH;
use crate::server::Server;
use crate::traffic::Traffic;

/// Everything but what has a rate of its own.
const CLIENTS: usize = 16;
const CREATED_PER_SECOND: f64 = 2000.0;

pub(super) struct Meter {
    pub(super) duration: Duration,
    /// The totals that servers gave: all of them have the same records.
    pub(super) totals: Totals,
}

/// What was measured. Times are in milliseconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct Reading {
    /// Unless the rate was given.
    pub(super) per_second: Option<f64>,
    pub(super) p50: f64,
    /// Of the server, for a request.
    pub(super) cpu: Option<f64>,
    /// Memory of the server, for a subscriber.
    pub(super) kilobytes: Option<f64>,
}

impl Meter {
    pub(super) fn new(seconds: f64) -> Self {
        Self {
            duration: Duration::from_secs_f64(seconds),
            totals: Totals::new(),
        }
    }

    /// Requests that change nothing.
    pub(super) async fn reads(&self, server: &Server, traffic: Traffic) -> Result<Reading> {
        let traffic = Rc::new(traffic);
        let load = Load::Closed {
            connections: CLIENTS,
        };
        load::run(server.address, &traffic, load, self.duration / 4).await?;
        self.measure(server, &traffic, load).await
    }

    /// Requests that create the record that has their number, which go again, so that all rounds find a table of the same size.
    /// `place` gives the path of a record's collection.
    pub(super) async fn creates(
        &self,
        server: &Server,
        traffic: Traffic,
        place: impl Fn(u64) -> String + 'static,
    ) -> Result<Reading> {
        let traffic = Rc::new(traffic);
        let first = server.reserve(0);
        let warm_up = Self::count(self.duration / 4);
        load::run(server.address, &traffic, warm_up, self.duration).await?;
        let load = Self::count(self.duration);
        let reading = self.measure(server, &traffic, load).await?;
        bulk::delete(server, first..server.reserve(0), place).await?;
        Ok(reading)
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "some thousands"
    )]
    fn count(duration: Duration) -> Load {
        let requests = CREATED_PER_SECOND * duration.as_secs_f64();
        Load::Count {
            requests: requests as u64,
            connections: CLIENTS,
        }
    }

    pub(super) async fn measure(
        &self,
        server: &Server,
        traffic: &Rc<Traffic>,
        load: Load,
    ) -> Result<Reading> {
        tokio::time::sleep(BREATH).await;
        let before = server.cpu_milliseconds()?;
        let measured = load::run(server.address, traffic, load, self.duration).await?;
        let used = server.cpu_milliseconds()? - before;
        Ok(Reading {
            per_second: Some(measured.per_second()),
            p50: measured.percentile(50.0),
            cpu: Some(used / as_f64(measured.requests().max(1))),
            kilobytes: None,
        })
    }
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(per_second) = self.per_second {
            write!(f, "{per_second:.0}/s · ")?;
        }
        write!(f, "{:.2} ms", self.p50)?;
        if let Some(cpu) = self.cpu {
            write!(f, " · {cpu:.3} ms CPU")?;
        }
        if let Some(kilobytes) = self.kilobytes {
            write!(f, " · {kilobytes:.1} KB")?;
        }
        Ok(())
    }
}

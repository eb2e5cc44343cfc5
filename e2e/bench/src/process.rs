//! What the kernel says of a server's processes (Linux).

use std::fs;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::load::as_f64;

/// The kernel counts CPU time for programs in hundredths of a second, on every architecture that Rust knows.
const MILLISECONDS_A_TICK: f64 = 10.0;

/// Resident memory in megabytes.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Memory {
    pub(crate) now: f64,
    pub(crate) peak: f64,
}

/// CPU milliseconds that these processes have used, and all that they started.
pub(crate) fn cpu_milliseconds(roots: &[u32]) -> Result<f64> {
    let mut all = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // It may have ended meanwhile; its parent has its time then.
        if let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) {
            all.push(Stat::parse(pid, &stat).with_context(|| format!("/proc/{pid}/stat"))?);
        }
    }
    Ok(as_f64(ticks(&all, roots)) * MILLISECONDS_A_TICK)
}

pub(crate) fn memory(pid: u32) -> Result<Memory> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let megabytes = |key: &str| {
        status
            .lines()
            .find_map(|line| line.strip_prefix(key)?.trim().strip_suffix(" kB"))
            .and_then(|kilobytes| kilobytes.parse::<f64>().ok())
            .map(|kilobytes| kilobytes / 1024.0)
            .with_context(|| format!("no {key} in /proc/{pid}/status"))
    };
    Ok(Memory {
        now: megabytes("VmRSS:")?,
        peak: megabytes("VmHWM:")?,
    })
}

struct Stat {
    pid: u32,
    parent: u32,
    /// Its own time, and that of the children that it has seen end.
    ticks: u64,
}

impl Stat {
    fn parse(pid: u32, stat: &str) -> Option<Self> {
        // The name in parentheses may hold spaces and parentheses itself.
        let fields: Vec<_> = stat[stat.rfind(')')? + 1..].split_whitespace().collect();
        let times = fields.get(11..15)?.iter();
        Some(Self {
            pid,
            parent: fields.get(1)?.parse().ok()?,
            ticks: times.map(|time| time.parse().unwrap_or(0)).sum(),
        })
    }
}

fn ticks(all: &[Stat], roots: &[u32]) -> u64 {
    let own = all.iter().filter(|process| roots.contains(&process.pid));
    let children: Vec<_> = all
        .iter()
        .filter(|process| roots.contains(&process.parent) && !roots.contains(&process.pid))
        .map(|process| process.pid)
        .collect();
    let below = if children.is_empty() {
        0
    } else {
        ticks(all, &children)
    };
    own.map(|process| process.ticks).sum::<u64>() + below
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stat(pid: u32, parent: u32, ticks: u64) -> Stat {
        let line = format!("{pid} (a (b) c) S {parent} 1 1 0 -1 0 0 0 0 0 {ticks} 0 0 0 20 0 1");
        Stat::parse(pid, &line).expect("a process")
    }

    #[test]
    fn the_time_of_descendants_counts_and_that_of_others_does_not() {
        let all = [
            stat(10, 1, 1),
            stat(11, 10, 20),
            stat(12, 11, 300),
            stat(13, 1, 4000),
        ];
        assert_eq!(ticks(&all, &[10]), 321);
        assert_eq!(ticks(&all, &[10, 13]), 4321);
    }

    #[test]
    fn the_time_of_ended_children_counts() {
        let line = "5 (server) S 1 5 5 0 -1 0 0 0 0 0 1 2 3 4 20 0 1";
        assert_eq!(Stat::parse(5, line).map(|stat| stat.ticks), Some(10));
    }

    #[test]
    fn this_process_uses_memory() {
        let memory = memory(std::process::id()).expect("memory");
        assert!(memory.now > 1.0 && memory.peak >= memory.now);
    }
}

//! The server's own messages, from warnings on.

use std::fmt;
use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value as Json};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

use super::entry::Data;
use super::{Level, Queue};
use crate::problems::quoted;

/// The most characters of a text that are stored.
const MAX_TEXT: usize = 4000;

/// A `tracing` layer that puts warnings and errors into the log, once there is one; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Messages(Arc<OnceLock<Arc<Queue>>>);

impl Messages {
    /// Connects the layer to a log.
    pub fn go_to(&self, queue: &Arc<Queue>) {
        // A process has one log.
        let _ = self.0.set(Arc::clone(queue));
    }
}

impl<S: Subscriber> Layer<S> for Messages {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let (Some(queue), target) = (self.0.get(), event.metadata().target()) else {
            return;
        };
        let level = match *event.metadata().level() {
            tracing::Level::ERROR => Level::Error,
            tracing::Level::WARN => Level::Warn,
            _ => return,
        };
        // An error of the log itself would cause the next one.
        if target.starts_with("plinth::logs") {
            return;
        }
        let mut said = Said::default();
        event.record(&mut said);
        let mut entry = queue.entry(level, said.message);
        let mut fields = said.fields;
        fields.insert("type".to_owned(), Json::from("program"));
        fields.insert("target".to_owned(), Json::from(target));
        entry.data = Data::Program(fields);
        queue.push(entry);
    }
}

#[derive(Default)]
struct Said {
    message: String,
    fields: Map<String, Json>,
}

impl Visit for Said {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            // A database's error has a field of this name, too.
            if !self.message.is_empty() {
                self.message.push_str(": ");
            }
            self.message.push_str(&quoted(value, MAX_TEXT));
        } else {
            let value = quoted(value, MAX_TEXT);
            self.fields
                .insert(field.name().to_owned(), Json::from(&*value));
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

//! What the server says of itself, from warnings on.

use std::fmt;
use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value as Json};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

use super::entry::Data;
use super::{Entry, Level, Queue};
use crate::error::quoted;

/// The most characters of a text that is kept.
const MAX_TEXT: usize = 4000;

/// Puts warnings and errors into the log, once there is one. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Messages(Arc<OnceLock<Arc<Queue>>>);

impl Messages {
    /// From now on they go to this log.
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
        // That the log cannot be written is not written to the log.
        if target.starts_with("plinth::logs") {
            return;
        }
        let mut said = Said::default();
        event.record(&mut said);
        let mut entry = Entry::new(level, said.message);
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
            // What a database says is a message too, after ours.
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

use leptos::prelude::*;
use plinth_sdk::types::{Collection, Field, FieldKind};

use crate::components::{Button, Dialog, Glyph, Look};
use crate::{browser, text};

/// How many columns there are at first.
const AT_FIRST: usize = 9;

/// Which fields have a column; kept in the browser for each collection.
#[derive(Clone, Copy)]
pub(super) struct Columns {
    fields: StoredValue<Vec<Field>>,
    hidden: RwSignal<Vec<String>>,
    kept: StoredValue<String>,
}

impl Columns {
    /// Those of a collection, as they were last chosen.
    pub(super) fn of(collection: &Collection) -> Self {
        // What is never sent has no column.
        let is_sent = |field: &&Field| {
            !matches!(field.kind, FieldKind::Password(_)) && field.name != "tokenKey"
        };
        let fields: Vec<Field> = collection.fields.iter().filter(is_sent).cloned().collect();
        let kept = format!("plinth.columns.{}", collection.id);
        let hidden = browser::kept(&kept).map_or_else(
            || at_first(&fields),
            |hidden| hidden.split(',').map(str::to_owned).collect(),
        );
        Self {
            fields: StoredValue::new(fields),
            hidden: RwSignal::new(hidden),
            kept: StoredValue::new(kept),
        }
    }

    /// The fields that have a column, in their order.
    pub(super) fn shown(self) -> Vec<Field> {
        let hidden = self.hidden.get();
        self.fields.with_value(|fields| {
            fields
                .iter()
                .filter(|field| !hidden.contains(&field.id))
                .cloned()
                .collect()
        })
    }

    fn show(self, id: &str, on: bool) {
        self.hidden.update(|hidden| {
            hidden.retain(|other| other != id);
            if !on {
                hidden.push(id.to_owned());
            }
        });
        let hidden = self.hidden.with_untracked(|hidden| hidden.join(","));
        browser::keep(&self.kept.get_value(), Some(&hidden));
    }
}

/// Returns the columns that are hidden by default: those that do not fit, except the times of creation and change.
fn at_first(fields: &[Field]) -> Vec<String> {
    let is_stamp = |field: &&Field| matches!(field.kind, FieldKind::Autodate(_));
    let others = fields.iter().filter(|field| !is_stamp(field));
    others
        .skip(AT_FIRST)
        .map(|field| field.id.clone())
        .collect()
}

/// Opens the choice of columns.
#[component]
pub(super) fn ColumnsButton(columns: Columns) -> impl IntoView {
    let open = RwSignal::new(false);
    let rows = move || {
        columns.fields.get_value().into_iter().map(|field| {
        let (id, same) = (field.id.clone(), field.id);
        view! {
            <label class="choice">
                <input
                    class="check" type="checkbox"
                    prop:checked=move || columns.hidden.with(|hidden| !hidden.contains(&same))
                    on:change=move |event| columns.show(&id, event_target_checked(&event))
                />
                <span class="mono">{field.name}</span>
            </label>
        }
    })
    .collect_view()
    };
    view! {
        <crate::components::IconButton of=Glyph::Columns label=text::columns().to_owned() on:click=move |_| open.set(true) />
        {move || open.get().then(|| view! {
            <Dialog title=text::columns().to_owned() close=move |()| open.set(false)>
                <div class="dialog-body"><fieldset class="choices" aria-label=text::columns()>{rows()}</fieldset></div>
                <footer class="dialog-foot">
                    <Button look=Look::Primary on:click=move |_| open.set(false)>{text::close()}</Button>
                </footer>
            </Dialog>
        })}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_first_there_are_as_many_columns_as_fit_and_the_dates() {
        let mut fields: Vec<Field> = (0..12)
            .map(|number| Field {
                id: number.to_string(),
                ..Field::text("t")
            })
            .collect();
        fields.push(Field {
            id: "made".to_owned(),
            ..Field::created("created")
        });
        assert_eq!(at_first(&fields), ["9", "10", "11"]);
        assert!(at_first(&fields[..9]).is_empty());
    }
}

use leptos::prelude::*;
use serde_json::Value;

use super::draft::Draft;
use crate::components::{Bind, Button, Dialog, EmptyState, Glyph, IconButton, Look, Switch};
use crate::{json, text};

/// The editor of indexes, which are `CREATE INDEX` statements.
#[component]
pub(super) fn Indexes(draft: Draft) -> impl IntoView {
    let indexes = draft.at("indexes");
    let count = Memo::new(move |_| indexes.get().as_array().map_or(0, Vec::len));
    let adding = RwSignal::new(false);
    let change = move |position: usize, index: Option<String>| {
        let Value::Array(mut list) = indexes.get() else {
            return;
        };
        match index {
            Some(index) => list[position] = Value::String(index),
            None => {
                list.remove(position);
            }
        }
        indexes.set(Value::Array(list));
    };
    let row = move |position: usize| {
        let error = Signal::derive(move || {
            let path = format!("indexes.{position}");
            let at = |failure: &Option<crate::api::Failure>| {
                failure.as_ref().and_then(|failure| failure.at(&path))
            };
            draft.checked.with(at).or_else(|| draft.failure.with(at))
        });
        view! {
            <li class="index-row" class:field-wrong=move || error.with(Option::is_some)>
                <textarea
                    class="input area input-code" rows="1" spellcheck="false" aria-label=text::index_number(position + 1)
                    aria-invalid=move || error.with(Option::is_some).then_some("true")
                    prop:value=move || json::shown(&indexes.get()[position])
                    on:input=move |event| untrack(|| change(position, Some(event_target_value(&event))))
                ></textarea>
                <IconButton
                    of=Glyph::Trash label=text::remove_index().to_owned() on:click=move |_| untrack(|| change(position, None))
                />
                {move || error.get().map(|error| view! { <p class="field-error index-error">{error}</p> })}
            </li>
        }
    };
    view! {
        <p class="muted">{text::indexes_hint()}</p>
        {move || if count.get() == 0 {
            view! { <EmptyState icon=Glyph::Search title=text::no_indexes() hint=text::no_indexes_hint() /> }.into_any()
        } else {
            view! { <ul class="rows">{(0..count.get()).map(row).collect_view()}</ul> }.into_any()
        }}
        <div><Button icon=Glyph::Plus on:click=move |_| adding.set(true)>{text::add_index()}</Button></div>
        {move || adding.get().then(|| view! {
            <NewIndex draft close=move |()| adding.set(false) add=move |index| untrack(|| {
                let mut list = indexes.get().as_array().cloned().unwrap_or_default();
                list.push(Value::String(index));
                indexes.set(Value::Array(list));
                adding.set(false);
            }) />
        })}
    }
}

#[component]
fn NewIndex(
    draft: Draft,
    #[prop(into)] close: Callback<()>,
    #[prop(into)] add: Callback<String>,
) -> impl IntoView {
    let unique = RwSignal::new(false);
    let chosen = RwSignal::new(Vec::<String>::new());
    let names = untrack(move || draft.field_names());
    let choose = move |name: &String, on: bool| {
        chosen.update(|chosen| {
            chosen.retain(|other| other != name);
            if on {
                chosen.push(name.clone());
            }
        });
    };
    let rows = names.into_iter().map(move |name| {
        let (shown, same) = (name.clone(), name.clone());
        view! {
            <label class="choice">
                <input
                    class="check" type="checkbox" prop:checked=move || chosen.with(|chosen| chosen.contains(&same))
                    on:change=move |event| choose(&name, event_target_checked(&event))
                />
                <span class="mono">{shown}</span>
            </label>
        }
    });
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let (unique, columns) = (unique.get_untracked(), chosen.get_untracked());
        add.run(statement(&untrack(move || draft.name()), unique, &columns));
    };
    view! {
        <Dialog title=text::add_index().to_owned() close>
            <form class="dialog-form" on:submit=submit>
                <div class="dialog-body">
                    <fieldset class="choices">
                        <legend class="field-label">{text::index_columns()}</legend>
                        {rows.collect_view()}
                    </fieldset>
                    <Switch label=text::unique().to_owned() value=Bind::from(unique) help=text::unique_help() />
                </div>
                <footer class="dialog-foot">
                    <Button on:click=move |_| close.run(())>{text::cancel()}</Button>
                    <Button look=Look::Primary submit=true disabled=Signal::derive(move || chosen.with(Vec::is_empty))>
                        {text::add_index()}
                    </Button>
                </footer>
            </form>
        </Dialog>
    }
}

/// Returns the statement of an index on these columns.
fn statement(collection: &str, unique: bool, columns: &[String]) -> String {
    let kind = if unique { "UNIQUE INDEX" } else { "INDEX" };
    let quoted: Vec<String> = columns.iter().map(|column| format!("`{column}`")).collect();
    format!(
        "CREATE {kind} `idx_{collection}_{}` ON `{collection}` ({})",
        columns.join("_"),
        quoted.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::statement;

    #[test]
    fn an_index_is_a_statement() {
        let columns = ["title".to_owned(), "created".to_owned()];
        assert_eq!(
            statement("posts", true, &columns),
            "CREATE UNIQUE INDEX `idx_posts_title_created` ON `posts` (`title`, `created`)"
        );
    }
}

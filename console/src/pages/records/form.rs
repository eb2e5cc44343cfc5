//! The form of one record, over the table.

use leptos::prelude::*;
use plinth_sdk::Record;
use plinth_sdk::types::{Collection, CollectionType, Field, FieldKind};

use super::account::AccountParts;
use super::draft::Draft;
use super::input::FieldInput;
use super::{May, cell};
use crate::api::{Failure, act, load};
use crate::components::{
    Bind, Button, Confirm, CopyButton, Dialog, Glyph, Look, Problem, TextField, Toaster, loaded,
};
use crate::session::Session;
use crate::{format, text};

/// A record, or a new one, at the side of the window.
#[component]
pub(super) fn RecordPanel(
    collection: Collection,
    id: Option<String>,
    #[prop(into)] close: Callback<()>,
    #[prop(into)] saved: Callback<()>,
) -> impl IntoView {
    let title = match id {
        Some(_) => text::record_of(&collection.name),
        None => text::new_record_of(&collection.name),
    };
    let discarding = RwSignal::new(false);
    let is_changed = RwSignal::new(false);
    let try_close = move |()| {
        if is_changed.get_untracked() {
            discarding.set(true);
        } else {
            close.run(());
        }
    };
    let body = match id {
        None => {
            view! { <RecordForm collection record=None is_changed try_close saved /> }.into_any()
        }
        Some(id) => {
            let (name, relations) = (collection.name.clone(), cell::relations(&collection));
            let record = load(move |client| {
                let records = client
                    .collection::<Record>(name.clone())
                    .expand(relations.clone());
                let id = id.clone();
                async move { records.get(&id).await }
            });
            loaded(record, move |record| view! {
                <RecordForm collection=collection.clone() record=Some(record) is_changed try_close saved />
            })
            .into_any()
        }
    };
    view! {
        <Dialog title close=try_close side=true>
            {body}
        </Dialog>
        {move || discarding.get().then(|| view! {
            <Confirm
                title=text::discard_title() message=text::discard_hint() action=text::discard()
                close=move |()| discarding.set(false) confirm=close
            />
        })}
    }
}

#[component]
fn RecordForm(
    collection: Collection,
    record: Option<Record>,
    is_changed: RwSignal<bool>,
    #[prop(into)] try_close: Callback<()>,
    saved: Callback<()>,
) -> impl IntoView {
    let draft = Draft::of(record.as_ref());
    let session = Session::here();
    let toaster = Toaster::here();
    let busy = RwSignal::new(false);
    let asking = RwSignal::new(false);
    let same = StoredValue::new(collection.clone());
    let id = StoredValue::new(record.as_ref().map(|record| record.id.clone()));
    let is_new = record.is_none();
    Effect::new(move || {
        is_changed.set(same.with_value(|collection| draft.is_changed(collection)));
    });
    let finished = move |outcome: Result<&'static str, Failure>| {
        busy.set(false);
        match outcome {
            Ok(done) => {
                toaster.done(done);
                saved.run(());
            }
            Err(failure) => {
                draft.failure.set(Some(failure));
                request_animation_frame(|| crate::browser::focus("dialog [aria-invalid=true]"));
            }
        }
    };
    let save = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        if same.with_value(|collection| !draft.is_readable(collection)) {
            crate::browser::focus("dialog [aria-invalid=true]");
            return;
        }
        busy.set(true);
        let collection = same.get_value();
        let changes = untrack(|| draft.changes(&collection));
        let records = session
            .client()
            .collection::<Record>(collection.name.clone());
        let id = id.get_value();
        let answer = async move {
            let files = draft.uploads(&collection, &changes).await?;
            match id {
                Some(id) if files.is_empty() => records.update(&id, &changes).await?,
                Some(id) => records.update_with(&id, &changes, &files).await?,
                None if files.is_empty() => records.create(&changes).await?,
                None => records.create_with(&changes, &files).await?,
            };
            Ok(if is_new {
                text::created()
            } else {
                text::saved()
            })
        };
        act(answer, finished);
    };
    let delete = move || {
        let Some(id) = id.get_value() else { return };
        busy.set(true);
        let records = session
            .client()
            .collection::<Record>(same.with_value(|collection| collection.name.clone()));
        act(
            async move { records.delete(&id).await.map(|()| text::deleted()) },
            move |outcome| {
                asking.set(false);
                finished(outcome);
            },
        );
    };
    let (mut fields, stamps): (Vec<Field>, Vec<Field>) = collection
        .fields
        .iter()
        // The id has a place of its own, and what signs tokens is nobody's to write.
        .filter(|field| field.name != "id" && field.name != "tokenKey")
        .cloned()
        .partition(|field| !matches!(field.kind, FieldKind::Autodate(_)));
    // Who somebody is comes before how they sign in.
    fields.sort_by_key(|field| !(field.system && field.name == "email"));
    let names: Vec<String> = fields
        .iter()
        .map(|field| field.name.clone())
        .chain(["id".to_owned(), "passwordConfirm".to_owned()])
        .collect();
    let summary = Signal::derive(move || {
        draft.failure.with(|failure| {
            failure
                .as_ref()
                .map(|failure| failure.summary(|path| names.iter().any(|name| name == path)))
        })
    });
    let is_auth = collection.kind == CollectionType::Auth;
    let may = May::here();
    let may_save = if is_new { may.create } else { may.update };
    let inputs = fields.into_iter().map(|field| {
        let again = (is_auth && field.name == "password").then(|| view! {
            <TextField
                label=text::password_again().to_owned() value=draft.text("passwordConfirm") kind="password"
                autocomplete="new-password" required=is_new error=draft.error("passwordConfirm")
            />
        });
        view! { <FieldInput field draft record=record.clone() /> {again} }
    })
    .collect_view();
    let head = if let Some(record) = &record {
        let stamps = stamps
            .into_iter()
            .map(|field| {
                let moment = format::moment(record[&*field.name].as_str().unwrap_or_default());
                view! { <dt>{field.name}</dt><dd>{moment}</dd> }
            })
            .collect_view();
        view! {
            <dl class="facts">
                <dt>"id"</dt>
                <dd class="row"><span class="mono">{record.id.clone()}</span><CopyButton value=record.id.clone() /></dd>
                {stamps}
            </dl>
        }
        .into_any()
    } else {
        let value: Bind<String> = draft.text("id");
        view! {
            <TextField label="id".to_owned() value code=true placeholder=text::generated().to_owned() error=draft.error("id") />
        }
        .into_any()
    };
    let parts = record
        .as_ref()
        .filter(|_| is_auth && untrack(|| session.is_superuser()))
        .map(|record| {
            let (collection_id, id) = (record.collection_id.clone(), record.id.clone());
            view! { <AccountParts collection_id id /> }
        });
    let sending =
        move || {
            let size = draft.size();
            (busy.get() && size > 0.0).then(|| view! {
            <span class="muted" role="status">{text::files::sending(&format::size(size))}</span>
        })
        };
    view! {
        <form class="dialog-form" novalidate on:submit=save>
            <div class="dialog-body">
                <Problem message=summary />
                {head}
                <fieldset class="stack" disabled=move || !may_save.get()>{inputs}</fieldset>
                {parts}
            </div>
            <footer class="dialog-foot">
                {move || (!is_new && may.delete.get()).then(|| view! {
                    <Button look=Look::Quiet icon=Glyph::Trash on:click=move |_| asking.set(true)>{text::delete()}</Button>
                    <span class="grow"></span>
                })}
                {sending}
                <Button on:click=move |_| try_close.run(())>
                    {move || if may_save.get() { text::cancel() } else { text::close() }}
                </Button>
                {move || may_save.get().then(|| view! {
                    <Button look=Look::Primary submit=true busy disabled=Signal::derive(move || !is_new && !is_changed.get())>
                        {if is_new { text::create() } else { text::save() }}
                    </Button>
                })}
            </footer>
        </form>
        {move || asking.get().then(|| view! {
            <Confirm
                title=text::delete_record_title() message=text::delete_records_hint() action=text::delete() busy
                close=move |()| asking.set(false) confirm=move |()| delete()
            />
        })}
    }
}

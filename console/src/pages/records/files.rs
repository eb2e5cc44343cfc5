//! Where the files of records are, and how they are shown.

use std::time::Duration;

use leptos::prelude::*;
use plinth_sdk::Record;
use plinth_sdk::types::{Collection, FieldKind, FileOptions};

use crate::api::{Outcome, load};
use crate::components::{Glyph, Icon};
use crate::repeat;
use crate::session::Session;
use crate::text::files as words;

/// Tokens for files are good for longer than this, unless a collection says otherwise.
const REFRESH: Duration = Duration::from_secs(100);
/// The size of small pictures that there always is.
const THUMB: &str = "100x100";
/// How many of a record's files the table shows.
const SHOWN: usize = 3;
/// The extensions of files with thumbnails.
const PICTURES: [&str; 5] = ["png", "jpg", "jpeg", "gif", "webp"];

/// Where the files of a collection's records are. From the context of its page.
#[derive(Clone, Copy)]
pub(super) struct Files {
    session: Session,
    collection: StoredValue<String>,
    /// The token for protected files, if the collection has any.
    token: Option<Memo<Option<Outcome<String>>>>,
}

impl Files {
    /// Those of this collection.
    pub(super) fn of(collection: &Collection) -> Self {
        let is_protected =
            |kind: &FieldKind| matches!(kind, FieldKind::File(options) if options.protected);
        let any = collection
            .fields
            .iter()
            .any(|field| is_protected(&field.kind));
        let token = any.then(|| {
            let token = load(|client| async move { client.file_token().await });
            repeat::every(REFRESH, move || token.refetch());
            repeat::kept(token)
        });
        Self {
            session: Session::here(),
            collection: StoredValue::new(collection.id.clone()),
            token,
        }
    }

    /// Those of the collection that is shown.
    pub(super) fn here() -> Self {
        expect_context()
    }

    /// Where a file is, once it is known how it can be seen.
    fn url(
        self,
        options: &FileOptions,
        record: &str,
        name: &str,
        thumb: Option<&str>,
    ) -> Option<String> {
        let client = self.session.client();
        let collection = self.collection.get_value();
        let mut url = client.file_url(&collection, record, name, thumb).ok()?;
        if options.protected {
            let token = self.token?.get()?.ok()?;
            url.query_pairs_mut().append_pair("token", &token);
        }
        Some(url.into())
    }
}

/// A file that is kept: a small picture of it, if there is one, and the way to it.
#[component]
pub(super) fn Kept(
    options: FileOptions,
    record: String,
    name: String,
    /// Whether a picture stands for its name.
    #[prop(optional)]
    bare: bool,
) -> impl IntoView {
    let files = Files::here();
    let place = StoredValue::new((options, record, name.clone()));
    let url = move |thumb: Option<&str>| {
        place.with_value(|(options, record, name)| files.url(options, record, name, thumb))
    };
    let is_picture = is_picture(&name);
    let title = name.clone();
    // It is loaded once, although the token changes.
    let src = Memo::new(move |last: Option<&Option<String>>| {
        let last = last.cloned().flatten();
        last.or_else(|| is_picture.then(|| url(Some(THUMB))).flatten())
    });
    view! {
        <a class="file-link" href=move || url(None) target="_blank" rel="noopener" title=title>
            <Thumb src />
            <span class="cut" class:visually-hidden=bare && is_picture>{name}</span>
        </a>
    }
}

/// A small picture; where there is none, or it does not load, that of a file.
#[component]
pub(super) fn Thumb(#[prop(into)] src: Signal<Option<String>>) -> impl IntoView {
    let is_broken = RwSignal::new(false);
    move || {
        match src.get().filter(|_| !is_broken.get()) {
        Some(src) => view! {
            <img class="thumb" src=src alt="" loading="lazy" on:error=move |_| is_broken.set(true) />
        }
        .into_any(),
        None => view! { <span class="thumb"><Icon of=Glyph::File /></span> }.into_any(),
    }
    }
}

/// The files of a record, in the table.
pub(super) fn cell(options: &FileOptions, record: &Record, names: Vec<String>) -> AnyView {
    let more = names.len().saturating_sub(SHOWN);
    let shown = names.into_iter().take(SHOWN).map(|name| {
        view! { <Kept options=options.clone() record=record.id.clone() name bare=true /> }
    });
    view! {
        <td>
            <span class="row nowrap">
                {shown.collect_view()}
                {(more > 0).then(|| view! { <span class="muted">{words::more(more)}</span> })}
            </span>
        </td>
    }
    .into_any()
}

/// Whether there is a small picture of what is called so.
fn is_picture(name: &str) -> bool {
    let ending = name
        .rsplit_once('.')
        .map(|(_, ending)| ending.to_lowercase());
    ending.is_some_and(|ending| PICTURES.contains(&&*ending))
}

#[cfg(test)]
mod tests {
    use super::is_picture;

    #[test]
    fn pictures_are_known_by_their_ending() {
        assert!(is_picture("a.b_1234567890.JPG"));
        assert!(!is_picture("a.svg"));
        assert!(!is_picture("png"));
    }
}

//! The few things that the browser is asked for directly.

use js_sys::{Function, Reflect, Uint8Array};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;

/// The server that the console came from.
pub(crate) fn origin() -> String {
    window().location().origin().unwrap_or_default()
}

/// Where one is: path, query and fragment.
pub(crate) fn here() -> String {
    let location = window().location();
    let part = |part: Result<String, _>| part.unwrap_or_default();
    format!("{}{}", part(location.pathname()), part(location.search()))
}

/// Whether nobody sees the page, since its window is behind others or closed.
pub(crate) fn is_hidden() -> bool {
    document().hidden()
}

/// How far from the left of an element the pointer is, from 0 to 1.
pub(crate) fn across(element: &web_sys::Element, pointer: &web_sys::MouseEvent) -> Option<f64> {
    let side = place(element)?;
    let (left, width) = (side("left")?, side("width")?);
    (width > 0.0).then(|| ((f64::from(pointer.client_x()) - left) / width).clamp(0.0, 1.0))
}

/// At which edges an element reaches beyond the window.
pub(crate) struct Beyond {
    pub(crate) right: bool,
    pub(crate) bottom: bool,
}

/// Whether an element reaches beyond the window.
pub(crate) fn beyond(element: &web_sys::Element) -> Beyond {
    let size = |size: Result<wasm_bindgen::JsValue, wasm_bindgen::JsValue>| {
        size.ok().and_then(|size| size.as_f64())
    };
    let place = place(element);
    let is_beyond = |name: &str, end: Option<f64>| {
        let edge = place.as_ref().and_then(|side| side(name));
        matches!((edge, end), (Some(edge), Some(end)) if edge > end)
    };
    Beyond {
        right: is_beyond("right", size(window().inner_width())),
        bottom: is_beyond("bottom", size(window().inner_height())),
    }
}

/// The sides of an element in the window.
fn place(element: &web_sys::Element) -> Option<impl Fn(&str) -> Option<f64> + use<>> {
    // Called by its name, since its type would have most of the bindings compiled anew.
    let measure = Reflect::get(element, &"getBoundingClientRect".into()).ok()?;
    let place = measure.dyn_into::<Function>().ok()?.call0(element).ok()?;
    Some(move |side: &str| Reflect::get(&place, &side.into()).ok()?.as_f64())
}

/// Returns the stored value of this name.
pub(crate) fn kept(name: &str) -> Option<String> {
    storage()?.get_item(name).ok()?
}

/// Keeps a text for the next time; without one, forgets it. A browser that keeps nothing is fine too.
pub(crate) fn keep(name: &str, text: Option<&str>) {
    let Some(storage) = storage() else { return };
    let _ = match text {
        Some(text) => storage.set_item(name, text),
        None => storage.remove_item(name),
    };
}

fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok()?
}

/// Puts a text on the clipboard.
pub(crate) fn copy(text: &str) {
    let _ = window().navigator().clipboard().write_text(text);
}

/// Reads a chosen file; `None` if it is gone by now.
pub(crate) async fn content(file: &web_sys::File) -> Option<Vec<u8>> {
    let content = JsFuture::from(file.array_buffer()).await.ok()?;
    Some(Uint8Array::new(&content).to_vec())
}

/// A picture that was chosen, which the page can show as long as this is kept.
#[derive(Debug)]
pub(crate) struct Picture {
    pub(crate) url: String,
}

impl Picture {
    /// None of what is no picture.
    pub(crate) fn of(file: &web_sys::File) -> Option<Self> {
        let is_picture = file.type_().starts_with("image/");
        let url = is_picture.then(|| web_sys::Url::create_object_url_with_blob(file));
        url?.ok().map(|url| Self { url })
    }
}

impl Drop for Picture {
    fn drop(&mut self) {
        let _ = web_sys::Url::revoke_object_url(&self.url);
    }
}

/// The element with the focus.
pub(crate) fn focused() -> Option<web_sys::HtmlElement> {
    document().active_element()?.dyn_into().ok()
}

/// Gives the focus to the first element that fits the selector.
pub(crate) fn focus(selector: &str) {
    let found = document().query_selector(selector).ok().flatten();
    if let Some(element) = found.and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok())
    {
        let _ = element.focus();
    }
}

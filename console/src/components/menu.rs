use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::{Glyph, Icon};

/// A button that opens a list of things to do. `button` is what the button shows.
#[component]
pub(crate) fn Menu(
    #[prop(into)] label: Signal<String>,
    /// The button's class; a picture's by default.
    #[prop(default = "icon-button")]
    class: &'static str,
    /// Whether the list opens upwards, as wide as the button.
    #[prop(optional)]
    up: bool,
    #[prop(into)] button: ViewFn,
    children: ChildrenFn,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let element = NodeRef::<html::Div>::new();
    let list = NodeRef::<html::Div>::new();
    // It hangs from the button's left edge, downwards, unless the window ends there.
    let (is_end, is_above) = (RwSignal::new(false), RwSignal::new(false));
    Effect::new(move || {
        let Some(list) = list.get().filter(|_| !up) else {
            is_end.set(false);
            is_above.set(false);
            return;
        };
        let below = crate::browser::beyond(&list);
        is_end.set(below.right);
        is_above.set(below.bottom);
    });
    let items = move || {
        let found = element
            .get_untracked()?
            .query_selector_all("[role=menuitem]:not([disabled])")
            .ok()?;
        let item = |index| found.item(index)?.dyn_into::<web_sys::HtmlElement>().ok();
        Some((0..found.length()).filter_map(item).collect::<Vec<_>>())
    };
    let step = move |by: isize| {
        let items = items().unwrap_or_default();
        let current = crate::browser::focused()
            .and_then(|focused| items.iter().position(|item| *item == focused));
        let next = match current {
            Some(current) => current
                .saturating_add_signed(by)
                .min(items.len().saturating_sub(1)),
            None if by < 0 => items.len().saturating_sub(1),
            None => 0,
        };
        if let Some(item) = items.get(next) {
            let _ = item.focus();
        }
    };
    // What was chosen may have taken the menu away with it, as signing out does.
    let shut = move || {
        if open.try_set(false).is_some() {
            return;
        }
        if let Some(button) = element
            .get_untracked()
            .and_then(|menu| menu.query_selector("button").ok().flatten())
            && let Ok(button) = button.dyn_into::<web_sys::HtmlElement>()
        {
            let _ = button.focus();
        }
    };
    let on_key = move |event: web_sys::KeyboardEvent| {
        match event.key().as_str() {
            "ArrowDown" | "ArrowUp" => {
                let by = if event.key() == "ArrowDown" { 1 } else { -1 };
                open.set(true);
                request_animation_frame(move || step(by));
            }
            "Escape" if open.get_untracked() => shut(),
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    };
    let on_leave = move |event: web_sys::FocusEvent| {
        let next = event
            .related_target()
            .and_then(|next| next.dyn_into::<web_sys::Node>().ok());
        if !element
            .try_get_untracked()
            .flatten()
            .is_some_and(|menu| menu.contains(next.as_ref()))
        {
            open.try_set(false);
        }
    };
    view! {
        <div class="menu" node_ref=element on:keydown=on_key on:focusout=on_leave>
            <button
                type="button"
                class=class
                aria-haspopup="menu"
                aria-expanded=move || if open.get() { "true" } else { "false" }
                aria-label=move || label.get()
                title=move || label.get()
                on:click=move |_| open.update(|open| *open = !*open)
            >
                {move || button.run()}
            </button>
            {move || {
                let children = children.clone();
                open.get().then(move || view! {
                    <div
                        node_ref=list class="menu-list" class:menu-up=up class:menu-end=move || is_end.get()
                        class:menu-above=move || is_above.get() role="menu" tabindex="-1" on:click=move |_| shut()
                    >
                        {children()}
                    </div>
                })
            }}
        </div>
    }
}

/// One thing to do, in a [`Menu`].
#[component]
pub(crate) fn MenuItem(
    #[prop(optional)] icon: Option<Glyph>,
    #[prop(optional)] danger: bool,
    /// Whether it is what is chosen now.
    #[prop(optional, into)]
    chosen: Signal<bool>,
    #[prop(optional, into)] disabled: Signal<bool>,
    children: Children,
) -> impl IntoView {
    view! {
        <button
            type="button"
            role="menuitem"
            class="menu-item"
            class:menu-danger=danger
            disabled=move || disabled.get()
        >
            {icon.map(|icon| view! { <Icon of=icon /> })}
            <span>{children()}</span>
            {move || chosen.get().then(|| view! { <Icon of=Glyph::Check /> })}
        </button>
    }
}

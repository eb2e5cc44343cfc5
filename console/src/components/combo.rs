use leptos::html;
use leptos::prelude::*;

use super::{Bind, Field, new_id};

/// A text that is one of many: what is typed narrows the list, arrow keys and Enter choose from it.
#[component]
#[expect(
    clippy::too_many_lines,
    reason = "what an input does belongs to how it is shown"
)]
pub(crate) fn Combo(
    #[prop(into)] label: Signal<String>,
    #[prop(into)] value: Bind<String>,
    choices: Vec<String>,
    #[prop(optional, into)] help: String,
    #[prop(optional, into)] error: Signal<Option<String>>,
    #[prop(optional, into)] placeholder: String,
) -> impl IntoView {
    let choices = StoredValue::new(choices);
    let open = RwSignal::new(false);
    // All are offered until something is typed.
    let typed = RwSignal::new(false);
    let active = RwSignal::new(None::<usize>);
    let found = Memo::new(move |_| {
        let wanted = if typed.get() {
            plain(&value.get())
        } else {
            String::new()
        };
        choices.with_value(|all| {
            let fits = |choice: &&String| plain(choice).contains(&wanted);
            all.iter().filter(fits).cloned().collect::<Vec<_>>()
        })
    });
    let list = new_id();
    let option = {
        let list = list.clone();
        move |index: usize| format!("{list}-{index}")
    };
    let shut = move || {
        open.set(false);
        typed.set(false);
        active.set(None);
    };
    let choose = move |choice: String| {
        value.set(choice);
        shut();
    };
    let show = move |index: usize, option: String| {
        open.set(true);
        active.set(Some(index));
        request_animation_frame(move || {
            if let Some(element) = document().get_element_by_id(&option) {
                element.scroll_into_view_with_bool(false);
            }
        });
    };
    let on_key = {
        let option = option.clone();
        move |event: web_sys::KeyboardEvent| {
            let count = found.with_untracked(Vec::len);
            let here = active.get_untracked();
            match event.key().as_str() {
                "ArrowDown" if count > 0 => {
                    let next = here.map_or(0, |here| (here + 1).min(count - 1));
                    show(next, option(next));
                }
                "ArrowUp" if count > 0 => {
                    let next = here.map_or(count - 1, |here| here.saturating_sub(1));
                    show(next, option(next));
                }
                "Enter" if open.get_untracked() => {
                    let chosen = here
                        .and_then(|here| found.with_untracked(|found| found.get(here).cloned()));
                    match chosen {
                        Some(chosen) => choose(chosen),
                        None => shut(),
                    }
                }
                "Escape" if open.get_untracked() => shut(),
                _ => return,
            }
            event.prevent_default();
            event.stop_propagation();
        }
    };
    let element = NodeRef::<html::Input>::new();
    let options = {
        let option = option.clone();
        move || {
            let option = option.clone();
            let rows = found.get().into_iter().enumerate().map(move |(index, choice)| {
                let (shown, same) = (choice.clone(), choice.clone());
                view! {
                    <li
                        id=option(index) role="option" class="combo-option"
                        aria-selected=move || if value.get() == same { "true" } else { "false" }
                        class:combo-active=move || active.get() == Some(index)
                        // Before the input loses the focus, which would close the list.
                        on:mousedown=move |event| { event.prevent_default(); choose(choice.clone()); }
                    >
                        {shown}
                    </li>
                }
            });
            rows.collect_view()
        }
    };
    let control = move |id, about| {
        let (controls, same) = (list.clone(), list.clone());
        view! {
            <div class="combo">
                <input
                    class="input select" id=id type="text" role="combobox" node_ref=element
                    autocomplete="off" spellcheck="false" placeholder=placeholder
                    aria-autocomplete="list" aria-controls=controls
                    aria-expanded=move || if open.get() { "true" } else { "false" }
                    aria-activedescendant=move || active.get().map(&option)
                    aria-describedby=about
                    aria-invalid=move || error.with(Option::is_some).then_some("true")
                    prop:value=move || value.get()
                    on:input=move |event| {
                        typed.set(true);
                        open.set(true);
                        active.set(None);
                        value.set(event_target_value(&event));
                    }
                    on:focus=move |_| if let Some(input) = element.get_untracked() { input.select() }
                    on:click=move |_| open.set(true)
                    on:blur=move |_| shut()
                    on:keydown=on_key
                />
                <ul
                    id=same class="combo-list" role="listbox" tabindex="-1" aria-label=move || label.get()
                    hidden=move || !open.get() || found.with(Vec::is_empty)
                >
                    {move || open.get().then(&options)}
                </ul>
            </div>
        }
    };
    view! { <Field label help error control /> }
}

/// How names are compared: `new york` finds `America/New_York`.
fn plain(name: &str) -> String {
    name.to_lowercase().replace('_', " ")
}

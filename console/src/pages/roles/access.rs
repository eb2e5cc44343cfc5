//! Checks of the policy: who may do what, and which line decides.

use leptos::prelude::*;
use plinth_sdk::Record;
use plinth_sdk::types::{
    Collection, CollectionType, DecidedBy, PolicyAnswer, PolicyQuestion, Subject,
};

use super::super::records::{RecordList, account_label};
use super::super::{NotForYou, Schema};
use super::all::RolesTabs;
use super::lines::ACTIONS;
use super::may_change;
use crate::address::Address;
use crate::api::load;
use crate::components::{
    Bind, Code, Dialog, EmptyState, Field, Glyph, Icon, IconButton, Page, SelectField, Spinner,
    loaded,
};
use crate::{links, text};

/// The subject for callers without a token.
const GUEST: &str = "@guest";

/// The question, which the address has.
#[derive(Clone, Copy)]
struct Asked {
    /// `@guest`, or the id of a collection of accounts.
    who: Memo<String>,
    account: Memo<String>,
    action: Memo<String>,
    collection: Memo<String>,
    record: Memo<String>,
    address: Address,
}

impl Asked {
    fn here() -> Self {
        let address = Address::here();
        Self {
            who: address.text_or("who", GUEST),
            account: address.text("account"),
            action: address.text_or("action", "list"),
            collection: address.text("collection"),
            record: address.text("record"),
            address,
        }
    }

    /// The question, when it is complete.
    fn question(self) -> Option<PolicyQuestion> {
        let (who, account) = (self.who.get(), self.account.get());
        let subject = match (&*who, &*account) {
            (GUEST, _) => Subject::Guest(who),
            (_, "") => return None,
            _ => Subject::Account {
                collection: who,
                id: account,
            },
        };
        Some(PolicyQuestion {
            subject,
            action: self.action.get(),
            collection: Some(self.collection.get()).filter(|name| !name.is_empty())?,
            record: Some(self.record.get()).filter(|id| !id.is_empty()),
        })
    }
}

/// Asks whether somebody may do something, and what decides it.
#[component]
pub(crate) fn CheckAccess() -> impl IntoView {
    if !may_change() {
        return view! { <NotForYou instead=links::ROLES /> }.into_any();
    }
    let schema = Schema::here();
    let asked = Asked::here();
    let is_ready = Memo::new(move |_| schema.resource().get().is_some());
    let question = Memo::new(move |_| asked.question());
    let answer = load(move |client| {
        let question = question.get();
        async move {
            match question {
                Some(question) => client.policy().check(&question).await.map(Some),
                None => Ok(None),
            }
        }
    });
    let show = move |answer: Option<PolicyAnswer>| match answer {
        Some(answer) => view! { <Verdict answer asked /> }.into_any(),
        None => {
            view! { <EmptyState icon=Glyph::Roles title=text::ask_title() hint=text::ask_hint() /> }
                .into_any()
        }
    };
    let body = move || {
        if is_ready.get() {
            view! {
                <p class="muted">{text::check_hint()}</p>
                <div class="check-access">
                    <div class="card stack"><Question asked /></div>
                    <div class="verdict-box" aria-live="polite">{loaded(answer, show)}</div>
                </div>
            }
            .into_any()
        } else {
            view! { <Spinner /> }.into_any()
        }
    };
    view! { <Page title=text::check_access().to_owned() below=RolesTabs>{body}</Page> }.into_any()
}

#[component]
fn Question(asked: Asked) -> impl IntoView {
    let schema = Schema::here();
    let bind = |memo: Memo<String>, name: &'static str, forget: Option<&'static str>| {
        Bind::new(
            move || memo.get(),
            move |value| {
                let forgotten = forget.map(|name| (name, ""));
                let changes = std::iter::once((name, &*value)).chain(forgotten);
                asked.address.replace(changes);
            },
        )
    };
    let subjects = Signal::derive(move || {
        let accounts = schema
            .all()
            .into_iter()
            .filter(|one| one.kind == CollectionType::Auth);
        let accounts = accounts.map(|one| (one.id, text::account_of(&one.name)));
        std::iter::once((GUEST.to_owned(), text::nobody_signed_in().to_owned()))
            .chain(accounts)
            .collect::<Vec<_>>()
    });
    let actions = Signal::derive(|| {
        ACTIONS
            .map(|action| (action.to_owned(), text::action(action).to_owned()))
            .to_vec()
    });
    let collections = Signal::derive(move || {
        let all = schema.all().into_iter().map(|one| (one.id, one.name));
        std::iter::once((String::new(), text::choose().to_owned()))
            .chain(all)
            .collect::<Vec<_>>()
    });
    let accounts = Signal::derive(move || schema.find(&asked.who.get()));
    let records = Signal::derive(move || schema.find(&asked.collection.get()));
    let chosen_account =
        Callback::new(move |id: String| asked.address.replace([("account", &*id)]));
    let chosen_record = Callback::new(move |id: String| asked.address.replace([("record", &*id)]));
    view! {
        <SelectField label=text::who().to_owned() value=bind(asked.who, "who", Some("account")) choices=subjects />
        {move || accounts.get().map(|of| view! {
            <RecordField label=text::account_head() of id=asked.account choose=chosen_account nothing=text::nothing_chosen_yet() />
        })}
        <SelectField label=text::does_what().to_owned() value=bind(asked.action, "action", None) choices=actions />
        <SelectField
            label=text::with_collection().to_owned() value=bind(asked.collection, "collection", Some("record")) choices=collections
        />
        {move || records.get().map(|of| view! {
            <RecordField label=text::with_record() of id=asked.record choose=chosen_record nothing=text::any_record() />
        })}
    }
}

/// One record of a collection, or none.
#[component]
fn RecordField(
    label: &'static str,
    of: Collection,
    id: Memo<String>,
    choose: Callback<String>,
    /// The label for no choice.
    nothing: &'static str,
) -> impl IntoView {
    let choosing = RwSignal::new(false);
    let collection = of.id.clone();
    let chosen = load(move |client| {
        let (records, id) = (client.collection::<Record>(collection.clone()), id.get());
        async move {
            if id.is_empty() {
                Ok(None)
            } else {
                records.get(&id).await.map(Some)
            }
        }
    });
    let of = StoredValue::new(of);
    let shown = move || {
        let id = id.get();
        if id.is_empty() {
            return view! { <span class="muted grow">{nothing}</span> }.into_any();
        }
        let found = chosen
            .get()
            .and_then(Result::ok)
            .flatten()
            .filter(|found| found.id == id);
        let shown = found.map_or_else(
            || id.clone(),
            |found| of.with_value(|of| account_label(&found, Some(of))),
        );
        view! {
            <span class="cut grow">{shown}</span>
            <IconButton of=Glyph::Close label=text::clear_choice().to_owned() on:click=move |_| choose.run(String::new()) />
        }
        .into_any()
    };
    let dialog = move || {
        choosing.get().then(|| view! {
            <Dialog title=text::choose_of(&of.with_value(|of| of.name.clone())) close=move |()| choosing.set(false)>
                <div class="dialog-body picker-body">
                    <RecordList
                        of=of.get_value() chosen=Signal::derive(move || vec![id.get()]) label=account_label
                        choose=move |record: Record| {
                            choosing.set(false);
                            choose.run(record.id);
                        }
                    />
                </div>
            </Dialog>
        })
    };
    let control = move |control_id: String, about: String| {
        view! {
            <div class="chosen">
                {shown}
                <button
                    type="button" class="button" id=control_id aria-describedby=about on:click=move |_| choosing.set(true)
                >
                    {text::choose()}
                </button>
            </div>
        }
    };
    view! { <Field label=label.to_owned() control />{dialog} }
}

/// The decision and its reason, with a link to it.
#[component]
fn Verdict(answer: PolicyAnswer, asked: Asked) -> impl IntoView {
    let schema = Schema::here();
    let action = untrack(|| asked.action.get());
    let collection = untrack(|| schema.find(&asked.collection.get()));
    let (class, of, title) = match (answer.conditional, answer.allowed) {
        (true, _) => ("verdict verdict-depends", Glyph::Filter, text::depends()),
        (false, true) => ("verdict verdict-good", Glyph::Check, text::allowed()),
        (false, false) => ("verdict verdict-bad", Glyph::Close, text::denied()),
    };
    let rules = collection.as_ref().map(|one| -> AnyView {
        let href = links::definition(&one.name, "rules");
        view! { <a class="button" href=href><Icon of=Glyph::Lock />{text::to_the_rules()}</a> }
            .into_any()
    });
    let action_name = text::action(&action);
    let is_locked = collection
        .as_ref()
        .is_some_and(|one| rule(one, &action).is_none());
    let (why, code, way) = match answer.decided_by {
        DecidedBy::Superuser => (text::superusers_title().to_owned(), String::new(), None),
        DecidedBy::Rule { rule } if rule.is_empty() => {
            (text::by_open_rule(action_name), String::new(), rules)
        }
        DecidedBy::Rule { rule } if answer.conditional => {
            (text::by_rule_maybe(action_name), rule, rules)
        }
        DecidedBy::Rule { rule } => (text::by_the_rule(action_name), rule, rules),
        DecidedBy::Permission {
            id,
            role,
            role_name,
            effect,
            condition,
        } if !role.is_empty() => {
            let why = match (&*effect, condition.is_empty()) {
                ("allow", true) => text::by_allow(&role_name),
                ("allow", false) => text::by_allow_where(&role_name),
                (_, true) => text::by_deny(&role_name),
                (_, false) => text::by_deny_where(&role_name),
            };
            let href = links::permission(&role, &id);
            let way = view! { <a class="button" href=href><Icon of=Glyph::Roles />{text::to_the_permission()}</a> };
            (why, condition, Some(way.into_any()))
        }
        DecidedBy::Several => (text::by_several().to_owned(), String::new(), rules),
        DecidedBy::Nothing if is_locked => {
            (text::by_nothing_locked(action_name), String::new(), rules)
        }
        DecidedBy::Nothing => (text::by_nothing(action_name), String::new(), rules),
        DecidedBy::Permission { .. } => (answer.reason, String::new(), None),
    };
    let fields = answer.fields.map(|fields| view! {
        <p>{text::reached_fields()}</p>
        <p class="chips">{fields.into_iter().map(|name| view! { <code class="chip">{name}</code> }).collect_view()}</p>
    });
    view! {
        <section class=class>
            <h2><Icon of />{title}</h2>
            <p>{why}</p>
            {(!code.is_empty()).then(|| view! { <Code value=code /> })}
            {fields}
            {way.map(|way: AnyView| view! { <p class="row">{way}</p> })}
        </section>
    }
}

/// A collection's rule for an action.
fn rule<'c>(collection: &'c Collection, action: &str) -> Option<&'c str> {
    let rule = match action {
        "list" => &collection.list_rule,
        "view" => &collection.view_rule,
        "create" => &collection.create_rule,
        "update" => &collection.update_rule,
        _ => &collection.delete_rule,
    };
    rule.as_deref()
}

use leptos::prelude::*;
use plinth_sdk::types::{Permission, Role, names};
use plinth_sdk::{Record, filter};

use super::{Book, is_built_in, may_change};
use crate::api::load;
use crate::components::{Badge, Glyph, Icon, Page, Tab, Table, Tabs, Tone, loaded};
use crate::{format, links, text};

/// The list of roles.
#[component]
pub(crate) fn Roles() -> impl IntoView {
    let book = Book::load();
    let may_write = may_change();
    let actions = move || {
        may_write.then(|| view! {
            <a class="button button-primary" href=links::NEW_ROLE><Icon of=Glyph::Plus />{text::new_role()}</a>
        })
    };
    let show = |(roles, permissions): (Vec<Role>, Vec<Permission>)| {
        let rows = roles
            .iter()
            .map(|role| row(role, &roles, &permissions))
            .collect_view();
        view! {
            <Table label=text::roles()>
                <thead>
                    <tr>
                        <th scope="col">{text::name()}</th>
                        <th scope="col">{text::description()}</th>
                        <th scope="col">{text::parents()}</th>
                        <th scope="col">{text::permissions()}</th>
                        <th scope="col">{text::members()}</th>
                        <th scope="col">{text::console_areas()}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </Table>
        }
    };
    view! {
        <Page title=text::roles().to_owned() actions below=RolesTabs wide=true>
            <p class="muted">{text::roles_hint()}</p>
            {loaded(book.loaded, show)}
        </Page>
    }
}

/// The pages about all roles.
#[component]
pub(super) fn RolesTabs() -> impl IntoView {
    let may_check = may_change();
    view! {
        <Tabs label=text::roles_tabs()>
            <Tab href=links::ROLES>{text::roles()}</Tab>
            {may_check.then(|| view! { <Tab href=links::CHECK_ACCESS>{text::check_access()}</Tab> })}
        </Tabs>
    }
}

fn row(role: &Role, roles: &[Role], permissions: &[Permission]) -> impl IntoView + use<> {
    let count = permissions.iter().filter(|one| one.role == role.id).count();
    let parents = roles.iter().filter(|one| role.parents.contains(&one.id));
    let parents = parents
        .map(|parent| {
            let href = links::role(&parent.id, "permissions");
            view! { <a href=href>{parent.name.clone()}</a> }
        })
        .collect_view();
    let areas = role
        .areas
        .iter()
        .map(|area| {
            let name = area_name(area);
            view! { <Badge tone=Tone::Accent>{name}</Badge> }
        })
        .collect_view();
    view! {
        <tr>
            <td>
                <span class="row nowrap">
                    <Icon of=Glyph::Roles />
                    <a href=links::role(&role.id, "permissions")>{role.name.clone()}</a>
                    {is_built_in(role).then(|| view! { <Badge>{text::built_in()}</Badge> })}
                </span>
            </td>
            <td class="role-about">{format::line(&role.description)}</td>
            <td><span class="row">{parents}</span></td>
            <td>{format::count(i64::try_from(count).unwrap_or(i64::MAX))}</td>
            <td>{members(role)}</td>
            <td><span class="row">{areas}</span></td>
        </tr>
    }
}

/// How many members it has; those of built-in roles are nowhere counted.
fn members(role: &Role) -> AnyView {
    if is_built_in(role) {
        return view! { <span class="muted">{text::by_itself()}</span> }.into_any();
    }
    let id = role.id.clone();
    let counted = load(move |client| {
        let of_role = filter!("role = {}", id);
        let members = client.collection::<Record>(names::MEMBERS).list();
        let counted = members.filter(of_role).fields("id").per_page(1).send();
        async move { Ok(counted.await?.total_items) }
    });
    (move || counted.get().and_then(Result::ok).map(format::count)).into_any()
}

/// An area of the console in two or three words.
fn area_name(area: &str) -> String {
    let (name, right) = area.split_once(':').unwrap_or((area, ""));
    let name = match name {
        "collections" => text::collections(),
        "roles" => text::roles(),
        "jobs" => text::jobs(),
        "mails" => text::mails(),
        "metrics" => text::overview(),
        "logs" => text::logs(),
        other => other,
    };
    match right {
        "write" => text::area_changed(name),
        _ => name.to_owned(),
    }
}

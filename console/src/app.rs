//! Every route of the console.

use leptos::prelude::*;
use leptos_router::components::{ParentRoute, Route, Router, Routes};
use leptos_router::path;

use crate::components::{Problem, Toaster, Toasts};
use crate::pages;
use crate::session::Session;

/// The console.
#[component]
pub(crate) fn App() -> impl IntoView {
    let session = match Session::open() {
        Ok(session) => session,
        Err(failure) => return view! { <Problem message=Some(failure.message) /> }.into_any(),
    };
    provide_context(session);
    provide_context(Toaster::new());
    if let Some(link) = pages::Link::here() {
        return view! { <pages::Confirm link /> }.into_any();
    }
    if let Some(returned) = pages::Returned::here() {
        return view! { <pages::HowItWent returned /> }.into_any();
    }
    view! {
        <Router>
            <Routes fallback=pages::NotFound>
                <Route path=path!("/_/setup") view=pages::Setup />
                <Route path=path!("/_/sign-in") view=pages::SignIn />
                <Route path=path!("/_/forgotten-password") view=pages::Forgotten />
                <ParentRoute path=path!("/_") view=pages::Shell>
                    <Route path=path!("/") view=pages::Overview />
                    <Route path=path!("/collections") view=pages::Collections />
                    <Route path=path!("/new-collection") view=pages::NewCollection />
                    <Route path=path!("/collections/:name") view=pages::Records />
                    <Route path=path!("/collections/:name/:part") view=pages::Definition />
                    <Route path=path!("/roles") view=pages::Roles />
                    <Route path=path!("/roles/check") view=pages::CheckAccess />
                    <Route path=path!("/new-role") view=pages::NewRole />
                    <Route path=path!("/roles/:id/:part") view=pages::RolePage />
                    <Route path=path!("/jobs") view=pages::Jobs />
                    <Route path=path!("/jobs/new") view=pages::NewJob />
                    <Route path=path!("/jobs/:id") view=pages::JobRuns />
                    <Route path=path!("/jobs/:id/definition") view=pages::JobDefinition />
                    <Route path=path!("/mails") view=pages::Mails />
                    <Route path=path!("/mails/:id") view=pages::MailPage />
                    <Route path=path!("/logs") view=pages::Logs />
                    <Route path=path!("/settings") view=pages::Settings />
                    <Route path=path!("/*any") view=pages::NotFound />
                </ParentRoute>
            </Routes>
        </Router>
        <Toasts />
    }
    .into_any()
}

//! Roles and their permissions, decided by casbin. No other module knows casbin.
//!
//! casbin matches a role (with its parents), a collection and an action. The matching permissions are limited to rows
//! by conditions in SQL. casbin does not know which account has which role.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use casbin::prelude::{CoreApi, DefaultModel, Enforcer, MemoryAdapter, MgmtApi};
use casbin::{Adapter, EffectKind, Effector, EffectorStream};
use futures_util::FutureExt;
use plinth_sdk::types::AREAS;

use super::Action;
use super::permission::{Effect, Held, Permission};
use crate::error::{Error, Result};
use crate::request::{Caller, Roles};
use crate::schema::{Collection, body_keys};

/// The longest chain of parents that casbin follows.
pub(super) const MAX_DEPTH: usize = 10;

/// The size of the cache of decisions; there are few distinct ones.
const MAX_KEPT: usize = 10_000;

/// The role of callers that are not signed in.
pub const GUEST: &str = "roleguest000000";
/// The role of all signed-in accounts.
pub const USER: &str = "roleuser0000000";
/// The role of superusers, who may do everything anyway.
pub const SUPERUSER: &str = "rolesuperuser00";

/// The built-in roles: id, name, description.
pub const BUILT_IN: [(&str, &str, &str); 3] = [
    (GUEST, "@guest", "Everybody who is not signed in."),
    (USER, "@user", "Every account that is signed in."),
    (
        SUPERUSER,
        "@superuser",
        "Superusers, who may do everything.",
    ),
];

/// Returns the roles of a caller.
pub fn of(caller: &Caller) -> Roles {
    match caller {
        Caller::Guest => Roles {
            everywhere: vec![GUEST.to_owned()],
            scoped: Vec::new(),
        },
        Caller::Account(account) => account.roles.clone(),
    }
}

/// A role.
#[derive(Debug)]
pub struct Role {
    /// The id.
    pub id: String,
    /// The name.
    pub name: String,
    /// The ids of the roles that it inherits permissions from.
    pub parents: Vec<String>,
    /// The areas of the console that its members see.
    pub areas: Vec<String>,
}

/// The permissions that apply to an action on a collection.
#[derive(Debug, Default, PartialEq)]
pub struct Decision {
    /// The permissions that allow the action.
    pub allows: Vec<Arc<Held>>,
    /// The permissions that deny the action.
    pub denies: Vec<Arc<Held>>,
}

/// All roles and permissions at one moment.
#[derive(Default)]
pub struct Policies {
    /// The enforcer, used by one thread at a time; `None` without any permissions.
    lines: Option<Mutex<Lines>>,
    roles: HashMap<String, Role>,
    permissions: HashMap<String, Arc<Permission>>,
    /// A cache of decisions.
    kept: RwLock<HashMap<Question, Arc<Decision>>>,
}

type Question = (Roles, String, Action);

impl Policies {
    /// Makes policies of all roles and permissions.
    pub fn new(roles: Vec<Role>, permissions: Vec<Permission>) -> Result<Self> {
        let lines = lines(&roles, &permissions)?;
        Ok(Self {
            lines,
            roles: roles
                .into_iter()
                .map(|role| (role.id.clone(), role))
                .collect(),
            permissions: permissions
                .into_iter()
                .map(|permission| (permission.id.clone(), Arc::new(permission)))
                .collect(),
            kept: RwLock::default(),
        })
    }

    /// Whether there are no permissions.
    pub fn is_empty(&self) -> bool {
        self.lines.is_none()
    }

    /// Whether there are roles that are not built in.
    pub fn has_own_roles(&self) -> bool {
        self.roles.len() > BUILT_IN.len()
    }

    /// Whether any condition refers to the request's headers.
    pub fn ask_headers(&self) -> bool {
        let mut permissions = self.permissions.values();
        permissions.any(|permission| permission.condition.contains("@request.headers"))
    }

    /// Returns the keys of the request's body that conditions refer to.
    pub fn body_keys(&self) -> impl Iterator<Item = String> {
        let permissions = self.permissions.values();
        permissions.flat_map(|permission| body_keys(&permission.condition))
    }

    /// Returns the role with this id.
    pub fn role(&self, id: &str) -> Option<&Role> {
        self.roles.get(id)
    }

    /// Whether this id or name is taken by a role, an area of the console or the wildcard, ignoring case.
    pub fn has_name(&self, name: &str) -> bool {
        let is_same = |other: &str| other.eq_ignore_ascii_case(name);
        let built_in = BUILT_IN
            .iter()
            .any(|role| is_same(role.0) || is_same(role.1));
        let mut roles = self.roles.values();
        built_in
            || name == "*"
            || AREAS.iter().any(|area| is_same(area))
            || roles.any(|role| is_same(&role.id) || is_same(&role.name))
    }

    /// Returns all roles.
    pub fn roles(&self) -> impl Iterator<Item = &Role> {
        self.roles.values()
    }

    /// Decides which permissions apply to an action of a caller with these roles.
    pub fn decide(
        &self,
        roles: &Roles,
        collection: &Collection,
        action: Action,
    ) -> Result<Arc<Decision>> {
        let Some(lines) = &self.lines else {
            return Ok(Arc::default());
        };
        let id = &collection.def.id;
        let question = (roles.clone(), id.clone(), action);
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(decision) = kept.get(&question) {
            return Ok(Arc::clone(decision));
        }
        drop(kept);
        let decision = match area_of(collection, action) {
            Area::None => self.permissions_for(&asked(lines), roles, collection, action)?,
            Area::Of(area) if self.sees(roles, area)? => Decision {
                allows: vec![Arc::new(Held::everywhere(Permission::of_area(
                    area,
                    limit_of(collection),
                )))],
                denies: Vec::new(),
            },
            Area::Of(_) | Area::Superusers => Decision::default(),
        };
        let decision = Arc::new(decision);
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MAX_KEPT {
            kept.clear();
        }
        kept.insert(question, Arc::clone(&decision));
        Ok(decision)
    }

    /// A permission whose condition does not ask for the scope allows only who has the role everywhere: nobody is an editor of
    /// everything by being one somewhere. A permission that denies applies to every member.
    fn permissions_for(
        &self,
        lines: &Lines,
        roles: &Roles,
        collection: &Collection,
        action: Action,
    ) -> Result<Decision> {
        let def = &collection.def;
        let mut found: BTreeMap<&str, (bool, Vec<String>)> = BTreeMap::new();
        for role in &roles.everywhere {
            for id in lines.matching(role, &def.id, action.name(), !def.system)? {
                found.entry(id).or_default().0 = true;
            }
        }
        for role in &roles.scoped {
            for id in lines.matching(role, &def.id, action.name(), !def.system)? {
                found.entry(id).or_default().1.push(role.clone());
            }
        }
        let mut decision = Decision::default();
        for (id, (is_everywhere, scoped_roles)) in found {
            let Some(permission) = self.permissions.get(id) else {
                continue;
            };
            let held = Held {
                permission: Arc::clone(permission),
                is_everywhere,
                scoped_roles,
            };
            match held.effect {
                Effect::Allow if is_everywhere || held.asks_for_scope() => {
                    decision.allows.push(Arc::new(held));
                }
                Effect::Allow => {}
                Effect::Deny => decision.denies.push(Arc::new(held)),
            }
        }
        Ok(decision)
    }

    /// Whether a caller with these roles sees an area of the console. Areas have no scopes, so the caller must have the role
    /// everywhere.
    pub fn sees(&self, roles: &Roles, area: &str) -> Result<bool> {
        let Some(lines) = &self.lines else {
            return Ok(false);
        };
        let lines = asked(lines);
        // Everybody has the built-in roles.
        let is_built_in = |role: &&String| BUILT_IN.iter().any(|built_in| built_in.0 == **role);
        for role in roles.everywhere.iter().filter(|role| !is_built_in(role)) {
            if !lines.matching(role, area, AREA_ACTION, false)?.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns the areas of the console that a caller with these roles sees.
    pub fn areas(&self, roles: &Roles) -> Result<Vec<&'static str>> {
        let mut seen = Vec::new();
        for area in AREAS {
            if self.sees(roles, area)? {
                seen.push(area);
            }
        }
        Ok(seen)
    }
}

impl std::fmt::Debug for Policies {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut out = out.debug_struct("Policies");
        out.field("roles", &self.roles);
        out.field("permissions", &self.permissions);
        out.finish_non_exhaustive()
    }
}

fn asked(lines: &Mutex<Lines>) -> MutexGuard<'_, Lines> {
    lines.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The kind of a collection, for permissions.
enum Area {
    /// Data of the application: permissions apply.
    None,
    /// Data that belongs to an area of the console.
    Of(&'static str),
    /// Data that no role can give access to.
    Superusers,
}

fn area_of(collection: &Collection, action: Action) -> Area {
    use plinth_sdk::types::names;
    if !collection.is_own() {
        return Area::None;
    }
    let reads = matches!(action, Action::List | Action::View);
    match collection.def.name.as_str() {
        names::JOBS if !reads => Area::Of("jobs:write"),
        names::JOBS | names::JOB_RUNS if reads => Area::Of("jobs:read"),
        names::ROLES | names::PERMISSIONS | names::MEMBERS if reads => Area::Of("roles:read"),
        names::MAILS if reads => Area::Of("mails:read"),
        names::AUTH_SESSIONS | names::SUSPENSIONS if reads => Area::Of("accounts:read"),
        names::AUTH_SESSIONS if action == Action::Delete => Area::Of("accounts:write"),
        names::SUSPENSIONS => Area::Of("accounts:write"),
        _ => Area::Superusers,
    }
}

/// Returns the condition for the records that an area covers. Operators have no power over superusers, whose collection has
/// this id in every database.
fn limit_of(collection: &Collection) -> &'static str {
    use plinth_sdk::types::names;
    if [names::AUTH_SESSIONS, names::SUSPENSIONS].contains(&collection.def.name.as_str()) {
        "collectionRef != 'pbc_3142635823'"
    } else {
        ""
    }
}

/// The action of policy lines for areas.
const AREA_ACTION: &str = "see";

fn lines(roles: &[Role], permissions: &[Permission]) -> Result<Option<Mutex<Lines>>> {
    let mut lines = Vec::new();
    for permission in permissions {
        let effect = match permission.effect {
            Effect::Allow => "allow",
            Effect::Deny => "deny",
        };
        for action in &permission.actions {
            let line = [
                &permission.role,
                &permission.collection,
                action,
                effect,
                &permission.id,
            ];
            lines.push(line.map(str::to_owned).to_vec());
        }
    }
    for role in roles {
        for area in &role.areas {
            let line = [&role.id, area, AREA_ACTION, "allow", area];
            lines.push(line.map(str::to_owned).to_vec());
            // The permission to change includes the permission to see.
            if let Some(kind) = area.strip_suffix(":write") {
                let read = format!("{kind}:read");
                let line = [&role.id, &read, AREA_ACTION, "allow", &read];
                lines.push(line.map(str::to_owned).to_vec());
            }
        }
    }
    if lines.is_empty() {
        return Ok(None);
    }
    let parents: Vec<Vec<String>> = roles
        .iter()
        .flat_map(|role| {
            role.parents
                .iter()
                .map(|parent| vec![role.id.clone(), parent.clone()])
        })
        .collect();
    // The future is ready at once: only adapters that are not used here wait.
    let made = Lines::new(lines, parents).now_or_never();
    made.ok_or_else(|| Error::internal(anyhow::anyhow!("casbin waits for something")))?
        .map(|lines| Some(Mutex::new(lines)))
        .map_err(Error::internal)
}

/// The casbin enforcer with all policy lines.
struct Lines {
    enforcer: Enforcer,
    /// The subject of each line: the id of a permission, or the name of an area.
    subjects: Vec<String>,
    /// The indexes of the lines that matched the last request.
    matched: Arc<Mutex<Vec<usize>>>,
}

impl Lines {
    async fn new(lines: Vec<Vec<String>>, parents: Vec<Vec<String>>) -> casbin::Result<Self> {
        let model = DefaultModel::from_str(include_str!("model.conf")).await?;
        let mut adapter = MemoryAdapter::default();
        adapter.add_policies("p", "p", lines).await?;
        adapter.add_policies("g", "g", parents).await?;
        let mut enforcer = Enforcer::new(model, adapter).await?;
        let matched = Arc::default();
        enforcer.set_effector(Box::new(EveryMatch(Arc::clone(&matched))));
        let lines = enforcer.get_policy().into_iter();
        Ok(Self {
            subjects: lines.filter_map(|mut line| line.pop()).collect(),
            enforcer,
            matched,
        })
    }

    /// Returns the subjects of the matching lines.
    fn matching(
        &self,
        role: &str,
        object: &str,
        action: &str,
        ordinary: bool,
    ) -> Result<Vec<&str>> {
        let asked = (role, object, action, ordinary);
        self.enforcer.enforce(asked).map_err(Error::internal)?;
        let matched = self.matched.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = matched.iter();
        Ok(lines.map(|line| self.subjects[*line].as_str()).collect())
    }
}

/// Finds all matching lines, while casbin's own effectors stop at the first that decides: the rows that each line
/// covers are found in SQL.
struct EveryMatch(Arc<Mutex<Vec<usize>>>);

struct Matches {
    found: Vec<usize>,
    seen: usize,
    result: Arc<Mutex<Vec<usize>>>,
}

impl Effector for EveryMatch {
    fn new_stream(&self, _: &str, _: usize) -> Box<dyn EffectorStream> {
        Box::new(Matches {
            found: Vec::new(),
            seen: 0,
            result: Arc::clone(&self.0),
        })
    }
}

impl EffectorStream for Matches {
    fn next(&self) -> bool {
        let mut result = self.result.lock().unwrap_or_else(PoisonError::into_inner);
        result.clone_from(&self.found);
        !self.found.is_empty()
    }

    fn push_effect(&mut self, effect: EffectKind) -> bool {
        if effect != EffectKind::Indeterminate {
            self.found.push(self.seen);
        }
        self.seen += 1;
        false
    }
}

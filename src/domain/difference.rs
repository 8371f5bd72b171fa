//! Two fleets that ought to be one, compared: where they first differ.
//!
//! Indexes are left out, because they are worked out from the rest.

use std::fmt::Debug;

use imbl::OrdMap;

use super::fleet::Fleet;

/// Longest text of one side, in characters. Settings may be anything.
const SHOWN: usize = 400;

/// The first thing that one fleet says otherwise than another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// `adapter`, `session`, `registration`, `access_token`, `artifact_version`, `plugin_version`, `maintenance`, `ledger_archive` or `epoch`, as the projections are called.
    pub kind: &'static str,
    pub key: String,
    /// What the events about it are filed under.
    pub stream: String,
    pub ours: String,
    pub theirs: String,
}

impl Fleet {
    /// Where `other` first differs from this one.
    #[must_use]
    pub fn first_difference(&self, other: &Self) -> Option<Difference> {
        first(&self.adapters, &other.adapters)
            .map(|(name, ours, theirs)| difference("adapter", name.to_string(), format!("adapter:{name}"), ours, theirs))
            .or_else(|| {
                let (id, ours, theirs) = first(&self.sessions, &other.sessions)?;
                Some(difference("session", id.to_string(), format!("session:{id}"), ours, theirs))
            })
            .or_else(|| {
                let (id, ours, theirs) = first(&self.registrations, &other.registrations)?;
                let stream = ours.or(theirs).map(|registration| format!("pod:{}", registration.holder.pod)).unwrap_or_default();
                Some(difference("registration", id.to_string(), stream, ours, theirs))
            })
            .or_else(|| {
                let (id, ours, theirs) = first(&self.access_tokens, &other.access_tokens)?;
                Some(difference("access_token", id.to_string(), format!("access-token:{id}"), ours, theirs))
            })
            .or_else(|| {
                let (name, ours, theirs) = first(&self.artifacts, &other.artifacts)?;
                Some(difference("artifact_version", name.to_string(), format!("artifact:{name}"), ours, theirs))
            })
            .or_else(|| {
                let (name, ours, theirs) = first(&self.plugins, &other.plugins)?;
                Some(difference("plugin_version", name.to_string(), format!("plugin:{name}"), ours, theirs))
            })
            .or_else(|| {
                let (ours, theirs) = (&self.maintained, &other.maintained);
                (ours != theirs).then(|| difference("maintenance", "all".into(), "fleet".into(), Some(ours), Some(theirs)))
            })
            .or_else(|| {
                let (at, ours, theirs) = first(&self.archives, &other.archives)?;
                Some(difference("ledger_archive", format!("from position {at} on"), "fleet".into(), ours, theirs))
            })
            .or_else(|| {
                let (ours, theirs) = (self.settling, other.settling);
                (ours != theirs).then(|| difference("epoch", self.epoch.to_string(), "fleet".into(), ours.as_ref(), theirs.as_ref()))
            })
            .or_else(|| {
                let (ours, theirs) = (self.last_registration, other.last_registration);
                (ours != theirs).then(|| difference("registration", "the last number".into(), String::new(), Some(&ours), Some(&theirs)))
            })
    }
}

type Sides<'a, K, V> = (&'a K, Option<&'a V>, Option<&'a V>);

fn first<'a, K: Ord, V: PartialEq>(ours: &'a OrdMap<K, V>, theirs: &'a OrdMap<K, V>) -> Option<Sides<'a, K, V>> {
    let changed = ours.iter().map(|(key, value)| (key, Some(value), theirs.get(key))).find(|(_, ours, theirs)| ours != theirs);
    let added = theirs.iter().find(|(key, _)| !ours.contains_key(*key)).map(|(key, value)| (key, None, Some(value)));
    match (changed, added) {
        (Some(changed), Some(added)) => Some(if added.0 < changed.0 { added } else { changed }),
        (changed, added) => changed.or(added),
    }
}

fn difference<T: Debug>(kind: &'static str, key: String, stream: String, ours: Option<&T>, theirs: Option<&T>) -> Difference {
    Difference { kind, key, stream, ours: shown(ours), theirs: shown(theirs) }
}

fn shown<T: Debug>(side: Option<&T>) -> String {
    let Some(side) = side else { return "nothing".into() };
    let text = format!("{side:?}");
    if text.chars().count() > SHOWN { text.chars().take(SHOWN).chain(['…']).collect() } else { text }
}

//! Which connectors a pod offers.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Connector, exec, tcp};
use crate::domain::name::ConnectorName;

/// Connectors by name.
#[derive(Debug, Clone, Default)]
pub struct Registry(BTreeMap<ConnectorName, Arc<dyn Connector>>);

impl Registry {
    /// The connectors that are compiled in.
    ///
    /// # Errors
    /// Fails if the program cannot find its own binary, which guards are started from.
    pub fn built_in() -> anyhow::Result<Self> {
        let mut registry = Self::default();
        registry.add(Arc::new(exec::Exec::new()?));
        registry.add(Arc::new(tcp::Tcp::new()?));
        Ok(registry)
    }

    /// Adds a connector. One of the same name is replaced.
    pub fn add(&mut self, connector: Arc<dyn Connector>) {
        self.0.insert(connector.name().clone(), connector);
    }

    #[must_use]
    pub fn get(&self, name: &ConnectorName) -> Option<Arc<dyn Connector>> {
        self.0.get(name).cloned()
    }

    pub fn names(&self) -> impl Iterator<Item = &ConnectorName> {
        self.0.keys()
    }
}

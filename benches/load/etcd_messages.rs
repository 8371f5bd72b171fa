//! The few messages of etcd's public gRPC interface that are needed here. Numbers and types are etcd's; fields that are not read
//! are left out, which the encoding allows.

use prost::{Message, Oneof};

#[derive(Clone, Message)]
pub(crate) struct LeaseGrant {
    /// Seconds.
    #[prost(int64, tag = "1")]
    pub ttl: i64,
}

#[derive(Clone, Message)]
pub(crate) struct LeaseGranted {
    #[prost(int64, tag = "2")]
    pub id: i64,
    #[prost(int64, tag = "3")]
    pub ttl: i64,
}

#[derive(Clone, Message)]
pub(crate) struct LeaseKeepAlive {
    #[prost(int64, tag = "1")]
    pub id: i64,
}

#[derive(Clone, Message)]
pub(crate) struct Put {
    #[prost(bytes = "vec", tag = "1")]
    pub key: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub value: Vec<u8>,
    #[prost(int64, tag = "3")]
    pub lease: i64,
}

#[derive(Clone, Message)]
pub(crate) struct Delete {
    #[prost(bytes = "vec", tag = "1")]
    pub key: Vec<u8>,
}

/// An answer of which nothing is read.
#[derive(Clone, Message)]
pub(crate) struct Done {}

#[derive(Clone, Message)]
pub(crate) struct Txn {
    #[prost(message, repeated, tag = "1")]
    pub compare: Vec<Compare>,
    #[prost(message, repeated, tag = "2")]
    pub success: Vec<Operation>,
}

#[derive(Clone, Message)]
pub(crate) struct TxnDone {
    #[prost(bool, tag = "2")]
    pub succeeded: bool,
}

/// Whether a key is as expected. `result` 0 is "equal"; the target says which property is meant: 1 the revision of its creation
/// (0 for a key that is not there), 3 its value.
#[derive(Clone, Message)]
pub(crate) struct Compare {
    #[prost(int32, tag = "1")]
    pub result: i32,
    #[prost(int32, tag = "2")]
    pub target: i32,
    #[prost(bytes = "vec", tag = "3")]
    pub key: Vec<u8>,
    #[prost(oneof = "Expected", tags = "5, 7")]
    pub expected: Option<Expected>,
}

#[derive(Clone, Oneof)]
pub(crate) enum Expected {
    #[prost(int64, tag = "5")]
    CreateRevision(i64),
    #[prost(bytes, tag = "7")]
    Value(Vec<u8>),
}

#[derive(Clone, Message)]
pub(crate) struct Operation {
    #[prost(oneof = "Kind", tags = "2, 3")]
    pub kind: Option<Kind>,
}

#[derive(Clone, Oneof)]
pub(crate) enum Kind {
    #[prost(message, tag = "2")]
    Put(Put),
    #[prost(message, tag = "3")]
    Delete(Delete),
}

#[derive(Clone, Message)]
pub(crate) struct Watch {
    #[prost(message, optional, tag = "1")]
    pub create: Option<WatchCreate>,
}

/// Watches the keys from `key` up to `end`.
#[derive(Clone, Message)]
pub(crate) struct WatchCreate {
    #[prost(bytes = "vec", tag = "1")]
    pub key: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub end: Vec<u8>,
}

#[derive(Clone, Message)]
pub(crate) struct Watched {
    #[prost(message, repeated, tag = "11")]
    pub events: Vec<Event>,
}

/// `kind` 1 is a deletion.
#[derive(Clone, Message)]
pub(crate) struct Event {
    #[prost(int32, tag = "1")]
    pub kind: i32,
    #[prost(message, optional, tag = "2")]
    pub pair: Option<Pair>,
}

#[derive(Clone, Message)]
pub(crate) struct Pair {
    #[prost(bytes = "vec", tag = "1")]
    pub key: Vec<u8>,
}

//! OTLP over HTTP with the client that everything else here has.

use std::time::Duration;

use async_trait::async_trait;
use opentelemetry::KeyValue;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, SpanExporter as _};
use reqwest::Url;
use tokio::runtime::Handle;

/// Steps are sent together, this often.
const PACE: Duration = Duration::from_secs(1);

/// For one request to the collector.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where collectors take traces, below their address.
const PATH: &str = "v1/traces";

pub(super) fn processor(endpoint: &Url, service: &'static str, instance: &str) -> anyhow::Result<BatchSpanProcessor> {
    let url = format!("{}/{PATH}", endpoint.as_str().trim_end_matches('/'));
    let client = Client { http: http_client(endpoint)?, runtime: Handle::try_current()? };
    let exporter = SpanExporter::builder().with_http().with_http_client(client).with_protocol(Protocol::HttpJson).with_endpoint(url);
    let mut exporter = exporter.with_timeout(PATIENCE).build()?;
    exporter.set_resource(&resource(service, instance));
    let pace = BatchConfigBuilder::default().with_scheduled_delay(PACE).build();
    Ok(BatchSpanProcessor::builder(exporter).with_batch_config(pace).build())
}

fn resource(service: &'static str, instance: &str) -> Resource {
    let who = [
        KeyValue::new("service.namespace", "conncentric"),
        KeyValue::new("service.name", service),
        KeyValue::new("service.instance.id", instance.to_owned()),
        KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
    ];
    Resource::builder_empty().with_attributes(who).build()
}

fn http_client(endpoint: &Url) -> anyhow::Result<reqwest::Client> {
    // Fails only if another provider was installed first, which is then as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder().timeout(PATIENCE);
    let builder = if endpoint.scheme() == "http" { builder.tls_certs_only([]) } else { builder };
    Ok(builder.build()?)
}

/// The exporter has a thread of its own, and requests need the runtime.
#[derive(Debug)]
struct Client {
    http: reqwest::Client,
    runtime: Handle,
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (http, request) = (self.http.clone(), reqwest::Request::try_from(request)?);
        let sent = self.runtime.spawn(async move {
            let answer = http.execute(request).await?;
            let (status, headers) = (answer.status(), answer.headers().clone());
            Ok::<_, reqwest::Error>((status, headers, answer.bytes().await?))
        });
        let (status, headers, body) = sent.await??;
        let mut answer = Response::builder().status(status).body(body)?;
        *answer.headers_mut() = headers;
        Ok(answer)
    }
}

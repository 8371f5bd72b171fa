//! Which orchestrators a command talks to, as whom, and the requests it makes.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use reqwest::{Method, Url};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{output, values};
use crate::client::{Answer, Call, Client, Error};

const HEADING: &str = "Orchestrators";
const DEFAULT_SERVER: &str = "http://127.0.0.1:8080";
/// Where `conncentric dev` says how to reach the system that it started in this folder.
const DEV_FILE: &str = ".conncentric/dev.json";
/// For one try at one orchestrator: longer than a database failover that it may be waiting for.
const TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Debug, clap::Args)]
pub(super) struct ServerArgs {
    /// Orchestrators to talk to. Any will do; the next is tried when one does not answer.
    ///
    /// For example http://10.0.0.1:8080,http://10.0.0.2:8080. Without it, and without a token, the system that
    /// `conncentric dev` started in this folder; else http://127.0.0.1:8080
    #[arg(long, global = true, env = "CONNCENTRIC_SERVER", value_name = "URL", value_delimiter = ',', value_parser = values::http_url)]
    #[arg(help_heading = HEADING)]
    server: Vec<Url>,

    /// Access token. --token-file keeps it out of the process list
    #[arg(long, global = true, env = "CONNCENTRIC_TOKEN", hide_env_values = true, value_name = "TOKEN", help_heading = HEADING)]
    token: Option<String>,

    /// File that holds the access token, for example /run/secrets/conncentric. Ignored if --token is given
    #[arg(long, global = true, env = "CONNCENTRIC_TOKEN_FILE", value_name = "FILE", help_heading = HEADING)]
    token_file: Option<PathBuf>,

    /// Say on standard error which orchestrators are asked
    #[arg(long, short, global = true, help_heading = HEADING)]
    verbose: bool,
}

/// The part of `dev.json` that a client needs.
#[derive(Debug, Deserialize)]
struct DevFile {
    urls: Vec<String>,
    token: String,
}

impl ServerArgs {
    /// The access token, if one is given, from wherever it is.
    pub(super) fn token(&self) -> anyhow::Result<Option<String>> {
        match (&self.token, &self.token_file) {
            (Some(token), _) => Ok(Some(token.trim().to_owned())),
            (None, Some(file)) => read_token(file).map(Some),
            (None, None) => Ok(None),
        }
    }

    pub(super) fn connect(&self) -> anyhow::Result<Api> {
        let (urls, token, origin) = self.resolve(Path::new(DEV_FILE))?;
        if self.verbose {
            let urls = urls.iter().map(Url::as_str).collect::<Vec<_>>().join(", ");
            let identity = if token.is_some() { "with a token" } else { "without a token" };
            output::note(&format!("asking {urls} {identity} ({origin})"));
        }
        Ok(Api { client: Client::new(&urls, token.as_deref())? })
    }

    /// Each orchestrator by itself, for whoever wants to hear all of them.
    pub(super) fn connect_each(&self) -> anyhow::Result<Vec<(Url, Api)>> {
        let (urls, token, _) = self.resolve(Path::new(DEV_FILE))?;
        let api = |url: Url| Ok((url.clone(), Api { client: Client::new(&[url], token.as_deref())? }));
        urls.into_iter().map(api).collect()
    }

    fn resolve(&self, dev_file: &Path) -> anyhow::Result<(Vec<Url>, Option<String>, &'static str)> {
        let token = self.token()?;
        // The token of `dev` goes to the orchestrators of `dev` only, never to a server that was named.
        if self.server.is_empty() && token.is_none() && dev_file.is_file() {
            let dev = read_dev_file(dev_file).with_context(|| {
                format!("cannot use {}; give --server and --token-file, or start `conncentric dev` again", dev_file.display())
            })?;
            let urls = dev.urls.iter().map(|url| url.parse()).collect::<Result<_, _>>()?;
            return Ok((urls, Some(dev.token), "from .conncentric/dev.json"));
        }
        if self.server.is_empty() {
            return Ok((vec![DEFAULT_SERVER.parse()?], token, "the default"));
        }
        Ok((self.server.clone(), token, "from --server"))
    }
}

fn read_token(file: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read the access token in {}", file.display()))?;
    let token = text.trim();
    anyhow::ensure!(!token.is_empty(), "the token file {} is empty; `conncentric token create` prints a token", file.display());
    Ok(token.to_owned())
}

fn read_dev_file(file: &Path) -> anyhow::Result<DevFile> {
    Ok(serde_json::from_str(&std::fs::read_to_string(file)?)?)
}

/// The HTTP API, as commands use it.
#[derive(Debug)]
pub(super) struct Api {
    client: Client,
}

impl Api {
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        Ok(self.client.call(&get(path)).await?.body)
    }

    /// The answer's very text beside its meaning: what `-o json` prints.
    pub(super) async fn get_verbatim(&self, path: &str) -> Result<Answer<String>, Error> {
        self.client.call_for_text(&get(path)).await
    }

    /// A response whose body goes on for as long as both sides like, beginning after what `headers` say.
    pub(super) async fn stream(&self, path: &str, headers: &[(&'static str, String)]) -> Result<reqwest::Response, Error> {
        // The timeout of a request covers its body, and this body has no end; who reads it minds its silences.
        self.client.send(&Call { headers, timeout: Duration::MAX, ..get(path) }).await
    }

    pub(super) async fn post<B: Serialize + Sync, T: DeserializeOwned>(&self, path: &str, body: &B) -> Result<T, Error> {
        self.mutate(Method::POST, path, Some(body)).await
    }

    pub(super) async fn put<B: Serialize + Sync, T: DeserializeOwned>(&self, path: &str, body: &B) -> Result<T, Error> {
        self.mutate(Method::PUT, path, Some(body)).await
    }

    pub(super) async fn delete(&self, path: &str) -> Result<(), Error> {
        self.mutate(Method::DELETE, path, None::<&()>).await
    }

    pub(super) async fn delete_with<B: Serialize + Sync, T: DeserializeOwned>(&self, path: &str, body: &B) -> Result<T, Error> {
        self.mutate(Method::DELETE, path, Some(body)).await
    }

    /// Sends a file as the body, with what its headers say besides.
    pub(super) async fn upload<T: DeserializeOwned>(
        &self,
        path: &str,
        headers: &[(&'static str, String)],
        open: impl Fn() -> std::io::Result<reqwest::Body>,
    ) -> Result<T, Error> {
        let key = [("Idempotency-Key", Uuid::new_v4().to_string())];
        let headers = [&key, headers].concat();
        // Long enough for the largest content on a slow line.
        let timeout = Duration::from_mins(15);
        let call = Call { method: Method::PUT, path, body: None, headers: &headers, timeout, repeatable: true };
        Ok(self.client.upload(&call, open).await?.body)
    }

    /// The key makes a repetition harmless: an orchestrator that finds it in the log gives the first answer again.
    async fn mutate<B: Serialize + Sync, T: DeserializeOwned>(&self, method: Method, path: &str, body: Option<&B>) -> Result<T, Error> {
        let headers = [("Idempotency-Key", Uuid::new_v4().to_string())];
        let call = Call { method, path, body, headers: &headers, timeout: TIMEOUT, repeatable: true };
        Ok(self.client.call(&call).await?.body)
    }
}

fn get(path: &str) -> Call<'_, ()> {
    Call { method: Method::GET, path, body: None, headers: &[], timeout: TIMEOUT, repeatable: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(server: &[&str], token: Option<&str>) -> ServerArgs {
        let server = server.iter().map(|url| url.parse().expect("a URL")).collect();
        ServerArgs { server, token: token.map(str::to_owned), token_file: None, verbose: false }
    }

    #[test]
    fn the_token_of_dev_goes_to_the_servers_of_dev_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("dev.json");
        std::fs::write(&file, r#"{"urls": ["http://127.0.0.1:9000"], "token": "cct_dev", "pids": {}}"#).expect("written");

        let (urls, token, _) = args(&[], None).resolve(&file).expect("resolves");
        assert_eq!((urls[0].as_str(), token.as_deref()), ("http://127.0.0.1:9000/", Some("cct_dev")));

        let (urls, token, _) = args(&["http://elsewhere:1"], None).resolve(&file).expect("resolves");
        assert_eq!((urls[0].as_str(), token), ("http://elsewhere:1/", None));

        let (urls, token, _) = args(&[], Some("mine")).resolve(&file).expect("resolves");
        assert_eq!((urls[0].as_str(), token.as_deref()), ("http://127.0.0.1:8080/", Some("mine")));
    }

    #[test]
    fn a_token_file_is_trimmed_and_must_hold_something() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("token");
        std::fs::write(&file, "cct_x\n").expect("written");
        assert_eq!(read_token(&file).expect("reads"), "cct_x");
        std::fs::write(&file, " \n").expect("written");
        assert!(read_token(&file).expect_err("empty").to_string().contains("is empty"));
        let missing = read_token(&folder.path().join("none")).expect_err("missing").to_string();
        assert!(missing.contains("none"), "{missing}");
    }
}

//! A real browser in front of a real system: headless Chromium, driven through chromedriver as a person would use it.
//!
//! What is looked for is what people see and screen readers say (labels, names of buttons, words on the page), not how it is built.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use fantoccini::error::CmdError;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use reqwest::Url;
use rustix::process::{Signal, kill_process_group};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::process::Process;
use super::wait::{SOON, eventually, holds};

/// A browser with one tab.
#[derive(Debug)]
pub struct Browser {
    pub client: Client,
    pub base: Url,
    driver: Process,
    _profile: TempDir,
}

/// What a test says when it cannot begin.
const MISSING: &str = "the tests of the Portal need Chromium and chromedriver: run `make setup`, which installs them";

/// The first program of these names in the PATH, or the first of these paths that there is.
fn find(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    names.iter().find_map(|name| folders.iter().map(|folder| folder.join(name)).find(|program| program.is_file()))
}

fn chromium() -> PathBuf {
    let names = ["chromium", "chromium-browser", "google-chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium"];
    find(&names).unwrap_or_else(|| panic!("{MISSING}"))
}

impl Browser {
    /// A fresh browser without a past, on nobody's page yet. `base` is where an orchestrator listens.
    pub async fn open(base: &Url, folder: &Path, size: (u32, u32)) -> Self {
        let index = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/portal/dist/site/index.html");
        assert!(index.is_file(), "the Portal is not built: run `make portal`");
        let chromium = chromium();
        let mut command = Command::new(find(&["chromedriver"]).unwrap_or_else(|| panic!("{MISSING}")));
        // A group of its own, so that the browser goes with it.
        command.arg("--port=0").process_group(0);
        // Each has a log of its own, in which it says its port.
        let mut driver = Process::spawn(&format!("chromedriver-{}", uuid::Uuid::new_v4()), folder, command);
        let line = driver.line_with("successfully on port ").await;
        let port: String = line.split("on port ").nth(1).expect("a port").chars().take_while(char::is_ascii_digit).collect();
        let profile = tempfile::tempdir().expect("a folder");
        let capabilities = capabilities(&chromium, profile.path(), size);
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities);
        let client = builder.connect(&format!("http://127.0.0.1:{port}")).await.expect("a browser");
        Self { client, base: base.clone(), driver, _profile: profile }
    }

    /// Opens a page of the Portal by its address.
    pub async fn go(&self, path: &str) {
        self.client.goto(self.base.join(path).expect("a path").as_str()).await.expect("goes there");
    }

    /// Signs in as somebody does: by pasting a token.
    pub async fn sign_in(&self, token: &str) {
        self.type_into("Access token", token).await;
        self.press("Sign in").await;
        self.until_said("[role=status][data-state]", "Live").await;
    }

    /// What a script gives back.
    pub async fn run(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.client.execute(script, arguments).await.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// Presses the button or follows the link of this name, once it is there and can be used.
    #[track_caller]
    pub fn press<'a>(&'a self, name: &'a str) -> impl Future<Output = ()> + 'a {
        let text = quoted(name);
        let xpath = format!(
            "(//dialog[@open]//*|//body[not(.//dialog[@open])]//*)[self::button or self::a or self::summary][not(@disabled)]\
             [normalize-space()={text} or @aria-label={text}]"
        );
        eventually(SOON, async move || {
            let all = self.client.find_all(Locator::XPath(&xpath)).await?;
            let first = all.first().ok_or_else(|| not_yet(&format!("there is no button or link \"{name}\"")))?;
            // A person scrolls before what is wanted is under the head of the page.
            let shown = vec![serde_json::to_value(first)?];
            self.client.execute("arguments[0].scrollIntoView({ block: 'center' })", shown).await?;
            first.click().await
        })
    }

    /// Empties the field of this label, and types.
    #[track_caller]
    pub fn type_into<'a>(&'a self, label: &'a str, text: &'a str) -> impl Future<Output = ()> + 'a {
        eventually(SOON, async move || {
            let field = self.field(label).await?;
            // Everything chosen and written over, as a person does it: a page that keeps the text itself hears of nothing else.
            field.send_keys(&format!("\u{E009}a\u{E000}{text}")).await
        })
    }

    /// Gives a file to the field of this label.
    #[track_caller]
    pub fn give_file<'a>(&'a self, label: &'a str, path: &'a Path) -> impl Future<Output = ()> + 'a {
        eventually(SOON, async move || self.field(label).await?.send_keys(&path.display().to_string()).await)
    }

    /// Chooses from the list of this label.
    #[track_caller]
    pub fn choose<'a>(&'a self, label: &'a str, value: &'a str) -> impl Future<Output = ()> + 'a {
        eventually(SOON, async move || self.field(label).await?.select_by(Locator::Css(&format!("option[value='{value}']"))).await)
    }

    /// Checks or unchecks the box of this name.
    #[track_caller]
    pub fn check<'a>(&'a self, name: &'a str) -> impl Future<Output = ()> + 'a {
        let css = format!("input[type=checkbox][aria-label='{name}']");
        eventually(SOON, async move || self.client.find(Locator::Css(&css)).await?.click().await)
    }

    async fn field(&self, label: &str) -> Result<fantoccini::elements::Element, CmdError> {
        // Labels stand around their field or name it by its id.
        let text = quoted(label);
        let is = format!("[normalize-space()={text} or *[1][normalize-space()={text}]]");
        let xpath = format!(
            "//label{is}//*[self::input or self::select or self::textarea] | //*[@id = //label{is}/@for] | \
             //*[self::input or self::select or self::textarea][@aria-label={text}]"
        );
        self.client.find(Locator::XPath(&xpath)).await
    }

    /// The text of everything that a selector finds.
    pub async fn texts(&self, css: &str) -> Vec<String> {
        let script = "return [...document.querySelectorAll(arguments[0])].map(found => found.innerText.trim())";
        serde_json::from_value(self.run(script, vec![json!(css)]).await).expect("texts")
    }

    /// Waits until something that a selector finds says this.
    #[track_caller]
    pub fn until_said<'a>(&'a self, css: &'a str, text: &'a str) -> impl Future<Output = ()> + 'a {
        self.until(css, text, move |said| said.iter().any(|said| said.contains(text)))
    }

    /// Waits until what a selector finds is as described.
    #[track_caller]
    pub fn until<'a>(&'a self, css: &'a str, what: &'a str, is: impl Fn(&[String]) -> bool + 'a) -> impl Future<Output = ()> + 'a {
        eventually(SOON, async move || {
            let said = self.texts(css).await;
            holds(is(&said), format!("{css} does not say \"{what}\" but {said:?}"))
        })
    }

    /// The cells of a column of the table, top to bottom, by the title of the column.
    pub async fn column(&self, title: &str) -> Vec<String> {
        let script = "
            const table = document.querySelector('main table');
            if (table === null) return [];
            const heads = [...table.querySelectorAll('thead th')].map(head => head.innerText.replace(/[▴▾]/, '').trim());
            const at = heads.indexOf(arguments[0]);
            return [...table.querySelectorAll('tbody tr:not([aria-hidden])')].map(row => row.cells[at].innerText.trim());";
        serde_json::from_value(self.run(script, vec![json!(title)]).await).expect("texts")
    }

    /// Waits until a column is as described.
    #[track_caller]
    pub fn until_column<'a>(&'a self, title: &'a str, what: &'a str, is: impl Fn(&[String]) -> bool + 'a) -> impl Future<Output = ()> + 'a {
        eventually(SOON, async move || {
            let cells = self.column(title).await;
            holds(is(&cells), format!("{title} is not {what}: {cells:?}"))
        })
    }

    /// Chooses light or dark.
    pub async fn theme(&self, theme: &str) {
        let css = format!("option[value='{theme}'], option");
        let select = self.client.find(Locator::Css("label.theme select")).await.expect("the switch");
        select
            .select_by(Locator::XPath(&format!(".//option[normalize-space()='{theme}']")))
            .await
            .unwrap_or_else(|error| panic!("{css}: {error}"));
    }

    /// Ends the session in order, which ends the browser.
    pub async fn close(self) {
        self.client.clone().close().await.expect("closes");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // After a failure nobody has closed the browser.
        let _ = kill_process_group(self.driver.pid(), Signal::KILL);
    }
}

fn not_yet(reason: &str) -> CmdError {
    CmdError::InvalidArgument("the page".into(), reason.into())
}

fn quoted(text: &str) -> String {
    assert!(!text.contains('"'), "a name with quotes");
    format!("\"{text}\"")
}

/// No sandbox, because it cannot be had as root; nothing that talks to anybody but us.
fn capabilities(chromium: &Path, profile: &Path, (width, height): (u32, u32)) -> serde_json::Map<String, Value> {
    let arguments = [
        "--headless".into(),
        "--no-sandbox".into(),
        "--disable-gpu".into(),
        "--disable-quic".into(),
        "--no-first-run".into(),
        "--disable-background-networking".into(),
        "--disable-component-update".into(),
        "--disable-sync".into(),
        "--disable-dev-shm-usage".into(),
        "--hide-scrollbars".into(),
        // What is in use can be measured.
        "--js-flags=--expose-gc".into(),
        "--enable-precise-memory-info".into(),
        format!("--user-data-dir={}", profile.display()),
        format!("--window-size={width},{height}"),
    ];
    let capabilities = json!({
        "goog:chromeOptions": { "binary": chromium.display().to_string(), "args": arguments },
        "goog:loggingPrefs": { "browser": "ALL" },
        // Markup that came alive would open a dialog; the test looks for it by itself.
        "unhandledPromptBehavior": "ignore",
    });
    let Value::Object(capabilities) = capabilities else { unreachable!("an object") };
    capabilities
}

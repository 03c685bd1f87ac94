//! The guide's code, run as it stands in `docs/guide.md`: server parts in node, the rest in a page.

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tillandsia_tests::engine::{Browser, Engine};
use tillandsia_tests::files::Files;
use tillandsia_tests::package::Project;
use tillandsia_tests::{http, poll};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::{is_wanted, start_network};

const GUIDE: &str = include_str!("../../../docs/guide.md");
const GUIDE_MAX: Duration = Duration::from_secs(60);
/// A failed `console.assert` ends the run.
const STRICT: &str =
    "console.assert = (ok, why) => { if (!ok) throw new Error(`assertion failed: ${why}`); };";

/// The guide's pieces of one kind (`js`, `js server`, `js worker`), in order.
fn pieces(kind: &str) -> Vec<&'static str> {
    let opening = format!("```{kind}\n");
    let parts = GUIDE.split(&opening).skip(1);
    parts.map(|part| part.split_once("\n```").map_or("", |(code, _)| code)).collect()
}

/// The reader's own server: makes the location, gives connection tokens, and examines the charge when all is done.
async fn start_server(project: &Project, gateway_url: &str) -> (Child, String) {
    let parts = pieces("js server");
    let (examine, make) = parts.split_last().unwrap();
    let serve = "
        const { createServer } = await import('node:http');
        let finish;
        const finished = new Promise((resolve) => (finish = resolve));
        const server = createServer(async (request, response) => {
          response.setHeader('Access-Control-Allow-Origin', '*');
          if (request.url === '/finish') return finish(response);
          response.end(JSON.stringify(await connectionToken()));
        });
        server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
        const last = await finished;";
    let script = format!(
        "{STRICT}\nconst [gatewayUrl, secretKey] = [{}, 'sk_test_demo'];\n{}\n{serve}\ntry {{\n{examine}\nlast.end('fine');\n}} \
         catch (error) {{ last.end(String(error)); }}\nserver.close();",
        json!(gateway_url),
        make.join("\n")
    );
    project.write("server.js", &script).unwrap();
    let mut server = Command::new("node")
        .arg(project.path().join("server.js"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut said = BufReader::new(server.stdout.take().unwrap()).lines();
    let url = said.next_line().await.unwrap().unwrap();
    (server, url)
}

/// The page with the guide's code as one module.
fn make_page(project: &Project, gateway_url: &str, server_url: &str) -> std::path::PathBuf {
    let plain = project.example(gateway_url).unwrap();
    let token =
        format!("() => fetch({}, {{ method: 'POST' }}).then((answer) => answer.json())", json!(server_url));
    let code = pieces("js").join("\n");
    let script = format!(
        "const gatewayUrl = {};\nconst fetchConnectionToken = {token};\n{code}\nwindow.guide = 'done';",
        json!(gateway_url)
    );
    let worker =
        pieces("js worker").join("\n").replace("tillandsia/service-worker", "./tillandsia/service-worker.js");
    let page = r#"<!doctype html><title>guide</title>
        <script type="importmap">{ "imports": { "tillandsia": "./tillandsia/index.js",
          "tillandsia/simulated-reader": "./tillandsia/simulated-reader.js" } }</script>
        <script>
          window.guide = "running";
          STRICT
          window.addEventListener("error", ({ message }) => (window.guide = message));
          window.addEventListener("unhandledrejection", ({ reason }) => (window.guide = String(reason)));
        </script>
        <script type="module" src="./guide.js"></script>"#;
    std::fs::write(plain.join("guide.html"), page.replace("STRICT", STRICT)).unwrap();
    std::fs::write(plain.join("guide.js"), script).unwrap();
    std::fs::write(plain.join("guide-worker.js"), format!("const fetchConnectionToken = {token};\n{worker}"))
        .unwrap();
    plain
}

async fn the_guide_runs(engine: Engine) {
    if !is_wanted(engine) {
        return;
    }
    let (gateway, network) = start_network().await;
    let project = Project::install().await.unwrap();
    let (_server, server_url) = start_server(&project, &gateway.url()).await;
    let plain = make_page(&project, &network.url(), &server_url);
    let files = Files::serve(&plain, &gateway.url()).await.unwrap();
    let browser = Browser::open(engine).await.unwrap();
    browser.client().goto(&format!("{}/guide.html", files.url())).await.unwrap();
    let ended = poll::until("the guide ends", GUIDE_MAX, async || {
        let state = browser.run("return window.guide", vec![]).await?;
        Ok((state != json!("running")).then_some(state))
    });
    assert_eq!(ended.await.unwrap(), Value::from("done"));
    let worker = "const registration = await navigator.serviceWorker.register('./guide-worker.js', { type: 'module' });
        const worker = registration.installing ?? registration.active;
        while (!['activated', 'redundant'].includes(worker.state)) await new Promise((wait) => setTimeout(wait, 20));
        return worker.state";
    assert_eq!(browser.run_async(worker, vec![]).await.unwrap(), json!("activated"));
    let (_, examined) = http::get(&format!("{server_url}/finish"), None).await.unwrap();
    assert_eq!(examined, "fine");
    browser.close().await.unwrap();
}

#[test]
fn the_guide_has_code_for_the_page_the_server_and_the_worker() {
    assert!(pieces("js").len() >= 15 && pieces("js server").len() == 3 && pieces("js worker").len() == 1);
}

#[tokio::test]
async fn chromium_the_guide_runs_as_it_stands() {
    the_guide_runs(Engine::Chromium).await;
}

#[tokio::test]
async fn firefox_the_guide_runs_as_it_stands() {
    the_guide_runs(Engine::Firefox).await;
}

#[tokio::test]
async fn webkit_the_guide_runs_as_it_stands() {
    the_guide_runs(Engine::WebKit).await;
}

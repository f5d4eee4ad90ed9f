//! The page: what is built of `host/page`, within this program. Its files tell nothing of anybody, so that they are open
//! to all; what they show, they ask the interface for.

mod file;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use axum::response::{IntoResponse as _, Response};
use rust_embed::RustEmbed;

use self::file::File;
use crate::base::OURS;
use crate::problem::Refusal;
use crate::{BasePath, accept, middleware};

/// The files; a debug build reads the folder when it starts.
#[derive(RustEmbed)]
#[folder = "../page/dist"]
struct Built;

const INDEX: &str = "index.html";
/// Files of this folder have the hash of their content in their name.
const HASHED: &str = "assets/";

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src 'self' data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
                      require-trusted-types-for 'script'; trusted-types svelte-trusted-html";

static FILES: LazyLock<HashMap<String, File>> = LazyLock::new(|| Built::iter().filter_map(built).collect());

fn built(name: std::borrow::Cow<'static, str>) -> Option<(String, File)> {
    let file = Built::get(&name)?;
    let hashed = name.starts_with(HASHED);
    Some((name.into_owned(), File::new(file.metadata.mimetype(), file.data.into_owned(), hashed)))
}

/// The page, as it is shown under a path. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Page(Option<Arc<File>>);

impl Page {
    /// The page of a server that is shown under `base`.
    pub(crate) fn under(base: &BasePath) -> Self {
        let index = FILES.get(INDEX).and_then(File::text);
        let index = index.map(|text| File::new("text/html", base.write_into(text).into_bytes(), false));
        Self(index.map(Arc::new))
    }

    fn answer(&self, uri: &Uri, headers: &HeaderMap) -> Option<Response> {
        let path = uri.path().trim_start_matches('/');
        match FILES.get(path).filter(|_| path != INDEX) {
            Some(file) => Some(file.answer(headers)),
            None if is_asked_for(uri.path(), headers) => Some(self.shown(headers)?),
            None => None,
        }
    }

    fn shown(&self, headers: &HeaderMap) -> Option<Response> {
        let guard = [
            (header::CONTENT_SECURITY_POLICY, POLICY),
            (header::X_FRAME_OPTIONS, "DENY"),
            (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        ];
        let mut response = (guard, self.0.as_ref()?.answer(headers)).into_response();
        // At the same address programs are told that there is nothing.
        response.headers_mut().append(header::VARY, HeaderValue::from_static("accept"));
        Some(response)
    }
}

/// Answers what no route does: with a file of the page, with the page where a browser goes to one of its screens, or that
/// there is nothing.
pub(crate) async fn serve(
    State(page): State<Page>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let reads = matches!(method, Method::GET | Method::HEAD);
    let answer = reads.then(|| page.answer(&uri, &headers)).flatten();
    match answer {
        Some(answer) => Ok(answer),
        None => Err(middleware::no_route().await),
    }
}

/// True for the address of a screen, in a browser; programs get the first one, too.
fn is_asked_for(path: &str, headers: &HeaderMap) -> bool {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    !OURS.contains(&first)
        && (accept::names(headers, "text/html") || (path == "/" && accept::accepts(headers, "text/html")))
}

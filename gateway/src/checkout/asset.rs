//! Style and script, inside the binary. Their address holds a digest of their
//! content, so that a browser may keep them for good.

use actix_web::http::header::{CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS};
use actix_web::{HttpResponse, web};
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "../web/checkout/static"]
struct Files;

/// How much of the digest is in an address, in bytes.
const DIGEST: usize = 8;

/// The address of a file, for pages that begin at `root`.
pub(super) fn address(root: &str, name: &str) -> String {
    let digest = Files::get(name)
        .map(|file| digest(&file))
        .unwrap_or_default();
    format!("{root}/static/{digest}/{name}")
}

/// Sends a file. Under an older digest it is not kept: the page that asks is
/// older than this program.
pub(super) async fn handle(path: web::Path<(String, String)>) -> HttpResponse {
    let (asked, name) = path.into_inner();
    let Some(file) = Files::get(&name) else {
        return HttpResponse::NotFound().finish();
    };
    let keep = if asked == digest(&file) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    HttpResponse::Ok()
        .content_type(content_type(&name))
        .insert_header((CACHE_CONTROL, keep))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(file.data.into_owned())
}

fn digest(file: &EmbeddedFile) -> String {
    let digest: Vec<u8> = file
        .metadata
        .sha256_hash()
        .into_iter()
        .take(DIGEST)
        .collect();
    hex::encode(digest)
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.') {
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "js")) => "text/javascript; charset=utf-8",
        _ => "application/octet-stream",
    }
}

//! The browser's files: script, WebAssembly, style, icons.
//!
//! They are few and small, so they are read once at the start: no request names a path of this machine. Each has
//! an ETag of its content; the browser asks whether it is still the same and gets 304.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};

/// A file.
struct File {
    content: Bytes,
    /// The same, compressed by brotli when it was built.
    brotli: Option<Bytes>,
    kind: &'static str,
    etag: HeaderValue,
}

/// All of them, by path.
pub struct Site(HashMap<String, File>);

impl Site {
    /// Reads a directory. One that is missing gives a site without files, and a warning: pages work without.
    pub fn read(directory: &Path) -> std::io::Result<Self> {
        let mut contents = HashMap::new();
        if directory.is_dir() {
            collect(directory, directory, &mut contents)?;
        } else {
            tracing::warn!(
                "the browser's files are not at {}: pages come without style and live view. Build them \
                 (`.ci/frontend`) or set [web] site_dir",
                directory.display()
            );
        }
        let mut files = HashMap::new();
        for (path, content) in &contents {
            if Path::new(path).extension().is_some_and(|extension| extension == "br") {
                continue;
            }
            let digest = Sha256::digest(content);
            let etag = HeaderValue::try_from(format!("W/\"{}\"", hex::encode(&digest[..12])))
                .map_err(std::io::Error::other)?;
            let brotli = contents.get(&format!("{path}.br")).cloned();
            files.insert(path.clone(), File { content: content.clone(), brotli, kind: kind(path), etag });
        }
        Ok(Self(files))
    }

    /// The answer for a path, if it is a file.
    pub fn find(&self, path: &str, headers: &HeaderMap) -> Option<Response> {
        let file = self.0.get(path)?;
        let mut response = Response::new(Body::empty());
        let known =
            headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if file.etag.to_str().is_ok_and(|etag| known.contains(etag)) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        } else {
            let accepts = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
            let accepts_brotli = accepts.is_some_and(|list| {
                list.split(',').any(|one| one.split(';').next().is_some_and(|name| name.trim() == "br"))
            });
            if let Some(brotli) = file.brotli.as_ref().filter(|_| accepts_brotli) {
                response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
                *response.body_mut() = Body::from(brotli.clone());
            } else {
                *response.body_mut() = Body::from(file.content.clone());
            }
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(file.kind));
        }
        let headers = response.headers_mut();
        headers.insert(header::ETAG, file.etag.clone());
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, no-cache"));
        Some(response)
    }
}

fn collect(root: &Path, directory: &Path, files: &mut HashMap<String, Bytes>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let path: PathBuf = entry?.path();
        let is_hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if is_hidden {
            continue;
        }
        if path.is_dir() {
            collect(root, &path, files)?;
        } else if let Ok(inner) = path.strip_prefix(root) {
            files.insert(format!("/{}", inner.to_string_lossy()), std::fs::read(&path)?.into());
        }
    }
    Ok(())
}

fn kind(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

//! Where a link of an archive leads: by its text alone, never by a file system.

/// The path that `target`, written in the link at `path`, leads to; none outside of the archive.
pub(crate) fn leads_to(path: &str, target: &str) -> Option<String> {
    if target.starts_with('/') {
        return None;
    }
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::leads_to;

    #[test]
    fn links_are_followed_by_their_text() {
        for (path, target, place) in [
            ("latest.m", "v2/main.m", Some("v2/main.m")),
            ("a/b/link", "../c.m", Some("a/c.m")),
            ("a/link", "./x//y", Some("a/x/y")),
            ("a/link", "../../etc/passwd", None),
            ("link", "/etc/passwd", None),
            ("link", "..", None),
        ] {
            assert_eq!(leads_to(path, target).as_deref(), place, "{path} -> {target}");
        }
    }
}

//! What a document changes about an adapter, line by line.

use similar::TextDiff;

use crate::cli::output;
use crate::wire::adapter::AdapterDocument;

/// The difference in the manner of `diff -u`, both sides with every default written out. Nothing if there is none.
pub(super) fn diff(before: &AdapterDocument, after: &AdapterDocument) -> anyhow::Result<Option<String>> {
    let (now, then) = (serde_saphyr::to_string(before)?, serde_saphyr::to_string(after)?);
    if now == then {
        return Ok(None);
    }
    let name = &after.name;
    let text = TextDiff::from_lines(&now, &then)
        .unified_diff()
        .context_radius(2)
        .header(&format!("adapter/{name} as it is"), &format!("adapter/{name} as declared"))
        .to_string();
    Ok(Some(text.trim_end().lines().map(output::harmless).collect::<Vec<_>>().join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changes_is_shown() {
        let document = |settings: serde_json::Value| -> AdapterDocument {
            let text =
                serde_json::json!({"name": "venue-a", "connector": "tcp", "mode": "exclusive", "enabled": true, "settings": settings});
            serde_json::from_value(text).expect("a document")
        };
        let (before, after) = (document(serde_json::json!({"address": "v:1"})), document(serde_json::json!({"address": "v:2"})));
        assert_eq!(diff(&before, &before).expect("compares"), None);
        let shown = diff(&before, &after).expect("compares").expect("they differ");
        let changed: Vec<_> = shown.lines().skip(2).filter(|line| line.starts_with(['-', '+'])).collect();
        assert_eq!(changed, ["-  address: v:1", "+  address: v:2"], "{shown}");
    }
}

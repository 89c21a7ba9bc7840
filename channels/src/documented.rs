//! The codes that the channels' documents name, as plain tables in `fixtures`, to compare
//! each adapter's own table with.

/// The rows of a table: what stands between the bars, without comments.
pub(crate) fn rows(table: &str) -> impl Iterator<Item = Vec<&str>> {
    table
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split('|').map(str::trim).collect())
}

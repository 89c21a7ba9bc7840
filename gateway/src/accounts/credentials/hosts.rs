//! The hosts of WeChat's that stand beside its API.

use super::Credentials;

/// WeChat's other hosts; a sandbox is all of them.
pub(super) fn beside(base_url: &str, own: &str) -> String {
    if base_url.trim_end_matches('/') == Credentials::WECHAT_URL {
        own.to_owned()
    } else {
        base_url.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sandbox_stands_for_all_of_wechats_hosts() {
        let open = channels::wechat::Settings::OPEN_URL;
        assert_eq!(beside(Credentials::WECHAT_URL, open), open);
        assert_eq!(beside("http://127.0.0.1:1", open), "http://127.0.0.1:1");
    }
}

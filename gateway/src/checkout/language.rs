//! The language of the page: Chinese, unless the browser would rather have English.

use actix_web::HttpRequest;
use actix_web::http::header::{AcceptLanguage, Header as _, Preference};

/// A language that the page speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// Simplified Chinese.
    #[default]
    Chinese,
    /// English.
    English,
}

impl Language {
    /// What the browser likes best among the languages that there are.
    pub fn of(request: &HttpRequest) -> Language {
        let Ok(accepted) = AcceptLanguage::parse(request) else {
            return Language::default();
        };
        let known = accepted.ranked().into_iter().find_map(|range| match range {
            Preference::Specific(tag) => match tag.primary_language() {
                "en" => Some(Language::English),
                "zh" => Some(Language::Chinese),
                _ => None,
            },
            Preference::Any => Some(Language::default()),
        });
        known.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::ACCEPT_LANGUAGE;
    use actix_web::test::TestRequest;

    #[test]
    fn the_language_that_is_liked_best_wins_and_chinese_stands_in_for_all_others() {
        let cases = [
            ("en-GB", Language::English),
            ("en-US,en;q=0.9,zh-CN;q=0.8", Language::English),
            ("zh-CN,zh;q=0.9,en;q=0.8", Language::Chinese),
            ("zh-CN;q=0.3,en;q=0.8", Language::English),
            ("fr-FR", Language::Chinese),
            ("fr-FR,fr;q=0.9,en;q=0.8", Language::English),
            ("*", Language::Chinese),
            ("", Language::Chinese),
            (";;;,q=9", Language::Chinese),
        ];
        for (header, language) in cases {
            let request = TestRequest::default().insert_header((ACCEPT_LANGUAGE, header));
            assert_eq!(
                Language::of(&request.to_http_request()),
                language,
                "{header:?}"
            );
        }
        assert_eq!(
            Language::of(&TestRequest::default().to_http_request()),
            Language::Chinese
        );
    }
}

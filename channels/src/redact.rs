//! The only way in which a channel's words get into a log, an error or a
//! timeline: one line, of bounded length, without signatures, keys, addresses of
//! people or account numbers.

/// The most characters that are kept.
const LONGEST: usize = 200;

/// From this length on a run of base64 characters is taken for a signature, a key
/// or a token; our own numbers are 33 characters at most.
const SECRET_LENGTH: usize = 40;

/// Makes somebody else's text fit to be kept and read.
pub(crate) fn words(text: &str) -> String {
    let mut kept = String::new();
    let mut count = 0_usize;
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
        if word.is_empty() {
            continue;
        }
        let word = if is_private(word) { "[hidden]" } else { word };
        if !kept.is_empty() {
            kept.push(' ');
            count += 1;
        }
        for character in word.chars() {
            if count == LONGEST {
                kept.push('…');
                return kept;
            }
            kept.push(character);
            count += 1;
        }
    }
    kept
}

/// Whether a word holds an e-mail address, a phone or account number, or a secret.
fn is_private(word: &str) -> bool {
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '-' | '_');
    let secret = word
        .split(|c| !is_base64(c))
        .any(|run| run.len() >= SECRET_LENGTH);
    let number = word
        .split(|c: char| !c.is_ascii_digit())
        .any(|run| matches!(run.len(), 11 | 16..=19));
    secret || number || word.contains('@')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_words_are_hidden_and_the_rest_stays() {
        let signature = "TBfnq2VMapZinsABBlRvsytimMIaKosZBm7P73/4X+yof90wXZYFXUow9ZzLeIUp";
        let cases = [
            ("交易不存在", "交易不存在"),
            ("ACQ.TRADE_NOT_EXIST", "ACQ.TRADE_NOT_EXIST"),
            ("payer  buyer@example.com\nfailed", "payer [hidden] failed"),
            ("phone:13800138000 blocked", "[hidden] blocked"),
            ("user 2088000000000002", "user [hidden]"),
            (
                "flow 01J3XK2Y7QZ8W9V0A1B2C3D4E5001",
                "flow 01J3XK2Y7QZ8W9V0A1B2C3D4E5001",
            ),
            (signature, "[hidden]"),
            ("", ""),
        ];
        for (text, kept) in cases {
            assert_eq!(words(text), kept, "{text}");
        }
    }

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        let text = words(&"错 ".repeat(1000));
        assert_eq!(text.chars().count(), LONGEST + 1);
        assert!(text.ends_with('…'));
    }
}

//! What the shop sells.

/// A thing to buy.
#[derive(Debug)]
pub(super) struct Article {
    /// Its place in the catalogue, from 1.
    pub(super) number: usize,
    /// Its name.
    pub(super) name: &'static str,
    /// The same in English.
    pub(super) english: &'static str,
    /// What stands in for a picture.
    pub(super) picture: &'static str,
    /// Its price, in fen.
    pub(super) fen: i64,
}

/// Everything.
pub(super) const ARTICLES: [Article; 4] = [
    Article {
        number: 1,
        name: "龙井茶 100 克",
        english: "Longjing tea, 100 g",
        picture: "茶",
        fen: 8800,
    },
    Article {
        number: 2,
        name: "青瓷茶杯",
        english: "Celadon tea cup",
        picture: "杯",
        fen: 16_800,
    },
    Article {
        number: 3,
        name: "桂花糕",
        english: "Osmanthus cake",
        picture: "糕",
        fen: 2650,
    },
    Article {
        number: 4,
        name: "一粒米",
        english: "One grain of rice",
        picture: "米",
        fen: 1,
    },
];

impl Article {
    /// The article of that number.
    pub(super) fn numbered(number: usize) -> Option<&'static Article> {
        ARTICLES.iter().find(|article| article.number == number)
    }

    /// Its price, for people.
    pub(super) fn price(&self) -> String {
        yuan(self.fen)
    }
}

/// An amount of fen, for people.
pub(super) fn yuan(fen: i64) -> String {
    format!("¥{}.{:02}", fen / 100, fen % 100)
}

//! The demo shop's goods and how they are found.

/// The shelves, in the order they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Category {
    /// Plants that live on air.
    AirPlants,
    /// What they sit in or hang from.
    Homes,
    /// What keeps them well.
    Care,
    /// The counter by the door.
    Counter,
}

impl Category {
    /// Every shelf.
    pub const ALL: [Category; 4] = [Category::AirPlants, Category::Homes, Category::Care, Category::Counter];

    /// What is written on it.
    pub const fn label(self) -> &'static str {
        match self {
            Category::AirPlants => "Air plants",
            Category::Homes => "Pots & stands",
            Category::Care => "Care",
            Category::Counter => "Coffee & gifts",
        }
    }

    /// The name its tiles are coloured by.
    pub const fn tone(self) -> &'static str {
        match self {
            Category::AirPlants => "plants",
            Category::Homes => "homes",
            Category::Care => "care",
            Category::Counter => "counter",
        }
    }
}

/// Something that is sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Product {
    /// The shop's own number for it, unique.
    pub sku: &'static str,
    /// What it is called.
    pub name: &'static str,
    /// Where it stands.
    pub category: Category,
    /// What one costs, in the minor unit of the till's currency.
    pub amount_minor: u64,
    /// The symbol's name in `pictures.svg`.
    pub picture: &'static str,
}

impl Product {
    /// The name with soft hyphens in its long words, for a narrow tile. A browser that knows no English breaks there.
    pub fn tile_name(&self) -> String {
        self.name.split_inclusive([' ', '-']).map(soft_hyphens).collect()
    }
}

/// A word of this many letters or more may not fit a tile.
const LONG_WORD: usize = 11;

/// A long word with soft hyphens between a vowel and a consonant, three letters or more from both ends.
fn soft_hyphens(word: &str) -> String {
    let letters: Vec<char> = word.chars().collect();
    let is_vowel = |letter: char| "aeiouyAEIOUY".contains(letter);
    let mut out = String::with_capacity(word.len() + 6);
    for (index, letter) in letters.iter().enumerate() {
        let inside = letters.len() >= LONG_WORD && index >= 3 && index + 3 <= letters.len();
        let after_vowel = index
            .checked_sub(1)
            .and_then(|before| letters.get(before))
            .is_some_and(|before| is_vowel(*before));
        if inside && after_vowel && !is_vowel(*letter) {
            out.push('\u{ad}');
        }
        out.push(*letter);
    }
    out
}

const fn item(
    sku: &'static str,
    name: &'static str,
    category: Category,
    amount_minor: u64,
    picture: &'static str,
) -> Product {
    Product { sku, name, category, amount_minor, picture }
}

/// The demo shop. Every price is a multiple of ten: the sandbox declines amounts by their last two digits (01, 05,
/// 55 …), so that a basket of goods is never declined by accident; type a custom amount to see a decline.
pub const DEMO: [Product; 24] = [
    item("TIL-ION", "Ionantha", Category::AirPlants, 650, "ionantha"),
    item("TIL-XER", "Xerographica", Category::AirPlants, 2400, "xerographica"),
    item("TIL-BUL", "Bulbosa", Category::AirPlants, 980, "bulbosa"),
    item("TIL-CAP", "Caput-medusae", Category::AirPlants, 1150, "medusa"),
    item("TIL-STR", "Stricta", Category::AirPlants, 790, "stricta"),
    item("TIL-USN", "Spanish moss", Category::AirPlants, 840, "moss"),
    item("TIL-CYA", "Cyanea in bloom", Category::AirPlants, 1600, "cyanea"),
    item("TIL-AER", "Aeranthos", Category::AirPlants, 720, "aeranthos"),
    item("POT-GLO", "Glass globe", Category::Homes, 1400, "globe"),
    item("POT-DRI", "Driftwood mount", Category::Homes, 1850, "driftwood"),
    item("POT-WIR", "Wire stand", Category::Homes, 1200, "stand"),
    item("POT-CER", "Ceramic cradle", Category::Homes, 1560, "cradle"),
    item("POT-TER", "Terrarium", Category::Homes, 3900, "terrarium"),
    item("POT-HAN", "Wall hanger", Category::Homes, 2100, "hanger"),
    item("CAR-MIS", "Brass mister", Category::Care, 1700, "mister"),
    item("CAR-FER", "Bromeliad feed", Category::Care, 890, "bottle"),
    item("CAR-SCI", "Pruning snips", Category::Care, 1340, "scissors"),
    item("CAR-STO", "River stones", Category::Care, 520, "stones"),
    item("CAR-BOO", "Care booklet", Category::Care, 450, "booklet"),
    item("CAF-FLA", "Flat white", Category::Counter, 380, "cup"),
    item("CAF-TEA", "Mint tea", Category::Counter, 320, "tea"),
    item("CAF-COO", "Oat cookie", Category::Counter, 260, "cookie"),
    item("GIF-CAR", "Greeting card", Category::Counter, 350, "card"),
    item("GIF-WRA", "Gift wrap", Category::Counter, 200, "wrap"),
];

/// The products on a shelf (all when `None`) whose name or number has every word of `query`, in any case: of ASCII, as the catalogue is,
/// since the tables for all of Unicode are kilobytes of the module.
pub fn search(query: &str, category: Option<Category>) -> Vec<Product> {
    let words: Vec<String> = query.split_whitespace().map(str::to_ascii_lowercase).collect();
    DEMO.iter()
        .filter(|product| category.is_none_or(|wanted| product.category == wanted))
        .filter(|product| {
            let haystack =
                format!("{} {} {}", product.name, product.sku, product.category.label()).to_ascii_lowercase();
            words.iter().all(|word| haystack.contains(word.as_str()))
        })
        .copied()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn search_takes_all_words_in_any_case_and_minds_the_shelf() {
        let names = |query, category| {
            search(query, category).into_iter().map(|product| product.name).collect::<Vec<_>>()
        };
        assert_eq!(names("", None).len(), DEMO.len());
        assert_eq!(names("  WHITE flat ", None), ["Flat white"]);
        assert_eq!(names("til-x", None), ["Xerographica"]);
        assert_eq!(names("", Some(Category::Care)).len(), 5);
        assert!(names("flat", Some(Category::Care)).is_empty());
        assert!(names("no such thing", None).is_empty());
    }

    #[test]
    fn long_names_may_break_on_a_tile() {
        let tile = |sku| DEMO.iter().find(|product| product.sku == sku).unwrap().tile_name();
        assert_eq!(tile("TIL-XER"), "Xero\u{ad}gra\u{ad}phica");
        assert_eq!(tile("TIL-CAP"), "Caput-medusae");
        for product in &DEMO {
            assert_eq!(product.tile_name().replace('\u{ad}', ""), product.name);
        }
    }

    #[test]
    fn numbers_are_unique_and_no_basket_ends_like_a_decline() {
        let mut skus: Vec<_> = DEMO.iter().map(|product| product.sku).collect();
        skus.sort_unstable();
        skus.dedup();
        assert_eq!(skus.len(), DEMO.len());
        assert!(
            DEMO.iter().all(|product| product.amount_minor > 0 && product.amount_minor.is_multiple_of(10))
        );
    }
}

//! The sale that is being put together, and how its lines travel with the payment.

use std::collections::BTreeMap;

use tillandsia_core::money::{Currency, Money};

use super::catalogue::Product;

/// The most of one thing in a sale.
pub const QUANTITY_MAX: u32 = 999;
/// The most lines of a sale: each travels as one entry of the payment's metadata, which has 50.
pub const LINES_MAX: usize = 40;
/// What a name may have of a metadata value's 500 characters.
const NAME_CHARS_MAX: usize = 120;
const LINE_KEY: &str = "item_";

/// Some of one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The product's number; a custom amount has one of its own.
    pub key: String,
    /// What it is called.
    pub name: String,
    /// What one costs, minor units.
    pub unit_minor: u64,
    /// How many, 1 to [`QUANTITY_MAX`].
    pub quantity: u32,
}

impl Line {
    /// What they cost together, minor units.
    pub const fn total_minor(&self) -> u64 {
        self.unit_minor.saturating_mul(self.quantity as u64)
    }
}

/// The sale was not changed: it has [`LINES_MAX`] lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CartFull;

/// The sale that is being put together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cart {
    lines: Vec<Line>,
    customs: u32,
    touched: Option<String>,
}

impl Cart {
    /// The lines, in the order they were added.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The line that was added or grew last, to be brought into view.
    pub fn touched(&self) -> Option<&str> {
        self.touched.as_deref()
    }

    /// Whether nothing is in it.
    pub const fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// How many things are in it.
    pub fn count(&self) -> u32 {
        self.lines.iter().fold(0, |sum, line| sum.saturating_add(line.quantity))
    }

    /// What it costs.
    pub fn total(&self, currency: Currency) -> Money {
        let sum = self.lines.iter().fold(0, |sum: u64, line| sum.saturating_add(line.total_minor()));
        Money::new(sum, currency)
    }

    /// Whether it can be charged: something in it, and not more than a payment carries.
    pub fn is_chargeable(&self) -> bool {
        let sum = self.lines.iter().fold(0, |sum: u64, line| sum.saturating_add(line.total_minor()));
        sum > 0 && sum <= Money::AMOUNT_MINOR_MAX
    }

    /// Adds one of a product.
    pub fn add(&mut self, product: &Product) -> Result<(), CartFull> {
        if self.lines.iter().any(|line| line.key == product.sku) {
            self.plus(product.sku);
            return Ok(());
        }
        self.push(product.sku.to_owned(), product.name.to_owned(), product.amount_minor)
    }

    /// Adds an amount that was typed; a line of its own each time.
    pub fn add_custom(&mut self, amount_minor: u64) -> Result<(), CartFull> {
        self.customs = self.customs.saturating_add(1);
        self.push(format!("CUSTOM-{}", self.customs), "Custom amount".to_owned(), amount_minor)
    }

    /// One more of a line.
    pub fn plus(&mut self, key: &str) {
        if let Some(line) = self.lines.iter_mut().find(|line| line.key == key) {
            line.quantity = line.quantity.saturating_add(1).min(QUANTITY_MAX);
            self.touched = Some(key.to_owned());
        }
    }

    /// One less of a line; the last one takes the line away.
    pub fn minus(&mut self, key: &str) {
        if let Some(line) = self.lines.iter_mut().find(|line| line.key == key) {
            line.quantity = line.quantity.saturating_sub(1);
        }
        self.touched = None;
        self.lines.retain(|line| line.quantity > 0);
    }

    /// Takes everything out.
    pub fn clear(&mut self) {
        *self = Cart::default();
    }

    fn push(&mut self, key: String, name: String, unit_minor: u64) -> Result<(), CartFull> {
        if self.lines.len() >= LINES_MAX {
            return Err(CartFull);
        }
        self.touched = Some(key.clone());
        self.lines.push(Line { key, name, unit_minor, quantity: 1 });
        Ok(())
    }

    /// The lines as the payment's metadata: `item_01: "2 x 380 Flat white"`. Kept by the device and the gateway, so
    /// that the receipt can be printed again later.
    pub fn metadata(&self) -> BTreeMap<String, String> {
        let entry = |(index, line): (usize, &Line)| {
            let name: String = line.name.chars().take(NAME_CHARS_MAX).collect();
            (format!("{LINE_KEY}{:02}", index + 1), format!("{} x {} {name}", line.quantity, line.unit_minor))
        };
        self.lines.iter().enumerate().map(entry).collect()
    }
}

/// The lines in a payment's metadata; entries of other apps and shapes are passed over.
pub fn lines_of(metadata: &BTreeMap<String, String>) -> Vec<Line> {
    metadata.iter().filter_map(|(key, value)| line_of(key, value)).collect()
}

/// Whether an entry of a payment's metadata is a line of the sale.
pub fn is_line(key: &str, value: &str) -> bool {
    line_of(key, value).is_some()
}

fn line_of(key: &str, value: &str) -> Option<Line> {
    let number = key.strip_prefix(LINE_KEY)?;
    let mut parts = value.splitn(4, ' ');
    let quantity = parts.next()?.parse().ok()?;
    let (Some("x"), unit) = (parts.next(), parts.next()?) else { return None };
    Some(Line {
        key: number.to_owned(),
        name: parts.next()?.to_owned(),
        unit_minor: unit.parse().ok()?,
        quantity,
    })
}

#[cfg(test)]
mod tests {
    use super::super::catalogue::DEMO;
    use super::*;

    #[test]
    fn quantities_and_total_follow_what_is_added() {
        let usd = "usd".parse().unwrap();
        let mut cart = Cart::default();
        assert!(!cart.is_chargeable());
        cart.add(&DEMO[0]).unwrap();
        cart.add(&DEMO[1]).unwrap();
        cart.add(&DEMO[0]).unwrap();
        cart.add_custom(1205).unwrap();
        cart.add_custom(1205).unwrap();
        assert_eq!((cart.lines().len(), cart.count()), (4, 5));
        assert_eq!(cart.total(usd).amount_minor, 2 * 650 + 2400 + 2 * 1205);
        assert_eq!(cart.touched(), Some("CUSTOM-2"));
        cart.plus("TIL-ION");
        assert_eq!(cart.touched(), Some("TIL-ION"));
        cart.minus("TIL-ION");
        assert_eq!(cart.touched(), None);
        cart.minus("TIL-XER");
        cart.minus("TIL-ION");
        assert_eq!(cart.lines().len(), 3);
        assert_eq!(cart.total(usd).amount_minor, 650 + 2 * 1205);
        cart.clear();
        assert_eq!((cart.total(usd).amount_minor, cart.is_empty()), (0, true));
    }

    #[test]
    fn a_sale_is_bounded() {
        let mut cart = Cart::default();
        for _ in 0..LINES_MAX {
            cart.add_custom(1).unwrap();
        }
        assert_eq!(cart.add_custom(1), Err(CartFull));
        assert_eq!(cart.add(&DEMO[0]), Err(CartFull));
        for _ in 0..2000 {
            cart.plus("CUSTOM-1");
        }
        assert_eq!(cart.lines()[0].quantity, QUANTITY_MAX);
        let mut cart = Cart::default();
        cart.add_custom(Money::AMOUNT_MINOR_MAX).unwrap();
        assert!(cart.is_chargeable());
        cart.plus("CUSTOM-1");
        assert!(!cart.is_chargeable(), "more than a payment carries");
    }

    #[test]
    fn the_lines_travel_in_the_metadata_and_back() {
        let mut cart = Cart::default();
        for product in &DEMO {
            cart.add(product).unwrap();
        }
        cart.plus("CAF-FLA");
        let metadata = cart.metadata();
        let back = lines_of(&metadata);
        assert_eq!(back.len(), cart.lines().len());
        for (one, other) in back.iter().zip(cart.lines()) {
            assert_eq!(
                (&one.name, one.unit_minor, one.quantity),
                (&other.name, other.unit_minor, other.quantity)
            );
        }
        let foreign =
            [("order", "77"), ("item_01", "gift"), ("item_02", "a x 2 b")].map(|(k, v)| (k.into(), v.into()));
        assert_eq!(lines_of(&BTreeMap::from(foreign)), []);
    }
}

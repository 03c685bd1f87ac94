//! Short names between a module and its JavaScript. wasm-bindgen's carry a hash of 16 digits each, which no compression
//! makes smaller: some hundred of them are a twentieth of a small module.

use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::path::Path;

/// Part of what a dressed module depends on: another number makes all of them anew.
pub(crate) const VERSION: &str = "glue 2";

const IMPORTS: u8 = 2;
const EXPORTS: u8 = 7;
const DATA: u8 = 11;
/// Where data may begin: wasm-opt is told that nothing lies lower (`--low-memory-unused`).
const LOWEST_DATA: usize = 1024;
/// Exports that are only for the JavaScript beside the module; all others are its interface.
const INTERNAL: [&str; 2] = ["__wbindgen_", "wasm_bindgen__"];

/// Old names and new ones.
type Names = BTreeMap<String, String>;

/// Renames what the module imports from its JavaScript, and what it exports to it alone, in both.
pub(crate) fn shorten(module: &Path, script: &Path) -> Result<()> {
    let wasm = std::fs::read(module).with_context(|| format!("cannot read {}", module.display()))?;
    let text =
        std::fs::read_to_string(script).with_context(|| format!("cannot read {}", script.display()))?;
    let (wasm, imports, exports) = rename_module(&wasm).with_context(|| format!("{}", module.display()))?;
    let text = rename_script(&text, &imports, &exports).with_context(|| format!("{}", script.display()))?;
    std::fs::write(module, wasm).with_context(|| format!("cannot write {}", module.display()))?;
    std::fs::write(script, text).with_context(|| format!("cannot write {}", script.display()))
}

/// The module under its new names, and these: of imports and of exports.
fn rename_module(wasm: &[u8]) -> Result<(Vec<u8>, Names, Names)> {
    let (mut imports, mut exports) = (Names::new(), Names::new());
    let mut input = Input(wasm);
    let mut renamed = input.bytes(8)?.to_vec();
    while !input.0.is_empty() {
        let id = input.byte()?;
        let length = input.number()?;
        let section = input.bytes(length)?;
        let section = match id {
            IMPORTS => rename_imports(section, &mut imports)?,
            EXPORTS => rename_exports(section, &mut exports)?,
            DATA => {
                check_data(section)?;
                section.to_vec()
            }
            _ => section.to_vec(),
        };
        renamed.push(id);
        put_bytes(&mut renamed, &section);
    }
    Ok((renamed, imports, exports))
}

fn rename_imports(section: &[u8], names: &mut Names) -> Result<Vec<u8>> {
    let mut input = Input(section);
    let count = input.number()?;
    let mut renamed = Vec::new();
    put_number(&mut renamed, count);
    for _ in 0..count {
        let module = input.text()?;
        let name = input.text()?;
        put_bytes(&mut renamed, module.as_bytes());
        // Others are from scripts that are not wasm-bindgen's to write.
        let own = module.starts_with("./") && module.ends_with("_bg.js");
        let name = if own { new_name(names, name) } else { name.to_owned() };
        put_bytes(&mut renamed, name.as_bytes());
        // Only functions: memory and tables belong to the module itself.
        let kind = input.byte()?;
        if kind != 0 {
            bail!("it imports {name}, which is no function");
        }
        renamed.push(kind);
        put_number(&mut renamed, input.number()?);
    }
    Ok(renamed)
}

fn rename_exports(section: &[u8], names: &mut Names) -> Result<Vec<u8>> {
    let mut input = Input(section);
    let count = input.number()?;
    let mut renamed = Vec::new();
    put_number(&mut renamed, count);
    for _ in 0..count {
        let name = input.text()?;
        let internal = INTERNAL.iter().any(|prefix| name.starts_with(prefix));
        let name = if internal { new_name(names, name) } else { name.to_owned() };
        put_bytes(&mut renamed, name.as_bytes());
        renamed.push(input.byte()?);
        put_number(&mut renamed, input.number()?);
    }
    Ok(renamed)
}

/// Refuses data where wasm-opt was told that there is none. What else is in memory, the stack and the heap, the linker
/// lays out: the stack at the very beginning, where its last kilobyte is in use only as it overflows, the heap last.
fn check_data(section: &[u8]) -> Result<()> {
    const I32_CONST: u8 = 0x41;
    const END: u8 = 0x0b;
    let mut input = Input(section);
    for _ in 0..input.number()? {
        let kind = input.number()?;
        if kind == 2 {
            input.number()?;
        }
        // Kind 1 has no place until it is copied to one.
        if kind != 1 {
            let instruction = input.byte()?;
            let place = input.number()?;
            if instruction != I32_CONST || input.byte()? != END || place < LOWEST_DATA {
                bail!("it has data below {LOWEST_DATA}, or at a place that it computes");
            }
        }
        let length = input.number()?;
        input.bytes(length)?;
    }
    Ok(())
}

/// `$0`, `$1` … `$z`, `$10`: no name of the interface begins so.
fn new_name(names: &mut Names, name: &str) -> String {
    let count = names.len();
    names.entry(name.to_owned()).or_insert_with(|| format!("${}", in_base_36(count))).clone()
}

fn in_base_36(number: usize) -> String {
    let digit = char::from_digit((number % 36) as u32, 36).unwrap_or('_');
    match number / 36 {
        0 => digit.to_string(),
        rest => format!("{}{digit}", in_base_36(rest)),
    }
}

/// Imports are properties of an object that the script makes (`name: function…`), exports of `wasm` (`wasm.name`).
fn rename_script(script: &str, imports: &Names, exports: &Names) -> Result<String> {
    let mut renamed = String::with_capacity(script.len());
    let mut met = std::collections::BTreeSet::new();
    let mut rest = script;
    while let Some(start) = rest.find(is_word) {
        let (before, from) = rest.split_at(start);
        let (word, after) = from.split_at(from.find(|letter| !is_word(letter)).unwrap_or(from.len()));
        renamed.push_str(before);
        let name = match (imports.get(word), exports.get(word)) {
            (Some(name), _) if after.starts_with(": ") => Some(name),
            (_, Some(name)) if renamed.ends_with("wasm.") => Some(name),
            _ => None,
        };
        if name.is_some() {
            met.insert(word);
        }
        renamed.push_str(name.map_or(word, String::as_str));
        rest = after;
    }
    renamed.push_str(rest);
    match imports.keys().find(|name| !met.contains(name.as_str())) {
        Some(name) => bail!("it does not give the module its import {name}"),
        None => Ok(renamed),
    }
}

fn is_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_' || letter == '$'
}

/// What is left to read of a module.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn bytes(&mut self, length: usize) -> Result<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(length).context("it ends too early")?;
        self.0 = rest;
        Ok(bytes)
    }

    fn byte(&mut self) -> Result<u8> {
        self.bytes(1)?.first().copied().context("it ends too early")
    }

    /// LEB128, unsigned.
    fn number(&mut self) -> Result<usize> {
        let mut number = 0;
        for shift in (0..32).step_by(7) {
            let byte = self.byte()?;
            number |= usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        bail!("it holds a number of more than 32 bits")
    }

    fn text(&mut self) -> Result<&'a str> {
        let length = self.number()?;
        std::str::from_utf8(self.bytes(length)?).context("it holds a name that is no UTF-8")
    }
}

fn put_number(out: &mut Vec<u8>, mut number: usize) {
    loop {
        let low = (number & 0x7f) as u8;
        number >>= 7;
        out.push(if number == 0 { low } else { low | 0x80 });
        if number == 0 {
            return;
        }
    }
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_number(out, bytes.len());
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str, tail: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        put_bytes(&mut out, name.as_bytes());
        out.extend_from_slice(tail);
        out
    }

    fn module(imports: &[Vec<u8>], exports: &[Vec<u8>]) -> Vec<u8> {
        let mut wasm = b"\0asm\x01\0\0\0".to_vec();
        for (id, entries) in [(IMPORTS, imports), (EXPORTS, exports)] {
            let mut section = vec![entries.len() as u8];
            section.extend(entries.concat());
            wasm.push(id);
            put_bytes(&mut wasm, &section);
        }
        wasm
    }

    #[test]
    fn imports_and_internal_exports_get_short_names_in_both() {
        let import = |module: &str, name: &str| [named(module, &[]), named(name, &[0, 5])].concat();
        let wasm = module(
            &[import("./a_bg.js", "__wbg_get_0123"), import("./other.js", "given")],
            &[named("memory", &[2, 0]), named("__wbindgen_start", &[0, 200, 1])],
        );
        let (renamed, imports, exports) = rename_module(&wasm).unwrap();
        let expected = module(
            &[import("./a_bg.js", "$0"), import("./other.js", "given")],
            &[named("memory", &[2, 0]), named("$0", &[0, 200, 1])],
        );
        assert_eq!(renamed, expected);
        let script =
            "{ __wbg_get_0123: function(x) { __wbg_get_01234(wasm.memory); wasm.__wbindgen_start(); } }";
        let short = "{ $0: function(x) { __wbg_get_01234(wasm.memory); wasm.$0(); } }";
        assert_eq!(rename_script(script, &imports, &exports).unwrap(), short);
        assert!(rename_script("{}", &imports, &exports).is_err(), "an import that nobody gives");
    }

    #[test]
    fn data_where_none_may_be_is_refused() {
        // Two segments: one without a place, one at 1024, or at 1023.
        let data = |place: &[u8]| [&[2, 1, 1, 7, 0, 0x41][..], place, &[0x0b, 2, 7, 7]].concat();
        check_data(&data(&[0x80, 0x08])).unwrap();
        assert!(check_data(&data(&[0xff, 0x07])).is_err());
        assert!(check_data(&[1, 0, 0x23, 0, 0x0b, 1, 7]).is_err(), "at a global's value");
    }

    #[test]
    fn what_is_no_module_is_refused() {
        assert!(rename_module(b"\0asm\x01\0\0").is_err());
        assert!(rename_module(b"\0asm\x01\0\0\0\x02\x05\x01").is_err());
    }

    #[test]
    fn names_stay_apart() {
        assert_eq!([0, 9, 10, 35, 36, 1295].map(in_base_36), ["0", "9", "a", "z", "10", "zz"]);
    }
}

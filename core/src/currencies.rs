//! The currencies of ISO 4217, as one text: a library's list is a branch and a row of each of three tables for each.

/// A currency's numeric code, and its digits after the decimal point where it has a minor unit.
pub(crate) fn find(code: [u8; 3]) -> Option<(u16, Option<u32>)> {
    let (entries, _) = LIST.as_bytes().as_chunks::<7>();
    let [.., a, b, c, exponent] = entries.iter().find(|entry| entry.starts_with(&code))?;
    let digit = |byte: &u8| char::from(*byte).to_digit(10);
    let numeric = [a, b, c].into_iter().filter_map(digit).fold(0, |number, digit| number * 10 + digit);
    Some((u16::try_from(numeric).ok()?, digit(exponent)))
}

/// By code: three letters, three digits, and the exponent or `-`.
const LIST: &str = "\
    aed7842afn9712all0082amd0512aoa9732ars0322aud0362awg5332azn9442bam9772bbd0522bdt0502bgn9752bhd0483\
    bif1080bmd0602bnd0962bob0682bov9842brl9862bsd0442btn0642bwp0722byn9332bzd0842cad1242cdf9762che9472\
    chf7562chw9482clf9904clp1520cny1562cop1702cou9702crc1882cuc9312cup1922cve1322czk2032djf2620dkk2082\
    dop2142dzd0122egp8182ern2322etb2302eur9782fjd2422fkp2382gbp8262gel9812ghs9362gip2922gmd2702gnf3240\
    gtq3202gyd3282hkd3442hnl3402hrk1912htg3322huf3482idr3602ils3762inr3562iqd3683irr3642isk3520jmd3882\
    jod4003jpy3920kes4042kgs4172khr1162kmf1740kpw4082krw4100kwd4143kyd1362kzt3982lak4182lbp4222lkr1442\
    lrd4302lsl4262lyd4343mad5042mdl4982mga9692mkd8072mmk1042mnt4962mop4462mru9292mur4802mvr4622mwk4542\
    mxn4842mxv9792myr4582mzn9432nad5162ngn5662nio5582nok5782npr5242nzd5542omr5123pab5902pen6042pgk5982\
    php6082pkr5862pln9852pyg6000qar6342ron9462rsd9412rub6432rwf6460sar6822sbd0902scr6902sdg9382sek7522\
    sgd7022shp6542sle9252sll6942sos7062srd9682ssp7282stn9302svc2222syp7602szl7482thb7642tjs9722tmt9342\
    tnd7883top7762try9492ttd7802twd9012tzs8342uah9802ugx8000usd8402usn9972uyi9400uyu8582uyw9274uzs8602\
    ved9262ves9282vnd7040vuv5480wst8822xad3962xaf9500xag961-xau959-xba955-xbb956-xbc957-xbd958-xcd9512\
    xcg5322xdr960-xof9520xpd964-xpf9530xpt962-xsu994-xts963-xua965-xxx999-yer8862zar7102zmw9672zwg9242\
    zwl9322";

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_that_of_iso_4217() {
        let letters = b'a'..=b'z';
        let mut expected = String::new();
        let mut found = Vec::new();
        for code in letters.clone().flat_map(|a| {
            let letters = letters.clone();
            letters.clone().flat_map(move |b| letters.clone().map(move |c| [a, b, c]))
        }) {
            let text = String::from_utf8(code.to_vec()).unwrap();
            let iso = iso_currency::Currency::from_code(&text.to_ascii_uppercase());
            let facts = iso.map(|iso| (iso.numeric(), iso.exponent().map(u32::from)));
            found.push((text.clone(), find(code), facts));
            if let Some((numeric, exponent)) = facts {
                let exponent = exponent.map_or("-".to_owned(), |exponent| exponent.to_string());
                expected.push_str(&format!("{text}{numeric:03}{exponent}"));
            }
        }
        assert_eq!(LIST, expected);
        for (text, found, facts) in found {
            assert_eq!(found, facts, "{text}");
        }
    }
}

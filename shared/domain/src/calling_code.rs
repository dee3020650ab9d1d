//! Country of a number in E.164, derived from its leading digits: the calling codes of ITU-T E.164, and the blocks of
//! codes that several countries share.
//!
//! The table is our own. The numbering rules of every country would take 70 ms and 9 MB to unpack, and only the country
//! is needed here. Numbers of Saint Barthélemy and Saint Martin are among Guadeloupe's, and count as Guadeloupe's. The
//! table does not tell if a number is assigned. Satellite and other global services (+870, +88x) belong to no country.

use crate::phone::{Country, PhoneNumber};

/// Blocks of numbers: a country code, followed by the leading digits of the country's numbers. The longest matching
/// block counts. A country that shares its code with a larger one has its own blocks here. All other numbers of that
/// code belong to the larger country.
const BLOCKS: &str = "
    US1 CA1204 CA1226 CA1236 CA1249 CA1250 CA1257 CA1263 CA1289 CA1306 CA1343 CA1354 CA1365 CA1367 CA1368 CA1382 CA1387
    CA1403 CA1416 CA1418 CA1428 CA1431 CA1437 CA1438 CA1450 CA1460 CA1468 CA1474 CA1506 CA1514 CA1519 CA1537 CA1548
    CA1568 CA1579 CA1581 CA1584 CA1587 CA1600 CA1604 CA1613 CA1622 CA1633 CA1639 CA1644 CA1647 CA1655 CA1672 CA1677
    CA1683 CA1688 CA1705 CA1709 CA1742 CA1753 CA1778 CA1780 CA1782 CA1807 CA1819 CA1825 CA1851 CA1867 CA1873 CA1879
    CA1902 CA1905 CA1942
    BS1242 BB1246 AI1264 AG1268 VG1284 VI1340 KY1345 BM1441 GD1473 TC1649 JM1658 JM1876 MS1664 MP1670 GU1671 AS1684
    SX1721 LC1758 DM1767 VC1784 PR1787 PR1939 DO1809 DO1829 DO1849 TT1868 KN1869
    EG20 SS211 MA212 EH2125288 EH2125289 DZ213 TN216 LY218 GM220 SN221 MR222 ML223 GN224 CI225 BF226 NE227 TG228 BJ229
    MU230 LR231 SL232 GH233 NG234 TD235 CF236 CM237 CV238 ST239 GQ240 GA241 CG242 CD243 AO244 GW245 IO246 AC247 SC248
    SD249 RW250 ET251 SO252 DJ253 KE254 TZ255 UG256 BI257 MZ258 ZM260 MG261 RE262 YT262269 YT262639 ZW263 NA264 MW265
    LS266 BW267 SZ268 KM269 ZA27 SH290 TA2908 ER291 AW297 FO298 GL299
    GR30 NL31 BE32 FR33 ES34 GI350 PT351 LU352 IE353 IS354 AL355 MT356 CY357 FI358 AX35818 BG359 HU36 LT370 LV371 EE372
    MD373 AM374 BY375 AD376 MC377 SM378 UA380 RS381 ME382 XK383 HR385 SI386 BA387 MK389 IT39 VA3906698
    RO40 CH41 CZ420 SK421 LI423 AT43 GB44 GG441481 GG447781 GG447839 GG447911 JE441534 JE447797 JE447829 JE447937
    IM441624 IM447624 DK45 SE46 NO47 SJ4779 PL48 DE49
    FK500 BZ501 GT502 SV503 HN504 NI505 CR506 PA507 PM508 HT509 PE51 MX52 CU53 AR54 BR55 CL56 CO57 VE58 GP590 BO591
    GY592 EC593 GF594 PY595 MQ596 SR597 UY598 CW599 BQ5993 BQ5994 BQ5997
    MY60 AU61 CX6189164 CC6189162 ID62 PH63 NZ64 SG65 TH66 TL670 NF672 BN673 NR674 PG675 TO676 SB677 VU678 FJ679 PW680
    WF681 CK682 NU683 WS685 KI686 NC687 TV688 PF689 TK690 FM691 MH692
    RU7 KZ733 KZ76 KZ77 JP81 KR82 VN84 KP850 HK852 MO853 KH855 LA856 CN86 BD880 TW886
    TR90 IN91 PK92 AF93 LK94 MM95 MV960 LB961 JO962 SY963 IQ964 KW965 SA966 YE967 OM968 PS970 AE971 IL972 BH973 QA974
    BT975 MN976 NP977 IR98 TJ992 TM993 AZ994 GE995 KG996 UZ998
";

/// Returns the country that a number belongs to; `None` if no country has its leading digits.
pub fn country_of(number: &PhoneNumber) -> Option<Country> {
    let digits = number.as_str().trim_start_matches('+');
    let (country, _) = blocks().filter(|(_, block)| digits.starts_with(block)).max_by_key(|(_, block)| block.len())?;
    Country::parse(country)
}

/// Returns all countries of the table. A country occurs once for each of its blocks.
pub fn countries() -> impl Iterator<Item = Country> {
    blocks().filter_map(|(country, _)| Country::parse(country))
}

fn blocks() -> impl Iterator<Item = (&'static str, &'static str)> {
    BLOCKS.split_ascii_whitespace().filter_map(|block| block.split_at_checked(2))
}

#[cfg(test)]
mod tests {
    use super::{blocks, country_of};
    use crate::phone::{Country, PhoneNumber};

    fn country(number: &str) -> Option<String> {
        country_of(&PhoneNumber::parse(number).unwrap()).map(|country| country.to_string())
    }

    #[test]
    fn every_block_is_a_country_and_digits_and_stands_there_once() {
        let mut seen = std::collections::BTreeSet::new();
        for (country, digits) in blocks() {
            assert!(Country::parse(country).is_some(), "{country}");
            assert!(!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()), "{digits}");
            assert!(seen.insert(digits), "{digits} stands there twice");
        }
    }

    #[test]
    fn countries_that_share_a_code_are_told_apart_by_their_blocks() {
        for (number, expected) in [
            ("+15555550123", "US"),
            ("+14165550123", "CA"),
            ("+18765550123", "JM"),
            ("+17875550123", "PR"),
            ("+441481960000", "GG"),
            ("+442079460000", "GB"),
            ("+77011234567", "KZ"),
            ("+74951234567", "RU"),
            ("+390669812345", "VA"),
            ("+49301234567", "DE"),
            ("+966501234567", "SA"),
        ] {
            assert_eq!(country(number).as_deref(), Some(expected), "{number}");
        }
    }

    #[test]
    fn what_is_no_countrys_is_none() {
        for number in ["+870773111632", "+882161234567", "+9991234567", "+0123456789"] {
            assert_eq!(country(number), None, "{number}");
        }
    }
}
